#ifndef RB_NETWORK_SUMMARIES_H
#define RB_NETWORK_SUMMARIES_H

#include "expert.h"
#include "rheobase/base/shape.h"
#include "summary.h"

/** @file summaries.h
 * From what is seen of a data set to its summary statistics: the recurrent network after a series,
 * the MLP after features, or both, where the MLP takes the recurrent network's output beside the
 * features. Rows are (T C + F): the series, (T, C), then the features; the part that the settings
 * leave out is not looked at. Local; only create allocates. */

typedef struct rb_summaries {
  rb_shape shape;
  int dim, max_batch;
  bool has_series, has_features;
  rb_summary recurrent;         ///< with has_series
  rb_expert_net expert;         ///< with has_features
  rb_real *series;              ///< (max_batch, T, C), with both alone, like the next
  rb_real *learned, *dlearned;  ///< (max_batch, dim), of the recurrent network, and its gradient
} rb_summaries;

/** Sets up the networks settings->type asks for and adds their tensors. Fails with RB_ERR_SETTING
 * or RB_ERR_MEMORY. Free with rb_summaries_destroy. */
RB_NODISCARD rb_status rb_summaries_create(rb_context *ctx, const rb_summary_settings *settings,
                                           rb_shape shape, int max_batch, rb_parameters *parameters,
                                           rb_summaries *summaries);
void rb_summaries_destroy(rb_summaries *summaries);

/** Cuts the arrays for batches of up to max_batch. */
void rb_summaries_layout(rb_summaries *summaries, rb_workspace *workspace);

/** Random initial weights. */
RB_NODISCARD rb_status rb_summaries_initialise(rb_context *ctx, const rb_summaries *summaries,
                                               uint64_t seed, uint16_t member,
                                               const rb_parameters *parameters);

/** To be called after weights were written. */
void rb_summaries_weights_changed(rb_summaries *summaries, const rb_parameters *parameters);

/** Fills the dropout masks; @p position as in rb_dropout_mask. */
void rb_summaries_draw_masks(rb_summaries *summaries, rb_isa isa, const rb_dropout_source *source,
                             uint32_t *position, int B);

/** Summaries of a batch. @param use_masks dropout @param keep rb_summaries_backward will follow */
void rb_summaries_forward(rb_summaries *summaries, const rb_activation_kernel *kernels,
                          const rb_parameters *parameters, int B,
                          const rb_real *x,  // (B, row)
                          bool use_masks, bool keep,
                          rb_real *h);  // (B, dim)

/** Gradients after rb_summaries_forward with keep and the same arguments. */
void rb_summaries_backward(rb_summaries *summaries, const rb_activation_kernel *kernels,
                           const rb_parameters *parameters, int B,
                           const rb_real *x,  // (B, row)
                           bool use_masks,
                           const rb_real *dh,   // (B, dim)
                           rb_real *gradient);  // flat buffer of all weights, added

/** Floating-point operations of the matrix products per sample. */
double rb_summaries_flops(const rb_summaries *summaries);

#endif
