#ifndef RHEOBASE_MERIT_H
#define RHEOBASE_MERIT_H

#include <stdint.h>

#include "rheobase/base/context.h"

/** @file merit.h
 * The figures of merit of calibration for any posterior of which only a few numbers per data set
 * are known, so that several posteriors can be compared on the same data sets. All functions are
 * local. */

typedef struct rb_merit {
  double r;                  ///< Pearson correlation of posterior mean and truth
  double nrmse;              ///< median rmse of draws over that of draws from the prior
  double contraction;        ///< median of 1 - posterior variance / variance of the truths, in 0..1
  double z_score;            ///< median of (mean - truth) / sd
  double calibration_error;  ///< median over levels of |share of truths inside - level|
  double log_gamma;          ///< uniformity of the ranks (bands.h); below 0 rejects at 5%
} rb_merit;

/** Of one parameter over N data sets. All NaN if a mean is.
 * @param S draws behind each share @param truth (N) @param mean (N) @param sd (N)
 * @param below (N) share of the draws below the truth
 * @param gamma_null of rb_merit_gamma_null for N and S
 * Fails with RB_ERR_MEMORY. */
RB_NODISCARD rb_status rb_merit_of(rb_context *ctx, int64_t N, int64_t S, const double *truth,
                                   const double *mean, const double *sd, const double *below,
                                   double gamma_null, rb_merit *merit);

/** log_gamma alone, of the ranks of any quantity; NaN if a share is. */
double rb_merit_log_gamma(int64_t N, int64_t S, const double *below, double gamma_null);

/** The 5% quantile of gamma for N uniform ranks among S draws, at no more than 100 points. */
RB_NODISCARD rb_status rb_merit_gamma_null(rb_context *ctx, int64_t N, int64_t S,
                                           double *gamma_null);

#endif
