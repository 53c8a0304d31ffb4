#ifndef RB_NETWORK_EXPERT_H
#define RB_NETWORK_EXPERT_H

#include "mlp.h"

/** @file expert.h
 * The network after a model's expert summaries: standardised features, clipped at +-8, through an
 * MLP, which may take learned summaries beside them. Local; only create allocates. */

typedef struct rb_expert_net {
  rb_mlp mlp;
  rb_mlp_cache cache;
  rb_real *features;  ///< (max_batch, features), clipped
  rb_real *scratch;   ///< of the backward pass
} rb_expert_net;

/** Sets up the network and adds its tensors, "expert/...". @param condition number of learned
 * summaries; may be 0. Fails with RB_ERR_SETTING. */
RB_NODISCARD rb_status rb_expert_create(rb_context *ctx, const rb_summary_settings *settings,
                                        int features, int condition, rb_parameters *parameters,
                                        rb_expert_net *expert);

/** Cuts the arrays for batches of up to max_batch. */
void rb_expert_layout(rb_expert_net *expert, int max_batch, rb_workspace *workspace);

/** Summaries of a batch. */
void rb_expert_forward(rb_expert_net *expert, const rb_activation_kernel *kernels,
                       const rb_parameters *parameters, int B,
                       const rb_real *x,  // (B, features), stride ld
                       int64_t ld,
                       const rb_real *learned,  // (B, condition)
                       rb_real *h);             // (B, summary_dim)

/** Gradients after rb_expert_forward of the same batch. */
void rb_expert_backward(rb_expert_net *expert, const rb_activation_kernel *kernels,
                        const rb_parameters *parameters, int B,
                        const rb_real *learned,  // (B, condition)
                        const rb_real *dh,       // (B, summary_dim)
                        rb_real *dlearned,       // (B, condition), added
                        rb_real *gradient);      // flat buffer of all weights, added

#endif
