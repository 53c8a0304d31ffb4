#ifndef RHEOBASE_DIAGNOSTICS_H
#define RHEOBASE_DIAGNOSTICS_H

#include "rheobase/analysis/bands.h"
#include "rheobase/analysis/recovery.h"
#include "rheobase/base/context.h"
#include "rheobase/random/philox.h"

/** @file diagnostics.h
 * Figures of merit of one parameter over N data sets, from one number per data set. All functions
 * are local. */

/** What a root mean squared error is divided by. */
typedef enum rb_normaliser {
  RB_NORMALISE_NONE,
  RB_NORMALISE_MEAN,
  RB_NORMALISE_MEDIAN,
  RB_NORMALISE_RANGE,
  RB_NORMALISE_STD,    ///< with n
  RB_NORMALISE_IQR,    ///< interquartile range
  RB_NORMALISE_PRIOR,  ///< median rmse of as many draws from the prior: see rb_prior_rmse
  RB_NORMALISE_COUNT
} rb_normaliser;

/** @return "none", "mean", "median", "range", "std", "iqr" or "prior". */
const char *rb_normaliser_name(rb_normaliser normaliser);

/** Statistics of the truths of one parameter. */
typedef struct rb_truths {
  double mean, std;                                         ///< std with n
  double least, quarter, median, three_quarters, greatest;  ///< quantiles 0, 1/4, 1/2, 3/4, 1
} rb_truths;

/** @param sorted (N) truths, ascending */
rb_truths rb_truths_of_sorted(int64_t N, const double *sorted);

/** The statistic that belongs to any normaliser but RB_NORMALISE_PRIOR. */
double rb_normaliser_of_truths(rb_normaliser normaliser, const rb_truths *truths);

/** The rmse that S draws from the prior would have for data sets first .. first+count-1: the draws
 * are picked among M true parameter vectors, by stream item = data set.
 * @param pool (M, dim) @param truth (count, dim) @param rmse (count, dim) */
void rb_prior_rmse(rb_stream stream, int64_t M, int dim, const double *pool, int64_t S,
                   int64_t first, int64_t count, const double *truth, double *rmse);

/** Median over data sets of rmse / normaliser. @param rmse (N) @param work (N) */
double rb_nrmse(int64_t N, const double *rmse, double normaliser, double *work);

/** Posterior contraction of one data set: 1 - (posterior sd)^2 / prior_variance, clipped to 0..1.
 */
double rb_contraction(double posterior_sd, double prior_variance);

/** Variance with n - 1. @param x (n) */
double rb_variance(int64_t n, const double *x);

/** Median over levels of |share of truths inside - alpha|.
 * @param inside (RB_LEVELS) number of the N truths in the central interval of each level */
double rb_calibration_error(int64_t N, const int64_t inside[RB_LEVELS]);

/** The same as a statistic of the numbers of uniform values |2 u - 1| below what the central
 * intervals cover: its null distribution comes from rb_null_quantile. An rb_count_statistic: K is
 * RB_LEVELS, z is not looked at. */
double rb_calibration_error_of_counts(int64_t N, int64_t K, const double *z, const int64_t *inside);

#endif
