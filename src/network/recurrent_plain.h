#ifndef RB_NETWORK_RECURRENT_PLAIN_H
#define RB_NETWORK_RECURRENT_PLAIN_H

#include "recurrent.h"

/** @file recurrent_plain.h
 * The recurrent nets through BLAS and plain loops: for double precision, for processors without
 * fused kernels, and as the reference the kernels are tested against. See recurrent.h. */

typedef struct rb_recurrent_plain {
  rb_recurrent_type type;
  int I, H, G;  ///< inputs, units, gates
  int64_t T;
  rb_real *kernel, *recurrent_kernel, *bias;  ///< copies of the weights
  rb_real *x;                                 ///< (B, I) masked inputs of one step, and gradient
  rb_real *from_x, *from_h;                   ///< (B, GH) sums before the gates, and gradients
  rb_real *gates;    ///< (T, B, 4, H) GRU: z, r, hh, h Uh + b1h; LSTM: i, f, g, o
  rb_real *h;        ///< (T + 1, B, H) states, the first zero
  rb_real *c;        ///< (T + 1, B, H) LSTM cells
  rb_real *dh, *dc;  ///< (B, H)
} rb_recurrent_plain;

RB_NODISCARD rb_status rb_recurrent_plain_create(rb_context *ctx, rb_recurrent_type type, int I,
                                                 int H, int64_t T, int max_batch,
                                                 rb_recurrent_plain *net);
void rb_recurrent_plain_free(rb_recurrent_plain *net);
void rb_recurrent_plain_set_weights(rb_recurrent_plain *net, const rb_real *kernel,
                                    const rb_real *recurrent_kernel, const rb_real *bias);
void rb_recurrent_plain_forward(rb_recurrent_plain *net, int B, const rb_real *x,
                                const rb_real *input_mask, bool reverse_time, rb_real *h);
void rb_recurrent_plain_backward(rb_recurrent_plain *net, int B, const rb_real *x,
                                 const rb_real *input_mask, bool reverse_time, const rb_real *dh,
                                 rb_real *dx, rb_real *dkernel, rb_real *drecurrent_kernel,
                                 rb_real *dbias);

#endif
