#include "rheobase/analysis/binomial.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

/* Beyond about five million trials GSL's continued fraction does not converge within one percent of
 * a standard deviation of the centre, and gives NaN; there the normal distribution is as good. */
static double or_normal(double tail, double z) {
  return isnan(tail) ? gsl_cdf_ugaussian_P(z) : tail;
}

double rb_binomial_lower(int64_t k, int64_t n, double p) {
  if (k < 0) return 0;
  if (k >= n || p <= 0) return 1;
  if (p >= 1) return 0;
  const double mean = (double)n * p, sd = sqrt(mean * (1 - p));
  return or_normal(gsl_cdf_binomial_P((unsigned)k, p, (unsigned)n), ((double)k + 0.5 - mean) / sd);
}

double rb_binomial_upper(int64_t k, int64_t n, double p) {
  if (k <= 0) return 1;
  if (k > n || p <= 0) return 0;
  if (p >= 1) return 1;
  const double mean = (double)n * p, sd = sqrt(mean * (1 - p));
  return or_normal(gsl_cdf_binomial_Q((unsigned)(k - 1), p, (unsigned)n),
                   (mean - (double)k + 0.5) / sd);
}

int64_t rb_binomial_quantile(double q, int64_t n, double p) {
  int64_t low = -1, high = n;  // P(X <= low) < q <= P(X <= high)
  const double mean = (double)n * p, sd = sqrt(mean * (1 - p));
  for (int width = 1; width <= 64; width *= 2) {  // a narrow bracket saves evaluations
    const double left = floor(mean - 4 * width * sd) - 1, right = ceil(mean + 4 * width * sd) + 1;
    const int64_t a = left < -1 ? -1 : (int64_t)left;
    const int64_t b = right > (double)n ? n : (int64_t)right;
    if (rb_binomial_lower(a, n, p) < q && rb_binomial_lower(b, n, p) >= q) {
      low = a;
      high = b;
      break;
    }
  }
  while (high - low > 1) {
    const int64_t middle = low + (high - low) / 2;
    if (rb_binomial_lower(middle, n, p) >= q) {
      high = middle;
    } else {
      low = middle;
    }
  }
  return high;
}

void rb_binomial_interval(double level, int64_t n, double p, int64_t *low, int64_t *high) {
  const double tail = (1 - level) / 2;
  *low = rb_binomial_quantile(tail, n, p);
  *high = rb_binomial_quantile(1 - tail, n, p);
}
