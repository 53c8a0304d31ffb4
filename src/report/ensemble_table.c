#include "rheobase/report/ensemble_table.h"

#include "ensemble_scores.h"
#include "rheobase/base/log.h"
#include "rheobase/parallel/agree.h"

static rb_status print(rb_context *ctx, const char *folder) {
  rb_status status = RB_OK;
  rb_ensemble_score score[RB_MAX_MEMBERS + 1];
  int count = 0;
  RB_TRY(rb_ensemble_read(ctx, folder, &count, score));
  rb_log_info(ctx, "%-10s %24s %12s %18s %18s", "ensemble", "loss (nat)", "mean NRMSE",
              "worst cal. error", "worst log gamma");
  for (int i = 0; i < count; ++i) {
    const rb_ensemble_score *s = &score[i];
    rb_log_info(ctx, "%-10s %14.3f +- %6.3f %12.3f %18.4f %18.2f", s->name, s->loss, s->loss_se,
                s->nrmse, s->calibration_error, s->log_gamma);
  }
cleanup:
  return status;
}

rb_status rb_table_ensemble(rb_context *ctx, const char *folder) {
  return rb_agree(ctx, ctx->rank == 0 ? print(ctx, folder) : RB_OK);
}
