#ifndef RB_NETWORK_SUMMARY_H
#define RB_NETWORK_SUMMARY_H

#include "activations.h"
#include "conv1d.h"
#include "recurrent.h"
#include "rheobase/network/estimator.h"
#include "workspace.h"

/** @file summary.h
 * Summary network of a time series (Lai et al. 2018, LSTNet, as BayesFlow's TimeSeriesNetwork):
 * convolutions with mish and optional group norm, then recurrent nets over the whole sequence and
 * over its strided "skip" convolution, one or both directions; the final hidden states are added
 * up (those of the reversed direction with the order of their units reversed) and go through a
 * dense layer. Local; only create allocates. */

enum { RB_SUMMARY_MAX_NETS = 4 };

/** One convolution with its activation and norm. */
typedef struct rb_summary_conv {
  rb_conv1d conv;
  int kernel, bias;      ///< tensor indices
  int gamma, beta;       ///< tensor indices of the group norm, if any
  rb_real *pre;          ///< (B, T_out, out), before mish
  rb_real *post;         ///< (B, T_out, out), after mish
  rb_real *output;       ///< (B, T_out, out), after group norm; post itself without
  rb_real *mean, *rstd;  ///< (B, groups)
  rb_real *d;            ///< (B, T_out, out), gradient of output
} rb_summary_conv;

/** One recurrent net. */
typedef struct rb_summary_net {
  rb_recurrent *recurrent;  ///< owned
  bool skip, reverse;
  int inputs;
  int kernel, recurrent_kernel, bias;  ///< tensor indices
  rb_real *mask;                       ///< (B, inputs), dropout factors; NULL without dropout
} rb_summary_net;

/** The network and its arrays for batches of up to max_batch. */
typedef struct rb_summary {
  rb_summary_settings settings;
  int max_batch;
  rb_summary_conv conv[RB_MAX_LAYERS];
  rb_conv1d skip;
  int skip_kernel, skip_bias, dense_kernel, dense_bias;  ///< tensor indices
  int nets;
  rb_summary_net net[RB_SUMMARY_MAX_NETS];
  rb_real *windows;             ///< scratch of the convolutions
  rb_real *skipped, *dskipped;  ///< (B, T_skip, filters * skip_steps) and its gradient
  rb_real *hidden, *dhidden;    ///< (B, H), the sum, and its gradient
  rb_real *state;               ///< (B, H), of one net
  double recurrent_seconds;     ///< spent in the recurrent nets so far
} rb_summary;

/** Sets up the network for x (B, T, C) and adds its tensors, "summary/...". Fails with
 * RB_ERR_SETTING or RB_ERR_MEMORY. Free with rb_summary_destroy. */
RB_NODISCARD rb_status rb_summary_create(rb_context *ctx, const rb_summary_settings *settings,
                                         int64_t T, int C, int max_batch, rb_parameters *parameters,
                                         rb_summary *summary);
/** Frees the recurrent nets. */
void rb_summary_destroy(rb_summary *summary);

/** Cuts the arrays for batches of up to max_batch. */
void rb_summary_layout(rb_summary *summary, rb_workspace *workspace);

/** Hands the weights to the recurrent nets. */
void rb_summary_weights_changed(rb_summary *summary, const rb_parameters *parameters);

/** Fills the dropout masks; @p position as in rb_dropout_mask. */
void rb_summary_draw_masks(rb_summary *summary, rb_isa isa, const rb_dropout_source *source,
                           uint32_t *position, int B);

/** Summaries of a batch. @param use_masks dropout @param keep rb_summary_backward will follow */
void rb_summary_forward(rb_summary *summary, const rb_activation_kernel *kernels,
                        const rb_parameters *parameters, int B,
                        const rb_real *x,  // (B, T, C)
                        bool use_masks, bool keep,
                        rb_real *h);  // (B, summary_dim)

/** Gradients after rb_summary_forward with keep and the same arguments. */
void rb_summary_backward(rb_summary *summary, const rb_activation_kernel *kernels,
                         const rb_parameters *parameters, int B,
                         const rb_real *x,  // (B, T, C)
                         bool use_masks,
                         const rb_real *dh,   // (B, summary_dim)
                         rb_real *gradient);  // flat buffer of all weights, added

/** Floating-point operations of the matrix products per sample. */
double rb_summary_flops(const rb_summary *summary);

#endif
