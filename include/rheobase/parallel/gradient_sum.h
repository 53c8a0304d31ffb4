#ifndef RHEOBASE_GRADIENT_SUM_H
#define RHEOBASE_GRADIENT_SUM_H

#include <stdint.h>

#include "rheobase/base/context.h"
#include "rheobase/base/real.h"

/** @file gradient_sum.h
 * The sum of micro-batch gradients over a batch, the same bits on any number of ranks: each
 * gradient is turned into 64-bit integers on power-of-two scales and summed as integers, on the
 * rank and by one allreduce per step, which also carries the loss and the ranks' flags.
 *
 * Scale: the gradient has blocks (a network's tensors), each with a bound 2^b of its own. An
 * element g of a micro-batch with |g| <= 2^b counts as g 2^s, truncated to an integer; M
 * micro-batches sum to at most 2^62 if s = 62 - b - ceil(log2 M). At first b is 15, and s is capped
 * at 40 (a resolution of 1e-12, below the float rounding of any gradient that matters). What is
 * beyond a bound is flagged, and can be summed once more after rb_gradient_sum_widen, which takes
 * for each block the least bound that holds it: an element then keeps at least 60 - ceil(log2 M)
 * bits relative to the largest of its block. The loss of a micro-batch is one more block, with b =
 * 22 and s at most 32 at first. */

/** What ranks tell each other with every sum. */
typedef enum rb_gradient_flag {
  RB_FLAG_NONFINITE,   ///< micro-batches with a loss or gradient whose sum may not be finite
  RB_FLAG_OVERFLOW,    ///< micro-batches with a finite one beyond the bounds
  RB_FLAG_FAILED,      ///< ranks on which something else failed
  RB_FLAG_STOP,        ///< ranks that were asked to stop
  RB_FLAG_CHECKPOINT,  ///< ranks that want a checkpoint now
  RB_GRADIENT_FLAGS
} rb_gradient_flag;

typedef struct rb_gradient_sum {
  int64_t count;     ///< elements of the gradient
  int blocks;        ///< its blocks; the loss is block number `blocks`
  int log2_batches;  ///< ceil(log2 M)
  int64_t *first;    ///< (blocks + 1) where each begins; its last element is count
  int *bound;        ///< (blocks + 1) b of each
  double *excess;    ///< (blocks + 1) largest magnitude beyond the bound, or infinity for what is
                     ///< not finite, that this rank met since rb_gradient_sum_clear; else 0
  int64_t *buffer;   ///< (count + 2 + RB_GRADIENT_FLAGS) gradient, loss, samples, flags
  const struct rb_gradient_kernel *kernel;
} rb_gradient_sum;

/** Local. The caller frees it with rb_gradient_sum_destroy. @param size (blocks) elements of each
 * block @param micro_batches M, the most that are summed per step */
RB_NODISCARD rb_status rb_gradient_sum_create(rb_context *ctx, int blocks, const int64_t *size,
                                              int64_t micro_batches, rb_gradient_sum *sum);
/** Frees the buffers. Local. */
void rb_gradient_sum_destroy(rb_gradient_sum *sum);

/** Zeroes sum and flags for a new step, with the first bounds. Local. */
void rb_gradient_sum_clear(rb_gradient_sum *sum);

/** Adds a micro-batch, or raises RB_FLAG_NONFINITE or RB_FLAG_OVERFLOW. Local.
 * @param gradient (count) @param loss (B) of the samples, without padding */
void rb_gradient_sum_add(rb_gradient_sum *sum, const rb_real *gradient, const rb_real *loss, int B);

/** Adds to the number of samples that the sum of the losses is of. Local. */
void rb_gradient_sum_count(rb_gradient_sum *sum, int64_t samples);

/** Raises @p flag on this rank. Local. */
void rb_gradient_sum_raise(rb_gradient_sum *sum, rb_gradient_flag flag);

/** Sums over ranks. Collective. */
void rb_gradient_sum_reduce(const rb_context *ctx, rb_gradient_sum *sum);

/** After a reduction that found RB_FLAG_OVERFLOW: widens the bounds so that all micro-batches fit,
 * which are then to be added and reduced again. Other flags stay raised. Collective. */
void rb_gradient_sum_widen(const rb_context *ctx, rb_gradient_sum *sum);

/** After the reduction: number of micro-batches or ranks that raised @p flag. Local. */
int64_t rb_gradient_sum_flag(const rb_gradient_sum *sum, rb_gradient_flag flag);

/** After the reduction: what was counted, on all ranks. Local. */
int64_t rb_gradient_sum_samples(const rb_gradient_sum *sum);

/** After the reduction. Local. @param gradient (count) @return the sum of the losses */
double rb_gradient_sum_get(const rb_gradient_sum *sum, rb_real *gradient);

#endif
