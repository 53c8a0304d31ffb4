#ifndef RHEOBASE_CHANNEL_SCALES_H
#define RHEOBASE_CHANNEL_SCALES_H

#include "rheobase/model/model.h"

/** @file channel_scales.h
 * Mean and standard deviation of each channel over data sets, without masked samples. Local. */

typedef struct rb_channel_scales {
  double mean[RB_MAX_CHANNELS], sd[RB_MAX_CHANNELS];  ///< (C); sd > 0
} rb_channel_scales;

/** Sums of x - origin and of its squares over the samples of a channel; begins with zeros. */
typedef struct rb_channel_sums {
  double origin, sum, square, count;
} rb_channel_sums;

/** Adds data sets in order, so the bits depend on nothing else. @param x (n, C, L)
 * @param sums (C) */
void rb_channel_sums_add(const rb_model *model, int64_t n, const float *x, rb_channel_sums *sums);

/** The scales of what was added. A channel that does not vary has an sd of 1, or where it is a
 * stimulus its size. @param sums (C) */
rb_channel_scales rb_channel_scales_of(const rb_model *model, const rb_channel_sums *sums);

#endif
