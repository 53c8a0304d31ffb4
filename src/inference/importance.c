#include <gsl/gsl_sort.h>
#include <gsl/gsl_sort_vector.h>
#include <math.h>
#include <stdlib.h>

#include "rheobase/base/memory.h"
#include "rheobase/inference/exact.h"

/* Pareto-smoothed importance sampling: the largest weights are replaced by the expected order
 * statistics of a generalised Pareto distribution fitted to them. */

static double log_sum_exp(int64_t n, const double *x, double *largest) {
  double sum = 0.0;
  *largest = -INFINITY;
  for (int64_t i = 0; i < n; ++i) *largest = fmax(*largest, x[i]);
  if (*largest == -INFINITY) return -INFINITY;
  for (int64_t i = 0; i < n; ++i) sum += exp(x[i] - *largest);
  return *largest + log(sum);
}

/* Shape k and scale sigma of a generalised Pareto distribution for exceedances x > 0 in ascending
 * order, by the quasi-Bayesian estimate of Zhang and Stephens (2009); k is then drawn towards 1/2
 * with the weight of ten observations (Vehtari et al., appendix G). */
static rb_status fit_pareto(rb_context *ctx, int64_t n, const double *x, double *k, double *sigma) {
  rb_status status = RB_OK;
  const int64_t m = 30 + (int64_t)floor(sqrt((double)n));
  const double quartile = x[(int64_t)floor((double)n / 4.0 + 0.5) - 1];
  double *b = NULL, *profile = NULL, *log_likelihood = NULL, largest;
  RB_TRY(RB_ALLOCATE(ctx, b, m));
  RB_TRY(RB_ALLOCATE(ctx, profile, m));
  RB_TRY(RB_ALLOCATE(ctx, log_likelihood, m));
  for (int64_t j = 0; j < m; ++j) {
    b[j] = 1.0 / x[n - 1] + (1.0 - sqrt((double)m / ((double)j + 0.5))) / (3.0 * quartile);
    double mean = 0.0;
    for (int64_t i = 0; i < n; ++i) mean += log1p(-b[j] * x[i]);
    profile[j] = mean / (double)n;
    log_likelihood[j] = (double)n * (log(-b[j] / profile[j]) - profile[j] - 1.0);
  }
  const double total = log_sum_exp(m, log_likelihood, &largest);
  double estimate = 0.0, shape = 0.0;
  for (int64_t j = 0; j < m; ++j) estimate += b[j] * exp(log_likelihood[j] - total);
  for (int64_t i = 0; i < n; ++i) shape += log1p(-estimate * x[i]);
  shape /= (double)n;
  *sigma = -shape / estimate;
  *k = (shape * (double)n + 5.0) / ((double)n + 10.0);
cleanup:
  free(b);
  free(profile);
  free(log_likelihood);
  return status;
}

/* Replaces the tail of `weight` (largest weight 1) in place; order[] sorts it ascending. */
static rb_status smooth_tail(rb_context *ctx, int64_t n, double *weight, const size_t *order,
                             double *khat) {
  rb_status status = RB_OK;
  const int64_t tail = (int64_t)ceil(fmin(0.2 * (double)n, 3.0 * sqrt((double)n)));
  double *excess = NULL, sigma;
  *khat = INFINITY;  // too few weights to tell
  if (tail < 5 || tail >= n) goto cleanup;
  const double cutoff = weight[order[n - tail - 1]];
  RB_TRY(RB_ALLOCATE(ctx, excess, tail));
  for (int64_t i = 0; i < tail; ++i) excess[i] = weight[order[n - tail + i]] - cutoff;
  if (!(excess[tail - 1] > 0.0)) {  // all equal: no tail at all
    *khat = -INFINITY;
    goto cleanup;
  }
  // Ties with the cutoff carry no information on the tail; keep the fit's logarithms finite.
  for (int64_t i = 0; i < tail; ++i) excess[i] = fmax(excess[i], 1e-300);
  RB_TRY(fit_pareto(ctx, tail, excess, khat, &sigma));
  if (!isfinite(*khat)) {
    *khat = INFINITY;
    goto cleanup;
  }
  for (int64_t i = 0; i < tail; ++i) {
    const double p = ((double)i + 0.5) / (double)tail;
    const double quantile =
        fabs(*khat) < 1e-12 ? -sigma * log1p(-p) : sigma * expm1(-*khat * log1p(-p)) / *khat;
    weight[order[n - tail + i]] = fmin(cutoff + quantile, 1.0);
  }
cleanup:
  free(excess);
  return status;
}

rb_status rb_importance_weights(rb_context *ctx, int64_t count, const double *log_ratio,
                                double *weight, rb_importance *result) {
  rb_status status = RB_OK;
  size_t *order = NULL;
  double largest;
  const double total = log_sum_exp(count, log_ratio, &largest);
  *result = (rb_importance){
      .khat = INFINITY, .log_evidence = -INFINITY, .kl = INFINITY, .log_evidence_se = INFINITY};
  for (int64_t i = 0; i < count; ++i) weight[i] = 0.0;
  if (total == -INFINITY) goto cleanup;
  RB_TRY(RB_ALLOCATE(ctx, order, count));
  double squares = 0.0;  // of the raw weights, for the evidence
  for (int64_t i = 0; i < count; ++i) {
    weight[i] = exp(log_ratio[i] - largest);
    squares += exp(2.0 * (log_ratio[i] - total));
  }
  result->log_evidence = total - log((double)count);
  result->log_evidence_se = sqrt(fmax(squares - 1.0 / (double)count, 0.0));
  gsl_sort_index(order, weight, 1, (size_t)count);
  RB_TRY(smooth_tail(ctx, count, weight, order, &result->khat));
  double sum = 0.0;
  squares = 0.0;
  for (int64_t i = 0; i < count; ++i) sum += weight[i];
  result->kl = -result->log_evidence;
  for (int64_t i = 0; i < count; ++i) {
    weight[i] /= sum;
    squares += weight[i] * weight[i];
    if (weight[i] > 0.0) result->kl += weight[i] * log_ratio[i];
  }
  result->efficiency = 1.0 / (squares * (double)count);
cleanup:
  free(order);
  return status;
}
