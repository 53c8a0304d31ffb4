#ifndef RB_NETWORK_RECURRENT_FUSED_H
#define RB_NETWORK_RECURRENT_FUSED_H

#include "recurrent.h"
#include "recurrent_kernel.h"

/** @file recurrent_fused.h
 * The recurrent nets through the kernels of one instruction set. See recurrent.h; for the layouts
 * recurrent_kernel.h. */

typedef struct rb_recurrent_fused {
  const rb_recurrent_kernels *kernels;
  rb_recurrent_type type;
  int I, H, G;             ///< inputs, units, gates
  int x_blocks, h_blocks;  ///< of lanes
  int64_t T;
  rb_real *kernel, *recurrent_kernel, *bias;          ///< gate matrices
  rb_real *kernel_transposed, *recurrent_transposed;  ///< transposed ones
  rb_real *dkernel, *drecurrent_kernel, *dbias;       ///< gradients, laid out like the weights
  rb_real *x, *dx;                                    ///< panels of one step
  rb_real *gates;                                     ///< (T) gates of all steps
  rb_real *h, *c;                                     ///< (T + 1) panels, the first zero; c: LSTM
  rb_real *gradient;                                  ///< gate gradients of one step
  rb_real *dh, *dc;                                   ///< panels
} rb_recurrent_fused;

RB_NODISCARD rb_status rb_recurrent_fused_create(rb_context *ctx,
                                                 const rb_recurrent_kernels *kernels,
                                                 rb_recurrent_type type, int I, int H, int64_t T,
                                                 int max_batch, rb_recurrent_fused *net);
void rb_recurrent_fused_free(rb_recurrent_fused *net);
void rb_recurrent_fused_set_weights(rb_recurrent_fused *net, const rb_real *kernel,
                                    const rb_real *recurrent_kernel, const rb_real *bias);
void rb_recurrent_fused_forward(rb_recurrent_fused *net, int B, const rb_real *x,
                                const rb_real *input_mask, bool reverse_time, bool keep,
                                rb_real *h);
void rb_recurrent_fused_backward(rb_recurrent_fused *net, int B, const rb_real *x,
                                 const rb_real *input_mask, bool reverse_time, const rb_real *dh,
                                 rb_real *dx, rb_real *dkernel, rb_real *drecurrent_kernel,
                                 rb_real *dbias);

#endif
