#include <math.h>

#include "rheobase/base/memory.h"
#include "rheobase/model/draw.h"
#include "rheobase/model/statistics.h"

/* Data sets that mean and standard deviation of a channel are taken from: always the same ones, so
 * that numbers of a model mean the same in every study of it. */
enum { MEASURED = 256 };

/* Sums of x - origin and of its squares, over samples that are not masked. */
typedef struct channel_sums {
  double origin, sum, square, count;
} channel_sums;

/* Whether sample t of a data set is masked. @param x (C, L) */
static bool is_masked(const rb_model *model, const float *x, int64_t t) {
  for (int c = 0; c < model->channels; ++c) {
    if (model->channel[c].role == RB_CHANNEL_MASK && x[c * model->length + t] != 0) return true;
  }
  return false;
}

static void add_data_set(const rb_model *model, const float *x, channel_sums *sums) {
  for (int64_t t = 0; t < model->length; ++t) {
    if (is_masked(model, x, t)) continue;
    for (int c = 0; c < model->channels; ++c) {
      channel_sums *s = &sums[c];
      const double value = (double)x[c * model->length + t];
      if (s->count == 0) s->origin = value;
      const double d = value - s->origin;
      s->count += 1;
      s->sum += d;
      s->square += d * d;
    }
  }
}

/* What brings a channel to scale; 1 where nothing varies. A stimulus that is always the same is
 * brought to 1. */
static double scale_of(const rb_channel *channel, double mean, double variance) {
  if (variance > 0) return sqrt(variance);
  return channel->role == RB_CHANNEL_STIMULUS && mean != 0 ? fabs(mean) : 1;
}

/* Mean and standard deviation of each channel. */
static rb_status measure(rb_context *ctx, const rb_model *model, rb_statistics_form *form) {
  rb_status status = RB_OK;
  channel_sums sums[RB_MAX_CHANNELS] = {{0}};
  const int64_t row = model->channels * model->length;
  const int64_t together = model->dealt > 1 && model->dealt < MEASURED ? model->dealt : 1;
  double theta[MEASURED * RB_MAX_PARAMETERS];
  float *x = NULL;
  RB_TRY(RB_ALLOCATE(ctx, x, together * row));
  for (int64_t i = 0; i < MEASURED; i += together) {
    const int64_t n = together < MEASURED - i ? together : MEASURED - i;
    RB_TRY(rb_model_draw(model, ctx, 0, RB_FOR_SCALES, i, n, theta, NULL, x));
    for (int64_t k = 0; k < n; ++k) add_data_set(model, &x[k * row], sums);
  }
  for (int c = 0; c < model->channels; ++c) {
    const double n = fmax(sums[c].count, 1), mean = sums[c].sum / n;
    form->mean[c] = sums[c].origin + mean;
    form->sd[c] = scale_of(&model->channel[c], form->mean[c], sums[c].square / n - mean * mean);
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
                             .recordings = model->recordings,
                             .channels = model->channels,
                             .channel = model->channel,
                             .without = options->without,
                             .with = options->with,
                             .level = options->crossings ? options->level : (double)NAN};
  RB_TRY(measure(ctx, model, &form));
  RB_TRY(rb_statistics_create(ctx, &form, statistics));
cleanup:
  return status;
}
