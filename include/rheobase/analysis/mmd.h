#ifndef RHEOBASE_MMD_H
#define RHEOBASE_MMD_H

#include <stdint.h>

#include "rheobase/base/context.h"

/** @file mmd.h
 * Maximum mean discrepancy of two samples of vectors (Gretton et al. 2012), and a test by it: do
 * observations come from where the reference comes from? As in BayesFlow, the kernel is a sum of
 * inverse multiquadratics, k(a, b) = sum_s s / (s + |a - b|^2) over 11 scales s from 1e-6 to 1e6,
 * and the estimate is the biased one, E k(x, x') + E k(y, y') - 2 E k(x, y). */

/** Nulls, and how much larger the pool should be than what is compared: nulls that share much of a
 * pool are too like each other, and p is too often extreme. */
enum { RB_MMD_NULLS = 100, RB_MMD_POOL = 10 };

/** Local. @param x (n, dim) @param y (m, dim) */
double rb_mmd(int dim, int64_t n, const double *x, int64_t m, const double *y);

typedef struct rb_mmd_test {
  double mmd;                 ///< of the observations against the reference
  double null[RB_MMD_NULLS];  ///< of as many data sets picked from the pool, none twice
  double p;                   ///< (1 + nulls that are at least mmd) / (1 + RB_MMD_NULLS)
} rb_mmd_test;

/** Compares observations with a reference. The nulls come from a pool that is not part of the
 * reference, as the observations are not; and none of them has a member twice (BayesFlow's may),
 * which would make the nulls larger than the observations' discrepancy when n is not small beside
 * m. Collective: ranks share the work, and all get the result, equal to rounding on any number of
 * ranks. Fails with RB_ERR_MEMORY.
 * @param x (n, dim) observations, n <= m @param pool (m, dim) @param reference (m, dim); all three
 * the same on all ranks */
RB_NODISCARD rb_status rb_mmd_compare(rb_context *ctx, uint64_t seed, int dim, int64_t n,
                                      const double *x, int64_t m, const double *pool,
                                      const double *reference, rb_mmd_test *test);

#endif
