#include "rheobase/parallel/queue.h"

#include "rheobase/base/log.h"
#include "rheobase/parallel/agree.h"

/* Far above any number of items, and far enough below the end of int64_t for every rank to add 1.
 */
static const int64_t CLOSED = INT64_MAX / 2;

/* Asks for memory that all ranks can reach. @return whether this MPI gives it: some have no way to
 * do so between hosts. Collective. */
static bool allocate(rb_context *ctx, rb_queue *queue) {
  const MPI_Aint bytes = ctx->rank == 0 ? (MPI_Aint)sizeof *queue->next : 0;
  MPI_Comm_set_errhandler(ctx->comm, MPI_ERRORS_RETURN);
  int given = MPI_Win_allocate(bytes, (int)sizeof *queue->next, MPI_INFO_NULL, ctx->comm,
                               &queue->next, &queue->window) == MPI_SUCCESS;
  MPI_Comm_set_errhandler(ctx->comm, MPI_ERRORS_ARE_FATAL);
  MPI_Allreduce(MPI_IN_PLACE, &given, 1, MPI_INT, MPI_MIN, ctx->comm);
  return given != 0;
}

rb_status rb_queue_create(rb_context *ctx, int64_t items, rb_queue *queue) {
  static bool warned;
  *queue =
      (rb_queue){.items = items, .window = MPI_WIN_NULL, .mine = ctx->rank, .ranks = ctx->size};
  queue->shared = allocate(ctx, queue);
  if (!queue->shared) {
    if (!warned) {
      rb_log_warning(ctx,
                     "this MPI has no one-sided communication between its hosts: work is "
                     "dealt before it is done, so that ranks may wait (with Open MPI 4 set "
                     "OMPI_MCA_osc=pt2pt,sm)");
    }
    warned = true;
    return RB_OK;
  }
  MPI_Win_lock_all(0, queue->window);
  if (ctx->rank == 0) {
    *queue->next = 0;
    MPI_Win_sync(queue->window);
  }
  return rb_agree(ctx, RB_OK);  // nobody takes an item before the counter is there
}

static int64_t raise(rb_queue *queue, int64_t value, MPI_Op operation) {
  int64_t before = 0;
  MPI_Fetch_and_op(&value, &before, MPI_INT64_T, 0, 0, operation, queue->window);
  MPI_Win_flush(0, queue->window);
  return before;
}

/* The next of every so many items, which are this rank's. */
static rb_range take_mine(rb_queue *queue) {
  const int64_t first = queue->mine;
  if (queue->closed || first >= queue->items) return (rb_range){first, 0};
  queue->mine += queue->ranks;
  return (rb_range){first, 1};
}

rb_range rb_queue_take_run(rb_queue *queue, int64_t count) {
  if (!queue->shared) return take_mine(queue);
  const int64_t first = raise(queue, count, MPI_SUM);
  const int64_t left = first < queue->items ? queue->items - first : 0;
  return (rb_range){first, left < count ? left : count};
}

int64_t rb_queue_take(rb_queue *queue) {
  const rb_range item = rb_queue_take_run(queue, 1);
  return item.count == 1 ? item.first : -1;
}

int64_t rb_queue_untaken(const rb_queue *queue) {
  return queue->shared || queue->mine > queue->items ? queue->items : queue->mine;
}

void rb_queue_close(rb_queue *queue) {
  queue->closed = true;
  if (queue->shared) (void)raise(queue, CLOSED, MPI_MAX);
}

void rb_queue_destroy(rb_queue *queue) {
  if (!queue->shared) return;
  MPI_Win_unlock_all(queue->window);
  MPI_Win_free(&queue->window);
}
