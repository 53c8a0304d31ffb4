#ifndef RB_KEPT_BATCHES_H
#define RB_KEPT_BATCHES_H

#include "micro_batch.h"

/** @file kept_batches.h
 * The simulated micro-batches of an epoch, kept for the epochs that train on them again. What is
 * kept only saves time: a micro-batch that is not there (after a resume, or on another number of
 * ranks) is simulated again, to the same bits. Local. */

typedef struct rb_kept_batches {
  int64_t slots;    ///< micro-batches this rank can keep
  int64_t numbers;  ///< of a micro-batch
  int64_t *item;    ///< (slots) the first item of what is kept, or -1
  rb_real *value;   ///< (slots, numbers)
} rb_kept_batches;

/** For micro-batches like @p batch. The caller frees with rb_kept_batches_destroy. Fails with
 * RB_ERR_MEMORY where they are more than a rank's share of the node's memory. */
RB_NODISCARD rb_status rb_kept_batches_create(rb_context *ctx, const rb_micro_batch *batch,
                                              int64_t slots, rb_kept_batches *kept);
void rb_kept_batches_destroy(rb_kept_batches *kept);

/** Keeps nothing any more. */
void rb_kept_batches_forget(rb_kept_batches *kept);

/** Keeps samples and parameters of a micro-batch whose first item is @p item. */
void rb_kept_batches_put(rb_kept_batches *kept, int64_t slot, int64_t item,
                         const rb_micro_batch *batch);

/** Fills @p batch as it was put, with @p rows samples that count with @p weight. @return whether
 * it was there */
bool rb_kept_batches_take(const rb_kept_batches *kept, int64_t slot, int64_t item, int rows,
                          double weight, rb_micro_batch *batch);

#endif
