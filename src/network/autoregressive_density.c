#include <stddef.h>

#include "mixture.h"
#include "rheobase/base/memory.h"
#include "rheobase/network/density_type.h"
#include "workspace.h"

/* A mixture of Gaussians for each parameter given those before it, as a density. */

typedef struct autoregressive_density {
  rb_density_sizes sizes;
  rb_mixture mixture;
  rb_mixture_cache training;    // max_batch rows
  rb_mixture_cache evaluation;  // block rows
  rb_real *dlog_density;        // (max_batch)
  rb_real *conditions;          // of one group, see rb_mixture_condition
} autoregressive_density;

static void destroy(void *state) {
  autoregressive_density *a = state;
  if (a == NULL) return;
  rb_mixture_cache_destroy(&a->training);
  rb_mixture_cache_destroy(&a->evaluation);
  rb_mixture_destroy(&a->mixture);
  free(a);
}

static rb_status create(rb_context *ctx, const rb_network_settings *settings,
                        const rb_density_sizes *sizes, rb_parameters *parameters, void **state) {
  rb_status status = RB_OK;
  autoregressive_density *a = NULL;
  RB_TRY(RB_ALLOCATE(ctx, a, 1));
  a->sizes = *sizes;
  RB_TRY(rb_mixture_create(ctx, &settings->mixture, sizes->D, sizes->condition, sizes->centred,
                           parameters, &a->mixture));
  RB_TRY(rb_mixture_cache_create(ctx, &a->mixture, &a->training));
  RB_TRY(rb_mixture_cache_create(ctx, &a->mixture, &a->evaluation));
  *state = a;
  a = NULL;
cleanup:
  destroy(a);
  return status;
}

static void layout(void *state, rb_workspace *workspace) {
  autoregressive_density *a = state;
  rb_mixture_cache_layout(&a->mixture, a->sizes.max_batch, true, workspace, &a->training);
  rb_mixture_cache_layout(&a->mixture, a->sizes.block, false, workspace, &a->evaluation);
  a->dlog_density = rb_workspace_take(workspace, a->sizes.max_batch);
  a->conditions =
      rb_workspace_take(workspace, rb_mixture_condition_count(&a->mixture, a->sizes.group));
}

static rb_status initialise(rb_context *ctx, void *state, uint64_t seed, uint16_t member,
                            const rb_parameters *parameters) {
  (void)ctx;
  const autoregressive_density *a = state;
  rb_mixture_initialise(&a->mixture, seed, member, parameters);
  return RB_OK;
}

static void gradient(void *state, const rb_activation_kernel *kernels,
                     const rb_parameters *parameters, int B, const rb_real *theta, const rb_real *h,
                     const rb_real *weight, bool use_masks, rb_real *dtheta, rb_real *dh,
                     rb_real *gradient, rb_real *loss) {
  (void)use_masks;
  autoregressive_density *a = state;
  rb_mixture_log_density(&a->mixture, kernels, parameters, B, theta, h, &a->training, loss);
  for (int b = 0; b < B; ++b) {
    loss[b] = -loss[b];
    a->dlog_density[b] = -weight[b];
  }
  rb_mixture_backward(&a->mixture, kernels, parameters, B, theta, h, &a->training, a->dlog_density,
                      dtheta, dh, gradient);
}

static const rb_real *log_density(void *state, const rb_activation_kernel *kernels,
                                  const rb_parameters *parameters, const rb_real *theta,
                                  const rb_real *h, rb_real *log_density) {
  autoregressive_density *a = state;
  rb_mixture_log_density(&a->mixture, kernels, parameters, a->sizes.block, theta, h, &a->evaluation,
                         log_density);
  return NULL;
}

static void prepare(void *state, const rb_parameters *parameters, const rb_real *h) {
  autoregressive_density *a = state;
  rb_mixture_condition(&a->mixture, parameters, a->sizes.group, h, a->conditions);
}

static void sample(void *state, const rb_activation_kernel *kernels,
                   const rb_parameters *parameters, int64_t first, int64_t per, rb_real *x,
                   rb_real *log_density) {
  autoregressive_density *a = state;
  rb_mixture_sample(&a->mixture, kernels, parameters, first, a->sizes.block, a->sizes.group, per,
                    a->conditions, &a->evaluation, x, log_density);
}

static double flops(const void *state) {
  return rb_mixture_flops(&((const autoregressive_density *)state)->mixture);
}

static const rb_setting rows[] = {
    {.path = "network.mixture",
     .type = RB_SETTING_GROUP,
     .help = "The mixtures of the autoregressive density"},
    {.path = "network.mixture.components",
     .type = RB_SETTING_INTEGER,
     RB_SETTING_MEMBER(rb_network_settings, mixture.components),
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
                                                   .destroy = destroy,
                                                   .layout = layout,
                                                   .initialise = initialise,
                                                   .gradient = gradient,
                                                   .log_density = log_density,
                                                   .prepare = prepare,
                                                   .sample = sample,
                                                   .flops = flops};
