#ifndef RHEOBASE_PRINCIPAL_COMPONENTS_H
#define RHEOBASE_PRINCIPAL_COMPONENTS_H

#include <stdint.h>

#include "rheobase/base/context.h"

/** @file principal_components.h
 * Principal components of many vectors that are spread over the ranks (ScaLAPACK), and how far a
 * vector lies from them. */

typedef struct rb_components {
  int dim, kept;
  double *mean;          ///< (dim)
  double *spectrum;      ///< (dim) variances, descending
  double *axis;          ///< (kept, dim) orthonormal directions of the largest variances, each with
                         ///< its largest entry positive
  double rest_variance;  ///< mean of the variances that are not kept; 0 where there are none
} rb_components;

void rb_components_destroy(rb_components *components);

typedef struct rb_component_sums rb_component_sums;

/** Begins a covariance of vectors. Collective. The caller frees it with rb_component_sums_destroy.
 * @param centre (dim) a vector near the mean, the same on all ranks, against cancellation
 * @param max_rows vectors a rank adds at once, at most */
RB_NODISCARD rb_status rb_component_sums_create(rb_context *ctx, int dim, const double *centre,
                                                int64_t max_rows, rb_component_sums **sums);
void rb_component_sums_destroy(rb_component_sums *sums);

/** Adds vectors. Collective, any number of rows on each rank. @param x (rows, dim) */
RB_NODISCARD rb_status rb_component_sums_add(rb_context *ctx, rb_component_sums *sums, int64_t rows,
                                             const double *x);

/** Components of all vectors so far (denominator n - 1). Collective; may be called once. Directions
 * without variance are not kept. Fails with RB_ERR_SETTING for fewer than two vectors.
 * @param keep directions to keep, at most */
RB_NODISCARD rb_status rb_components_finish(rb_context *ctx, rb_component_sums *sums, int keep,
                                            rb_components *components);

/** Squared distances of a vector from the mean, in units of the standard deviation of each
 * direction: the Mahalanobis distance squared in the first @p leading kept directions, and that in
 * all others (those not kept share one standard deviation). Each has the mean 1 per direction over
 * the distribution. Local. @param x (dim) @param work (dim) @param rest may be NULL @return the
 * first */
double rb_components_distance(const rb_components *components, int leading, const double *x,
                              double *work, double *rest);

#endif
