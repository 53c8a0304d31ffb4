#ifndef RB_MODEL_LINEAR_GAUSSIAN_H
#define RB_MODEL_LINEAR_GAUSSIAN_H

#include "rheobase/model/model.h"

/** @file linear_gaussian.h
 * A model for tests whose posterior is known in closed form:
 *
 *     theta ~ Normal(0, I_3),   x[c][t] = sum_d A[c][t][d] theta_d + noise_sd Normal(0, 1)
 *
 * with A[0][t] = (1, s, s^2), s = (t + 1/2)/L, and A[1][t] = (s, 1 - s, 1). */

enum { RB_LINEAR_GAUSSIAN_DIM = 3, RB_LINEAR_GAUSSIAN_MAX_CHANNELS = 2 };

/** Settings of the simulator (input group `simulator`). */
typedef struct rb_linear_gaussian_settings {
  int64_t length;
  int channels;
  double noise_sd;
} rb_linear_gaussian_settings;

/** The model with its default prior; the caller calls model->destroy. Local. */
RB_NODISCARD rb_status rb_linear_gaussian_model(rb_context *ctx, int64_t length, int channels,
                                                double noise_sd, rb_model *model);

/** The exact posterior Normal(mean, covariance) of one data set: covariance = (I + A'A/sd^2)^-1,
 * mean = covariance A'x / sd^2. Local.
 * @param x (C, L) @param mean (3) @param covariance (3, 3) */
void rb_linear_gaussian_posterior(const rb_model *model, const float *x, double *mean,
                                  double *covariance);

/** Log likelihood of one data set, constants included. Local. @param theta (3) @param x (C, L) */
double rb_linear_gaussian_log_likelihood(const rb_model *model, const double *theta,
                                         const float *x);

#endif
