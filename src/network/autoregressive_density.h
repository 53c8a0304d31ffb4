#ifndef RB_NETWORK_AUTOREGRESSIVE_DENSITY_H
#define RB_NETWORK_AUTOREGRESSIVE_DENSITY_H

#include "factor.h"
#include "rheobase/network/density_type.h"

/** @file autoregressive_density.h
 * Functions for rows of the table of densities (density_type.h) that are autoregressive
 * (autoregressive.h). Local. */

/** @param factor what it is made of @param settings of this density
 * @param state freed with rb_autoregressive_density_destroy. Fails with RB_ERR_SETTING or
 * RB_ERR_MEMORY. */
RB_NODISCARD rb_status rb_autoregressive_density_create(rb_context *ctx, const rb_factor *factor,
                                                        const rb_autoregressive_settings *settings,
                                                        const rb_density_sizes *sizes,
                                                        rb_parameters *parameters, void **state);
/** As rb_density_type has them. @{ */
void rb_autoregressive_density_destroy(void *state);
void rb_autoregressive_density_layout(void *state, struct rb_workspace *workspace);
RB_NODISCARD rb_status rb_autoregressive_density_initialise(rb_context *ctx, void *state,
                                                            uint64_t seed, uint16_t member,
                                                            const rb_parameters *parameters);
void rb_autoregressive_density_gradient(void *state, const struct rb_activation_kernel *kernels,
                                        const rb_parameters *parameters, int B,
                                        const rb_real *theta, const rb_real *h,
                                        const rb_real *weight, bool use_masks, rb_real *dtheta,
                                        rb_real *dh, rb_real *gradient, rb_real *loss);
const rb_real *rb_autoregressive_density_log_density(void *state,
                                                     const struct rb_activation_kernel *kernels,
                                                     const rb_parameters *parameters,
                                                     const rb_real *theta, const rb_real *h,
                                                     rb_real *log_density);
void rb_autoregressive_density_prepare(void *state, const rb_parameters *parameters,
                                       const rb_real *h);
void rb_autoregressive_density_sample(void *state, const struct rb_activation_kernel *kernels,
                                      const rb_parameters *parameters, int64_t first, int64_t per,
                                      rb_real *x, rb_real *log_density);
double rb_autoregressive_density_flops(const void *state);
/** @} */

/** The members of an rb_density_type that all of these share: all but `name`, settings and
 * `create`.
 */
#define RB_AUTOREGRESSIVE_DENSITY                                                           \
  .destroy = rb_autoregressive_density_destroy, .layout = rb_autoregressive_density_layout, \
  .initialise = rb_autoregressive_density_initialise,                                       \
  .gradient = rb_autoregressive_density_gradient,                                           \
  .log_density = rb_autoregressive_density_log_density,                                     \
  .prepare = rb_autoregressive_density_prepare, .sample = rb_autoregressive_density_sample, \
  .flops = rb_autoregressive_density_flops

#endif
