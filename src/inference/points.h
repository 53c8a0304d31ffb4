#ifndef RB_INFERENCE_POINTS_H
#define RB_INFERENCE_POINTS_H

#include "rheobase/inference/exact.h"

/** @file points.h
 * Sets of parameter vectors with their log target, and choices among them. Local. */

/** Parameter vectors in latent coordinates; arrays are owned. */
typedef struct rb_points {
  int64_t count;
  double *latent;      ///< (count, D)
  double *log_target;  ///< (count)
  double *log_ratio;   ///< (count) log target - log density, if they are draws of a known density
  double *weight;      ///< (count)
} rb_points;

RB_NODISCARD rb_status rb_points_allocate(rb_context *ctx, int dim, int64_t count,
                                          rb_points *points);
void rb_points_free(rb_points *points);

/** Takes as many rows of chains as there are points, evenly, with equal weights.
 * @param latent (rows, dim) @param log_target (rows) */
void rb_points_thin(int dim, int64_t rows, const double *latent, const double *log_target,
                    rb_points *points);

/** Indices of @p count points by systematic resampling: each its weight's share, give or take one;
 * ascending. @param use selects the random number @param index (count) */
void rb_points_resample(const rb_exact_problem *problem, int use, const rb_points *points,
                        int64_t count, int64_t *index);

/** Weights proportional to exp(power * value), with the largest power <= 1 that leaves an effective
 * number of at least @p enough. @param value (count) @param weight (count) */
void rb_points_temper(int64_t count, const double *value, double enough, double *weight);

/** Starts of an ensemble: the better ones of the given points, or of some draws of the prior where
 * these are better still; copies of one point are moved a little apart.
 * @param use selects the random numbers @param walker (walkers, D)
 * @param evaluations of the likelihood are added */
RB_NODISCARD rb_status rb_points_choose_starts(rb_context *ctx, const rb_exact_problem *problem,
                                               int use, const rb_points *given, int walkers,
                                               double *walker, int64_t *evaluations);

#endif
