#ifndef RHEOBASE_PREDICTIVE_H
#define RHEOBASE_PREDICTIVE_H

#include <stdint.h>

#include "rheobase/model/model.h"

/** @file predictive.h
 * Posterior predictive check of one observation against K replicates simulated from posterior
 * draws. All functions are local. */

/** What the check gives. Arrays are owned; rb_predictive_free. Those of a binary channel are
 * meaningless: a band of zeros and ones tells nothing. */
typedef struct rb_predictive {
  double *low, *median, *high;  ///< (C, L) pointwise 5%, 50% and 95% quantiles of the replicates
  double *coverage;    ///< (C) share of the observed samples inside [low, high]; what a mask hides
                       ///< is no sample, of the observation and of the replicates
  double *statistic;   ///< (K, statistics) of the replicates
  double *observed;    ///< (statistics) of the observation
  double *percentile;  ///< (statistics) share of the replicates with at most that
  double *check;       ///< (checks) the model's own numbers
} rb_predictive;

/** Compares. Fails with RB_ERR_MEMORY. @param x (C, L) the observation @param replicate (K, C, L)
 * @param theta (S, D) posterior draws. The caller calls rb_predictive_free, also after a failure.
 */
RB_NODISCARD rb_status rb_predictive_create(rb_context *ctx, const rb_model *model, const float *x,
                                            int64_t K, const float *replicate, int64_t S,
                                            const double *theta, rb_predictive *result);
void rb_predictive_free(rb_predictive *predictive);

/** Pointwise 5%, 50% and 95% quantiles of the replicates that are seen; NaN where none is. Fails
 * with RB_ERR_MEMORY.
 * @param replicate (K, L), @p stride values apart @param mask the same, 1 where one is not seen;
 * NULL: all are @param low (L) @param median (L) @param high (L) */
RB_NODISCARD rb_status rb_predictive_band(rb_context *ctx, int64_t K, int64_t L,
                                          const float *replicate, const float *mask, int64_t stride,
                                          double *low, double *median, double *high);

/** Share of samples inside a band, of those that are seen and have one; NaN without any.
 * @param x (L) @param mask (L) 1 where it is not seen; NULL: all is
 * @param low (L) @param high (L) */
double rb_predictive_coverage(int64_t L, const float *x, const float *mask, const double *low,
                              const double *high);

/** Share of values at most @p observed. @param value (K), @p stride values apart */
double rb_predictive_percentile(int64_t K, const double *value, int64_t stride, double observed);

/** The smaller of the shares of values at most and at least @p observed: 1 where all are the same,
 * near 0 where it is extreme. @param value (K), @p stride values apart */
double rb_predictive_tail(int64_t K, const double *value, int64_t stride, double observed);

#endif
