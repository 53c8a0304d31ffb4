#include <stddef.h>

#include "feature_mlp.h"
#include "rheobase/base/memory.h"
#include "rheobase/network/summary_type.h"

/* The model's features through an MLP. */

static rb_status create(rb_context *ctx, const rb_summary_settings *settings, rb_shape shape,
                        int max_batch, rb_parameters *parameters, void **state) {
  rb_status status = RB_OK;
  rb_feature_mlp *mlp = NULL;
  RB_TRY(RB_ALLOCATE(ctx, mlp, 1));
  RB_TRY(rb_feature_mlp_create(ctx, settings, shape.features, 0, max_batch, parameters, mlp));
  *state = mlp;
  mlp = NULL;
cleanup:
  free(mlp);
  return status;
}

static void layout(void *state, rb_workspace *workspace) {
  rb_feature_mlp_layout(state, workspace);
}

static rb_status initialise(rb_context *ctx, const void *state, uint64_t seed, uint16_t member,
                            const rb_parameters *parameters) {
  (void)ctx;
  const rb_feature_mlp *mlp = state;
  rb_mlp_initialise(&mlp->mlp, seed, member, parameters);
  return RB_OK;
}

static void forward(void *state, const rb_activation_kernel *kernels,
                    const rb_parameters *parameters, int B, const rb_real *x, bool use_masks,
                    bool keep, rb_real *h) {
  (void)use_masks, (void)keep;
  rb_feature_mlp *mlp = state;
  rb_feature_mlp_forward(mlp, kernels, parameters, B, x, mlp->mlp.in, NULL, h);
}

static void backward(void *state, const rb_activation_kernel *kernels,
                     const rb_parameters *parameters, int B, const rb_real *x, bool use_masks,
                     const rb_real *dh, rb_real *gradient) {
  (void)x, (void)use_masks;
  rb_feature_mlp_backward(state, kernels, parameters, B, NULL, dh, NULL, gradient);
}

static double flops(const void *state) {
  return rb_mlp_flops(&((const rb_feature_mlp *)state)->mlp);
}

static const rb_setting rows[] = {
    {.path = "network.summary.mlp_widths",
     .type = RB_SETTING_LIST,
     RB_SETTING_MEMBER(rb_summary_settings, mlp_widths),
     .length_offset = offsetof(rb_summary_settings, mlp_layers),
     .standard = "[128, 128]",
     .range = "[1, 8192]",
     .help = "units of the hidden layers after the features (expert, both)"}};

const rb_summary_type rb_summary_expert = {.name = "expert",
                                           .features = &rb_model_features,
                                           .setting = rows,
                                           .settings = sizeof rows / sizeof *rows,
                                           .create = create,
                                           .destroy = free,
                                           .layout = layout,
                                           .initialise = initialise,
                                           .forward = forward,
                                           .backward = backward,
                                           .flops = flops};
