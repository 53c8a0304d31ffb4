#ifndef RB_INFERENCE_BASELINE_FEATURES_H
#define RB_INFERENCE_BASELINE_FEATURES_H

#include "rheobase/model/model.h"

/** @file baseline_features.h
 * The linear baseline's view of a data set: every sample of every channel (of long recordings
 * means of pieces, pieces.h), the model's own statistics, and m random Fourier features (Rahimi
 * and Recht 2007) of a downsampled trace,
 *
 *     sqrt(2) cos(w . z + b),   w ~ Normal(0, I / width^2),   b uniform on [0, 2 pi),
 *
 * which make ridge regression approximate one with a Gaussian kernel of that width. z holds the
 * means of RB_BASELINE_BINS bins of every channel that is not binary, brought to mean 0 and
 * variance 1 over all bins; the width is the median distance of z between pilot data sets. The
 * intercept is not among the features. All functions are local, and give the same bits for a data
 * set wherever it is computed, whatever is computed with it. */

enum { RB_BASELINE_BINS = 50, RB_BASELINE_PILOTS = 256 };

typedef struct rb_baseline_features {
  const rb_model *model;  ///< not owned
  uint64_t seed;          ///< of the random features
  int64_t row;            ///< C L, numbers of a data set
  int pieces;             ///< of each channel
  int samples;            ///< C pieces
  int random;             ///< m
  int count;              ///< samples, summaries, random features, in this order
  int bins;               ///< per channel: RB_BASELINE_BINS, or L if that is less
  int inputs;             ///< length of z
  double mean[RB_MAX_CHANNELS], sd[RB_MAX_CHANNELS];  ///< of the bins of each channel
  double width;
  double *weight;  ///< (inputs, random) w by columns
  double *phase;   ///< (random) b
} rb_baseline_features;

/** Measures scales and width on the first RB_BASELINE_PILOTS training data sets and draws the
 * random features. The caller frees it with rb_baseline_features_destroy. */
RB_NODISCARD rb_status rb_baseline_features_create(rb_context *ctx, const rb_model *model,
                                                   uint64_t seed, int64_t random_features,
                                                   rb_baseline_features *features);

/** The same from known scales: model, seed, random, mean, sd and width are set by the caller. */
RB_NODISCARD rb_status rb_baseline_features_restore(rb_context *ctx,
                                                    rb_baseline_features *features);
void rb_baseline_features_destroy(rb_baseline_features *features);

/** Number of features that a model and m random features give. */
int64_t rb_baseline_features_count(const rb_model *model, int64_t random_features);

/** @param x (count, C, L) @param out (count, features->count) */
void rb_baseline_features_compute(const rb_baseline_features *features, int64_t count,
                                  const float *x, double *out);

/** Says which feature @p index is, e.g. "signal[17]". @param name of @p size bytes */
void rb_baseline_features_name(const rb_baseline_features *features, int index, char *name,
                               size_t size);

#endif
