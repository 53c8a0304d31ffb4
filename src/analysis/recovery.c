#include "rheobase/analysis/recovery.h"

#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <string.h>

#include "rheobase/base/quantile.h"

void rb_coverage_levels(double alpha[RB_LEVELS]) {
  const double first = 0.005, last = 0.995;
  for (int a = 0; a < RB_LEVELS; ++a) alpha[a] = a * ((last - first) / (RB_LEVELS - 1)) + first;
  alpha[RB_LEVELS - 1] = last;
}

double rb_central_coverage(int64_t S, double alpha) {
  return alpha * (double)(S - 1) / (double)(S + 1);
}

int64_t rb_hpd_size(int64_t S, double alpha) {
  const int64_t size = llround(alpha * (double)(S + 1));
  return size < 1 ? 1 : size > S ? S : size;
}

static uint32_t central_intervals(int64_t S, const double *sorted, double truth,
                                  const double *alpha) {
  uint32_t inside = 0;
  for (int a = 0; a < RB_LEVELS; ++a) {
    const double lower = (1 - alpha[a]) / 2, upper = 1 - lower;
    if (rb_quantile_of_sorted(S, sorted, lower) <= truth &&
        rb_quantile_of_sorted(S, sorted, upper) >= truth) {
      inside |= UINT32_C(1) << a;
    }
  }
  return inside;
}

/* First of the shortest windows of `size` values. */
static int64_t shortest_window(int64_t n, const double *sorted, int64_t size) {
  int64_t best = 0;
  double shortest = INFINITY;
  for (int64_t i = 0; i + size <= n; ++i) {
    const double width = sorted[i + size - 1] - sorted[i];
    if (width < shortest) {
      shortest = width;
      best = i;
    }
  }
  return best;
}

static uint32_t hpd_intervals(int64_t S, const double *sorted, double truth, int64_t rank,
                              const double *alpha, double *pooled) {
  memcpy(pooled, sorted, (size_t)rank * sizeof *pooled);
  pooled[rank] = truth;
  memcpy(pooled + rank + 1, sorted + rank, (size_t)(S - rank) * sizeof *pooled);
  uint32_t inside = 0;
  for (int a = 0; a < RB_LEVELS; ++a) {
    const int64_t size = rb_hpd_size(S, alpha[a]);
    const int64_t first = shortest_window(S + 1, pooled, size);
    if (first <= rank && rank < first + size) inside |= UINT32_C(1) << a;
  }
  return inside;
}

static int64_t values_below(int64_t n, const double *sorted, double x) {
  int64_t low = 0, high = n;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (sorted[middle] < x) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

void rb_reduce_draws(int64_t S, const double *sorted, double truth, double *work,
                     rb_reduced_draws *reduced) {
  double sum = 0, squares = 0, errors = 0;
  for (int64_t s = 0; s < S; ++s) sum += sorted[s];
  const double mean = sum / (double)S;
  for (int64_t s = 0; s < S; ++s) {
    squares += (sorted[s] - mean) * (sorted[s] - mean);
    errors += (sorted[s] - truth) * (sorted[s] - truth);
  }
  double alpha[RB_LEVELS];
  rb_coverage_levels(alpha);
  const int64_t rank = values_below(S, sorted, truth);
  *reduced = (rb_reduced_draws){
      .rank = (int32_t)rank,
      .central = central_intervals(S, sorted, truth, alpha),
      .hpd = hpd_intervals(S, sorted, truth, rank, alpha, work),
      .mean = mean,
      .sd = sqrt(squares / (double)(S - 1)),
      .rmse = sqrt(errors / (double)S),
      .median = rb_quantile_of_sorted(S, sorted, 0.5),
      .low = rb_quantile_of_sorted(S, sorted, 0.025),
      .high = rb_quantile_of_sorted(S, sorted, 0.975),
  };
}

double rb_correlation(int64_t n, const double *x, const double *y) {
  return gsl_stats_correlation(x, 1, y, 1, (size_t)n);
}
