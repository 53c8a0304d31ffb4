#ifndef RHEOBASE_BANDS_H
#define RHEOBASE_BANDS_H

#include "rheobase/base/context.h"
#include "rheobase/random/philox.h"

/** @file bands.h
 * Simultaneous tests and bands for empirical distribution functions (Säilynoja, Bürkner, Vehtari
 * 2022; Modrák et al. 2025).
 *
 * For N uniform values the number R_k below a point z_k is Binomial(N, z_k). gamma, the smallest
 * over all points of twice the tail probability of what was seen, measures how unusual an ECDF is
 * anywhere; its own null distribution is simulated. The numbers R_1..R_K of a simulated sample come
 * from the multinomial distribution directly, not from N uniform values: time O(M K), memory O(K)
 * for M samples, whatever N. */

enum { RB_NULL_SAMPLES = 1000 };  ///< simulated samples behind a null quantile

/** Evaluation points of rank statistics: z_i = i / (S + 1), i = 1..S+1. There, and only there, a
 * uniform rank on 0..S has the distribution function of a uniform number. @param z (S + 1) */
void rb_rank_points(int64_t S, double *z);

/** How many ranks are smaller than i = 1..S+1. @param count (S + 1) data sets with each rank
 * @param below (S + 1) */
void rb_ranks_below(int64_t S, const int64_t *count, int64_t *below);

/** A statistic of how many of N values lie below each of K points. Local.
 * @param z (K) ascending, in (0, 1] @param below (K) */
typedef double (*rb_count_statistic)(int64_t N, int64_t K, const double *z, const int64_t *below);

/** gamma = 2 min over k of min(P(X_k <= R_k), P(X_k >= R_k)), X_k ~ Binomial(N, z_k). An
 * rb_count_statistic. */
double rb_gamma(int64_t N, int64_t K, const double *z, const int64_t *below);

/** The statistic of simulated uniform samples first .. first+count-1, by stream item. Local. Fails
 * with RB_ERR_MEMORY. @param value (count) */
RB_NODISCARD rb_status rb_null_sample(rb_context *ctx, rb_stream stream,
                                      rb_count_statistic statistic, int64_t N, int64_t K,
                                      const double *z, int64_t first, int64_t count, double *value);

/** The quantile @p level of the statistic under uniformity, from RB_NULL_SAMPLES samples.
 * Collective: ranks split the samples; all get the same. Fails with
 * RB_ERR_MEMORY, or RB_STOPPED if a rank is asked to stop. */
RB_NODISCARD rb_status rb_null_quantile(rb_context *ctx, rb_stream stream,
                                        rb_count_statistic statistic, int64_t N, int64_t K,
                                        const double *z, double level, double *quantile);

/** The band that has pointwise tails gamma / 2: Binomial(N, z) quantiles over N. An ECDF leaves it
 * if and only if its rb_gamma at these points is below @p gamma. Local.
 * @param z (K) @param lower (K) @param upper (K) of the ECDF itself, not of its difference */
void rb_band_at(double gamma, int64_t N, int64_t K, const double *z, double *lower, double *upper);

#endif
