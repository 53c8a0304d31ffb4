#include <stddef.h>
#include <stdlib.h>

#include "mlp_summary.h"

/* The model's features through an MLP. */

static rb_status create(rb_context *ctx, const rb_summary_settings *settings, rb_shape shape,
                        int max_batch, rb_parameters *parameters, void **state) {
  return rb_mlp_summary_create(ctx, settings, "expert", shape.features, (rb_feature_mlp_extras){0},
                               max_batch, parameters, state);
}

static const rb_setting rows[] = {
    {.path = "network.summary.mlp_widths",
     .type = RB_SETTING_LIST,
     RB_SETTING_MEMBER(rb_summary_settings, mlp_widths),
     .length_offset = offsetof(rb_summary_settings, mlp_layers),
     .standard = "[128, 128]",
     .range = "[1, 8192]",
     .help = "units of the hidden layers after the features (expert, both, statistics) or the "
             "observation (mlp, set)"},
    {.path = "network.summary.gain",
     .type = RB_SETTING_REAL,
     RB_SETTING_MEMBER(rb_summary_settings, gain),
     .standard = "1",
     .range = "[0.001, 1000]",
     .help = "factor of the standardised features or numbers before the MLP: above 1 it learns "
             "sooner what small differences mean"}};

const rb_summary_type rb_summary_expert = {.name = "expert",
                                           .features = &rb_model_features,
                                           .setting = rows,
                                           .settings = sizeof rows / sizeof *rows,
                                           .create = create,
                                           .destroy = free,
                                           .layout = rb_mlp_summary_layout,
                                           .initialise = rb_mlp_summary_initialise,
                                           .forward = rb_mlp_summary_forward,
                                           .backward = rb_mlp_summary_backward,
                                           .flops = rb_mlp_summary_flops};
