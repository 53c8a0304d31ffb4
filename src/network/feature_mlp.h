#ifndef RB_NETWORK_FEATURE_MLP_H
#define RB_NETWORK_FEATURE_MLP_H

#include "mlp.h"

/** @file feature_mlp.h
 * The network after standardised features or a vector: they are clipped and go through an MLP with
 * SiLU, which may take learned summaries beside them. Local; no function allocates. */

typedef struct rb_feature_mlp {
  rb_mlp mlp;
  int max_batch;
  rb_mlp_cache cache;
  rb_real *features;  ///< (max_batch, features), clipped
  rb_real *scratch;   ///< of the backward pass
} rb_feature_mlp;

/** Sets up the network and adds its tensors, @p prefix + "/...". @param in number of features
 * @param condition number of learned summaries; may be 0. Fails with RB_ERR_SETTING. */
RB_NODISCARD rb_status rb_feature_mlp_create(rb_context *ctx, const rb_summary_settings *settings,
                                             const char *prefix, int in, int condition,
                                             int max_batch, rb_parameters *parameters,
                                             rb_feature_mlp *net);

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

#endif
