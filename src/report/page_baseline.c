#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "comparison.h"
#include "page.h"
#include "rheobase/analysis/misspecification.h"

/* The baseline beside the network, and whether the observation is an ordinary one. */

rb_status rb_page_baseline(const rb_study_data *study, FILE *out) {
  rb_status status = RB_OK;
  rb_comparison c = {0};
  RB_TRY(rb_comparison_read(study, &c));
  if (!c.network) goto cleanup;
  (void)fprintf(out,
                "<p>Loss, lower is better: network <strong>%.3f ± %.3f nat</strong>, baseline "
                "<strong>%.3f ± %.3f nat</strong>.</p>\n"
                "<div class=\"scroll\"><table>\n<thead><tr><th>parameter</th>",
                c.loss[RB_NETWORK], c.loss_se[RB_NETWORK], c.loss[RB_LINEAR], c.loss_se[RB_LINEAR]);
  for (int m = 0; m < RB_COMPARED_MEASURES; ++m) {
    (void)fprintf(out, "<th>%s: network</th><th>baseline</th>", rb_compared_measures[m].name);
  }
  (void)fputs("</tr></thead>\n<tbody>\n", out);
  for (int d = 0; d < study->model->dim; ++d) {
    (void)fprintf(out, "<tr><td>%s (%s)</td>", study->model->parameters[d].name,
                  study->model->parameters[d].unit);
    for (int m = 0; m < RB_COMPARED_MEASURES; ++m) {
      (void)fprintf(out, "<td>%.3g</td><td>%.3g</td>", c.value[m][RB_NETWORK][d],
                    c.value[m][RB_LINEAR][d]);
    }
    (void)fputs("</tr>\n", out);
  }
  (void)fputs("</tbody>\n</table></div>\n", out);
cleanup:
  rb_comparison_free(&c);
  return status;
}

/* How much better other settings would explain the observation. */
static rb_status write_alternatives(const rb_study_data *study, FILE *out) {
  rb_status status = RB_OK;
  rb_array log_bayes = {0};
  char **names = NULL;
  int64_t count = 0;
  const rb_product from = RB_PRODUCT_POSTERIOR;
  if (!rb_study_has(study, from, "misspecification/log_bayes")) return RB_OK;
  RB_TRY(rb_file_read_strings(study->ctx, study->file[from], "misspecification/alternative", &count,
                              &names));
  RB_TRY(rb_study_read(study, from, "misspecification/log_bayes", 2, count, &log_bayes));
  (void)fputs(
      "<div class=\"scroll\"><table>\n<thead><tr><th>made with other settings?</th>"
      "<th>log Bayes factor</th></tr></thead>\n<tbody>\n",
      out);
  for (int64_t k = 0; k < count; ++k) {
    (void)fputs("<tr><td>", out);
    rb_html_text(out, names[k]);
    (void)fprintf(out, "</td><td>%.1f</td></tr>\n", log_bayes.v[k]);
  }
  (void)fputs("</tbody>\n</table></div>\n", out);
cleanup:
  free(names);
  rb_array_free(&log_bayes);
  return status;
}

static void write_verdict(double p_all, double far, int64_t references, FILE *out) {
  switch (rb_misfit_verdict(p_all, far, references)) {
    case RB_VERDICT_OUTSIDE:
      (void)fprintf(out,
                    "<p class=\"bad\">The observation lies outside what the simulator makes (p = "
                    "%.4f%s): the posterior is not to be trusted.</p>\n",
                    p_all, far != 0 ? ", and far outside anything simulated" : "");
      break;
    case RB_VERDICT_UNKNOWN:
      (void)fprintf(out,
                    "<p class=\"bad\">Whether the observation is like what the simulator makes "
                    "cannot be judged by misspecification.simulations = %" PRId64
                    ": give at least %d.</p>\n",
                    references, RB_MISFIT_LEAST);
      break;
    case RB_VERDICT_LIKE:
      (void)fprintf(out, "<p>The observation is like what the simulator makes (p = %.3f).</p>\n",
                    p_all);
      break;
  }
}

rb_status rb_page_misspecification(const rb_study_data *study, FILE *out) {
  rb_status status = RB_OK;
  rb_array all = {0}, far = {0}, p = {0}, distance = {0};
  char **names = NULL;
  int64_t kinds = 0, references = 0;
  const rb_product from = RB_PRODUCT_POSTERIOR;
  if (!rb_study_has(study, from, "misspecification/p_all")) return RB_OK;
  RB_TRY(rb_file_read_strings(study->ctx, study->file[from], "misspecification/misfit", &kinds,
                              &names));
  RB_TRY(rb_study_read(study, from, "misspecification/p_all", 1, -1, &all));
  RB_TRY(rb_study_read(study, from, "misspecification/p", 2, kinds, &p));
  RB_TRY(rb_study_read(study, from, "misspecification/distance", 2, kinds, &distance));
  if (rb_study_has(study, from, "misspecification/far")) {
    RB_TRY(rb_study_read(study, from, "misspecification/far", 1, -1, &far));
  }
  RB_TRY(rb_file_get_int(study->ctx, study->file[from], "misspecification", "references",
                         &references));
  write_verdict(all.v[0], far.v != NULL ? far.v[0] : 0, references, out);
  (void)fputs(
      "<div class=\"scroll\"><table>\n<thead><tr><th>distance from the prior predictive"
      "</th><th>distance, or log Bayes factor</th><th>p</th></tr></thead>\n<tbody>\n",
      out);
  for (int64_t k = 0; k < kinds; ++k) {
    if (isnan(distance.v[k])) continue;  // a model without that has no such distance
    (void)fputs("<tr><td>", out);
    rb_html_text(out, names[k]);
    (void)fprintf(out, "</td><td>%.3g</td><td%s>%.3g</td></tr>\n", distance.v[k],
                  p.v[k] < RB_MISFIT_LEVEL ? " class=\"bad\"" : "", p.v[k]);
  }
  (void)fputs("</tbody>\n</table></div>\n", out);
  RB_TRY(write_alternatives(study, out));
cleanup:
  free(names);
  rb_array_free(&all);
  rb_array_free(&far);
  rb_array_free(&p);
  rb_array_free(&distance);
  return status;
}
