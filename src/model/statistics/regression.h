#ifndef RB_MODEL_STATISTICS_REGRESSION_H
#define RB_MODEL_STATISTICS_REGRESSION_H

#include "driven_sums.h"

/** @file regression.h
 * Linear fits from the sums over a lag's windows. All functions are local. */

enum { RB_MOST_REGRESSORS = 5 };

/** Means and covariances of the variables. */
typedef struct rb_window_moments {
  double mean[RB_VARIABLES], covariance[RB_VARIABLES][RB_VARIABLES];
} rb_window_moments;

/** What a fit of RB_RISE looks at: each regressor with its instrument, itself where least squares
 * are wanted. */
typedef struct rb_regression {
  int count;  ///< at most RB_MOST_REGRESSORS
  rb_variable regressor[RB_MOST_REGRESSORS], instrument[RB_MOST_REGRESSORS];
} rb_regression;

typedef struct rb_fit {
  double slope[RB_MOST_REGRESSORS], intercept;
  double rest;  ///< variance of what is left
} rb_fit;

/** @param sums of at least one window @param variables how many of them are wanted */
void rb_window_moments_make(const rb_window_sums *sums, int variables, rb_window_moments *moments);

/** 1e-5 of a regressor's variance and 1e-8 are added to its product with its instrument. */
rb_fit rb_regress(const rb_regression *regression, const rb_window_moments *moments);

#endif
