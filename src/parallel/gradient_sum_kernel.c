#include "gradient_sum_kernel.h"

#include <math.h>

static double largest(int64_t count, const rb_real *gradient) {
  rb_real most = 0;
  int64_t nan = 0;
  for (int64_t i = 0; i < count; ++i) {
    const rb_real magnitude = gradient[i] < 0 ? -gradient[i] : gradient[i];
    most = magnitude > most ? magnitude : most;
    nan += gradient[i] != gradient[i];
  }
  return nan > 0 ? (double)NAN : (double)most;
}

static void add(int64_t count, const rb_real *restrict gradient, double scale,
                int64_t *restrict sum) {
  for (int64_t i = 0; i < count; ++i) sum[i] += (int64_t)((double)gradient[i] * scale);
}

const rb_gradient_kernel RB_KERNEL_SYMBOL(rb_gradient_kernel_table) = {largest, add};
