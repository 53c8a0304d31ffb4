#include "feature_mlp.h"

#include <stdio.h>
#include <string.h>

#include "gemm.h"
#include "initialise.h"

static const rb_real LARGEST_FEATURE = 8;  // what features are clipped to, on both sides

rb_status rb_feature_mlp_create(rb_context *ctx, const rb_summary_settings *settings,
                                const char *prefix, int in, int condition,
                                rb_feature_mlp_extras extras, int max_batch,
                                rb_parameters *parameters, rb_feature_mlp *net) {
  rb_status status = RB_OK;
  char name[RB_TENSOR_NAME_SIZE];
  memset(net, 0, sizeof *net);
  if (!(settings->gain > 0)) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "summary gain is %g; it must be positive", settings->gain);
  }
  if (in < 1 || settings->summary_dim < 1) {
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "a summary by an MLP needs something to look at and a positive size");
  }
  if (settings->mlp_layers < 1 || settings->mlp_layers > RB_MAX_LAYERS) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "summary mlp_widths has %d entries; it must have 1 to %d",
                   settings->mlp_layers, RB_MAX_LAYERS);
  }
  net->mlp = (rb_mlp){.in = in,
                      .condition = condition,
                      .out = settings->summary_dim,
                      .layers = settings->mlp_layers,
                      .activation = RB_SILU};
  net->max_batch = max_batch;
  net->gain = (rb_real)settings->gain;
  memcpy(net->mlp.width, settings->mlp_widths, sizeof net->mlp.width);
  net->line = net->gates = -1;
  RB_TRY(rb_mlp_add_parameters(ctx, &net->mlp, prefix, parameters));
  if (extras.line) {
    (void)snprintf(name, sizeof name, "%s/line/kernel", prefix);
    RB_TRY(rb_parameters_add(ctx, parameters, name, 2, (int64_t[]){in, settings->summary_dim},
                             &net->line));
  }
  if (extras.gates) {
    (void)snprintf(name, sizeof name, "%s/gates", prefix);
    RB_TRY(rb_parameters_add(ctx, parameters, name, 1, (int64_t[]){in}, &net->gates));
  }
cleanup:
  return status;
}

void rb_feature_mlp_initialise(const rb_feature_mlp *net, uint64_t seed, uint16_t member,
                               const rb_parameters *parameters) {
  if (net->gates >= 0) rb_initialise_constant(parameters, net->gates, 1);
  if (net->line < 0) {
    rb_mlp_initialise(&net->mlp, seed, member, parameters);
    return;
  }
  rb_mlp_initialise_fan_in(&net->mlp, seed, member, 1, parameters);
  rb_initialise_fan_in(seed, member, parameters, net->line, net->mlp.in, 1 / (double)net->gain);
}

void rb_feature_mlp_layout(rb_feature_mlp *net, rb_workspace *workspace) {
  const int max_batch = net->max_batch;
  const int64_t count = (int64_t)max_batch * net->mlp.in;
  net->features = rb_workspace_take(workspace, count);
  net->inputs = net->gates < 0 ? net->features : rb_workspace_take(workspace, count);
  net->gradients = net->gates < 0 ? NULL : rb_workspace_take(workspace, count);
  rb_mlp_cache_layout(&net->mlp, max_batch, false, workspace, &net->cache);
  net->scratch = rb_workspace_take(workspace, rb_mlp_scratch(&net->mlp, max_batch));
}

void rb_feature_mlp_forward(rb_feature_mlp *net, const rb_activation_kernel *kernels,
                            const rb_parameters *parameters, int B, const rb_real *x, int64_t ld,
                            const rb_real *learned, rb_real *h) {
  const int F = net->mlp.in;
  for (int b = 0; b < B; ++b) {
    for (int i = 0; i < F; ++i) {
      const rb_real feature = x[b * ld + i];
      const rb_real low = feature < -LARGEST_FEATURE ? -LARGEST_FEATURE : feature;
      net->features[b * F + i] = net->gain * (low > LARGEST_FEATURE ? LARGEST_FEATURE : low);
    }
  }
  if (net->gates >= 0) {
    const rb_real *gate = rb_parameters_at(parameters, net->gates);
    for (int64_t k = 0; k < (int64_t)B * F; ++k) net->inputs[k] = net->features[k] * gate[k % F];
  }
  rb_mlp_condition(&net->mlp, parameters, B, learned, net->cache.pre[0]);
  rb_mlp_forward(&net->mlp, kernels, parameters, B, net->inputs, F, false, &net->cache);
  memcpy(h, net->cache.output, (size_t)(B * net->mlp.out) * sizeof *h);
  if (net->line < 0) return;
  rb_gemm(RB_AS_IS, RB_AS_IS, B, net->mlp.out, F, net->inputs, F,
          rb_parameters_at(parameters, net->line), net->mlp.out, 1, h, net->mlp.out);
}

/* Of the straight line: its tensor, and of its inputs where they are gated. */
static void line_backward(const rb_feature_mlp *net, const rb_parameters *parameters, int B,
                          const rb_real *dh, rb_real *gradient) {
  const int F = net->mlp.in, out = net->mlp.out;
  rb_gemm(RB_TRANSPOSED, RB_AS_IS, F, out, B, net->inputs, F, dh, out, 1,
          gradient + parameters->tensor[net->line].offset, out);
  if (net->gates < 0) return;
  rb_gemm(RB_AS_IS, RB_TRANSPOSED, B, F, out, dh, out, rb_parameters_at(parameters, net->line), out,
          1, net->gradients, F);
}

void rb_feature_mlp_backward(rb_feature_mlp *net, const rb_activation_kernel *kernels,
                             const rb_parameters *parameters, int B, const rb_real *learned,
                             const rb_real *dh, rb_real *dlearned, rb_real *gradient) {
  const int F = net->mlp.in, out = net->mlp.out;
  const int64_t count = (int64_t)B * F;
  if (net->gates >= 0) memset(net->gradients, 0, (size_t)count * sizeof *net->gradients);
  memcpy(net->scratch, dh, (size_t)(B * out) * sizeof *dh);
  rb_mlp_backward(&net->mlp, kernels, parameters, B, net->inputs, F, learned, false, &net->cache,
                  net->gradients, dlearned, net->scratch, gradient);
  if (net->line >= 0) line_backward(net, parameters, B, dh, gradient);
  if (net->gates < 0) return;
  rb_real *dgate = gradient + parameters->tensor[net->gates].offset;
  for (int64_t k = 0; k < count; ++k) dgate[k % F] += net->features[k] * net->gradients[k];
}

double rb_feature_mlp_flops(const rb_feature_mlp *net) {
  const double line = net->line < 0 ? 0 : 2.0 * net->mlp.in * net->mlp.out;
  return rb_mlp_flops(&net->mlp) + line;
}
