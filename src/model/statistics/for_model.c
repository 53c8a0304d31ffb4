#include <math.h>

#include "rheobase/base/memory.h"
#include "rheobase/model/statistics.h"

/* Data sets that mean and standard deviation of a channel are taken from: always the same ones, so
 * that numbers of a model mean the same in every study of it. */
enum { MEASURED = 256 };

/* Sums of x - origin and of its squares. */
typedef struct channel_sums {
  double origin, sum, square;
} channel_sums;

static void add_trace(int64_t L, const float *x, bool first, channel_sums *s) {
  if (first) s->origin = (double)x[0];
  for (int64_t t = 0; t < L; ++t) {
    const double d = (double)x[t] - s->origin;
    s->sum += d;
    s->square += d * d;
  }
}

/* Mean and standard deviation of each channel; 1 where nothing varies. */
static rb_status measure(rb_context *ctx, const rb_model *model, rb_statistics_form *form) {
  rb_status status = RB_OK;
  const int64_t L = model->length;
  channel_sums sums[RB_MAX_CHANNELS] = {{0}};
  const int64_t row = model->channels * L;
  const int64_t together = model->dealt > 1 && model->dealt < MEASURED ? model->dealt : 1;
  double theta[MEASURED * RB_MAX_PARAMETERS];
  float *x = NULL;
  RB_TRY(RB_ALLOCATE(ctx, x, together * row));
  for (int64_t i = 0; i < MEASURED; i += together) {
    const int64_t n = together < MEASURED - i ? together : MEASURED - i;
    RB_TRY(model->draw_prior(model, ctx, 0, RB_FOR_SCALES, i, n, theta, NULL));
    RB_TRY(model->simulate(model, ctx, 0, RB_FOR_SCALES, i, n, theta, x));
    for (int64_t r = 0; r < n * model->channels; ++r) {
      add_trace(L, &x[r * L], i == 0 && r < model->channels, &sums[r % model->channels]);
    }
  }
  for (int c = 0; c < model->channels; ++c) {
    const double n = (double)MEASURED * (double)L, mean = sums[c].sum / n;
    const double variance = sums[c].square / n - mean * mean;
    form->mean[c] = sums[c].origin + mean;
    form->sd[c] = variance > 0 ? sqrt(variance) : 1;
  }
cleanup:
  free(x);
  return status;
}

rb_status rb_statistics_create_for(rb_context *ctx, const rb_model *model,
                                   rb_statistics **statistics) {
  rb_status status = RB_OK;
  const rb_statistics_options *options = &model->statistics_options;
  rb_statistics_form form = {.length = model->length,
                             .channels = model->channels,
                             .channel = model->channel,
                             .without = options->without,
                             .level = options->crossings ? options->level : (double)NAN};
  RB_TRY(measure(ctx, model, &form));
  RB_TRY(rb_statistics_create(ctx, &form, statistics));
cleanup:
  return status;
}
