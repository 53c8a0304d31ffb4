#include "expert.h"

#include <string.h>

static const rb_real LARGEST_FEATURE = 8;

rb_status rb_expert_create(rb_context *ctx, const rb_summary_settings *settings, int features,
                           int condition, rb_parameters *parameters, rb_expert_net *expert) {
  memset(expert, 0, sizeof *expert);
  if (features < 1 || settings->summary_dim < 1) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "an expert summary needs features and a positive size");
  }
  if (settings->mlp_layers < 1 || settings->mlp_layers > RB_MAX_LAYERS) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "summary mlp_widths has %d entries; it must have 1 to %d",
                   settings->mlp_layers, RB_MAX_LAYERS);
  }
  expert->mlp = (rb_mlp){.in = features,
                         .condition = condition,
                         .out = settings->summary_dim,
                         .layers = settings->mlp_layers,
                         .activation = RB_SILU};
  memcpy(expert->mlp.width, settings->mlp_widths, sizeof expert->mlp.width);
  return rb_mlp_add_parameters(ctx, &expert->mlp, "expert", parameters);
}

void rb_expert_layout(rb_expert_net *expert, int max_batch, rb_workspace *workspace) {
  expert->features = rb_workspace_take(workspace, (int64_t)max_batch * expert->mlp.in);
  rb_mlp_cache_layout(&expert->mlp, max_batch, false, workspace, &expert->cache);
  expert->scratch = rb_workspace_take(workspace, rb_mlp_scratch(&expert->mlp, max_batch));
}

void rb_expert_forward(rb_expert_net *expert, const rb_activation_kernel *kernels,
                       const rb_parameters *parameters, int B, const rb_real *x, int64_t ld,
                       const rb_real *learned, rb_real *h) {
  const int F = expert->mlp.in;
  for (int b = 0; b < B; ++b) {
    for (int i = 0; i < F; ++i) {
      const rb_real feature = x[b * ld + i];
      const rb_real low = feature < -LARGEST_FEATURE ? -LARGEST_FEATURE : feature;
      expert->features[b * F + i] = low > LARGEST_FEATURE ? LARGEST_FEATURE : low;
    }
  }
  rb_mlp_condition(&expert->mlp, parameters, B, learned, expert->cache.pre[0]);
  rb_mlp_forward(&expert->mlp, kernels, parameters, B, expert->features, expert->mlp.in, false,
                 &expert->cache);
  memcpy(h, expert->cache.output, (size_t)(B * expert->mlp.out) * sizeof *h);
}

void rb_expert_backward(rb_expert_net *expert, const rb_activation_kernel *kernels,
                        const rb_parameters *parameters, int B, const rb_real *learned,
                        const rb_real *dh, rb_real *dlearned, rb_real *gradient) {
  memcpy(expert->scratch, dh, (size_t)(B * expert->mlp.out) * sizeof *dh);
  rb_mlp_backward(&expert->mlp, kernels, parameters, B, expert->features, expert->mlp.in, learned,
                  false, &expert->cache, NULL, dlearned, expert->scratch, gradient);
}
