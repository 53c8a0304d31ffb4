#ifndef RB_NETWORK_ACTIVATIONS_H
#define RB_NETWORK_ACTIVATIONS_H

#include <stdint.h>

#include "rheobase/base/cpu.h"
#include "rheobase/base/real.h"
#include "rheobase/network/network_settings.h"

/** @file activations.h
 * Elementwise functions, vector code per instruction set; the bits are the same in all of them.
 * mish(x) = x tanh(log(1 + e^x)) (Misra 2019); hard_silu(x) = x relu6(x + 3) / 6. Local. */

enum { RB_ACTIVATION_COUNT = RB_MISH + 1 };

/** One table per instruction set, indexed by rb_activation. */
typedef struct rb_activation_kernel {
  /** y = f(x); x may be y. @param x,y (n) */
  void (*forward[RB_ACTIVATION_COUNT])(int64_t n, const rb_real *x, rb_real *y);
  /** d *= f'(x): the gradient of the output becomes that of the input. @param x,d (n) */
  void (*backward[RB_ACTIVATION_COUNT])(int64_t n, const rb_real *x, rb_real *d);
} rb_activation_kernel;

/** @return the table for an instruction set. */
const rb_activation_kernel *rb_activation_kernel_for(rb_isa isa);

#endif
