#include "rheobase/diagnostics.h"

#include <gsl/gsl_statistics_double.h>
#include <math.h>

#include "rheobase/quantile.h"

const char *rb_normaliser_name(rb_normaliser normaliser) {
  static const char *const names[RB_NORMALISE_COUNT] = {"none", "mean", "median", "range",
                                                        "std",  "iqr",  "prior"};
  return names[normaliser];
}

double rb_normaliser_of_truths(rb_normaliser normaliser, int64_t N, const double *sorted) {
  switch (normaliser) {
    case RB_NORMALISE_NONE:
      return 1;
    case RB_NORMALISE_MEAN:
      return gsl_stats_mean(sorted, 1, (size_t)N);
    case RB_NORMALISE_MEDIAN:
      return rb_quantile_of_sorted(N, sorted, 0.5);
    case RB_NORMALISE_RANGE:
      return sorted[N - 1] - sorted[0];
    case RB_NORMALISE_STD:
      return gsl_stats_sd_with_fixed_mean(sorted, 1, (size_t)N,
                                          gsl_stats_mean(sorted, 1, (size_t)N));
    case RB_NORMALISE_IQR:
      return rb_quantile_of_sorted(N, sorted, 0.75) - rb_quantile_of_sorted(N, sorted, 0.25);
    default:
      return NAN;
  }
}

void rb_prior_rmse(rb_stream stream, int64_t N, const double *truth, int64_t S, int64_t first,
                   int64_t count, double *rmse) {
  for (int64_t i = 0; i < count; ++i) {
    stream.item = (uint64_t)(first + i);
    double sum = 0;
    for (int64_t s = 0; s < S; ++s) {
      const double error = truth[rb_stream_integer(stream, (uint32_t)s, N)] - truth[first + i];
      sum += error * error;
    }
    rmse[i] = sqrt(sum / (double)S);
  }
}

double rb_nrmse(int64_t N, const double *rmse, double normaliser, double *work) {
  for (int64_t i = 0; i < N; ++i) work[i] = rmse[i] / normaliser;
  return rb_median(N, work);
}

double rb_contraction(double posterior_sd, double prior_variance) {
  return fmin(fmax(1 - posterior_sd * posterior_sd / prior_variance, 0), 1);
}

double rb_variance(int64_t n, const double *x) { return gsl_stats_variance(x, 1, (size_t)n); }

double rb_calibration_error(int64_t N, const int64_t inside[RB_LEVELS]) {
  double alpha[RB_LEVELS], error[RB_LEVELS];
  rb_coverage_levels(alpha);
  for (int a = 0; a < RB_LEVELS; ++a) {
    error[a] = fabs((double)inside[a] / (double)N - alpha[a]);
  }
  return rb_median(RB_LEVELS, error);
}

double rb_calibration_error_of_counts(int64_t N, int64_t K, const double *z,
                                      const int64_t *inside) {
  (void)K;
  (void)z;
  return rb_calibration_error(N, inside);
}
