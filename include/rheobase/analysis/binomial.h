#ifndef RHEOBASE_BINOMIAL_H
#define RHEOBASE_BINOMIAL_H

#include <stdint.h>

/** @file binomial.h
 * Tails and quantiles of the binomial distribution, for up to 4e9 trials. All functions are local.
 * Relative accuracy 1e-12 for thousands of trials, 1e-8 for millions. */

/** P(X <= k) for X ~ Binomial(n, p); 0 for k < 0. */
double rb_binomial_lower(int64_t k, int64_t n, double p);

/** P(X >= k), without the cancellation of 1 - P(X <= k-1); 1 for k <= 0. */
double rb_binomial_upper(int64_t k, int64_t n, double p);

/** The smallest k with P(X <= k) >= q. */
int64_t rb_binomial_quantile(double q, int64_t n, double p);

/** Central interval of probability @p level: quantiles (1-level)/2 and 1-(1-level)/2. */
void rb_binomial_interval(double level, int64_t n, double p, int64_t *low, int64_t *high);

#endif
