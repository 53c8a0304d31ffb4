#ifndef RB_BASE_FMA_PEAK_KERNEL_H
#define RB_BASE_FMA_PEAK_KERNEL_H

#include <stdint.h>

#include "rheobase/base/cpu.h"

typedef struct rb_fma_peak_kernel {
  double flops_per_round;
  /** @return a number that depends on all of the arithmetic, so that it cannot be left out */
  float (*run)(int64_t rounds, float factor, float summand);
} rb_fma_peak_kernel;

RB_KERNEL_DECLARE(rb_fma_peak_kernel, rb_fma_peak_kernel);

#endif
