#include "rheobase/analysis/ranks.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <string.h>

void rb_rank_histogram(int64_t S, const int64_t *count, int bins, int64_t *binned, double *edge) {
  int64_t first = 0, last = S;
  while (first < last && count[first] == 0) ++first;
  while (last > first && count[last] == 0) --last;
  double low = (double)first, high = (double)last;
  if (first == last) {  // as numpy does
    low -= 0.5;
    high += 0.5;
  }
  for (int b = 0; b < bins; ++b) edge[b] = (double)b * ((high - low) / bins) + low;
  edge[bins] = high;
  memset(binned, 0, (size_t)bins * sizeof *binned);
  for (int64_t rank = first; rank <= last; ++rank) {
    const double value = (double)rank;
    int b = (int)((value - low) / (high - low) * bins);
    if (b >= bins) b = bins - 1;
    if (value < edge[b]) --b;
    if (b < bins - 1 && value >= edge[b + 1]) ++b;
    binned[b] += count[rank];
  }
}

void rb_rank_counts(int64_t N, const int32_t *rank, int64_t S, int64_t *count) {
  memset(count, 0, (size_t)(S + 1) * sizeof *count);
  for (int64_t i = 0; i < N; ++i) ++count[rank[i]];
}

int rb_rank_bins(int64_t N, int64_t S) {
  enum { MOST = 20, LEAST = 5, PER_BIN = 5, OTHERWISE = 10 };
  const int64_t affordable = N / PER_BIN;
  for (int64_t bins = affordable < MOST ? affordable : MOST; bins >= LEAST; --bins) {
    if ((S + 1) % bins == 0) return (int)bins;
  }
  int64_t bins = affordable < OTHERWISE ? affordable : OTHERWISE;
  if (bins > S + 1) bins = S + 1;
  return bins < 1 ? 1 : (int)bins;
}

int64_t rb_rank_bin_first(int64_t S, int bins, int b) { return b * (S + 1) / bins; }

void rb_rank_bin(int64_t S, const int64_t *count, int bins, int64_t *binned) {
  for (int b = 0; b < bins; ++b) {
    binned[b] = 0;
    const int64_t end = rb_rank_bin_first(S, bins, b + 1);
    for (int64_t r = rb_rank_bin_first(S, bins, b); r < end; ++r) binned[b] += count[r];
  }
}

double rb_rank_chi_square_p(int64_t S, int bins, const int64_t *binned) {
  if (bins < 2) return NAN;
  double N = 0, statistic = 0;
  for (int b = 0; b < bins; ++b) N += (double)binned[b];
  for (int b = 0; b < bins; ++b) {
    const int64_t width = rb_rank_bin_first(S, bins, b + 1) - rb_rank_bin_first(S, bins, b);
    const double expected = N * (double)width / (double)(S + 1);
    statistic += ((double)binned[b] - expected) * ((double)binned[b] - expected) / expected;
  }
  return gsl_cdf_chisq_Q(statistic, bins - 1);
}

/* P(K > lambda) of Kolmogorov's distribution. */
static double kolmogorov_upper(double lambda) {
  if (lambda < 0.2) return 1;  // the series converges slowly there, to 1 - 1e-12
  double sum = 0;
  for (int k = 1; k <= 100; ++k) {
    const double term = exp(-2.0 * k * k * lambda * lambda);
    sum += k % 2 == 1 ? term : -term;
    if (term < 1e-17) break;
  }
  return fmin(1, 2 * sum);
}

double rb_rank_ks_p(int64_t S, const int64_t *count) {
  int64_t N = 0, below = 0;
  double distance = 0;
  for (int64_t r = 0; r <= S; ++r) N += count[r];
  if (N == 0) return NAN;
  for (int64_t r = 0; r < S; ++r) {
    below += count[r];
    const double expected = (double)(r + 1) / (double)(S + 1);
    distance = fmax(distance, fabs((double)below / (double)N - expected));
  }
  const double root = sqrt((double)N);
  return kolmogorov_upper((root + 0.12 + 0.11 / root) * distance);
}

void rb_rank_coverage(int64_t S, const int64_t *count, double *width, int64_t *covered) {
  int64_t inside = 0;
  if (S % 2 == 0) inside = count[S / 2];
  for (int64_t j = S / 2; j >= 0; --j) {  // from the narrowest outward
    if (2 * j != S) inside += count[j] + count[S - j];
    width[j] = (double)(S + 1 - 2 * j) / (double)(S + 1);
    covered[j] = inside;
  }
}
