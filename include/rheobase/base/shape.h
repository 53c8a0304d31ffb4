#ifndef RHEOBASE_SHAPE_H
#define RHEOBASE_SHAPE_H

#include <stdint.h>

/** @file shape.h
 * What a network sees of a data set: a series, features, or both. They stand in one row, the series
 * first. */

typedef struct rb_shape {
  int channels;    ///< C, of the series; 0: none
  int64_t length;  ///< L, samples per channel
  int features;    ///< F; 0: none
} rb_shape;

/** Numbers of the series, C L. */
static inline int64_t rb_shape_series(rb_shape shape) { return shape.channels * shape.length; }

/** Numbers of a row, C L + F. */
static inline int64_t rb_shape_row(rb_shape shape) {
  return rb_shape_series(shape) + shape.features;
}

/** What has a scale of its own: channels, then features. C + F. */
static inline int rb_shape_scales(rb_shape shape) { return shape.channels + shape.features; }

#endif
