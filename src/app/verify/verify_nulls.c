#include <math.h>
#include <string.h>

#include "rheobase/analysis/bands.h"
#include "rheobase/analysis/binomial.h"
#include "rheobase/analysis/diagnostics.h"
#include "rheobase/base/memory.h"
#include "rheobase/base/quantile.h"
#include "verify_ensemble.h"

/* The reference's null quantiles of gamma come from 1000 simulated samples; ours from more. */
static const double LEVEL = 0.05;
enum { SEED = 1, SAMPLES = 4 * RB_NULL_SAMPLES, BOOTSTRAPS = 10, REFERENCE_BOOTSTRAPS = 50 };
enum { SUB_RANKS, SUB_BANDS, SUB_BOOTSTRAP };  // first bootstrap; the others follow

/* NRMSE against the prior: our mean over bootstraps against the file's, in standard deviations. */
static rb_status check_prior(rb_verify_group *g) {
  rb_status status = RB_OK;
  double *mean = NULL, *sd = NULL, *prior = NULL, *work = NULL, worst = 0;
  RB_TRY(rb_verify_read(g, "rmse/prior_mean_of_50", 1, &g->D, &mean));
  RB_TRY(rb_verify_read(g, "rmse/prior_sd_of_50", 1, &g->D, &sd));
  if (mean == NULL || sd == NULL) goto cleanup;
  RB_TRY(RB_ALLOCATE(g->ctx, prior, g->N));
  RB_TRY(RB_ALLOCATE(g->ctx, work, g->N));
  for (int64_t d = 0; d < g->D; ++d) {
    double sum = 0;
    for (int b = 0; b < BOOTSTRAPS; ++b) {
      const rb_stream stream =
          rb_stream_make(SEED, RB_FOR_TESTS, RB_RANDOM_NULLS, (uint16_t)(SUB_BOOTSTRAP + b), 0);
      const double *target = g->target + d * g->N;
      rb_prior_rmse(stream, g->N, 1, target, g->S, 0, g->N, target, prior);
      sum += rb_nrmse(g->N, g->rmse + d * g->N, rb_median(g->N, prior), work);
    }
    const double spread = sd[d] * sqrt(1.0 / BOOTSTRAPS + 1.0 / REFERENCE_BOOTSTRAPS);
    const double error = fabs(sum / BOOTSTRAPS - mean[d]) / spread;
    if (!(error <= worst)) worst = error;
  }
  RB_TRY(rb_verify_row_add(g, "rmse/prior (deviations)", worst, RB_VERIFY_DEVIATIONS));
cleanup:
  free(mean);
  free(sd);
  free(prior);
  free(work);
  return status;
}

/* How many standard deviations the file's null quantile lies from the level it stands for: where it
 * falls among our null samples is binomial. */
static double deviations(const double *null_sample, double reference_quantile) {
  int64_t below = 0;
  for (int64_t i = 0; i < SAMPLES; ++i) below += null_sample[i] < reference_quantile;
  // the arcsine of the root of a share has a variance of 1 / (4 samples), whatever the share
  const double distance = asin(sqrt((double)below / SAMPLES)) - asin(sqrt(LEVEL));
  return 2 * fabs(distance) / sqrt(1.0 / SAMPLES + 1.0 / RB_NULL_SAMPLES);
}

static rb_status check_log_gamma(rb_verify_group *g) {
  enum { NOISE_FREE = 1000000000 };  // the reference computes 1 - cdf: noise of 1e-16
  rb_status status = RB_OK;
  double *z = NULL, *null_sample = NULL, *gamma = NULL, *reference = NULL, *log_gamma = NULL;
  double relative = 0, worst = 0;
  RB_TRY(RB_ALLOCATE(g->ctx, z, g->S + 1));
  RB_TRY(RB_ALLOCATE(g->ctx, gamma, g->D));
  RB_TRY(RB_ALLOCATE(g->ctx, null_sample, SAMPLES));
  rb_rank_points(g->S, z);
  for (int64_t d = 0; d < g->D; ++d) {
    gamma[d] = rb_gamma(g->N, g->S + 1, z, g->below + d * (g->S + 1));
  }
  RB_TRY(rb_verify_compare(g, "gamma", 1, &g->D, gamma));
  RB_TRY(rb_verify_read(g, "gamma", 1, &g->D, &reference));
  RB_TRY(rb_verify_read(g, "log_gamma", 1, &g->D, &log_gamma));
  if (reference == NULL || log_gamma == NULL) goto cleanup;
  const rb_stream stream = rb_stream_make(SEED, RB_FOR_TESTS, RB_RANDOM_NULLS, SUB_RANKS, 0);
  RB_TRY(rb_null_sample(g->ctx, stream, rb_gamma, g->N, g->S + 1, z, 0, SAMPLES, null_sample));
  for (int64_t d = 0; d < g->D; ++d) {
    if (reference[d] < 1.0 / NOISE_FREE) {
      // far out: ours must be as small as the reference's rounding allows to say
      if (!(gamma[d] < 2.0 / NOISE_FREE)) relative = INFINITY;
      continue;
    }
    relative = fmax(relative, fabs(gamma[d] / reference[d] - 1));
    const double error = deviations(null_sample, reference[d] / exp(log_gamma[d]));
    if (!(error <= worst)) worst = error;
  }
  RB_TRY(rb_verify_row_add(g, "gamma (relative)", relative, RB_VERIFY_TOLERANCE));
  RB_TRY(rb_verify_row_add(g, "log_gamma (deviations)", worst, RB_VERIFY_DEVIATIONS));
cleanup:
  free(z);
  free(null_sample);
  free(gamma);
  free(reference);
  free(log_gamma);
  return status;
}

/* The range of gamma that gives exactly the file's band: from the definition of the quantile, one
 * interval per point, all of which must have something in common. */
static void gamma_range(int64_t N, int64_t K, const double *z, const double *lower,
                        const double *upper, double *least, double *most) {
  *least = 0;
  *most = 1;
  for (int64_t k = 0; k < K; ++k) {
    const int64_t low = llround(lower[k] * (double)N), high = llround(upper[k] * (double)N);
    *least = fmax(*least, 2 * rb_binomial_lower(low - 1, N, z[k]));
    *most = fmin(*most, 2 * rb_binomial_lower(low, N, z[k]));
    *least = fmax(*least, 2 * rb_binomial_upper(high + 1, N, z[k]));
    *most = fmin(*most, 2 * rb_binomial_upper(high, N, z[k]));
  }
}

/* The points at which BayesFlow draws its band: evenly from 1e-5 to 1 - 1e-5. @param z (K) */
static void bayesflow_points(int64_t K, double *z) {
  const double first = 1e-5, last = 1 - 1e-5;
  for (int64_t k = 0; k < K - 1; ++k) {
    z[k] = (double)k * ((last - first) / (double)(K - 1)) + first;
  }
  if (K > 0) z[K - 1] = last;
}

static rb_status check_bands(rb_verify_group *g) {
  enum { MOST_POINTS = 1000 };
  rb_status status = RB_OK;
  const int64_t N = g->N, K = N < MOST_POINTS ? N : MOST_POINTS;
  double *z = NULL, *lower = NULL, *upper = NULL, *null_sample = NULL, *ours = NULL;
  RB_TRY(RB_ALLOCATE(g->ctx, z, K));
  bayesflow_points(K, z);
  RB_TRY(rb_verify_compare(g, "ecdf/z", 1, &K, z));
  RB_TRY(rb_verify_read(g, "ecdf/lower", 1, &K, &lower));
  RB_TRY(rb_verify_read(g, "ecdf/upper", 1, &K, &upper));
  if (lower == NULL || upper == NULL) goto cleanup;
  double least = 0, most = 0;
  gamma_range(N, K, z, lower, upper, &least, &most);
  RB_TRY(rb_verify_row_add(g, "ecdf/gamma (common)", fmax(0, least - most), RB_VERIFY_TOLERANCE));
  const double gamma = (least + most) / 2;
  RB_TRY(RB_ALLOCATE(g->ctx, ours, 2 * K));
  rb_band_at(gamma, N, K, z, ours, ours + K);
  RB_TRY(rb_verify_compare(g, "ecdf/lower", 1, &K, ours));
  RB_TRY(rb_verify_compare(g, "ecdf/upper", 1, &K, ours + K));
  RB_TRY(RB_ALLOCATE(g->ctx, null_sample, SAMPLES));
  const rb_stream stream = rb_stream_make(SEED, RB_FOR_TESTS, RB_RANDOM_NULLS, SUB_BANDS, 0);
  RB_TRY(rb_null_sample(g->ctx, stream, rb_gamma, N, K, z, 0, SAMPLES, null_sample));
  RB_TRY(rb_verify_row_add(g, "ecdf/gamma (deviations)", deviations(null_sample, gamma),
                           RB_VERIFY_DEVIATIONS));
cleanup:
  free(z);
  free(lower);
  free(upper);
  free(null_sample);
  free(ours);
  return status;
}

rb_status rb_verify_nulls(rb_verify_group *group) {
  rb_status status = RB_OK;
  RB_TRY(check_prior(group));
  RB_TRY(check_log_gamma(group));
  RB_TRY(check_bands(group));
cleanup:
  return status;
}
