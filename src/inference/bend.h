#ifndef RB_INFERENCE_BEND_H
#define RB_INFERENCE_BEND_H

#include <stdint.h>

#include "rheobase/base/context.h"
#include "rheobase/model/model.h"

/** @file bend.h
 * A map that straightens curved ridges: principal coordinates u, long ones first or short ones,
 * whichever straightens more, and from each its regression on the monomials of those before it,
 * z_i = u_i - f_i(u_0 .. u_{i-1}). It is triangular and keeps volumes but for a constant, so
 * densities pass through it with one number. Local. */

enum { RB_BEND_DEGREE = 3, RB_BEND_COEFFICIENTS = 3876 };  ///< at most, of 16 parameters

typedef struct rb_bend {
  int dim, degree;  ///< of the monomials; 0: z is x
  double mean[RB_MAX_PARAMETERS];
  double axis[RB_MAX_PARAMETERS * RB_MAX_PARAMETERS];  ///< u = axis (x - mean), (dim, dim)
  double back[RB_MAX_PARAMETERS * RB_MAX_PARAMETERS];  ///< x = mean + back u
  double log_det;                                      ///< log |dz/dx|
  double coefficient[RB_BEND_COEFFICIENTS];            ///< one coordinate after another
} rb_bend;

/** The identity. */
void rb_bend_none(int dim, rb_bend *bend);

/** Fits to weighted values, with monomials of as high a degree as they can tell.
 * @param scale (dim) units in which lengths of axes are compared; NULL: 1
 * @param value (count, dim) @param weight (count), sum 1 */
RB_NODISCARD rb_status rb_bend_fit(rb_context *ctx, int dim, const double *scale, int64_t count,
                                   const double *value, const double *weight, rb_bend *bend);

/** @param x (dim) @param z (dim), may be x @{ */
void rb_bend_straighten(const rb_bend *bend, const double *x, double *z);
void rb_bend_back(const rb_bend *bend, const double *z, double *x);
/** @} */

#endif
