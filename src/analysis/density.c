#include "rheobase/analysis/density.h"

#include <gsl/gsl_math.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>

/* Of the values' size: a float32 has a tenth of that. */
static const double NARROWEST = 1e-6;

double rb_scott_bandwidth(int64_t n, const double *x) {
  double low = 0, high = 0;
  gsl_stats_minmax(&low, &high, x, 1, (size_t)n);
  const double size = fmax(fabs(low), fabs(high));
  const double least = NARROWEST * (size > 0 ? size : 1);
  return fmax(pow((double)n, -0.2) * gsl_stats_sd(x, 1, (size_t)n), least);
}

void rb_density_grid(int64_t n, const double *x, double bandwidth, double *grid) {
  double low = 0, high = 0;
  gsl_stats_minmax(&low, &high, x, 1, (size_t)n);
  low -= 3 * bandwidth;
  high += 3 * bandwidth;
  const double step = (high - low) / (RB_DENSITY_POINTS - 1);
  for (int i = 0; i < RB_DENSITY_POINTS - 1; ++i) grid[i] = i * step + low;
  grid[RB_DENSITY_POINTS - 1] = high;
}

void rb_density(int64_t n, const double *x, double bandwidth, int64_t points, const double *grid,
                double *density) {
  const double scale = M_2_SQRTPI * M_SQRT1_2 / 2 / (bandwidth * (double)n);  // 1/sqrt(2 pi)
  for (int64_t p = 0; p < points; ++p) {
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) {
      const double z = (grid[p] - x[i]) / bandwidth;
      sum += exp(-0.5 * z * z);
    }
    density[p] = scale * sum;
  }
}
