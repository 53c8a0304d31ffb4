#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/base/memory.h"
#include "rheobase/inference/exact.h"

/* Split chains: values (chains, length). */
typedef struct split {
  int64_t chains, length;
  double *value;
} split;

static double mean_of(int64_t n, const double *x) {
  double sum = 0.0;
  for (int64_t i = 0; i < n; ++i) sum += x[i];
  return sum / (double)n;
}

static double variance_of(int64_t n, const double *x, double mean) {
  double sum = 0.0;
  for (int64_t i = 0; i < n; ++i) sum += (x[i] - mean) * (x[i] - mean);
  return sum / (double)(n - 1);
}

/* Within-chain variance W and the pooled estimate of the variance. */
static void variances(const split *s, double *within, double *pooled) {
  double grand = 0.0, between = 0.0, n = (double)s->length, m = (double)s->chains;
  *within = 0.0;
  for (int64_t c = 0; c < s->chains; ++c) grand += mean_of(s->length, &s->value[c * s->length]);
  grand /= m;
  for (int64_t c = 0; c < s->chains; ++c) {
    const double *x = &s->value[c * s->length], mean = mean_of(s->length, x);
    between += (mean - grand) * (mean - grand) / (m - 1.0);
    *within += variance_of(s->length, x, mean) / m;
  }
  *pooled = *within * (n - 1.0) / n + between;
}

static double split_rhat(const split *s) {
  double within, pooled;
  variances(s, &within, &pooled);
  return within > 0.0 ? sqrt(pooled / within) : INFINITY;
}

/* Mean over chains of the autocovariance at `lag` (denominator n). */
static double autocovariance(const split *s, const double *mean, int64_t lag) {
  double sum = 0.0;
  for (int64_t c = 0; c < s->chains; ++c) {
    const double *x = &s->value[c * s->length];
    for (int64_t i = 0; i + lag < s->length; ++i) sum += (x[i] - mean[c]) * (x[i + lag] - mean[c]);
  }
  return sum / (double)(s->length * s->chains);
}

/* Effective sample size with Geyer's initial monotone sequence of pairs of autocorrelations. */
static rb_status effective_size(rb_context *ctx, const split *s, double *ess) {
  rb_status status = RB_OK;
  double *mean = NULL, within, pooled;
  RB_TRY(RB_ALLOCATE(ctx, mean, s->chains));
  for (int64_t c = 0; c < s->chains; ++c) mean[c] = mean_of(s->length, &s->value[c * s->length]);
  variances(s, &within, &pooled);
  *ess = 0.0;
  if (!(pooled > 0.0)) goto cleanup;
  double sum = 0.0, previous = INFINITY;
  const double n = (double)s->length, total = n * (double)s->chains;
  for (int64_t lag = 0; lag + 1 < s->length; lag += 2) {
    double pair = 0.0;
    for (int64_t l = lag; l < lag + 2; ++l) {
      const double unbiased = autocovariance(s, mean, l) * n / (n - 1.0);
      pair += l == 0 ? 1.0 : 1.0 - (within - unbiased) / pooled;
    }
    if (pair <= 0.0) break;
    previous = fmin(previous, pair);
    sum += previous;
  }
  const double time = fmax(2.0 * sum - 1.0, 1.0 / log10(total));
  *ess = total / time;
cleanup:
  free(mean);
  return status;
}

/* Replaces values by normal scores of their ranks (ties get their mean rank). */
static rb_status normal_scores(rb_context *ctx, const split *s, split *scores) {
  rb_status status = RB_OK;
  const int64_t n = s->chains * s->length;
  size_t *order = NULL;
  RB_TRY(RB_ALLOCATE(ctx, order, n));
  gsl_sort_index(order, s->value, 1, (size_t)n);
  for (int64_t i = 0; i < n;) {
    int64_t end = i + 1;
    while (end < n && s->value[order[end]] == s->value[order[i]]) ++end;
    const double rank = 0.5 * (double)(i + 1 + end);
    const double score = gsl_cdf_ugaussian_Pinv((rank - 0.375) / ((double)n + 0.25));
    for (; i < end; ++i) scores->value[order[i]] = score;
  }
cleanup:
  free(order);
  return status;
}

static rb_status quantile_of(rb_context *ctx, const split *s, double p, double *quantile) {
  rb_status status = RB_OK;
  const int64_t n = s->chains * s->length;
  double *sorted = NULL;
  RB_TRY(RB_ALLOCATE(ctx, sorted, n));
  memcpy(sorted, s->value, (size_t)n * sizeof *sorted);
  gsl_sort(sorted, 1, (size_t)n);
  *quantile = sorted[(int64_t)(p * (double)(n - 1))];
cleanup:
  free(sorted);
  return status;
}

static rb_status add_coordinate(rb_context *ctx, const split *s, split *work,
                                rb_convergence *result) {
  rb_status status = RB_OK;
  const int64_t n = s->chains * s->length;
  double ess, quantile;
  RB_TRY(normal_scores(ctx, s, work));
  result->rhat = fmax(result->rhat, split_rhat(work));
  RB_TRY(effective_size(ctx, work, &ess));
  result->bulk_ess = fmin(result->bulk_ess, ess);
  for (int tail = 0; tail < 2; ++tail) {
    RB_TRY(quantile_of(ctx, s, tail == 0 ? 0.05 : 0.95, &quantile));
    for (int64_t i = 0; i < n; ++i) work->value[i] = s->value[i] <= quantile ? 1.0 : 0.0;
    RB_TRY(effective_size(ctx, work, &ess));
    result->tail_ess = fmin(result->tail_ess, ess);
  }
  // Folded: chains of equal location but unequal spread.
  RB_TRY(quantile_of(ctx, s, 0.5, &quantile));
  for (int64_t i = 0; i < n; ++i) s->value[i] = fabs(s->value[i] - quantile);
  RB_TRY(normal_scores(ctx, s, work));
  result->rhat = fmax(result->rhat, split_rhat(work));
cleanup:
  return status;
}

rb_status rb_convergence_of(rb_context *ctx, int64_t steps, int chains, int dim,
                            const double *value, rb_convergence *result) {
  rb_status status = RB_OK;
  const int64_t half = steps / 2;
  split s = {.chains = 2 * (int64_t)chains, .length = half}, work = s;
  *result = (rb_convergence){.rhat = 0.0, .bulk_ess = INFINITY, .tail_ess = INFINITY};
  if (half < 4) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "chains of 8 steps or more are needed to judge them");
  }
  RB_TRY(RB_ALLOCATE(ctx, s.value, s.chains * half));
  RB_TRY(RB_ALLOCATE(ctx, work.value, s.chains * half));
  for (int d = 0; d < dim; ++d) {
    for (int64_t c = 0; c < s.chains; ++c) {
      const int64_t first = c % 2 == 0 ? 0 : steps - half;
      for (int64_t i = 0; i < half; ++i) {
        s.value[c * half + i] = value[((first + i) * chains + c / 2) * dim + d];
      }
    }
    RB_TRY(add_coordinate(ctx, &s, &work, result));
  }
  result->converged = result->rhat < 1.01 && result->bulk_ess >= 400.0 && result->tail_ess >= 400.0;
cleanup:
  free(s.value);
  free(work.value);
  return status;
}
