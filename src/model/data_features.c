#include <stdio.h>
#include <string.h>

#include "rheobase/model/feature_source.h"

/* The data themselves, each number by itself: what a plain vector offers. */

static int count(const rb_model *model) {
  const int64_t numbers = model->channels * model->length;
  return numbers <= RB_MAX_FEATURES ? (int)numbers : 0;
}

static void name(const rb_model *model, int f, char *text) {
  (void)snprintf(text, RB_FEATURE_NAME, "%.40s_%d", model->channel[f / model->length].quantity.name,
                 (int)(f % model->length));
}

static rb_status compute(const rb_model *model, rb_context *ctx, int64_t n, const float *x,
                         float *out, double *centring) {
  (void)ctx;
  (void)centring;
  memcpy(out, x, (size_t)(n * model->channels * model->length) * sizeof *x);
  return RB_OK;
}

_Static_assert(RB_MAX_FEATURES == 4096, "told in the next line");
const rb_feature_source rb_data_features = {.what = "plain vector of at most 4096 numbers",
                                            .count = count,
                                            .name = name,
                                            .compute = compute};
