#include "block_scores.h"
#include "page.h"

rb_status rb_page_blocks(const rb_study_data *study, FILE *out) {
  rb_status status = RB_OK;
  rb_block_scores scores;
  RB_TRY(rb_block_scores_read(study->ctx, study->file[RB_PRODUCT_CALIBRATION], &scores));
  if (scores.count == 0) goto cleanup;
  (void)fprintf(out,
                "<p>Which blocks of its features the network, of an ensemble the first, relies on: "
                "what it says of the first %lld data sets of the recovery set when a block's "
                "features are replaced by their means over the simulations. With all of them its "
                "loss is %.3f nat. Trained anew it would miss a block less: another may tell the "
                "same, and here the network meets inputs it was not trained on.</p>\n<div "
                "class=\"scroll\"><table>\n<thead><tr><th>block replaced"
                "</th><th>features</th><th>loss (nat)</th><th>worse by</th><th>contraction that "
                "falls most: of</th><th>with all</th><th>without</th></tr></thead>\n<tbody>\n",
                (long long)scores.datasets, scores.loss_all);
  for (int b = 0; b < scores.count; ++b) {
    const rb_block_score *s = &scores.block[b];
    (void)fputs("<tr><td>", out);
    rb_html_text(out, s->name);
    (void)fprintf(out, "</td><td>%lld</td><td>%.3f</td><td>%.3f ± %.3f</td><td>",
                  (long long)s->features, s->loss, s->worse_by, s->worse_by_se);
    rb_html_text(out, s->parameter);
    (void)fprintf(out, "</td><td>%.3f</td><td>%.3f</td></tr>\n", s->contraction_all,
                  s->contraction);
  }
  (void)fputs("</tbody>\n</table></div>\n", out);
cleanup:
  return status;
}
