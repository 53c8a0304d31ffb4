#include <stddef.h>

#include "autoregressive_density.h"

/* A rational-quadratic spline for each parameter given those before it. */

static rb_status create(rb_context *ctx, const rb_network_settings *settings,
                        const rb_density_sizes *sizes, rb_parameters *parameters, void **state) {
  return rb_autoregressive_density_create(ctx, &rb_spline_factor, &settings->spline, sizes,
                                          parameters, state);
}

static const rb_setting rows[] = {
    {.path = "network.spline",
     .type = RB_SETTING_GROUP,
     .help = "The splines of the density of that name"},
    {.path = "network.spline.bins",
     .type = RB_SETTING_INTEGER,
     RB_SETTING_MEMBER(rb_network_settings, spline.parts),
     .standard = "8",
     .range = "[1, 64]",
     .help = "bins of each spline"},
    {.path = "network.spline.mlp_widths",
     .type = RB_SETTING_LIST,
     RB_SETTING_MEMBER(rb_network_settings, spline.mlp_widths),
     .length_offset = offsetof(rb_network_settings, spline.mlp_layers),
     .standard = "[64, 64]",
     .range = "[1, 8192]",
     .help = "units of the hidden layers of each spline"}};

const rb_density_type rb_density_spline = {.name = "spline",
                                           .setting = rows,
                                           .settings = sizeof rows / sizeof *rows,
                                           .create = create,
                                           RB_AUTOREGRESSIVE_DENSITY};
