#ifndef RB_INFERENCE_BASELINE_H
#define RB_INFERENCE_BASELINE_H

#include "baseline_features.h"
#include "rheobase/inference/linear_baseline.h"
#include "ridge.h"

/** @file baseline.h
 * What the parts of the linear baseline share. */

struct rb_baseline {
  const rb_model *model;  ///< not owned
  rb_baseline_features features;
  rb_ridge ridge;  ///< of raw features and parameters in their units
  double covariance[RB_MAX_PARAMETERS * RB_MAX_PARAMETERS];  ///< (D, D)
  rb_baseline_report report;
};

/** Mean for one data set. @param row (features.count) workspace @param mean (D) */
void rb_baseline_mean_of(const rb_baseline *baseline, const float *x, double *row, double *mean);

#endif
