#ifndef RB_NETWORK_RECURRENT_H
#define RB_NETWORK_RECURRENT_H

#include <stdbool.h>
#include <stdint.h>

#include "rheobase/base/context.h"
#include "rheobase/base/real.h"
#include "rheobase/network/network_settings.h"

/** @file recurrent.h
 * A recurrent net over one direction of a sequence, of which only the final hidden state is used,
 * and its gradient. Formulas (sig is the logistic function, the state starts at zero):
 *
 * GRU (Keras `reset_after`), columns of kernel (I, 3H), recurrent_kernel (H, 3H) and of both rows
 * of bias (2, 3H) in the order z, r, h:
 *
 *     z  = sig(x Wz + b0z + h Uz + b1z)        r = sig(x Wr + b0r + h Ur + b1r)
 *     hh = tanh(x Wh + b0h + r * (h Uh + b1h))    h' = z h + (1 - z) hh
 *
 * LSTM, columns of kernel (I, 4H), recurrent_kernel (H, 4H) and bias (4H) in the order i, f, c, o:
 *
 *     i, f, o = sig(x W + h U + b)    g = tanh(x Wc + h Uc + bc)    c' = f c + i g    h' = o
 * tanh(c')
 *
 * A row's state and input gradient depend on that row alone; the same batch size gives the same
 * bits. All functions are local. */

typedef struct rb_recurrent rb_recurrent;

/** Allocates a net with I inputs and H units for sequences of T steps and batches of up to
 * @p max_batch rows, with room for the activations that the gradient needs (5 H numbers per row and
 * step). It computes with the fused kernels of ctx->isa if there are any, else with BLAS.
 * Fails with RB_ERR_MEMORY. */
RB_NODISCARD rb_status rb_recurrent_create(rb_context *ctx, rb_recurrent_type type, int I, int H,
                                           int64_t T, int max_batch, rb_recurrent **recurrent);

/** Frees it; NULL is allowed. */
void rb_recurrent_destroy(rb_recurrent *recurrent);

/** Takes a copy of the weights; to be called again whenever they have changed.
 * @param kernel (I, GH) @param recurrent_kernel (H, GH) with G = 3 (GRU) or 4 (LSTM)
 * @param bias GRU (2, 3H), LSTM (4H) */
void rb_recurrent_set_weights(rb_recurrent *recurrent, const rb_real *kernel,
                              const rb_real *recurrent_kernel, const rb_real *bias);

/** Runs over the sequence.
 * @param x (B, T, I), B <= max_batch
 * @param input_mask (B, I) factor of the inputs, the same at all steps (dropout); NULL: ones
 * @param reverse_time from the last step to the first
 * @param keep rb_recurrent_backward will follow
 * @param h (B, H) final hidden state */
void rb_recurrent_forward(rb_recurrent *recurrent, int B, const rb_real *x,
                          const rb_real *input_mask, bool reverse_time, bool keep, rb_real *h);

/** Gradients, after a forward with @p keep and the same arguments and weights.
 * @param dh (B, H) gradient with respect to the final hidden state
 * @param dx (B, T, I) is added to; may be NULL
 * @param dkernel (I, GH), @param drecurrent_kernel (H, GH), @param dbias (as bias) are added to */
void rb_recurrent_backward(rb_recurrent *recurrent, int B, const rb_real *x,
                           const rb_real *input_mask, bool reverse_time, const rb_real *dh,
                           rb_real *dx, rb_real *dkernel, rb_real *drecurrent_kernel,
                           rb_real *dbias);

#endif
