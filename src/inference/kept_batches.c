#include "kept_batches.h"

#include <string.h>

#include "rheobase/base/memory.h"

static int64_t samples_of(const rb_micro_batch *batch) {
  return batch->size * rb_shape_row(batch->shape);
}

static int64_t parameters_of(const rb_micro_batch *batch) {
  return (int64_t)batch->size * batch->dim;
}

rb_status rb_kept_batches_create(rb_context *ctx, const rb_micro_batch *batch, int64_t slots,
                                 rb_kept_batches *kept) {
  rb_status status = RB_OK;
  *kept = (rb_kept_batches){.slots = slots,
                            .numbers = samples_of(batch) + parameters_of(batch) + batch->size};
  const double bytes = (double)slots * (double)kept->numbers * sizeof *kept->value;
  if (bytes > rb_memory_per_rank(ctx)) {
    RB_TRY(
        RB_FAIL(ctx, RB_ERR_MEMORY,
                "an epoch's simulations, kept for training.passes > 1, need %.3g GB per rank, and "
                "this node has %.3g GB for each: lower training.steps_per_epoch, or set "
                "training.passes = 1",
                bytes / 1e9, rb_memory_per_rank(ctx) / 1e9));
  }
  RB_TRY(RB_ALLOCATE(ctx, kept->item, slots));
  RB_TRY(RB_ALLOCATE(ctx, kept->value, slots * kept->numbers));
  rb_kept_batches_forget(kept);
cleanup:
  return status;
}

void rb_kept_batches_destroy(rb_kept_batches *kept) {
  free(kept->item);
  free(kept->value);
  *kept = (rb_kept_batches){0};
}

void rb_kept_batches_forget(rb_kept_batches *kept) {
  for (int64_t k = 0; k < kept->slots; ++k) kept->item[k] = -1;
}

/* The arrays of a batch that are kept, and how many numbers each has. */
enum { KEPT_ARRAYS = 3 };
typedef struct kept_array {
  rb_real *value;
  int64_t count;
} kept_array;

static void arrays_of(const rb_micro_batch *batch, kept_array array[KEPT_ARRAYS]) {
  array[0] = (kept_array){batch->x, samples_of(batch)};
  array[1] = (kept_array){batch->theta, parameters_of(batch)};
  array[2] = (kept_array){batch->log_det, batch->size};
}

void rb_kept_batches_put(rb_kept_batches *kept, int64_t slot, int64_t item,
                         const rb_micro_batch *batch) {
  rb_real *value = kept->value + slot * kept->numbers;
  kept_array array[KEPT_ARRAYS];
  arrays_of(batch, array);
  for (int k = 0; k < KEPT_ARRAYS; ++k) {
    memcpy(value, array[k].value, (size_t)array[k].count * sizeof *value);
    value += array[k].count;
  }
  kept->item[slot] = item;
}

bool rb_kept_batches_take(const rb_kept_batches *kept, int64_t slot, int64_t item, int rows,
                          double weight, rb_micro_batch *batch) {
  if (kept->item[slot] != item) return false;
  const rb_real *value = kept->value + slot * kept->numbers;
  kept_array array[KEPT_ARRAYS];
  arrays_of(batch, array);
  for (int k = 0; k < KEPT_ARRAYS; ++k) {
    memcpy(array[k].value, value, (size_t)array[k].count * sizeof *value);
    value += array[k].count;
  }
  for (int row = 0; row < batch->size; ++row) {
    batch->weight[row] = row < rows ? (rb_real)weight : 0;
  }
  batch->rows = rows;
  return true;
}
