#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "page.h"
#include "rheobase/analysis/recording_prediction.h"
#include "rheobase/base/memory.h"

/* The section on what was predicted of a recording: what speaks against the model comes first. */

#define FROM RB_PRODUCT_PREDICTION

static rb_status write_findings(const rb_study_data *study, FILE *out) {
  rb_status status = RB_OK;
  char **finding = NULL;
  int64_t count = 0;
  RB_TRY(rb_file_read_strings(study->ctx, study->file[FROM], "finding", &count, &finding));
  if (count == 0) {
    (void)fputs("<p>Nothing that was looked at speaks against the model.</p>\n", out);
    goto cleanup;
  }
  (void)fputs("<p class=\"bad\">What speaks against the model:</p>\n<ul>\n", out);
  for (int64_t i = 0; i < count; ++i) {
    (void)fputs("<li>", out);
    rb_html_text(out, finding[i]);
    (void)fputs("</li>\n", out);
  }
  (void)fputs("</ul>\n", out);
cleanup:
  free(finding);
  return status;
}

static void write_value(FILE *out, double value) {
  (void)fprintf(out, isfinite(value) ? "<td>%.3g</td>" : "<td>&ndash;</td>", value);
}

/* A score of one sweep: mean and interval over draws, and the recording's own. */
static rb_status write_score(const rb_study_data *study, const rb_quantity *score, int64_t sweep,
                             FILE *out) {
  rb_status status = RB_OK;
  rb_array values = {0}, recorded = {0};
  double *work = NULL, number[RB_SCORE_NUMBERS];
  char path[RB_LABEL];
  RB_TRY(rb_study_read(study, FROM, score->name, 2, -1, &values));
  RB_TRY(RB_ALLOCATE(study->ctx, work, values.shape[1]));
  (void)snprintf(path, sizeof path, "recorded_%s", score->name);
  if (rb_study_has(study, FROM, path)) {
    RB_TRY(rb_study_read(study, FROM, path, 1, values.shape[0], &recorded));
  }
  const int64_t draws = values.shape[1];
  const bool there = sweep < values.shape[0];
  rb_score_summary(there ? draws : 0, values.v + (there ? sweep * draws : 0), work, number);
  (void)fprintf(out, "<tr><td><code>%s</code></td>", score->name);
  for (int k = 0; k < RB_SCORE_NUMBERS; ++k) write_value(out, number[k]);
  write_value(out, recorded.v != NULL && sweep < recorded.shape[0] ? recorded.v[sweep] : NAN);
  (void)fprintf(out, "<td>%s</td><td class=\"text\">%s</td></tr>\n",
                score->unit[0] == '1' ? "" : score->unit, score->description);
cleanup:
  rb_array_free(&values);
  rb_array_free(&recorded);
  free(work);
  return status;
}

static rb_status write_sweep(const rb_study_data *study, int64_t number, int64_t sweep,
                             double repeats, double reliability, FILE *out) {
  rb_status status = RB_OK;
  (void)fprintf(out, "<p>Sweep %lld", (long long)number);
  if (repeats > 1) {
    (void)fprintf(out,
                  ". The cell was given this current %.0f times: one repeat predicts another with "
                  "a coincidence factor of %.3f (its reliability), and no model can do better",
                  repeats, reliability);
  }
  (void)fputs(
      ".</p>\n<div class=\"scroll\"><table>\n<thead><tr><th>score</th><th>mean</th><th>2.5%</th>"
      "<th>97.5%</th><th>recording</th><th>unit</th><th>meaning</th></tr></thead>\n<tbody>\n",
      out);
  for (int q = 0; q < RB_SCORES; ++q) {
    RB_TRY(write_score(study, &rb_prediction_scores[q], sweep, out));
  }
  (void)fputs("</tbody>\n</table></div>\n", out);
cleanup:
  return status;
}

/* The recording's file, which need not be the one the posterior is of. */
static rb_status write_source(const rb_study_data *study, FILE *out) {
  rb_status status = RB_OK;
  char *file = NULL;
  if (!rb_study_has(study, FROM, "recording/file")) return RB_OK;
  RB_TRY(rb_file_read_text(study->ctx, study->file[FROM], "recording/file", &file));
  (void)fputs("<p>Predicted is the recording <code>", out);
  rb_html_text(out, file);
  (void)fputs("</code>.</p>\n", out);
cleanup:
  free(file);
  return status;
}

rb_status rb_page_recording(const rb_study_data *study, FILE *out) {
  rb_status status = RB_OK;
  rb_array number = {0}, repeats = {0}, reliability = {0};
  if (study->file[RB_PRODUCT_POSTERIOR] != NULL) RB_TRY(rb_page_misspecification(study, out));
  RB_TRY(write_source(study, out));
  RB_TRY(write_findings(study, out));
  RB_TRY(rb_study_read(study, FROM, "sweep", 1, -1, &number));
  RB_TRY(rb_study_read(study, FROM, "repeats", 1, number.shape[0], &repeats));
  RB_TRY(rb_study_read(study, FROM, "reliability", 1, number.shape[0], &reliability));
  (void)fputs(
      "<p>Each number is the mean over posterior draws, with the interval that holds 95% of "
      "them.</p>\n",
      out);
  for (int64_t k = 0; k < number.shape[0]; ++k) {
    RB_TRY(write_sweep(study, (int64_t)number.v[k], k, repeats.v[k], reliability.v[k], out));
  }
cleanup:
  rb_array_free(&number);
  rb_array_free(&repeats);
  rb_array_free(&reliability);
  return status;
}
