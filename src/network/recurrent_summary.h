#ifndef RB_NETWORK_RECURRENT_SUMMARY_H
#define RB_NETWORK_RECURRENT_SUMMARY_H

#include "activations.h"
#include "conv1d.h"
#include "recurrent.h"
#include "rheobase/network/summary_type.h"
#include "workspace.h"

/** @file recurrent_summary.h
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
typedef struct rb_recurrent_summary {
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
} rb_recurrent_summary;

/** Of the row in the table of summary networks (summary_type.h), whose state is an
 * rb_recurrent_summary: what concerns its sizes.
 * @{ */
RB_NODISCARD rb_status rb_recurrent_summary_check(rb_context *ctx,
                                                  const rb_summary_settings *settings);
RB_NODISCARD rb_status rb_recurrent_summary_create(rb_context *ctx,
                                                   const rb_summary_settings *settings,
                                                   rb_shape shape, int max_batch,
                                                   rb_parameters *parameters, void **state);
void rb_recurrent_summary_destroy(void *state);
void rb_recurrent_summary_layout(void *state, rb_workspace *workspace);
RB_NODISCARD rb_status rb_recurrent_summary_initialise(rb_context *ctx, const void *state,
                                                       uint64_t seed, uint16_t member,
                                                       const rb_parameters *parameters);
double rb_recurrent_summary_flops(const void *state);
/** @} */

#endif
