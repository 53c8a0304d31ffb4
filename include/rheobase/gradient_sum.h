#ifndef RHEOBASE_GRADIENT_SUM_H
#define RHEOBASE_GRADIENT_SUM_H

#include <stdint.h>

#include "rheobase/context.h"
#include "rheobase/real.h"

/** @file gradient_sum.h
 * The sum of micro-batch gradients over a batch, the same bits on any number of ranks: each
 * gradient is turned into 64-bit integers on a power-of-two scale and summed as integers, on the
 * rank and by one allreduce per step, which also carries the loss and the ranks' flags.
 *
 * Scale: a gradient element g of a micro-batch counts as g 2^s, truncated to an integer; |g| may
 * reach RB_GRADIENT_BOUND = 2^15, beyond which it is flagged as an overflow; M micro-batches sum to
 * less than 2^62 if s = 62 - 15 - ceil(log2 M). s is capped at 40 (a resolution of 1e-12, below the
 * float rounding of any gradient that matters). Losses likewise: at most 2^22 per micro-batch,
 * exponent 62 - 22 - ceil(log2 M), at most 32. */

#define RB_GRADIENT_BOUND 32768.0

/** What ranks tell each other with every sum. */
typedef enum rb_gradient_flag {
  RB_FLAG_NONFINITE,   ///< micro-batches with a non-finite loss or gradient
  RB_FLAG_OVERFLOW,    ///< micro-batches with an element beyond the bound
  RB_FLAG_FAILED,      ///< ranks on which something else failed
  RB_FLAG_STOP,        ///< ranks that were asked to stop
  RB_FLAG_CHECKPOINT,  ///< ranks that want a checkpoint now
  RB_GRADIENT_FLAGS
} rb_gradient_flag;

typedef struct rb_gradient_sum {
  int64_t count;  ///< elements of the gradient
  int exponent;   ///< s
  int loss_exponent;
  const struct rb_gradient_kernel *kernel;
  int64_t *buffer;  ///< (count + 1 + RB_GRADIENT_FLAGS) gradient, loss, flags
} rb_gradient_sum;

/** @param micro_batches M, the most that are summed per step. Local. */
RB_NODISCARD rb_status rb_gradient_sum_create(rb_context *ctx, int64_t count, int64_t micro_batches,
                                              rb_gradient_sum *sum);
/** Frees the buffer. Local. */
void rb_gradient_sum_destroy(rb_gradient_sum *sum);

/** Zeroes sum and flags for a new step. Local. */
void rb_gradient_sum_clear(rb_gradient_sum *sum);

/** Adds a micro-batch. Local. @param gradient (count) @param loss (B) of the samples that count
 * (not padding) */
void rb_gradient_sum_add(rb_gradient_sum *sum, const rb_real *gradient, const rb_real *loss, int B);

/** Raises @p flag on this rank. Local. */
void rb_gradient_sum_raise(rb_gradient_sum *sum, rb_gradient_flag flag);

/** Sums over ranks. Collective. */
void rb_gradient_sum_reduce(const rb_context *ctx, rb_gradient_sum *sum);

/** After the reduction: number of micro-batches or ranks that raised @p flag. Local. */
int64_t rb_gradient_sum_flag(const rb_gradient_sum *sum, rb_gradient_flag flag);

/** After the reduction. Local. @param gradient (count) @return the sum of the losses */
double rb_gradient_sum_get(const rb_gradient_sum *sum, rb_real *gradient);

#endif
