#ifndef RB_REPORT_PRIOR_DENSITY_H
#define RB_REPORT_PRIOR_DENSITY_H

#include "rheobase/model/model.h"

enum { RB_PRIOR_POINTS = 240 };

/** Marginal prior density of each parameter, before clipping, on a grid over its range. Local.
 *
 * From the model's joint log density alone: the density of one parameter given the others, which
 * the joint one is along a line up to a constant, averaged over draws of the others.
 * @param grid (D, RB_PRIOR_POINTS) @param density (D, RB_PRIOR_POINTS) per unit */
RB_NODISCARD rb_status rb_prior_density(rb_context *ctx, const rb_model *model, double *grid,
                                        double *density);

#endif
