#ifndef RB_NETWORK_CONV1D_H
#define RB_NETWORK_CONV1D_H

#include <stdbool.h>
#include <stdint.h>

#include "rheobase/base/real.h"

/** @file conv1d.h
 * Convolution over time with padding "same", as in Keras: out = ceil(T/s), pad =
 * max((out-1) s + k - T, 0), of which pad/2 (rounded down) stands before the first sample. Matrix
 * products on gathered windows. Local. */

/** Sizes of a convolution; plain data. */
typedef struct rb_conv1d {
  int64_t T, T_out;
  int in, out;  ///< channels
  int kernel, stride;
  int64_t pad_left, pad;  ///< zeros before the first sample, and in all
} rb_conv1d;

/** All arguments positive. */
rb_conv1d rb_conv1d_make(int64_t T, int in, int out, int kernel, int stride);

/** @return elements of the scratch buffer `windows` that a batch of B needs; 0 where the input
 * itself serves (stride = kernel, no padding). */
int64_t rb_conv1d_scratch(const rb_conv1d *conv, int B);

/** y[b, t] = bias + sum over k of x[b, t s - pad_left + k] kernel[k], x zero outside. One product
 * for the whole batch is faster; with @p each there is one for each of its members, whose bits then
 * do not depend on its place (see rb_gemm_rows_alike). */
void rb_conv1d_forward(const rb_conv1d *conv, int B, bool each,
                       const rb_real *x,       // (B, T, in)
                       const rb_real *kernel,  // (k, in, out)
                       const rb_real *bias,    // (out)
                       rb_real *windows,       // scratch
                       rb_real *y);            // (B, T_out, out)

/** Its gradients. */
void rb_conv1d_backward(const rb_conv1d *conv, int B,
                        const rb_real *x,       // (B, T, in)
                        const rb_real *kernel,  // (k, in, out)
                        const rb_real *dy,      // (B, T_out, out)
                        rb_real *windows,       // scratch
                        rb_real *dx,            // (B, T, in), added; may be NULL
                        rb_real *dkernel,       // (k, in, out), added
                        rb_real *dbias);        // (out), added

#endif
