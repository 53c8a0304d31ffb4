#ifndef RHEOBASE_POSTERIOR_H
#define RHEOBASE_POSTERIOR_H

#include "rheobase/model/model.h"

/** @file posterior.h
 * What an amortised posterior is to calibration, inference and reports: one table. A network, an
 * ensemble, the linear baseline and the exact posterior fill it; nobody asks which it is.
 * All functions are local; results for one data set do not depend on how data sets are grouped. */

typedef struct rb_posterior rb_posterior;

struct rb_posterior {
  const char *name;       ///< e.g. "network", "baseline", "exact", "mixture"
  const rb_model *model;  ///< not owned
  void *state;            ///< owned

  /** Draws, densities and so the truths they are compared with are latent values, before clipping
   * (support.h), not values as the simulator uses them. */
  bool latent;

  /** Draws from the posterior of each of `count` data sets.
   * @param first index of the first data set within @p purpose: selects the random numbers
   * @param x (count, C, L) @param draws S @param theta (count, S, D) in the parameters' units
   * @param log_density (count, S) log density of each draw as log_density() below gives it (a flow
   * knows it once it has the draw), or NULL where not wanted; never given if there is no
   * log_density() */
  rb_status (*sample)(rb_posterior *self, rb_context *ctx, uint64_t seed, rb_purpose purpose,
                      int64_t first, int64_t count, const float *x, int64_t draws, float *theta,
                      double *log_density);

  /** Log density, per unit of the parameters (natural logarithm), of `per` parameter vectors for
   * each of `count` data sets; NULL where there is none.
   * @param x (count, C, L) @param theta (count, per, D) @param log_density (count, per) */
  rb_status (*log_density)(rb_posterior *self, rb_context *ctx, int64_t count, const float *x,
                           int64_t per, const double *theta, double *log_density);

  void (*destroy)(rb_posterior *self);
};

#endif
