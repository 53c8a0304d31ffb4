#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mlp_summary.h"
#include "rheobase/model/statistics.h"

/* Statistics of the recording, which know no model, through an MLP and a straight line beside it:
 * h = MLP(f) + W f. */

static rb_status create(rb_context *ctx, const rb_summary_settings *settings, rb_shape shape,
                        int max_batch, rb_parameters *parameters, void **state) {
  return rb_mlp_summary_create(ctx, settings, "statistics", shape.features,
                               (rb_feature_mlp_extras){.line = true}, max_batch, parameters, state);
}

/* @param names of blocks, as @p setting has them */
static rb_status check_blocks(rb_context *ctx, const char *setting, const char *names) {
  char name[32], known[256] = "";
  const char *unknown = NULL;
  (void)rb_statistics_blocks(names, &unknown);
  if (unknown == NULL) return RB_OK;
  (void)rb_settings_next_text(unknown, sizeof name, name);
  for (int b = 0; b < RB_STATISTICS_BLOCKS; ++b) {
    const size_t used = strlen(known);
    (void)snprintf(known + used, sizeof known - used, "%s%s", b > 0 ? ", " : "",
                   rb_statistics_block_name((rb_statistics_block)b));
  }
  return RB_FAIL(ctx, RB_ERR_SETTING, "network.summary.%s: no block is called \"%s\"; use %s",
                 setting, name, known);
}

static rb_status check(rb_context *ctx, const rb_summary_settings *settings) {
  const rb_status status = check_blocks(ctx, "without", settings->without);
  return status == RB_OK ? check_blocks(ctx, "with", settings->with) : status;
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
     .help = "blocks of statistics that are left out, such as [\"until\", \"lines\"]"},
    {.path = "network.summary.with",
     .type = RB_SETTING_TEXTS,
     RB_SETTING_MEMBER(rb_summary_settings, with),
     .standard = "[]",
     .help = "blocks of statistics that are computed although the model has a stimulus, such as "
             "[\"since\"]: those by age and lines, which say little where it varies"}};

const rb_summary_type rb_summary_statistics = {.name = "statistics",
                                               .features = &rb_statistics_features,
                                               .setting = rows,
                                               .settings = sizeof rows / sizeof *rows,
                                               .check = check,
                                               .create = create,
                                               .destroy = free,
                                               .layout = rb_mlp_summary_layout,
                                               .initialise = rb_mlp_summary_initialise,
                                               .forward = rb_mlp_summary_forward,
                                               .backward = rb_mlp_summary_backward,
                                               .flops = rb_mlp_summary_flops};
