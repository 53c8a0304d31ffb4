#ifndef RB_NETWORK_FEATURE_MLP_H
#define RB_NETWORK_FEATURE_MLP_H

#include "mlp.h"

/** @file feature_mlp.h
 * The network after standardised features or a vector: they are clipped, multiplied by a gain, and
 * go through an MLP with SiLU, which may take learned summaries beside them. A gain above 1 lets it
 * tell finer differences from the start: an MLP learns what varies slowly with its input first. A
 * straight line W f of the features may be added to what it makes of them, and each feature may be
 * multiplied by a gate first, a number that is 1 at the start and that weight decay brings towards
 * 0 where the feature says nothing. Local; no function allocates. */

/** What the network has beside its MLP. */
typedef struct rb_feature_mlp_extras {
  bool line, gates;
} rb_feature_mlp_extras;

typedef struct rb_feature_mlp {
  rb_mlp mlp;
  int line;   ///< tensor W: (features, summary_dim); -1: no line
  int gates;  ///< tensor (features); -1: no gates
  int max_batch;
  rb_real gain;
  rb_mlp_cache cache;
  rb_real *features;   ///< (max_batch, features), clipped, times the gain
  rb_real *inputs;     ///< (max_batch, features), gated; without gates the features
  rb_real *gradients;  ///< (max_batch, features), of the inputs; without gates NULL
  rb_real *scratch;    ///< of the backward pass
} rb_feature_mlp;

/** Sets up the network and adds its tensors, @p prefix + "/...". @param in number of features
 * @param condition number of learned summaries; may be 0. Fails with RB_ERR_SETTING. */
RB_NODISCARD rb_status rb_feature_mlp_create(rb_context *ctx, const rb_summary_settings *settings,
                                             const char *prefix, int in, int condition,
                                             rb_feature_mlp_extras extras, int max_batch,
                                             rb_parameters *parameters, rb_feature_mlp *net);

/** Random initial weights: as rb_mlp_initialise has them; with a line, which has its own by
 * rb_initialise_fan_in, divided by the gain, as rb_mlp_initialise_fan_in. */
void rb_feature_mlp_initialise(const rb_feature_mlp *net, uint64_t seed, uint16_t member,
                               const rb_parameters *parameters);

/** Cuts the arrays for batches of up to max_batch. */
void rb_feature_mlp_layout(rb_feature_mlp *net, rb_workspace *workspace);

/** Summaries of a batch. */
void rb_feature_mlp_forward(rb_feature_mlp *net, const rb_activation_kernel *kernels,
                            const rb_parameters *parameters, int B,
                            const rb_real *x,  // (B, features), stride ld
                            int64_t ld,
                            const rb_real *learned,  // (B, condition)
                            rb_real *h);             // (B, summary_dim)

/** Gradients after rb_feature_mlp_forward of the same batch. */
void rb_feature_mlp_backward(rb_feature_mlp *net, const rb_activation_kernel *kernels,
                             const rb_parameters *parameters, int B,
                             const rb_real *learned,  // (B, condition)
                             const rb_real *dh,       // (B, summary_dim)
                             rb_real *dlearned,       // (B, condition), added
                             rb_real *gradient);      // flat buffer of all weights, added

/** Floating-point operations of the matrix products per row. */
double rb_feature_mlp_flops(const rb_feature_mlp *net);

#endif
