#include "rheobase/base/quantile.h"

#include <gsl/gsl_sort_double.h>
#include <math.h>

void rb_sort(int64_t n, double *x) { gsl_sort(x, 1, (size_t)n); }

double rb_quantile_between(double t, double a, double b) {
  return t < 0.5 ? a + (b - a) * t : b - (b - a) * (1 - t);
}

double rb_quantile_of_sorted(int64_t n, const double *sorted, double q) {
  const double position = q * (double)(n - 1);
  const int64_t below = (int64_t)floor(position);
  if (below >= n - 1) return sorted[n - 1];
  return rb_quantile_between(position - (double)below, sorted[below], sorted[below + 1]);
}

double rb_median(int64_t n, double *x) {
  for (int64_t i = 0; i < n; ++i) {
    if (isnan(x[i])) return NAN;
  }
  rb_sort(n, x);
  // numpy takes the mean of the middle two here, not its own quantile
  return n % 2 == 1 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}
