#include "rheobase/parallel/queue.h"

#include "rheobase/parallel/agree.h"

/* Far above any number of items, and far enough below the end of int64_t for every rank to add 1.
 */
static const int64_t CLOSED = INT64_MAX / 2;

rb_status rb_queue_create(rb_context *ctx, int64_t items, rb_queue *queue) {
  const MPI_Aint bytes = ctx->rank == 0 ? (MPI_Aint)sizeof *queue->next : 0;
  *queue = (rb_queue){.items = items};
  MPI_Win_allocate(bytes, (int)sizeof *queue->next, MPI_INFO_NULL, ctx->comm, &queue->next,
                   &queue->window);
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

rb_range rb_queue_take_run(rb_queue *queue, int64_t count) {
  const int64_t first = raise(queue, count, MPI_SUM);
  const int64_t left = first < queue->items ? queue->items - first : 0;
  return (rb_range){first, left < count ? left : count};
}

int64_t rb_queue_take(rb_queue *queue) {
  const rb_range item = rb_queue_take_run(queue, 1);
  return item.count == 1 ? item.first : -1;
}

void rb_queue_close(rb_queue *queue) { (void)raise(queue, CLOSED, MPI_MAX); }

void rb_queue_destroy(rb_queue *queue) {
  MPI_Win_unlock_all(queue->window);
  MPI_Win_free(&queue->window);
}
