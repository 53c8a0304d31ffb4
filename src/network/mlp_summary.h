#ifndef RB_NETWORK_MLP_SUMMARY_H
#define RB_NETWORK_MLP_SUMMARY_H

#include "feature_mlp.h"
#include "rheobase/network/summary_type.h"

/** @file mlp_summary.h
 * Functions for rows of the table of summary networks (summary_type.h) that are an MLP after all
 * numbers of a row of x. Local. */

/** Tensors are called @p prefix + "/...". @param in numbers of a row
 * @param state freed with free. Fails with RB_ERR_SETTING or RB_ERR_MEMORY. */
RB_NODISCARD rb_status rb_mlp_summary_create(rb_context *ctx, const rb_summary_settings *settings,
                                             const char *prefix, int in,
                                             rb_feature_mlp_extras extras, int max_batch,
                                             rb_parameters *parameters, void **state);
/** As rb_summary_type has them. @{ */
void rb_mlp_summary_layout(void *state, rb_workspace *workspace);
RB_NODISCARD rb_status rb_mlp_summary_initialise(rb_context *ctx, const void *state, uint64_t seed,
                                                 uint16_t member, const rb_parameters *parameters);
void rb_mlp_summary_forward(void *state, const rb_activation_kernel *kernels,
                            const rb_parameters *parameters, int B, const rb_real *x,
                            bool use_masks, bool keep, rb_real *h);
void rb_mlp_summary_backward(void *state, const rb_activation_kernel *kernels,
                             const rb_parameters *parameters, int B, const rb_real *x,
                             bool use_masks, const rb_real *dh, rb_real *gradient);
double rb_mlp_summary_flops(const void *state);
/** @} */

#endif
