#include <stdlib.h>
#include <string.h>

#include "refinement_internal.h"
#include "rheobase/base/clock.h"
#include "rheobase/base/memory.h"
#include "rheobase/base/signals.h"
#include "rheobase/parallel/agree.h"
#include "rheobase/parallel/first_failure.h"
#include "rheobase/parallel/queue.h"

/* Rows that are exchanged at once. */
enum { ROWS_AT_ONCE = 4096, COLUMNS = sizeof(rb_refined) / sizeof(uint64_t) };

/* The data sets that are not done, in order. @param open (count) @return how many */
static int64_t find_open(const rb_refinement_task *t, int64_t *open) {
  int64_t left = 0;
  for (int64_t i = 0; i < t->count; ++i) {
    if (!(t->refined[i].done > 0.0)) open[left++] = i;
  }
  return left;
}

/* What is left of a row after a numerical error. */
static void mark_failed(rb_refined *row) {
  const rb_refined before = *row;
  rb_refined_forget(row);
  memcpy(row->truth, before.truth, sizeof row->truth);
  row->clipped = before.clipped;
  row->activity = before.activity;
  row->failed = 1.0;
}

static rb_status refine_one(rb_context *ctx, const rb_refinement_task *t, int64_t item,
                            rb_first_failure *first) {
  rb_refined *row = &t->refined[item];
  rb_status status =
      rb_refine_item(ctx, t->model, t->network, t->settings, t->seed, t->purpose, item, row);
  if (status == RB_ERR_NUMERIC) {
    rb_first_failure_note(ctx, item, first);
    mark_failed(row);
    status = RB_OK;
  } else if (status != RB_OK) {
    *row = (rb_refined){0};
  }
  return status;
}

/* Joins the bits of a row that one rank has computed with the others' zeros. Collective. */
static void share_rows(const rb_context *ctx, const rb_refinement_task *t) {
  const rb_time_part outer = rb_clock_enter(ctx, RB_TIME_REDUCE);
  for (int64_t first = 0; first < t->count; first += ROWS_AT_ONCE) {
    const int64_t left = t->count - first, rows = left < ROWS_AT_ONCE ? left : ROWS_AT_ONCE;
    MPI_Allreduce(MPI_IN_PLACE, &t->refined[first], (int)(rows * COLUMNS), MPI_UINT64_T, MPI_BOR,
                  ctx->comm);
  }
  rb_clock_leave(ctx, outer);
}

rb_status rb_refine_round(rb_context *ctx, const rb_refinement_task *t, double seconds,
                          rb_progress *progress, int64_t *done) {
  rb_status status = RB_OK;
  const double began = MPI_Wtime();
  rb_queue queue;
  rb_first_failure first = {0};
  int64_t *open = NULL;
  RB_TRY(rb_agree(ctx, RB_ALLOCATE(ctx, open, t->count)));
  const int64_t left = find_open(t, open);
  RB_TRY(rb_queue_create(ctx, left, &queue));
  for (int64_t k = rb_queue_take(&queue); k >= 0; k = rb_queue_take(&queue)) {
    status = refine_one(ctx, t, open[k], &first);
    rb_progress_update(progress, t->count - left + k + 1, NULL);
    if (status != RB_OK || rb_signals_asked(ctx) || MPI_Wtime() - began >= seconds) {
      rb_queue_close(&queue);
    }
  }
  rb_queue_destroy(&queue);
  if (status == RB_STOPPED) {  // the data set it gave up stays undone
    rb_error_clear(ctx);
    status = RB_OK;
  }
  RB_TRY(rb_agree(ctx, status));
  share_rows(ctx, t);
  rb_first_failure_warn(ctx, "refine", &first);
  *done = t->count - find_open(t, open);
cleanup:
  free(open);
  return status;
}
