#include <stdio.h>

#include "rheobase/model/feature_source.h"
#include "rheobase/model/statistics.h"

/* The statistics as features to start from; the model keeps them. */

static rb_status prepare(rb_context *ctx, rb_model *model) {
  if (model->statistics != NULL) return RB_OK;
  return rb_statistics_create_for(ctx, model, &model->statistics);
}

static rb_channel_scales *scales(const rb_model *model) {
  return rb_statistics_scales(model->statistics);
}

static int count(const rb_model *model) {
  return model->statistics != NULL ? rb_statistics_count(model->statistics) : 0;
}

static void name(const rb_model *model, int f, char *text) {
  (void)snprintf(text, RB_FEATURE_NAME, "%s", rb_statistics_quantities(model->statistics)[f].name);
}

static const char *block(const rb_model *model, int f) {
  return rb_statistics_block_name(rb_statistics_block_of(model->statistics, f));
}

static rb_status compute(const rb_model *model, rb_context *ctx, int64_t n, const float *x,
                         float *out, double *centring) {
  (void)centring;
  rb_statistics_compute(ctx, model->statistics, n, x, out);
  return RB_OK;
}

const rb_feature_source rb_statistics_features = {.what = "statistics",
                                                  .prepare = prepare,
                                                  .scales = scales,
                                                  .count = count,
                                                  .name = name,
                                                  .block = block,
                                                  .compute = compute,
                                                  .least_deviation = 1e-4};
