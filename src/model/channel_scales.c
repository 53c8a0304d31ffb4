#include "rheobase/model/channel_scales.h"

#include <math.h>

/* Whether sample t of a data set is masked. @param x (C, L) */
static bool is_masked(const rb_model *model, const float *x, int64_t t) {
  for (int c = 0; c < model->channels; ++c) {
    if (model->channel[c].role == RB_CHANNEL_MASK && x[c * model->length + t] != 0) return true;
  }
  return false;
}

static void add_one(const rb_model *model, const float *x, rb_channel_sums *sums) {
  for (int64_t t = 0; t < model->length; ++t) {
    if (is_masked(model, x, t)) continue;
    for (int c = 0; c < model->channels; ++c) {
      rb_channel_sums *s = &sums[c];
      const double value = (double)x[c * model->length + t];
      if (s->count == 0) s->origin = value;
      const double d = value - s->origin;
      s->count += 1;
      s->sum += d;
      s->square += d * d;
    }
  }
}

void rb_channel_sums_add(const rb_model *model, int64_t n, const float *x, rb_channel_sums *sums) {
  for (int64_t i = 0; i < n; ++i) add_one(model, x + i * model->channels * model->length, sums);
}

/* What brings a channel to scale. A stimulus that is always the same is brought to 1. */
static double scale_of(const rb_channel *channel, double mean, double variance) {
  if (variance > 0) return sqrt(variance);
  return channel->role == RB_CHANNEL_STIMULUS && mean != 0 ? fabs(mean) : 1;
}

rb_channel_scales rb_channel_scales_of(const rb_model *model, const rb_channel_sums *sums) {
  rb_channel_scales scales = {.mean = {0}};
  for (int c = 0; c < model->channels; ++c) {
    const double n = fmax(sums[c].count, 1), mean = sums[c].sum / n;
    scales.mean[c] = sums[c].origin + mean;
    scales.sd[c] = scale_of(&model->channel[c], scales.mean[c], sums[c].square / n - mean * mean);
  }
  return scales;
}
