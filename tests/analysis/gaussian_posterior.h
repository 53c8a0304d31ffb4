#ifndef RB_TEST_GAUSSIAN_POSTERIOR_H
#define RB_TEST_GAUSSIAN_POSTERIOR_H

/* The exact posterior of the linear-Gaussian model, and wrong ones made from it. */

#include <math.h>

#include "model/linear_gaussian/linear_gaussian.h"
#include "rheobase/inference/posterior.h"
#include "rheobase/random/distributions.h"

typedef struct gaussian_errors {
  double widen;        // factor of the standard deviations; 1: right
  double shift;        // in standard deviations, of all parameters
  bool prior;          // ignore the data
  bool uncorrelated;   // right marginals, no correlations
  double steep_shift;  // shift with the sign of the true slope's estimate: cancels over all
} gaussian_errors;

enum { GAUSSIAN_DIM = RB_LINEAR_GAUSSIAN_DIM };

/* Mean and lower Cholesky factor for one data set. */
static void gaussian_factor(const rb_posterior *self, const float *x, double *mean,
                            double factor[GAUSSIAN_DIM][GAUSSIAN_DIM]) {
  const gaussian_errors *errors = self->state;
  double covariance[GAUSSIAN_DIM * GAUSSIAN_DIM];
  rb_linear_gaussian_posterior(self->model, x, mean, covariance);
  const double steep = mean[1] > 0 ? errors->steep_shift : -errors->steep_shift;
  for (int i = 0; i < GAUSSIAN_DIM; ++i) {
    mean[i] += (errors->shift + steep) * sqrt(covariance[i * GAUSSIAN_DIM + i]);
    if (errors->prior) mean[i] = 0;
    for (int j = 0; j < GAUSSIAN_DIM; ++j) {
      double *c = &covariance[i * GAUSSIAN_DIM + j];
      if (i != j && errors->uncorrelated) *c = 0;
      if (errors->prior) *c = i == j;
    }
  }
  for (int i = 0; i < GAUSSIAN_DIM; ++i) {
    for (int j = 0; j <= i; ++j) {
      double sum = covariance[i * GAUSSIAN_DIM + j];
      for (int k = 0; k < j; ++k) sum -= factor[i][k] * factor[j][k];
      factor[i][j] = i == j ? sqrt(sum) : sum / factor[j][j];
    }
  }
  for (int i = 0; i < GAUSSIAN_DIM; ++i) {
    for (int j = 0; j <= i; ++j) factor[i][j] *= errors->widen;
  }
}

static double gaussian_log_density(double factor[GAUSSIAN_DIM][GAUSSIAN_DIM], const double *z) {
  double value = -0.5 * GAUSSIAN_DIM * log(2 * acos(-1));
  for (int i = 0; i < GAUSSIAN_DIM; ++i) value -= 0.5 * z[i] * z[i] + log(factor[i][i]);
  return value;
}

static rb_status gaussian_sample(rb_posterior *self, rb_context *ctx, uint64_t seed,
                                 rb_purpose purpose, int64_t first, int64_t count, const float *x,
                                 int64_t draws, float *theta, double *log_density) {
  (void)ctx;
  const int64_t size = self->model->channels * self->model->length;
  for (int64_t i = 0; i < count; ++i) {
    double mean[GAUSSIAN_DIM], factor[GAUSSIAN_DIM][GAUSSIAN_DIM];
    gaussian_factor(self, x + i * size, mean, factor);
    const rb_stream stream =
        rb_stream_make(seed, purpose, RB_RANDOM_POSTERIOR_DRAWS, 0, (uint64_t)(first + i));
    for (int64_t s = 0; s < draws; ++s) {
      double z[4];
      rb_stream_normals(stream, 4 * s, GAUSSIAN_DIM, z);
      float *out = theta + (i * draws + s) * GAUSSIAN_DIM;
      for (int k = 0; k < GAUSSIAN_DIM; ++k) {
        double value = mean[k];
        for (int j = 0; j <= k; ++j) value += factor[k][j] * z[j];
        out[k] = (float)value;
      }
      if (log_density != NULL) log_density[i * draws + s] = gaussian_log_density(factor, z);
    }
  }
  return RB_OK;
}

static rb_status gaussian_density(rb_posterior *self, rb_context *ctx, int64_t count,
                                  const float *x, int64_t per, const double *theta,
                                  double *log_density) {
  (void)ctx;
  const int64_t size = self->model->channels * self->model->length;
  for (int64_t i = 0; i < count * per; ++i) {
    double mean[GAUSSIAN_DIM], factor[GAUSSIAN_DIM][GAUSSIAN_DIM], z[GAUSSIAN_DIM];
    gaussian_factor(self, x + i / per * size, mean, factor);
    for (int k = 0; k < GAUSSIAN_DIM; ++k) {
      z[k] = theta[i * GAUSSIAN_DIM + k] - mean[k];
      for (int j = 0; j < k; ++j) z[k] -= factor[k][j] * z[j];
      z[k] /= factor[k][k];
    }
    log_density[i] = gaussian_log_density(factor, z);
  }
  return RB_OK;
}

static inline rb_posterior gaussian_posterior(const rb_model *model, gaussian_errors *errors) {
  return (rb_posterior){.name = "gaussian",
                        .model = model,
                        .state = errors,
                        .sample = gaussian_sample,
                        .log_density = gaussian_density};
}

#endif
