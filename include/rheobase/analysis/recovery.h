#ifndef RHEOBASE_RECOVERY_H
#define RHEOBASE_RECOVERY_H

#include <stdint.h>

/** @file recovery.h
 * What the posterior draws of one parameter of one data set are reduced to, and the correlation of
 * point estimates with truths. All functions are local. */

enum { RB_LEVELS = 20 };

/** The 20 interval levels alpha at which coverage is counted: evenly from 0.005 to 0.995. */
void rb_coverage_levels(double alpha[RB_LEVELS]);

/** What the central interval of level alpha covers if the posterior is right: alpha (S - 1) / (S +
 * 1), since interpolated quantiles of S draws lie a little inside those of the posterior. Exact
 * where the posterior's density is constant between neighbouring draws. */
double rb_central_coverage(int64_t S, double alpha);

/** Number of the S + 1 values (draws and truth) that a highest-density interval of level alpha
 * holds: round(alpha (S + 1)), between 1 and S. Its exact level is that over S + 1. */
int64_t rb_hpd_size(int64_t S, double alpha);

/** Reduced draws; see rb_reduce_draws. */
typedef struct rb_reduced_draws {
  int32_t rank;              ///< draws below the truth
  uint32_t central;          ///< bit a: the truth lies in the central interval of level alpha_a
  uint32_t hpd;              ///< bit a: in the highest-density interval
  double mean, sd;           ///< sd with n - 1
  double rmse;               ///< sqrt(mean over draws of (draw - truth)^2)
  double median, low, high;  ///< quantiles 0.5, 0.025, 0.975
} rb_reduced_draws;

/** Reduces S >= 2 draws.
 *
 * Central intervals run between the quantiles (1-alpha)/2 and 1-(1-alpha)/2 of the draws, ends
 * included. The highest-density interval is the shortest window over m = rb_hpd_size of the sorted
 * S + 1 values, truth among them: a symmetric function of values that are exchangeable if the
 * posterior is right, so the truth lies inside with probability exactly m / (S + 1). (The usual
 * shortest window over the draws alone undercovers.)
 * @param sorted (S), ascending @param work (S + 1) */
void rb_reduce_draws(int64_t S, const double *sorted, double truth, double *work,
                     rb_reduced_draws *reduced);

/** Pearson correlation. @param x (n) @param y (n) */
double rb_correlation(int64_t n, const double *x, const double *y);

#endif
