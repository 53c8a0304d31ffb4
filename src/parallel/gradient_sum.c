#include "rheobase/parallel/gradient_sum.h"

#include <float.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#include "gradient_sum_kernel.h"
#include "rheobase/base/clock.h"
#include "rheobase/base/memory.h"

/* What follows the gradient in the buffer. */
enum { LOSS, SAMPLES, FIRST_FLAG, OTHERS = FIRST_FLAG + RB_GRADIENT_FLAGS };
enum { BOUND = 15, MAX_EXPONENT = 40, LOSS_BOUND = 22, MAX_LOSS_EXPONENT = 32 };

static const double REAL_MAX = sizeof(rb_real) == sizeof(double) ? DBL_MAX : (double)FLT_MAX;

/* s of a block: a sum of M numbers of magnitude 2^b fits. */
static int exponent_of(const rb_gradient_sum *sum, int block) {
  const int room = 62 - sum->bound[block] - sum->log2_batches;
  const int most = block < sum->blocks ? MAX_EXPONENT : MAX_LOSS_EXPONENT;
  return room < most ? room : most;
}

static int64_t *flag_of(const rb_gradient_sum *sum, rb_gradient_flag flag) {
  return &sum->buffer[sum->count + FIRST_FLAG + (int)flag];
}

rb_status rb_gradient_sum_create(rb_context *ctx, int blocks, const int64_t *size,
                                 int64_t micro_batches, rb_gradient_sum *sum) {
  rb_status status = RB_OK;
  *sum = (rb_gradient_sum){.blocks = blocks,
                           .kernel = RB_KERNEL_SELECT(rb_gradient_kernel_table, ctx->isa)};
  while (INT64_C(1) << sum->log2_batches < micro_batches) ++sum->log2_batches;
  RB_TRY(RB_ALLOCATE(ctx, sum->first, blocks + 1));
  RB_TRY(RB_ALLOCATE(ctx, sum->bound, blocks + 1));
  RB_TRY(RB_ALLOCATE(ctx, sum->excess, blocks + 1));
  for (int k = 0; k < blocks; ++k) sum->first[k + 1] = sum->first[k] + size[k];
  sum->count = sum->first[blocks];
  if (sum->count + OTHERS > INT_MAX) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_SETTING, "the network has more than 2^31 weights"));
  }
  RB_TRY(RB_ALLOCATE(ctx, sum->buffer, sum->count + OTHERS));
  rb_gradient_sum_clear(sum);
cleanup:
  return status;
}

void rb_gradient_sum_destroy(rb_gradient_sum *sum) {
  free(sum->first);
  free(sum->bound);
  free(sum->excess);
  free(sum->buffer);
  *sum = (rb_gradient_sum){0};
}

void rb_gradient_sum_clear(rb_gradient_sum *sum) {
  memset(sum->buffer, 0, (size_t)(sum->count + OTHERS) * sizeof *sum->buffer);
  for (int k = 0; k <= sum->blocks; ++k) {
    sum->bound[k] = k < sum->blocks ? BOUND : LOSS_BOUND;
    sum->excess[k] = 0;
  }
}

void rb_gradient_sum_raise(rb_gradient_sum *sum, rb_gradient_flag flag) {
  *flag_of(sum, flag) += 1;
}

/* Notes the size of block k's largest element if that is beyond the bound.
 * @return the flag to raise, or RB_GRADIENT_FLAGS for none */
static rb_gradient_flag judge(rb_gradient_sum *sum, int k, double size) {
  if (size <= ldexp(1, sum->bound[k])) return RB_GRADIENT_FLAGS;
  const bool finite = size <= ldexp(REAL_MAX, -sum->log2_batches);  // false for NaN
  sum->excess[k] = fmax(sum->excess[k], finite ? size : (double)INFINITY);
  return finite ? RB_FLAG_OVERFLOW : RB_FLAG_NONFINITE;
}

void rb_gradient_sum_add(rb_gradient_sum *sum, const rb_real *gradient, const rb_real *loss,
                         int B) {
  double total = 0;
  for (int b = 0; b < B; ++b) total += (double)loss[b];
  rb_gradient_flag flag = judge(sum, sum->blocks, fabs(total));
  for (int k = 0; k < sum->blocks; ++k) {
    const int64_t first = sum->first[k], size = sum->first[k + 1] - first;
    const rb_gradient_flag found = judge(sum, k, sum->kernel->largest(size, gradient + first));
    flag = found < flag ? found : flag;  // the worst comes first
  }
  if (flag != RB_GRADIENT_FLAGS) {
    rb_gradient_sum_raise(sum, flag);
    return;
  }
  for (int k = 0; k < sum->blocks; ++k) {
    const int64_t first = sum->first[k], size = sum->first[k + 1] - first;
    sum->kernel->add(size, gradient + first, ldexp(1, exponent_of(sum, k)), sum->buffer + first);
  }
  sum->buffer[sum->count + LOSS] += (int64_t)ldexp(total, exponent_of(sum, sum->blocks));
}

void rb_gradient_sum_count(rb_gradient_sum *sum, int64_t samples) {
  sum->buffer[sum->count + SAMPLES] += samples;
}

int64_t rb_gradient_sum_samples(const rb_gradient_sum *sum) {
  return sum->buffer[sum->count + SAMPLES];
}

void rb_gradient_sum_reduce(const rb_context *ctx, rb_gradient_sum *sum) {
  const rb_time_part outer = rb_clock_enter(ctx, RB_TIME_REDUCE);
  MPI_Allreduce(MPI_IN_PLACE, sum->buffer, (int)(sum->count + OTHERS), MPI_INT64_T, MPI_SUM,
                ctx->comm);
  rb_clock_leave(ctx, outer);
}

void rb_gradient_sum_widen(const rb_context *ctx, rb_gradient_sum *sum) {
  const rb_time_part outer = rb_clock_enter(ctx, RB_TIME_REDUCE);
  MPI_Allreduce(MPI_IN_PLACE, sum->excess, sum->blocks + 1, MPI_DOUBLE, MPI_MAX, ctx->comm);
  rb_clock_leave(ctx, outer);
  for (int k = 0; k <= sum->blocks; ++k) {
    if (sum->excess[k] > 0) (void)frexp(sum->excess[k], &sum->bound[k]);
    sum->excess[k] = 0;
  }
  memset(sum->buffer, 0, (size_t)(sum->count + FIRST_FLAG) * sizeof *sum->buffer);
  *flag_of(sum, RB_FLAG_OVERFLOW) = 0;
}

int64_t rb_gradient_sum_flag(const rb_gradient_sum *sum, rb_gradient_flag flag) {
  return *flag_of(sum, flag);
}

double rb_gradient_sum_get(const rb_gradient_sum *sum, rb_real *gradient) {
  for (int k = 0; k < sum->blocks; ++k) {
    const double scale = ldexp(1, -exponent_of(sum, k));
    for (int64_t i = sum->first[k]; i < sum->first[k + 1]; ++i) {
      gradient[i] = (rb_real)((double)sum->buffer[i] * scale);
    }
  }
  return ldexp((double)sum->buffer[sum->count + LOSS], -exponent_of(sum, sum->blocks));
}
