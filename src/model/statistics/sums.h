#ifndef RB_MODEL_STATISTICS_SUMS_H
#define RB_MODEL_STATISTICS_SUMS_H

#include "events.h"
#include "plan.h"
#include "rheobase/base/cpu.h"

/** @file sums.h
 * The sums of one channel of one data set, aligned to events, compiled per instruction set. */

#define RB_LEAST_MASS 1e-3   ///< added to the samples an average is divided by
#define RB_NO_EXTREME 1e300  ///< times a width: there are none

/** By knot: how many samples, their values' sum, and that of value times (t/T - 1/2). */
typedef struct rb_aligned_sums {
  double mass[RB_PLAN_KNOTS], value[RB_PLAN_KNOTS], drift[RB_PLAN_KNOTS];
} rb_aligned_sums;

/** Of x and y of a line: how many, sums, and those of products. */
typedef struct rb_line_sums {
  double count, x, y, xx, xy, yy;
} rb_line_sums;

/** Values are relative to the mean for increments, extremes, lines and moments. */
typedef struct rb_statistics_sums {
  double mean;  ///< of all samples
  rb_aligned_sums since, until, begin;
  /** Residuals r from the averages since (begin before the first event), and those from until:
   * sums of r r by since, r by until, and the others' squares by until. */
  double square[RB_PLAN_KNOTS], residual[RB_PLAN_KNOTS], other_square[RB_PLAN_KNOTS];
  double lag[RB_PLAN_AGES][RB_PLAN_LAGS];                 ///< r_t r_{t+l}, by age at t
  double increment[RB_PLAN_LAGS];                         ///< v_t (v_{t+l} - v_t)
  double least[RB_PLAN_WIDTHS], largest[RB_PLAN_WIDTHS];  ///< means over widths; 0: none
  rb_line_sums line[RB_PLAN_LINES];
  double moment[3];  ///< sums of the second to fourth powers
} rb_statistics_sums;

/** Memory for one data set: arrays of places + margin, so that whole vectors fit; zeroed once. By
 * age until the next event they run backwards: age u stands at T - u. */
typedef struct rb_sums_memory {
  double *v;                        ///< values; 0 where masked
  double *d;                        ///< minus the mean; 0 where masked
  double *average;                  ///< moving averages of d
  double *x;                        ///< some of them, or one stretch's values
  double *left;                     ///< samples left after each of those
  double *residual;                 ///< of one stretch
  double *sum, *moment;             ///< by age since
  double *begin_sum;                ///< by age since the beginning
  double *back_sum, *back_moment;   ///< by age until, backwards
  double *value, *drift;            ///< by age
  double *since_mean, *begin_mean;  ///< interpolated averages by age
  double *until_mean;               ///< the same, backwards
  double *near;                     ///< (lags, RB_PLAN_NEAR) products by age
  double *far;                      ///< (lags, ages, RB_PLAN_LANES) of older ages
} rb_sums_memory;

typedef struct rb_sums_kernel {
  /** @param averages false: neither averages by age nor lines @param x (K, T) @param mean, scale
   * values are (x - mean) * scale */
  void (*sum)(const rb_plan *plan, const rb_events *events, bool averages, const float *x,
              double mean, double scale, rb_sums_memory *memory, rb_statistics_sums *sums);
} rb_sums_kernel;

RB_KERNEL_DECLARE(rb_sums_kernel, rb_sums_kernel);

#endif
