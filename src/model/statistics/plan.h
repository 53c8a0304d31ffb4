#ifndef RB_MODEL_STATISTICS_PLAN_H
#define RB_MODEL_STATISTICS_PLAN_H

#include <stdint.h>

#include "rheobase/base/context.h"

/** @file plan.h
 * Where the statistics look: knots of ages, lags, ages that lags are told apart by, widths of
 * moving averages and lines, and lags of a stimulus. All in samples. They are dense near an event
 * and reach as far as the recording is long. And where the samples lie: the recordings of a data
 * set side by side, each in `stride` places, so that no window of one reaches into another's
 * samples. */

enum {
  RB_PLAN_KNOTS = 128,
  RB_PLAN_LAGS = 48,
  RB_PLAN_AGES = 24,
  RB_PLAN_WIDTHS = 48,
  RB_PLAN_LINES = 96,
  RB_PLAN_DRIVEN = 8,  ///< lags of regressions on a stimulus: 1, 2, 4, ... 128
  RB_PLAN_LONGEST_DRIVEN = 128,
  RB_PLAN_LANES = 8,  ///< doubles that are summed side by side
  RB_PLAN_NEAR = 40  ///< ages below it are summed one by one; ages bounds beyond are multiples of 8
};

/** Averages x over a width, and y over another of it so much later. */
typedef struct rb_plan_line {
  int64_t width, distance;
} rb_plan_line;

/** The interpolation weights of a knot over ages, in blocks of RB_PLAN_LANES. */
typedef struct rb_plan_hat {
  int64_t first, blocks;  ///< ages first * RB_PLAN_LANES on
  double *weight;         ///< (blocks, RB_PLAN_LANES), part of rb_plan.weights
} rb_plan_hat;

typedef struct rb_plan {
  int64_t length;      ///< T, samples of a recording
  int64_t recordings;  ///< K
  int64_t stride;      ///< T where there is one recording, else a multiple of 64 above T + 128
  int64_t places;      ///< K stride
  int knots, lags, ages, widths, lines;
  int64_t knot[RB_PLAN_KNOTS];
  int64_t lag[RB_PLAN_LAGS];
  int64_t age[RB_PLAN_AGES];  ///< where each begins; the first is 0
  int64_t width[RB_PLAN_WIDTHS];
  rb_plan_line line[RB_PLAN_LINES];
  int driven;                      ///< lags 1, 2, 4, ... of regressions on a stimulus
  int64_t margin;                  ///< samples beyond the end that windows may touch
  rb_plan_hat hat[RB_PLAN_KNOTS];  ///< (knots)
  double *weights;                 ///< of all hats, owned
} rb_plan;

/** Lays out for so many recordings of @p length samples what suits @p reach samples. The caller
 * frees it with rb_plan_free, also after a failure. Local. Fails with RB_ERR_MEMORY. */
RB_NODISCARD rb_status rb_plan_create(rb_context *ctx, int64_t length, int64_t recordings,
                                      int64_t reach, rb_plan *plan);
void rb_plan_free(rb_plan *plan);

#endif
