#include "rheobase/parallel/agree.h"

#include <limits.h>

#include "rheobase/base/clock.h"

rb_status rb_agree(rb_context *ctx, rb_status status) {
  int mine = status == RB_OK ? INT_MAX : ctx->rank;
  int lowest = INT_MAX;
  const rb_time_part outer = rb_clock_enter(ctx, RB_TIME_REDUCE);
  MPI_Allreduce(&mine, &lowest, 1, MPI_INT, MPI_MIN, ctx->comm);
  rb_clock_leave(ctx, outer);
  if (lowest == INT_MAX) return RB_OK;
  if (lowest == ctx->rank && ctx->error.code == RB_OK) {
    (void)RB_FAIL(ctx, status, "%s without a record", rb_status_name(status));
  }
  MPI_Bcast(&ctx->error, (int)sizeof ctx->error, MPI_BYTE, lowest, ctx->comm);
  return ctx->error.code;
}
