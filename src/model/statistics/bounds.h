#ifndef RB_MODEL_STATISTICS_BOUNDS_H
#define RB_MODEL_STATISTICS_BOUNDS_H

#include <float.h>

/** @file bounds.h
 * fmin and fmax that are no calls, and rounding: they come for every number. Where a is not a
 * number they are b. Local. */

static inline double rb_least(double a, double b) { return a < b ? a : b; }
static inline double rb_most(double a, double b) { return a > b ? a : b; }

/** As a float, within its range. */
static inline float rb_rounded(double value) {
  const double most = (double)FLT_MAX;
  return (float)rb_least(rb_most(value, -most), most);
}

#endif
