#include <math.h>
#include <stdlib.h>

#include "page.h"

/* The baseline beside the network, and whether the observation is an ordinary one. */

static const struct {
  const char *title, *path;
} columns[] = {{"<i>r</i>", "recovery/r"},
               {"NRMSE", "diagnostics/nrmse"},
               {"contraction", "diagnostics/contraction"},
               {"calibration error", "diagnostics/calibration_error"}};
enum { COLUMNS = sizeof columns / sizeof *columns };

static rb_status write_score(const rb_study_data *study, rb_source source, const char *name,
                             FILE *out) {
  rb_status status = RB_OK;
  double score = 0, error = 0;
  RB_TRY(rb_study_number(study, source, "diagnostics/expected_log_density", &score));
  RB_TRY(rb_study_number(study, source, "diagnostics/expected_log_density_se", &error));
  (void)fprintf(out, "%s <strong>%.3f ± %.3f</strong>", name, score, error);
cleanup:
  return status;
}

rb_status rb_page_baseline(const rb_study_data *study, FILE *out) {
  rb_status status = RB_OK;
  const int D = study->model->dim;
  double *value[COLUMNS][2] = {{NULL}};
  if (study->file[RB_FROM_CALIBRATION] == NULL) return RB_OK;
  for (int c = 0; c < COLUMNS; ++c) {
    RB_TRY(rb_study_last_row(study, RB_FROM_CALIBRATION, columns[c].path, D, &value[c][0]));
    RB_TRY(
        rb_study_last_row(study, RB_FROM_BASELINE_CALIBRATION, columns[c].path, D, &value[c][1]));
  }
  (void)fputs("<p>Expected log density of the truth, higher is better: ", out);
  RB_TRY(write_score(study, RB_FROM_CALIBRATION, "network", out));
  RB_TRY(write_score(study, RB_FROM_BASELINE_CALIBRATION, ", baseline", out));
  (void)fputs(".</p>\n<div class=\"scroll\"><table>\n<thead><tr><th>parameter</th>", out);
  for (int c = 0; c < COLUMNS; ++c) {
    (void)fprintf(out, "<th>%s: network</th><th>baseline</th>", columns[c].title);
  }
  (void)fputs("</tr></thead>\n<tbody>\n", out);
  for (int d = 0; d < D; ++d) {
    (void)fprintf(out, "<tr><td>%s (%s)</td>", study->model->parameters[d].name,
                  study->model->parameters[d].unit);
    for (int c = 0; c < COLUMNS; ++c) {
      (void)fprintf(out, "<td>%.3g</td><td>%.3g</td>", value[c][0][d], value[c][1][d]);
    }
    (void)fputs("</tr>\n", out);
  }
  (void)fputs("</tbody>\n</table></div>\n", out);
cleanup:
  for (int c = 0; c < COLUMNS; ++c) {
    free(value[c][0]);
    free(value[c][1]);
  }
  return status;
}

rb_status rb_page_misspecification(const rb_study_data *study, FILE *out) {
  static const double level = 0.01;
  rb_status status = RB_OK;
  rb_array all = {0}, p = {0}, distance = {0};
  char **names = NULL;
  int64_t kinds = 0;
  const rb_source from = RB_FROM_POSTERIOR;
  if (!rb_study_has(study, from, "misspecification/p_all")) return RB_OK;
  RB_TRY(rb_file_read_strings(study->ctx, study->file[from], "misspecification/misfit", &kinds,
                              &names));
  RB_TRY(rb_study_read(study, from, "misspecification/p_all", 1, -1, &all));
  RB_TRY(rb_study_read(study, from, "misspecification/p", 2, kinds, &p));
  RB_TRY(rb_study_read(study, from, "misspecification/distance", 2, kinds, &distance));
  if (all.shape[0] < 1 || p.shape[0] < 1 || distance.shape[0] < 1) goto cleanup;
  if (all.v[0] < level) {
    (void)fprintf(out,
                  "<p class=\"bad\">The observation lies outside what the simulator makes (p = "
                  "%.4f): the posterior is not to be trusted.</p>\n",
                  all.v[0]);
  } else {
    (void)fprintf(out, "<p>The observation is like what the simulator makes (p = %.3f).</p>\n",
                  all.v[0]);
  }
  (void)fputs(
      "<div class=\"scroll\"><table>\n<thead><tr><th>distance from the prior predictive"
      "</th><th>Mahalanobis distance</th><th>p</th></tr></thead>\n<tbody>\n",
      out);
  for (int64_t k = 0; k < kinds; ++k) {
    (void)fputs("<tr><td>", out);
    rb_html_text(out, names[k]);
    (void)fprintf(out, "</td><td>%.3g</td><td%s>%.3g</td></tr>\n", distance.v[k],
                  p.v[k] < level ? " class=\"bad\"" : "", p.v[k]);
  }
  (void)fputs("</tbody>\n</table></div>\n", out);
cleanup:
  free(names);
  rb_array_free(&all);
  rb_array_free(&p);
  rb_array_free(&distance);
  return status;
}
