#include "rheobase/parallel/agree.h"

#include <limits.h>

#include "rheobase/base/clock.h"

/* Every rank gets the record of one that passes a failure. Collective. */
static rb_status share_record(rb_context *ctx, rb_status status, int root) {
  if (root == ctx->rank && ctx->error.code == RB_OK) {
    (void)RB_FAIL(ctx, status, "%s without a record", rb_status_name(status));
  }
  MPI_Bcast(&ctx->error, (int)sizeof ctx->error, MPI_BYTE, root, ctx->comm);
  return ctx->error.code;
}

rb_status rb_agree(rb_context *ctx, rb_status status) {
  int mine = status == RB_OK ? INT_MAX : ctx->rank;
  int lowest = INT_MAX;
  const rb_time_part outer = rb_clock_enter(ctx, RB_TIME_REDUCE);
  MPI_Allreduce(&mine, &lowest, 1, MPI_INT, MPI_MIN, ctx->comm);
  rb_clock_leave(ctx, outer);
  return lowest == INT_MAX ? RB_OK : share_record(ctx, status, lowest);
}

rb_status rb_agree_first(rb_context *ctx, rb_status status, int64_t item) {
  const int64_t mine = status == RB_OK ? INT64_MAX : item;
  int64_t first = INT64_MAX;
  const rb_time_part outer = rb_clock_enter(ctx, RB_TIME_REDUCE);
  MPI_Allreduce(&mine, &first, 1, MPI_INT64_T, MPI_MIN, ctx->comm);
  int root = mine == first ? ctx->rank : INT_MAX;
  if (first < INT64_MAX) MPI_Allreduce(MPI_IN_PLACE, &root, 1, MPI_INT, MPI_MIN, ctx->comm);
  rb_clock_leave(ctx, outer);
  return first == INT64_MAX ? RB_OK : share_record(ctx, status, root);
}
