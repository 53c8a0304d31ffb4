#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "feature_mlp.h"
#include "gemm.h"
#include "initialise.h"
#include "rheobase/base/memory.h"
#include "rheobase/model/statistics.h"
#include "rheobase/network/summary_type.h"

/* Statistics of the recording, which know no model, through an MLP and a straight line beside it:
 * h = MLP(f) + W f. */

typedef struct statistics_summary {
  rb_feature_mlp net;
  int line;  // tensor W: (features, summary_dim)
} statistics_summary;

static rb_status create(rb_context *ctx, const rb_summary_settings *settings, rb_shape shape,
                        int max_batch, rb_parameters *parameters, void **state) {
  rb_status status = RB_OK;
  statistics_summary *s = NULL;
  RB_TRY(RB_ALLOCATE(ctx, s, 1));
  RB_TRY(rb_feature_mlp_create(ctx, settings, "statistics", shape.features, 0, max_batch,
                               parameters, &s->net));
  RB_TRY(rb_parameters_add(ctx, parameters, "statistics/line/kernel", 2,
                           (int64_t[]){shape.features, settings->summary_dim}, &s->line));
  *state = s;
  s = NULL;
cleanup:
  free(s);
  return status;
}

static void layout(void *state, rb_workspace *workspace) {
  rb_feature_mlp_layout(&((statistics_summary *)state)->net, workspace);
}

static rb_status initialise(rb_context *ctx, const void *state, uint64_t seed, uint16_t member,
                            const rb_parameters *parameters) {
  (void)ctx;
  const statistics_summary *s = state;
  rb_mlp_initialise_fan_in(&s->net.mlp, seed, member, 1, parameters);
  rb_initialise_fan_in(seed, member, parameters, s->line, s->net.mlp.in, 1);
  return RB_OK;
}

static void forward(void *state, const rb_activation_kernel *kernels,
                    const rb_parameters *parameters, int B, const rb_real *x, bool use_masks,
                    bool keep, rb_real *h) {
  (void)use_masks, (void)keep;
  statistics_summary *s = state;
  const int F = s->net.mlp.in, dim = s->net.mlp.out;
  rb_feature_mlp_forward(&s->net, kernels, parameters, B, x, F, NULL, h);
  rb_gemm(RB_AS_IS, RB_AS_IS, B, dim, F, s->net.features, F, rb_parameters_at(parameters, s->line),
          dim, 1, h, dim);
}

static void backward(void *state, const rb_activation_kernel *kernels,
                     const rb_parameters *parameters, int B, const rb_real *x, bool use_masks,
                     const rb_real *dh, rb_real *gradient) {
  (void)x, (void)use_masks;
  statistics_summary *s = state;
  const int F = s->net.mlp.in, dim = s->net.mlp.out;
  rb_feature_mlp_backward(&s->net, kernels, parameters, B, NULL, dh, NULL, gradient);
  rb_gemm(RB_TRANSPOSED, RB_AS_IS, F, dim, B, s->net.features, F, dh, dim, 1,
          gradient + parameters->tensor[s->line].offset, dim);
}

static double flops(const void *state) {
  const statistics_summary *s = state;
  return rb_mlp_flops(&s->net.mlp) + 2.0 * s->net.mlp.in * s->net.mlp.out;
}

static rb_status check(rb_context *ctx, const rb_summary_settings *settings) {
  char name[32], known[256] = "";
  const char *unknown = NULL;
  (void)rb_statistics_blocks(settings->without, &unknown);
  if (unknown == NULL) return RB_OK;
  (void)rb_settings_next_text(unknown, sizeof name, name);
  for (int b = 0; b < RB_STATISTICS_BLOCKS; ++b) {
    const size_t used = strlen(known);
    (void)snprintf(known + used, sizeof known - used, "%s%s", b > 0 ? ", " : "",
                   rb_statistics_block_name((rb_statistics_block)b));
  }
  return RB_FAIL(ctx, RB_ERR_SETTING, "network.summary.without: no block is called \"%s\"; use %s",
                 name, known);
}

static const rb_setting rows[] = {
    {.path = "network.summary.crossings",
     .type = RB_SETTING_BOOL,
     RB_SETTING_MEMBER(rb_summary_settings, crossings),
     .standard = "false",
     .help = "where the model records no events, upward crossings of a level by its first "
             "continuous channel are events (statistics)"},
    {.path = "network.summary.level",
     .type = RB_SETTING_REAL,
     RB_SETTING_MEMBER(rb_summary_settings, level),
     .standard = "0",
     .range = "[-1e9, 1e9]",
     .help = "that level, in the channel's unit (statistics)"},
    {.path = "network.summary.without",
     .type = RB_SETTING_TEXTS,
     RB_SETTING_MEMBER(rb_summary_settings, without),
     .standard = "[]",
     .help = "blocks of statistics that are left out, such as [\"until\", \"lines\"]"}};

const rb_summary_type rb_summary_statistics = {.name = "statistics",
                                               .features = &rb_statistics_features,
                                               .setting = rows,
                                               .settings = sizeof rows / sizeof *rows,
                                               .check = check,
                                               .create = create,
                                               .destroy = free,
                                               .layout = layout,
                                               .initialise = initialise,
                                               .forward = forward,
                                               .backward = backward,
                                               .flops = flops};
