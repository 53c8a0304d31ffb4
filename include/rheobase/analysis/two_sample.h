#ifndef RHEOBASE_TWO_SAMPLE_H
#define RHEOBASE_TWO_SAMPLE_H

#include <stdint.h>

#include "rheobase/base/context.h"

/** @file two_sample.h
 * How different two sets of draws are. All functions are local. */

/** Classifier two-sample test (Lopez-Paz and Oquab 2017): the held-out share of draws that a
 * classifier assigns to the right set, 0.5 where it cannot tell them apart, 1 where they are
 * disjoint. The classifier is logistic regression with a small ridge on all first- and second-order
 * terms of the coordinates (standardised over both sets), i.e. it sees differences of means,
 * variances and correlations; five-fold cross-validation, folds dealt in turn.
 * @param dim at most RB_MAX_PARAMETERS @param a (count, dim) @param b (count, dim); rows in no
 * particular order
 * Fails with RB_ERR_SETTING for fewer than 50 rows or RB_ERR_MEMORY. */
RB_NODISCARD rb_status rb_c2st(rb_context *ctx, int dim, int64_t count, const double *a,
                               const double *b, double *accuracy);

/** The 1-Wasserstein distance of each coordinate: the integral of |F_a - F_b|.
 * @param a (a_count, dim) @param b (b_count, dim) @param distance (dim), in the coordinates' units
 */
RB_NODISCARD rb_status rb_wasserstein(rb_context *ctx, int dim, int64_t a_count, const double *a,
                                      int64_t b_count, const double *b, double *distance);

#endif
