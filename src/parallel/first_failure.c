#include "rheobase/parallel/first_failure.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "rheobase/base/log.h"

void rb_first_failure_note(rb_context *ctx, int64_t item, rb_first_failure *mine) {
  if (mine->count == 0 || item < mine->item) {
    mine->item = item;
    memcpy(mine->message, ctx->error.message, sizeof mine->message);
  }
  ++mine->count;
  rb_error_clear(ctx);
}

void rb_first_failure_warn(const rb_context *ctx, const char *what, rb_first_failure *mine) {
  int64_t failed = mine->count;
  MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT64_T, MPI_SUM, ctx->comm);
  if (failed == 0) return;
  int64_t first = mine->count > 0 ? mine->item : INT64_MAX;
  MPI_Allreduce(MPI_IN_PLACE, &first, 1, MPI_INT64_T, MPI_MIN, ctx->comm);
  int root = mine->count > 0 && mine->item == first ? ctx->rank : INT_MAX;
  MPI_Allreduce(MPI_IN_PLACE, &root, 1, MPI_INT, MPI_MIN, ctx->comm);
  MPI_Bcast(mine->message, (int)sizeof mine->message, MPI_CHAR, root, ctx->comm);
  rb_log_warning(ctx,
                 "%s: %" PRId64
                 " data sets failed and are left out; the first, data set "
                 "%" PRId64 ": %s",
                 what, failed, first, mine->message);
  *mine = (rb_first_failure){0};
}
