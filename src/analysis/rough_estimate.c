#include "rough_estimate.h"

#include <gsl/gsl_multifit.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>

#include "rheobase/base/memory.h"
#include "rheobase/model/draw.h"

enum { MAX_FEATURES = 512 };

static int64_t segments_of(const rb_model *model) {
  return model->length < RB_ROUGH_SEGMENTS ? model->length : RB_ROUGH_SEGMENTS;
}

static int features_of(const rb_model *model) {
  return 1 + model->channels * (int)(segments_of(model) + 1);
}

/* 1, then per channel the segments' means and the standard deviation. */
static void features(const rb_model *model, const float *x, double *feature) {
  const int64_t L = model->length, segments = segments_of(model);
  int at = 0;
  feature[at++] = 1;
  for (int c = 0; c < model->channels; ++c) {
    const float *trace = x + c * L;
    double sum = 0, squares = 0;
    for (int64_t s = 0; s < segments; ++s) {
      const int64_t first = s * L / segments, end = (s + 1) * L / segments;
      double part = 0;
      for (int64_t t = first; t < end; ++t) part += (double)trace[t];
      feature[at++] = part / (double)(end - first);
      sum += part;
    }
    const double mean = sum / (double)L;
    for (int64_t t = 0; t < L; ++t)
      squares += ((double)trace[t] - mean) * ((double)trace[t] - mean);
    feature[at++] = sqrt(squares / (double)L);
  }
}

/* Least squares for parameter d. @param theta (RB_ROUGH_DATASETS, D) */
static rb_status fit_parameter(rb_context *ctx, const rb_model *model, int d, const double *theta,
                               gsl_matrix *X, gsl_multifit_linear_workspace *work,
                               rb_rough_estimate *estimate) {
  rb_status status = RB_OK;
  const size_t n = RB_ROUGH_DATASETS, p = (size_t)estimate->features;
  const size_t stride = (size_t)model->dim;
  const gsl_vector_const_view y = gsl_vector_const_view_array_with_stride(theta + d, stride, n);
  gsl_vector_view c = gsl_vector_view_array(estimate->coefficient + (size_t)d * p, p);
  gsl_matrix *covariance = gsl_matrix_alloc(p, p);
  double chi_square = 0;
  if (covariance == NULL) RB_TRY(RB_FAIL(ctx, RB_ERR_MEMORY, "out of memory"));
  if (gsl_multifit_linear(X, &y.vector, &c.vector, covariance, &chi_square, work) != 0) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_NUMERIC, "the rough estimate of %s could not be fitted",
                   model->parameters[d].name));
  }
  estimate->prior_mean[d] = gsl_stats_mean(theta + d, stride, n);
  estimate->prior_sd[d] = gsl_stats_sd(theta + d, stride, n);
  estimate->residual_sd[d] = sqrt(chi_square / RB_ROUGH_DATASETS);
cleanup:
  gsl_matrix_free(covariance);
  return status;
}

rb_status rb_rough_estimate_fit(rb_context *ctx, const rb_model *model, uint64_t seed,
                                rb_rough_estimate *estimate) {
  enum { CHUNK = 16 };
  rb_status status = RB_OK;
  const int64_t size = model->channels * model->length;
  double *theta = NULL;
  float *x = NULL;
  gsl_matrix *X = NULL;
  gsl_multifit_linear_workspace *work = NULL;
  *estimate = (rb_rough_estimate){.features = features_of(model)};
  if (estimate->features > MAX_FEATURES / 2) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_UNSUPPORTED, "a model with %d channels is too wide to calibrate",
                   model->channels));
  }
  RB_TRY(RB_ALLOCATE(ctx, estimate->coefficient, model->dim * (int64_t)estimate->features));
  RB_TRY(RB_ALLOCATE(ctx, theta, RB_ROUGH_DATASETS * (int64_t)model->dim));
  RB_TRY(RB_ALLOCATE(ctx, x, CHUNK * size));
  X = gsl_matrix_alloc(RB_ROUGH_DATASETS, (size_t)estimate->features);
  work = gsl_multifit_linear_alloc(RB_ROUGH_DATASETS, (size_t)estimate->features);
  if (X == NULL || work == NULL) RB_TRY(RB_FAIL(ctx, RB_ERR_MEMORY, "out of memory"));
  for (int64_t first = 0; first < RB_ROUGH_DATASETS; first += CHUNK) {
    RB_TRY(rb_model_draw(model, ctx, seed, RB_FOR_REFERENCES, first, CHUNK,
                         theta + first * model->dim, NULL, x));
    for (int64_t i = 0; i < CHUNK; ++i) {
      features(model, x + i * size, gsl_matrix_ptr(X, (size_t)(first + i), 0));
    }
  }
  for (int d = 0; d < model->dim; ++d) {
    RB_TRY(fit_parameter(ctx, model, d, theta, X, work, estimate));
  }
cleanup:
  free(theta);
  free(x);
  gsl_matrix_free(X);
  gsl_multifit_linear_free(work);
  if (status != RB_OK) rb_rough_estimate_free(estimate);
  return status;
}

void rb_rough_estimate_free(rb_rough_estimate *estimate) {
  free(estimate->coefficient);
  *estimate = (rb_rough_estimate){0};
}

void rb_rough_estimate_apply(const rb_rough_estimate *estimate, const rb_model *model,
                             const float *x, double *theta) {
  double feature[MAX_FEATURES];
  features(model, x, feature);
  for (int d = 0; d < model->dim; ++d) {
    theta[d] = 0;
    for (int f = 0; f < estimate->features; ++f) {
      theta[d] += estimate->coefficient[d * estimate->features + f] * feature[f];
    }
  }
}
