#ifndef RB_INFERENCE_T_MIXTURE_H
#define RB_INFERENCE_T_MIXTURE_H

#include <stdint.h>

#include "rheobase/base/context.h"
#include "rheobase/model/model.h"

/** @file t_mixture.h
 * A mixture of multivariate Student-t distributions: a proposal with heavy tails. Local. */

enum { RB_T_MAX_COMPONENTS = 8 };

typedef struct rb_t_mixture {
  int dim, components;
  double dof;
  double weight[RB_T_MAX_COMPONENTS];
  double mean[RB_T_MAX_COMPONENTS][RB_MAX_PARAMETERS];
  /** Lower Cholesky factors of the scale matrices, (dim, dim) row-major. */
  double factor[RB_T_MAX_COMPONENTS][RB_MAX_PARAMETERS * RB_MAX_PARAMETERS];
} rb_t_mixture;

/** Fits by expectation maximisation with fixed @p dof (McLachlan and Peel 2000, section 7.5), which
 * begins with components spread along the direction of largest variance.
 * @param value (count, dim) @param weight (count), sum 1
 * Fails with RB_ERR_NUMERIC if the values span less than dim dimensions. */
RB_NODISCARD rb_status rb_t_mixture_fit(rb_context *ctx, int dim, int components, double dof,
                                        int64_t count, const double *value, const double *weight,
                                        rb_t_mixture *mixture);

/** One draw from @p uniform (2) and @p normal (dim) random numbers. @param value (dim) */
void rb_t_mixture_draw(const rb_t_mixture *mixture, const double uniform[2], const double *normal,
                       double *value);

/** Draws @p count values; component and scale from @p uniforms, directions from @p normals.
 * @param value (count, dim) */
void rb_t_mixture_sample(const rb_t_mixture *mixture, rb_stream uniforms, rb_stream normals,
                         int64_t count, double *value);

/** @param value (count, dim) @param log_density (count) */
void rb_t_mixture_log_density(const rb_t_mixture *mixture, int64_t count, const double *value,
                              double *log_density);

#endif
