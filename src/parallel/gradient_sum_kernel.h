#ifndef RB_PARALLEL_GRADIENT_SUM_KERNEL_H
#define RB_PARALLEL_GRADIENT_SUM_KERNEL_H

#include <stdint.h>

#include "rheobase/base/cpu.h"
#include "rheobase/base/real.h"

/** @file gradient_sum_kernel.h
 * The two passes over a gradient, compiled per instruction set; all give the same bits. */
typedef struct rb_gradient_kernel {
  /** Largest magnitude; NaN if any element is NaN. @param gradient (count) */
  double (*largest)(int64_t count, const rb_real *gradient);
  /** sum += gradient scale, truncated to integers. @param sum (count) */
  void (*add)(int64_t count, const rb_real *gradient, double scale, int64_t *sum);
} rb_gradient_kernel;

RB_KERNEL_DECLARE(rb_gradient_kernel, rb_gradient_kernel_table);

#endif
