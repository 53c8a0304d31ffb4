#include "rheobase/analysis/merit.h"

#include <math.h>
#include <stdlib.h>

#include "rheobase/analysis/bands.h"
#include "rheobase/analysis/diagnostics.h"
#include "rheobase/base/memory.h"
#include "rheobase/base/quantile.h"

enum { MOST_POINTS = 100 };

/* Ranks below which truths are counted, evenly over 1 .. S + 1, and the shares expected there.
 * @return their number */
static int64_t points(int64_t S, int64_t threshold[MOST_POINTS], double z[MOST_POINTS]) {
  const int64_t K = S + 1 < MOST_POINTS ? S + 1 : MOST_POINTS;
  for (int64_t k = 0; k < K; ++k) {
    threshold[k] = (k + 1) * (S + 1) / K;
    z[k] = (double)threshold[k] / (double)(S + 1);
  }
  return K;
}

rb_status rb_merit_gamma_null(rb_context *ctx, int64_t N, int64_t S, double *gamma_null) {
  rb_status status = RB_OK;
  int64_t threshold[MOST_POINTS];
  double z[MOST_POINTS], *value = NULL;
  const int64_t K = points(S, threshold, z);
  RB_TRY(RB_ALLOCATE(ctx, value, RB_NULL_SAMPLES));
  RB_TRY(rb_null_sample(ctx, rb_stream_make(1, RB_FOR_EXACT, RB_RANDOM_NULLS, 1, 0), rb_gamma, N, K,
                        z, 0, RB_NULL_SAMPLES, value));
  rb_sort(RB_NULL_SAMPLES, value);
  *gamma_null = rb_quantile_of_sorted(RB_NULL_SAMPLES, value, 0.05);
cleanup:
  free(value);
  return status;
}

double rb_merit_log_gamma(int64_t N, int64_t S, const double *below, double gamma_null) {
  int64_t threshold[MOST_POINTS], count[MOST_POINTS] = {0};
  double z[MOST_POINTS];
  const int64_t K = points(S, threshold, z);
  for (int64_t i = 0; i < N; ++i) {
    if (isnan(below[i])) return NAN;
    const int64_t rank = llround(below[i] * (double)S);
    for (int64_t k = 0; k < K; ++k) count[k] += rank < threshold[k];
  }
  return log(fmax(rb_gamma(N, K, z, count), 1e-300)) - log(gamma_null);
}

/* The median rmse that draws from the truths' own distribution would have. */
static double prior_rmse(int64_t N, const double *truth, double *work) {
  double mean = 0.0, variance = 0.0;
  for (int64_t i = 0; i < N; ++i) mean += truth[i] / (double)N;
  for (int64_t i = 0; i < N; ++i) variance += pow(truth[i] - mean, 2.0) / (double)N;
  for (int64_t i = 0; i < N; ++i) work[i] = sqrt(variance + pow(truth[i] - mean, 2.0));
  return rb_median(N, work);
}

static double calibration_error(int64_t N, const double *below) {
  double alpha[RB_LEVELS];
  int64_t inside[RB_LEVELS] = {0};
  rb_coverage_levels(alpha);
  for (int64_t i = 0; i < N; ++i) {
    for (int a = 0; a < RB_LEVELS; ++a) inside[a] += fabs(2.0 * below[i] - 1.0) <= alpha[a];
  }
  return rb_calibration_error(N, inside);
}

rb_status rb_merit_of(rb_context *ctx, int64_t N, int64_t S, const double *truth,
                      const double *mean, const double *sd, const double *below, double gamma_null,
                      rb_merit *merit) {
  rb_status status = RB_OK;
  double *work = NULL;
  *merit = (rb_merit){NAN, NAN, NAN, NAN, NAN, NAN};
  for (int64_t i = 0; i < N; ++i) {
    if (isnan(mean[i])) return RB_OK;
  }
  RB_TRY(RB_ALLOCATE(ctx, work, N));
  merit->r = rb_correlation(N, mean, truth);
  const double prior = prior_rmse(N, truth, work), variance = rb_variance(N, truth);
  for (int64_t i = 0; i < N; ++i) work[i] = hypot(sd[i], mean[i] - truth[i]);
  merit->nrmse = rb_median(N, work) / prior;
  for (int64_t i = 0; i < N; ++i) work[i] = rb_contraction(sd[i], variance);
  merit->contraction = rb_median(N, work);
  for (int64_t i = 0; i < N; ++i) work[i] = (mean[i] - truth[i]) / sd[i];
  merit->z_score = rb_median(N, work);
  merit->calibration_error = calibration_error(N, below);
  merit->log_gamma = rb_merit_log_gamma(N, S, below, gamma_null);
cleanup:
  free(work);
  return status;
}
