#include "ensemble_scores.h"
#include "page.h"

rb_status rb_page_ensemble(const rb_study_data *study, FILE *out) {
  rb_status status = RB_OK;
  rb_ensemble_score score[RB_MAX_MEMBERS + 1];
  int count = 0;
  RB_TRY(rb_ensemble_read(study->ctx, study->folder, &count, score));
  if (count == 0) goto cleanup;
  (void)fputs(
      "<p>The posterior is the mixture of an ensemble of networks. Each of them by itself, on the "
      "same test sets:</p>\n<div class=\"scroll\"><table>\n<thead><tr><th>posterior</th>"
      "<th>loss (nat)</th><th>mean NRMSE</th><th>largest calibration error</th>"
      "<th>smallest log γ (sbc)</th></tr></thead>\n<tbody>\n",
      out);
  for (int i = 0; i < count; ++i) {
    const rb_ensemble_score *s = &score[i];
    (void)fprintf(out,
                  "<tr><td>%s</td><td>%.3f ± %.3f</td><td>%.3f</td><td>%.4f</td><td%s>%.2f</td>"
                  "</tr>\n",
                  s->name, s->loss, s->loss_se, s->nrmse, s->calibration_error,
                  s->log_gamma < 0 ? " class=\"bad\"" : "", s->log_gamma);
  }
  (void)fputs("</tbody>\n</table></div>\n", out);
cleanup:
  return status;
}
