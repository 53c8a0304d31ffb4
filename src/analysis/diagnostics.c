#include "rheobase/analysis/diagnostics.h"

#include <gsl/gsl_statistics_double.h>
#include <math.h>

#include "rheobase/base/quantile.h"

const char *rb_normaliser_name(rb_normaliser normaliser) {
  static const char *const names[RB_NORMALISE_COUNT] = {"none", "mean", "median", "range",
                                                        "std",  "iqr",  "prior"};
  return names[normaliser];
}

rb_truths rb_truths_of_sorted(int64_t N, const double *sorted) {
  const double mean = gsl_stats_mean(sorted, 1, (size_t)N);
  return (rb_truths){.mean = mean,
                     .std = gsl_stats_sd_with_fixed_mean(sorted, 1, (size_t)N, mean),
                     .least = sorted[0],
                     .quarter = rb_quantile_of_sorted(N, sorted, 0.25),
                     .median = rb_quantile_of_sorted(N, sorted, 0.5),
                     .three_quarters = rb_quantile_of_sorted(N, sorted, 0.75),
                     .greatest = sorted[N - 1]};
}

double rb_normaliser_of_truths(rb_normaliser normaliser, const rb_truths *truths) {
  switch (normaliser) {
    case RB_NORMALISE_NONE:
      return 1;
    case RB_NORMALISE_MEAN:
      return truths->mean;
    case RB_NORMALISE_MEDIAN:
      return truths->median;
    case RB_NORMALISE_RANGE:
      return truths->greatest - truths->least;
    case RB_NORMALISE_STD:
      return truths->std;
    case RB_NORMALISE_IQR:
      return truths->three_quarters - truths->quarter;
    default:
      return NAN;
  }
}

void rb_prior_rmse(rb_stream stream, int64_t M, int dim, const double *pool, int64_t S,
                   int64_t first, int64_t count, const double *truth, double *rmse) {
  for (int64_t i = 0; i < count; ++i) {
    stream.item = (uint64_t)(first + i);
    double *sum = rmse + i * dim;
    for (int d = 0; d < dim; ++d) sum[d] = 0;
    for (int64_t s = 0; s < S; ++s) {
      const double *pick = pool + rb_stream_integer(stream, (uint32_t)s, M) * dim;
      for (int d = 0; d < dim; ++d) {
        const double error = pick[d] - truth[i * dim + d];
        sum[d] += error * error;
      }
    }
    for (int d = 0; d < dim; ++d) sum[d] = sqrt(sum[d] / (double)S);
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
