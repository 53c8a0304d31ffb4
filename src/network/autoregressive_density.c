#include "autoregressive_density.h"

#include <stddef.h>

#include "autoregressive.h"
#include "rheobase/base/memory.h"
#include "workspace.h"

/* An autoregressive density as one of the table, and the first of them: a mixture of Gaussians for
 * each parameter given those before it. */

typedef struct autoregressive_density {
  rb_density_sizes sizes;
  rb_autoregressive density;
  rb_autoregressive_cache training;    // max_batch rows
  rb_autoregressive_cache evaluation;  // block rows
  rb_real *dlog_density;               // (max_batch)
  rb_real *conditions;                 // of one group, see rb_autoregressive_condition
} autoregressive_density;

void rb_autoregressive_density_destroy(void *state) {
  autoregressive_density *a = state;
  if (a == NULL) return;
  rb_autoregressive_cache_destroy(&a->training);
  rb_autoregressive_cache_destroy(&a->evaluation);
  rb_autoregressive_destroy(&a->density);
  free(a);
}

rb_status rb_autoregressive_density_create(rb_context *ctx, const rb_factor *factor,
                                           const rb_autoregressive_settings *settings,
                                           const rb_density_sizes *sizes, rb_parameters *parameters,
                                           void **state) {
  rb_status status = RB_OK;
  autoregressive_density *a = NULL;
  RB_TRY(RB_ALLOCATE(ctx, a, 1));
  a->sizes = *sizes;
  RB_TRY(rb_autoregressive_create(ctx, factor, settings, sizes->D, sizes->condition, sizes->centred,
                                  parameters, &a->density));
  RB_TRY(rb_autoregressive_cache_create(ctx, &a->density, &a->training));
  RB_TRY(rb_autoregressive_cache_create(ctx, &a->density, &a->evaluation));
  *state = a;
  a = NULL;
cleanup:
  rb_autoregressive_density_destroy(a);
  return status;
}

void rb_autoregressive_density_layout(void *state, rb_workspace *workspace) {
  autoregressive_density *a = state;
  rb_autoregressive_cache_layout(&a->density, a->sizes.max_batch, true, workspace, &a->training);
  rb_autoregressive_cache_layout(&a->density, a->sizes.block, false, workspace, &a->evaluation);
  a->dlog_density = rb_workspace_take(workspace, a->sizes.max_batch);
  a->conditions =
      rb_workspace_take(workspace, rb_autoregressive_condition_count(&a->density, a->sizes.group));
}

rb_status rb_autoregressive_density_initialise(rb_context *ctx, void *state, uint64_t seed,
                                               uint16_t member, const rb_parameters *parameters) {
  (void)ctx;
  const autoregressive_density *a = state;
  rb_autoregressive_initialise(&a->density, seed, member, parameters);
  return RB_OK;
}

void rb_autoregressive_density_gradient(void *state, const rb_activation_kernel *kernels,
                                        const rb_parameters *parameters, int B,
                                        const rb_real *theta, const rb_real *h,
                                        const rb_real *weight, bool use_masks, rb_real *dtheta,
                                        rb_real *dh, rb_real *gradient, rb_real *loss) {
  (void)use_masks;
  autoregressive_density *a = state;
  rb_autoregressive_log_density(&a->density, kernels, parameters, B, theta, h, &a->training, loss);
  for (int b = 0; b < B; ++b) {
    loss[b] = -loss[b];
    a->dlog_density[b] = -weight[b];
  }
  rb_autoregressive_backward(&a->density, kernels, parameters, B, theta, h, &a->training,
                             a->dlog_density, dtheta, dh, gradient);
}

const rb_real *rb_autoregressive_density_log_density(void *state,
                                                     const rb_activation_kernel *kernels,
                                                     const rb_parameters *parameters,
                                                     const rb_real *theta, const rb_real *h,
                                                     rb_real *log_density) {
  autoregressive_density *a = state;
  rb_autoregressive_log_density(&a->density, kernels, parameters, a->sizes.block, theta, h,
                                &a->evaluation, log_density);
  return NULL;
}

void rb_autoregressive_density_prepare(void *state, const rb_parameters *parameters,
                                       const rb_real *h) {
  autoregressive_density *a = state;
  rb_autoregressive_condition(&a->density, parameters, a->sizes.group, h, a->conditions);
}

void rb_autoregressive_density_sample(void *state, const rb_activation_kernel *kernels,
                                      const rb_parameters *parameters, int64_t first, int64_t per,
                                      rb_real *x, rb_real *log_density) {
  autoregressive_density *a = state;
  rb_autoregressive_sample(&a->density, kernels, parameters, first, a->sizes.block, a->sizes.group,
                           per, a->conditions, &a->evaluation, x, log_density);
}

double rb_autoregressive_density_flops(const void *state) {
  return rb_autoregressive_flops(&((const autoregressive_density *)state)->density);
}

static rb_status create(rb_context *ctx, const rb_network_settings *settings,
                        const rb_density_sizes *sizes, rb_parameters *parameters, void **state) {
  return rb_autoregressive_density_create(ctx, &rb_mixture_factor, &settings->mixture, sizes,
                                          parameters, state);
}

static const rb_setting rows[] = {
    {.path = "network.mixture",
     .type = RB_SETTING_GROUP,
     .help = "The mixtures of the autoregressive density"},
    {.path = "network.mixture.components",
     .type = RB_SETTING_INTEGER,
     RB_SETTING_MEMBER(rb_network_settings, mixture.parts),
     .standard = "6",
     .range = "[1, 64]",
     .help = "Gaussians of each mixture"},
    {.path = "network.mixture.mlp_widths",
     .type = RB_SETTING_LIST,
     RB_SETTING_MEMBER(rb_network_settings, mixture.mlp_widths),
     .length_offset = offsetof(rb_network_settings, mixture.mlp_layers),
     .standard = "[64, 64]",
     .range = "[1, 8192]",
     .help = "units of the hidden layers of each mixture"}};

const rb_density_type rb_density_autoregressive = {.name = "autoregressive",
                                                   .setting = rows,
                                                   .settings = sizeof rows / sizeof *rows,
                                                   .create = create,
                                                   RB_AUTOREGRESSIVE_DENSITY};
