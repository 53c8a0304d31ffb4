#include "rheobase/report/comparison_table.h"

#include <stdio.h>

#include "comparison.h"
#include "rheobase/base/log.h"
#include "rheobase/parallel/agree.h"

enum { LINE = 256 };

static void print(const rb_context *ctx, const rb_model *model, const rb_comparison *c) {
  char line[LINE];
  int used = snprintf(line, sizeof line, "%-18s", "network (baseline)");
  for (int m = 0; m < RB_COMPARED_MEASURES; ++m) {
    used += snprintf(line + used, sizeof line - (size_t)used, "%18s", rb_compared_measures[m].name);
  }
  rb_log_info(ctx, "%s", line);
  for (int d = 0; d < model->dim; ++d) {
    used = snprintf(line, sizeof line, "%-18.18s", model->parameters[d].name);
    for (int m = 0; m < RB_COMPARED_MEASURES; ++m) {
      char cell[32];  // cut where a damaged file has numbers of hundreds of digits
      (void)snprintf(cell, sizeof cell, "%9.3f (%6.3f)", c->value[m][RB_NETWORK][d],
                     c->value[m][RB_LINEAR][d]);
      used += snprintf(line + used, sizeof line - (size_t)used, "%s", cell);
    }
    rb_log_info(ctx, "%s", line);
  }
  rb_log_info(ctx, "loss (nat)             %.3f +- %.3f (%.3f +- %.3f)", c->loss[RB_NETWORK],
              c->loss_se[RB_NETWORK], c->loss[RB_LINEAR], c->loss_se[RB_LINEAR]);
}

static rb_status read_and_print(rb_context *ctx, const rb_model *model, const char *folder) {
  rb_status status = RB_OK;
  rb_study_data study = {0};
  rb_comparison comparison = {0};
  RB_TRY(rb_study_data_open(ctx, model, folder, RB_ALL_PRODUCTS, &study));
  if (study.file[RB_PRODUCT_BASELINE_CALIBRATION] == NULL) goto cleanup;
  RB_TRY(rb_comparison_read(&study, &comparison));
  if (comparison.network) print(ctx, model, &comparison);
cleanup:
  rb_comparison_free(&comparison);
  rb_study_data_close(&study);
  return status;
}

rb_status rb_table_comparison(rb_context *ctx, const rb_model *model, const char *folder) {
  return rb_agree(ctx, ctx->rank == 0 ? read_and_print(ctx, model, folder) : RB_OK);
}
