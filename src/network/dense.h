#ifndef RB_NETWORK_DENSE_H
#define RB_NETWORK_DENSE_H

#include <stdint.h>

#include "rheobase/base/real.h"

/** @file dense.h
 * y = x W + b. Local. */

/** y = x W + b. */
void rb_dense_forward(int64_t rows, int in, int out,
                      const rb_real *x,       // (rows, in)
                      const rb_real *kernel,  // (in, out)
                      const rb_real *bias,    // (out)
                      rb_real *y);            // (rows, out)

/** Its gradients. */
void rb_dense_backward(int64_t rows, int in, int out,
                       const rb_real *x,       // (rows, in)
                       const rb_real *kernel,  // (in, out)
                       const rb_real *dy,      // (rows, out)
                       rb_real *dx,            // (rows, in), added
                       rb_real *dkernel,       // (in, out), added
                       rb_real *dbias);        // (out), added

#endif
