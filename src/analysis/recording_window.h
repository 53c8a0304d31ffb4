#ifndef RB_ANALYSIS_RECORDING_WINDOW_H
#define RB_ANALYSIS_RECORDING_WINDOW_H

#include <math.h>
#include <stdint.h>

/** @file recording_window.h
 * Which part of a recording its predictions are scored on, and how near spikes coincide. Local. */

/** How far apart spikes may be that coincide, in ms. */
static const double RB_PREDICTION_PRECISION_MS = 2;

/** The step that is scored first. The beginning, which is not, may be a tenth of the recording, but
 * not longer than 200 ms. */
static inline int64_t rb_prediction_first(int64_t steps, double dt_ms) {
  return (int64_t)(fmin(200, (double)steps * dt_ms / 10) / dt_ms + 1e-6);
}

#endif
