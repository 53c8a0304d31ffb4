#include "baseline_features.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "rheobase/base/memory.h"
#include "rheobase/base/quantile.h"
#include "rheobase/model/draw.h"
#include "rheobase/model/pieces.h"
#include "rheobase/random/distributions.h"

/* Data sets that pass over the random weights together, and random features kept in registers and
 * first-level cache meanwhile. */
enum { TOGETHER = 8, STRIP = 128 };
static const double TWO_PI = 6.283185307179586477;

int64_t rb_baseline_features_count(const rb_model *model, int64_t random_features) {
  const int pieces = rb_pieces(model->length, model->channels);
  return (int64_t)model->channels * pieces + model->summaries + random_features;
}

void rb_baseline_features_name(const rb_baseline_features *features, int index, char *name,
                               size_t size) {
  const rb_model *model = features->model;
  const int after = index - features->samples;
  if (after < 0) {
    (void)snprintf(name, size, "%s[%d]", model->channel[index / features->pieces].quantity.name,
                   index % features->pieces);
  } else if (after < model->summaries) {
    (void)snprintf(name, size, "%s", model->summary[after].name);
  } else {
    (void)snprintf(name, size, "random feature %d", after - model->summaries);
  }
}

/* Means of the bins of the channels that are not binary, before scaling. @param z (inputs) */
static void downsample(const rb_baseline_features *f, const float *x, double *z) {
  const int64_t L = f->model->length;
  for (int c = 0; c < f->model->channels; ++c) {
    if (f->model->channel[c].binary) continue;
    rb_pieces_average(L, x + c * L, f->bins, z);
    z += f->bins;
  }
}

static void scale(const rb_baseline_features *f, double *z) {
  for (int c = 0; c < f->model->channels; ++c) {
    if (f->model->channel[c].binary) continue;
    for (int b = 0; b < f->bins; ++b) z[b] = (z[b] - f->mean[c]) / f->sd[c];
    z += f->bins;
  }
}

/* Fills mean and sd per channel, scales the pilots' z, and returns the median distance. */
static rb_status measure(rb_context *ctx, rb_baseline_features *f, int64_t count, double *z) {
  rb_status status = RB_OK;
  double *distance = NULL;
  RB_TRY(RB_ALLOCATE(ctx, distance, count * (count - 1) / 2));
  int offset = 0;
  for (int c = 0; c < f->model->channels; ++c) {
    if (f->model->channel[c].binary) continue;
    double sum = 0, square = 0;
    const double n = (double)count * f->bins;
    for (int64_t i = 0; i < count; ++i) {
      for (int b = 0; b < f->bins; ++b) sum += z[i * f->inputs + offset + b];
    }
    f->mean[c] = sum / n;
    for (int64_t i = 0; i < count; ++i) {
      for (int b = 0; b < f->bins; ++b)
        square += pow(z[i * f->inputs + offset + b] - f->mean[c], 2);
    }
    f->sd[c] = square > 0 ? sqrt(square / n) : 1;
    offset += f->bins;
  }
  for (int64_t i = 0; i < count; ++i) scale(f, z + i * f->inputs);
  int64_t pairs = 0;
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t j = 0; j < i; ++j) {
      double square = 0;
      for (int k = 0; k < f->inputs; ++k) {
        square += pow(z[i * f->inputs + k] - z[j * f->inputs + k], 2);
      }
      distance[pairs++] = sqrt(square);
    }
  }
  f->width = rb_median(pairs, distance);
  if (!(f->width > 0)) f->width = 1;
cleanup:
  free(distance);
  return status;
}

/* What follows from the model and the number of random features. */
static rb_status set_sizes(rb_context *ctx, rb_baseline_features *f) {
  const rb_model *model = f->model;
  const int64_t count = rb_baseline_features_count(model, f->random);
  if (count > INT_MAX) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "%" PRId64 " features are too many", count);
  }
  f->count = (int)count;
  f->pieces = rb_pieces(model->length, model->channels);
  f->samples = model->channels * f->pieces;
  f->row = model->channels * model->length;
  f->bins = model->length < RB_BASELINE_BINS ? (int)model->length : RB_BASELINE_BINS;
  f->inputs = 0;
  for (int c = 0; c < model->channels; ++c) f->inputs += model->channel[c].binary ? 0 : f->bins;
  return RB_OK;
}

rb_status rb_baseline_features_restore(rb_context *ctx, rb_baseline_features *f) {
  rb_status status = RB_OK;
  double *w = NULL;
  RB_TRY(set_sizes(ctx, f));
  RB_TRY(RB_ALLOCATE(ctx, f->weight, (int64_t)f->inputs * f->random));
  RB_TRY(RB_ALLOCATE(ctx, f->phase, f->random));
  RB_TRY(RB_ALLOCATE(ctx, w, f->inputs));
  for (int m = 0; m < f->random; ++m) {
    const rb_stream stream =
        rb_stream_make(f->seed, RB_FOR_TRAINING, RB_RANDOM_FEATURES, 0, (uint64_t)m);
    rb_stream_normals(stream, 4, f->inputs, w);
    f->phase[m] = TWO_PI * rb_stream_uniform(stream, 0);
    for (int k = 0; k < f->inputs; ++k) f->weight[(int64_t)k * f->random + m] = w[k] / f->width;
  }
cleanup:
  free(w);
  return status;
}

rb_status rb_baseline_features_create(rb_context *ctx, const rb_model *model, uint64_t seed,
                                      int64_t random_features, rb_baseline_features *f) {
  rb_status status = RB_OK;
  const int64_t pilots = RB_BASELINE_PILOTS;
  double *theta = NULL, *z = NULL;
  float *x = NULL;
  *f = (rb_baseline_features){.model = model, .seed = seed, .random = (int)random_features};
  RB_TRY(set_sizes(ctx, f));
  RB_TRY(RB_ALLOCATE(ctx, theta, pilots * model->dim));
  RB_TRY(RB_ALLOCATE(ctx, x, pilots * f->row));
  RB_TRY(RB_ALLOCATE(ctx, z, pilots * f->inputs));
  RB_TRY(rb_model_draw(model, ctx, seed, RB_FOR_TRAINING, 0, pilots, theta, NULL, x));
  for (int64_t i = 0; i < pilots; ++i) downsample(f, x + i * f->row, z + i * f->inputs);
  RB_TRY(measure(ctx, f, pilots, z));
  RB_TRY(rb_baseline_features_restore(ctx, f));
cleanup:
  free(theta);
  free(z);
  free(x);
  return status;
}

void rb_baseline_features_destroy(rb_baseline_features *features) {
  free(features->weight);
  free(features->phase);
  *features = (rb_baseline_features){0};
}

/* Random features of up to TOGETHER data sets. Written out, not a library's product, whose bits may
 * depend on a data set's place among the others. @param z (count, inputs) */
static void add_random(const rb_baseline_features *f, int count, const double *z, double *out) {
  double sum[TOGETHER][STRIP];
  double *random = out + f->samples + f->model->summaries;
  for (int first = 0; first < f->random; first += STRIP) {
    const int width = f->random - first < STRIP ? f->random - first : STRIP;
    for (int i = 0; i < count; ++i) {
      memcpy(sum[i], f->phase + first, (size_t)width * sizeof **sum);
    }
    for (int k = 0; k < f->inputs; ++k) {
      const double *weight = f->weight + (int64_t)k * f->random + first;
      for (int i = 0; i < count; ++i) {
        const double value = z[i * f->inputs + k];
        for (int m = 0; m < width; ++m) sum[i][m] += value * weight[m];
      }
    }
    for (int i = 0; i < count; ++i) {
      double *row = random + (int64_t)i * f->count + first;
      for (int m = 0; m < width; ++m) row[m] = M_SQRT2 * cos(sum[i][m]);
    }
  }
}

void rb_baseline_features_compute(const rb_baseline_features *f, int64_t count, const float *x,
                                  double *out) {
  double z[TOGETHER * RB_BASELINE_BINS * RB_MAX_CHANNELS];
  const int channels = f->model->channels;
  const int64_t L = f->model->length;
  for (int64_t first = 0; first < count; first += TOGETHER) {
    const int here = count - first < TOGETHER ? (int)(count - first) : TOGETHER;
    double *rows = out + first * f->count;
    for (int i = 0; i < here; ++i) {
      const float *from = x + (first + i) * f->row;
      double *row = rows + (int64_t)i * f->count;
      for (int c = 0; c < channels; ++c) {
        rb_pieces_average(L, from + c * L, f->pieces, row + (ptrdiff_t)c * f->pieces);
      }
      if (f->model->summaries > 0) f->model->summarise(f->model, from, row + f->samples);
      downsample(f, from, z + (ptrdiff_t)i * f->inputs);
      scale(f, z + (ptrdiff_t)i * f->inputs);
    }
    if (f->random > 0) add_random(f, here, z, rows);
  }
}
