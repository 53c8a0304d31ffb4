#include "mlp_summary.h"

#include "rheobase/base/memory.h"

rb_status rb_mlp_summary_create(rb_context *ctx, const rb_summary_settings *settings,
                                const char *prefix, int in, rb_feature_mlp_extras extras,
                                int max_batch, rb_parameters *parameters, void **state) {
  rb_status status = RB_OK;
  rb_feature_mlp *net = NULL;
  RB_TRY(RB_ALLOCATE(ctx, net, 1));
  RB_TRY(rb_feature_mlp_create(ctx, settings, prefix, in, 0, extras, max_batch, parameters, net));
  *state = net;
  net = NULL;
cleanup:
  free(net);
  return status;
}

void rb_mlp_summary_layout(void *state, rb_workspace *workspace) {
  rb_feature_mlp_layout(state, workspace);
}

rb_status rb_mlp_summary_initialise(rb_context *ctx, const void *state, uint64_t seed,
                                    uint16_t member, const rb_parameters *parameters) {
  (void)ctx;
  rb_feature_mlp_initialise(state, seed, member, parameters);
  return RB_OK;
}

void rb_mlp_summary_forward(void *state, const rb_activation_kernel *kernels,
                            const rb_parameters *parameters, int B, const rb_real *x,
                            bool use_masks, bool keep, rb_real *h) {
  (void)use_masks, (void)keep;
  rb_feature_mlp *net = state;
  rb_feature_mlp_forward(net, kernels, parameters, B, x, net->mlp.in, NULL, h);
}

void rb_mlp_summary_backward(void *state, const rb_activation_kernel *kernels,
                             const rb_parameters *parameters, int B, const rb_real *x,
                             bool use_masks, const rb_real *dh, rb_real *gradient) {
  (void)x, (void)use_masks;
  rb_feature_mlp_backward(state, kernels, parameters, B, NULL, dh, NULL, gradient);
}

double rb_mlp_summary_flops(const void *state) { return rb_feature_mlp_flops(state); }

/* The observation as one vector, each number with a scale of its own: for models whose data are no
 * series. */

static rb_status create(rb_context *ctx, const rb_summary_settings *settings, rb_shape shape,
                        int max_batch, rb_parameters *parameters, void **state) {
  return rb_mlp_summary_create(ctx, settings, "mlp", shape.features,
                               (rb_feature_mlp_extras){settings->line, settings->gates}, max_batch,
                               parameters, state);
}

static const rb_setting rows[] = {
    {.path = "network.summary.line",
     .type = RB_SETTING_BOOL,
     RB_SETTING_MEMBER(rb_summary_settings, line),
     .standard = "false",
     .help = "a straight line of the observation is added to what the MLP makes of it (mlp): what "
             "is linear in the data need not be learned through hidden layers"},
    {.path = "network.summary.gates",
     .type = RB_SETTING_BOOL,
     RB_SETTING_MEMBER(rb_summary_settings, gates),
     .standard = "false",
     .help = "each number of the observation is multiplied by a learned one (mlp), which weight "
             "decay brings towards 0 where the number says nothing"}};

const rb_summary_type rb_summary_mlp = {.name = "mlp",
                                        .features = &rb_data_features,
                                        .setting = rows,
                                        .settings = sizeof rows / sizeof *rows,
                                        .create = create,
                                        .destroy = free,
                                        .layout = rb_mlp_summary_layout,
                                        .initialise = rb_mlp_summary_initialise,
                                        .forward = rb_mlp_summary_forward,
                                        .backward = rb_mlp_summary_backward,
                                        .flops = rb_mlp_summary_flops};
