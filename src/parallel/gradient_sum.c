#include "rheobase/gradient_sum.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "gradient_sum_kernel.h"
#include "rheobase/clock.h"
#include "rheobase/memory.h"

enum {
  BOUND_EXPONENT = 15,  // RB_GRADIENT_BOUND
  MAX_EXPONENT = 40,
  LOSS_BOUND_EXPONENT = 22,
  MAX_LOSS_EXPONENT = 32
};
static const double LOSS_BOUND = 1 << LOSS_BOUND_EXPONENT;

/* The exponent of a scale on which a sum of 2^log2_batches numbers below 2^bound fits. */
static int exponent_for(int bound, int log2_batches, int most) {
  const int room = 62 - bound - log2_batches;
  return room < most ? room : most;
}

rb_status rb_gradient_sum_create(rb_context *ctx, int64_t count, int64_t micro_batches,
                                 rb_gradient_sum *sum) {
  rb_status status = RB_OK;
  *sum = (rb_gradient_sum){.count = count,
                           .kernel = RB_KERNEL_SELECT(rb_gradient_kernel_table, ctx->isa)};
  int log2_batches = 0;
  while (INT64_C(1) << log2_batches < micro_batches) ++log2_batches;
  sum->exponent = exponent_for(BOUND_EXPONENT, log2_batches, MAX_EXPONENT);
  sum->loss_exponent = exponent_for(LOSS_BOUND_EXPONENT, log2_batches, MAX_LOSS_EXPONENT);
  if (count + 1 + RB_GRADIENT_FLAGS > INT_MAX) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_SETTING, "the network has more than 2^31 weights"));
  }
  RB_TRY(RB_ALLOCATE(ctx, sum->buffer, count + 1 + RB_GRADIENT_FLAGS));
cleanup:
  return status;
}

void rb_gradient_sum_destroy(rb_gradient_sum *sum) {
  free(sum->buffer);
  sum->buffer = NULL;
}

void rb_gradient_sum_clear(rb_gradient_sum *sum) {
  memset(sum->buffer, 0, (size_t)(sum->count + 1 + RB_GRADIENT_FLAGS) * sizeof *sum->buffer);
}

void rb_gradient_sum_raise(rb_gradient_sum *sum, rb_gradient_flag flag) {
  sum->buffer[sum->count + 1 + (int)flag] += 1;
}

void rb_gradient_sum_add(rb_gradient_sum *sum, const rb_real *gradient, const rb_real *loss,
                         int B) {
  double total = 0;
  for (int b = 0; b < B; ++b) total += (double)loss[b];
  const double largest = sum->kernel->largest(sum->count, gradient);
  if (!isfinite(largest) || !isfinite(total)) {
    rb_gradient_sum_raise(sum, RB_FLAG_NONFINITE);
    return;
  }
  if (largest > RB_GRADIENT_BOUND || fabs(total) > LOSS_BOUND) {
    rb_gradient_sum_raise(sum, RB_FLAG_OVERFLOW);
    return;
  }
  sum->kernel->add(sum->count, gradient, ldexp(1.0, sum->exponent), sum->buffer);
  sum->buffer[sum->count] += (int64_t)(total * ldexp(1.0, sum->loss_exponent));
}

void rb_gradient_sum_reduce(const rb_context *ctx, rb_gradient_sum *sum) {
  const rb_time_part outer = rb_clock_enter(ctx, RB_TIME_REDUCE);
  MPI_Allreduce(MPI_IN_PLACE, sum->buffer, (int)(sum->count + 1 + RB_GRADIENT_FLAGS), MPI_INT64_T,
                MPI_SUM, ctx->comm);
  rb_clock_leave(ctx, outer);
}

int64_t rb_gradient_sum_flag(const rb_gradient_sum *sum, rb_gradient_flag flag) {
  return sum->buffer[sum->count + 1 + (int)flag];
}

double rb_gradient_sum_get(const rb_gradient_sum *sum, rb_real *gradient) {
  const double scale = ldexp(1.0, -sum->exponent);
  for (int64_t i = 0; i < sum->count; ++i) {
    gradient[i] = (rb_real)((double)sum->buffer[i] * scale);
  }
  return ldexp((double)sum->buffer[sum->count], -sum->loss_exponent);
}
