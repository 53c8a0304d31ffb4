#include <stddef.h>
#include <string.h>

#include "flow.h"
#include "rheobase/base/memory.h"
#include "rheobase/network/density_type.h"
#include "workspace.h"

/* The coupling flow as a density: theta is what the flow makes of standard normal variables z. */

typedef struct coupling_density {
  rb_density_sizes sizes;
  bool permute;
  rb_flow flow;
  rb_flow_cache training;       // max_batch rows
  rb_flow_cache evaluation;     // block rows
  rb_real *dz;                  // (max_batch, D)
  rb_real *log_det, *dlog_det;  // (max_batch)
  rb_real *log_normal;          // (block) of the numbers a draw is made from
  rb_real *conditions;          // of one group, see rb_flow_condition
} coupling_density;

static void destroy(void *state) {
  coupling_density *c = state;
  if (c == NULL) return;
  rb_flow_cache_destroy(&c->training);
  rb_flow_cache_destroy(&c->evaluation);
  rb_flow_destroy(&c->flow);
  free(c);
}

static rb_status create(rb_context *ctx, const rb_network_settings *settings,
                        const rb_density_sizes *sizes, rb_parameters *parameters, void **state) {
  rb_status status = RB_OK;
  coupling_density *c = NULL;
  RB_TRY(RB_ALLOCATE(ctx, c, 1));
  c->sizes = *sizes;
  c->permute = settings->flow.permutation;
  RB_TRY(rb_flow_create(ctx, &settings->flow, sizes->D, sizes->condition, parameters, &c->flow));
  RB_TRY(rb_flow_cache_create(ctx, &c->flow, &c->training));
  RB_TRY(rb_flow_cache_create(ctx, &c->flow, &c->evaluation));
  *state = c;
  c = NULL;
cleanup:
  destroy(c);
  return status;
}

static void layout(void *state, rb_workspace *workspace) {
  coupling_density *c = state;
  const int64_t B = c->sizes.max_batch;
  rb_flow_cache_layout(&c->flow, B, true, workspace, &c->training);
  rb_flow_cache_layout(&c->flow, c->sizes.block, false, workspace, &c->evaluation);
  c->dz = rb_workspace_take(workspace, B * c->sizes.D);
  c->log_det = rb_workspace_take(workspace, B);
  c->dlog_det = rb_workspace_take(workspace, B);
  c->log_normal = rb_workspace_take(workspace, c->sizes.block);
  c->conditions = rb_workspace_take(workspace, rb_flow_condition_count(&c->flow, c->sizes.group));
}

static rb_status initialise(rb_context *ctx, void *state, uint64_t seed, uint16_t member,
                            const rb_parameters *parameters) {
  coupling_density *c = state;
  return rb_flow_initialise(ctx, &c->flow, c->permute, seed, member, parameters);
}

static void draw_masks(void *state, rb_isa isa, const rb_dropout_source *source, uint32_t *position,
                       int B) {
  coupling_density *c = state;
  rb_flow_draw_masks(&c->flow, isa, source, position, B, &c->training);
}

/* log N(z; 0, I) */
static rb_real log_normal(int D, const rb_real *z) {
  rb_real squares = 0;
  for (int j = 0; j < D; ++j) squares += z[j] * z[j];
  return (rb_real)-0.5 * squares - (rb_real)(0.5 * 1.8378770664093454836) * (rb_real)D;
}

static void gradient(void *state, const rb_activation_kernel *kernels,
                     const rb_parameters *parameters, int B, const rb_real *theta, const rb_real *h,
                     const rb_real *weight, bool use_masks, rb_real *dtheta, rb_real *dh,
                     rb_real *gradient, rb_real *loss) {
  coupling_density *c = state;
  const int D = c->sizes.D;
  const rb_real *z = rb_flow_forward(&c->flow, kernels, parameters, B, theta, h, use_masks,
                                     &c->training, c->log_det);
  for (int b = 0; b < B; ++b) {
    loss[b] = -(log_normal(D, z + b * D) + c->log_det[b]);
    c->dlog_det[b] = -weight[b];
    for (int j = 0; j < D; ++j) c->dz[b * D + j] = weight[b] * z[b * D + j];
  }
  rb_flow_backward(&c->flow, kernels, parameters, B, theta, h, use_masks, &c->training, c->dlog_det,
                   c->dz, dh, gradient);
  if (dtheta != NULL) memcpy(dtheta, c->dz, (size_t)B * (size_t)D * sizeof *dtheta);
}

static const rb_real *log_density(void *state, const rb_activation_kernel *kernels,
                                  const rb_parameters *parameters, const rb_real *theta,
                                  const rb_real *h, rb_real *log_density) {
  coupling_density *c = state;
  const int D = c->sizes.D, rows = c->sizes.block;
  const rb_real *z = rb_flow_forward(&c->flow, kernels, parameters, rows, theta, h, false,
                                     &c->evaluation, log_density);
  for (int i = 0; i < rows; ++i) log_density[i] = log_normal(D, z + i * D) + log_density[i];
  return z;
}

static void prepare(void *state, const rb_parameters *parameters, const rb_real *h) {
  coupling_density *c = state;
  rb_flow_condition(&c->flow, parameters, c->sizes.group, h, c->conditions);
}

static void sample(void *state, const rb_activation_kernel *kernels,
                   const rb_parameters *parameters, int64_t first, int64_t per, rb_real *x,
                   rb_real *log_density) {
  coupling_density *c = state;
  const int D = c->sizes.D, rows = c->sizes.block;
  for (int i = 0; i < rows && log_density != NULL; ++i) {
    c->log_normal[i] = log_normal(D, x + i * D);
  }
  rb_flow_inverse(&c->flow, kernels, parameters, first, rows, c->sizes.group, per, c->conditions,
                  &c->evaluation, x, log_density);
  for (int i = 0; i < rows && log_density != NULL; ++i) {
    log_density[i] = c->log_normal[i] + log_density[i];
  }
}

static double flops(const void *state) {
  return rb_flow_flops(&((const coupling_density *)state)->flow);
}

static int32_t *permutations(void *state, int *depth) {
  const coupling_density *c = state;
  *depth = c->flow.depth;
  return c->flow.permutation;
}

#define ROW(name, kind)                                     \
  .path = "network.flow." #name, .type = RB_SETTING_##kind, \
  RB_SETTING_MEMBER(rb_network_settings, flow.name)

static const rb_setting rows[] = {
    {.path = "network.flow", .type = RB_SETTING_GROUP, .help = "The coupling flow"},
    {ROW(depth, INTEGER), .standard = "6", .range = "[1, 64]", .help = "coupling layers"},
    {ROW(mlp_widths, LIST), .length_offset = offsetof(rb_network_settings, flow.mlp_layers),
     .standard = "[128, 128]", .range = "[1, 8192]",
     .help = "units of the hidden layers of each coupling"},
    {ROW(mlp_activation, CHOICE), .standard = "\"hard_silu\"",
     .choices = "hard_silu|silu|relu|tanh|mish", .help = "activation of the hidden layers"},
    {ROW(mlp_dropout, REAL), .standard = "0.05", .range = "[0, 1)",
     .help = "dropout after each hidden layer"},
    {ROW(actnorm, BOOL), .standard = "true",
     .help = "a learned scale and shift before each coupling"},
    {ROW(permutation, BOOL), .standard = "true",
     .help = "a fixed random permutation before each coupling"}};

const rb_density_type rb_density_coupling = {.name = "coupling",
                                             .setting = rows,
                                             .settings = sizeof rows / sizeof *rows,
                                             .create = create,
                                             .destroy = destroy,
                                             .layout = layout,
                                             .initialise = initialise,
                                             .draw_masks = draw_masks,
                                             .gradient = gradient,
                                             .log_density = log_density,
                                             .prepare = prepare,
                                             .sample = sample,
                                             .flops = flops,
                                             .permutations = permutations};
