#ifndef RB_ANALYSIS_ROUGH_ESTIMATE_H
#define RB_ANALYSIS_ROUGH_ESTIMATE_H

#include "rheobase/model/model.h"

/** @file rough_estimate.h
 * A rough estimate of the parameters from the data, owing nothing to the posterior under test: a
 * linear regression on segment means and standard deviations of each channel, fitted to a few
 * hundred simulated data sets of their own. It gives test quantities that depend on the data, which
 * alone can tell a posterior that ignores them (it would return the prior and pass all other rank
 * tests). All functions are local and give the same on every rank. */

enum { RB_ROUGH_SEGMENTS = 8, RB_ROUGH_DATASETS = 512 };

typedef struct rb_rough_estimate {
  int features;
  double *coefficient;  ///< (D, features), owned
  double prior_mean[RB_MAX_PARAMETERS], prior_sd[RB_MAX_PARAMETERS];
  double residual_sd[RB_MAX_PARAMETERS];
} rb_rough_estimate;

/** Simulates and fits. Fails with RB_ERR_MEMORY or what the model fails with. */
RB_NODISCARD rb_status rb_rough_estimate_fit(rb_context *ctx, const rb_model *model, uint64_t seed,
                                             rb_rough_estimate *estimate);
void rb_rough_estimate_free(rb_rough_estimate *estimate);

/** The estimate for one data set. @param x (C, L) @param theta (D) */
void rb_rough_estimate_apply(const rb_rough_estimate *estimate, const rb_model *model,
                             const float *x, double *theta);

#endif
