#include "group_norm.h"

#include <math.h>

static const double EPSILON = 1e-3;

/* Sums over time and a group's channels are kept in double: T may be long. */
static double group_mean(int64_t T, int C, int width, const rb_real *x) {
  double sum = 0;
  for (int64_t t = 0; t < T; ++t) {
    for (int c = 0; c < width; ++c) sum += (double)x[t * C + c];
  }
  return sum / (double)(T * width);
}

static double group_variance(int64_t T, int C, int width, const rb_real *x, double mean) {
  double sum = 0;
  for (int64_t t = 0; t < T; ++t) {
    for (int c = 0; c < width; ++c) {
      const double deviation = (double)x[t * C + c] - mean;
      sum += deviation * deviation;
    }
  }
  return sum / (double)(T * width);
}

void rb_group_norm_forward(int B, int64_t T, int C, int groups, const rb_real *x,
                           const rb_real *gamma, const rb_real *beta, rb_real *mean, rb_real *rstd,
                           rb_real *y) {
  const int width = C / groups;
  for (int b = 0; b < B; ++b) {
    for (int g = 0; g < groups; ++g) {
      const int64_t origin = b * T * C + g * width;
      const double m = group_mean(T, C, width, x + origin);
      const double variance = group_variance(T, C, width, x + origin, m);
      const rb_real m_ = mean[b * groups + g] = (rb_real)m;
      const rb_real r_ = rstd[b * groups + g] = (rb_real)(1 / sqrt(variance + EPSILON));
      for (int64_t t = 0; t < T; ++t) {
        for (int c = 0; c < width; ++c) {
          const int64_t i = origin + t * C + c;
          y[i] = (x[i] - m_) * r_ * gamma[g * width + c] + beta[g * width + c];
        }
      }
    }
  }
}

/* One sequence and group: d of y becomes d of x; the sums over time go to dgamma, dbeta. */
static void backward_group(int64_t T, int C, int width, const rb_real *x, const rb_real *gamma,
                           rb_real mean, rb_real rstd, rb_real *d, rb_real *dgamma,
                           rb_real *dbeta) {
  double sum_g = 0, sum_gx = 0;  // of gamma d and gamma d xhat over the group
  for (int c = 0; c < width; ++c) {
    double sum_d = 0, sum_dx = 0;
    for (int64_t t = 0; t < T; ++t) {
      const rb_real xhat = (x[t * C + c] - mean) * rstd;
      sum_d += (double)d[t * C + c];
      sum_dx += (double)d[t * C + c] * (double)xhat;
    }
    dbeta[c] += (rb_real)sum_d;
    dgamma[c] += (rb_real)sum_dx;
    sum_g += sum_d * (double)gamma[c];
    sum_gx += sum_dx * (double)gamma[c];
  }
  const double n = (double)(T * width);
  const rb_real mean_g = (rb_real)(sum_g / n), mean_gx = (rb_real)(sum_gx / n);
  for (int64_t t = 0; t < T; ++t) {
    for (int c = 0; c < width; ++c) {
      const rb_real xhat = (x[t * C + c] - mean) * rstd;
      d[t * C + c] = rstd * (gamma[c] * d[t * C + c] - mean_g - xhat * mean_gx);
    }
  }
}

void rb_group_norm_backward(int B, int64_t T, int C, int groups, const rb_real *x,
                            const rb_real *gamma, const rb_real *mean, const rb_real *rstd,
                            rb_real *d, rb_real *dgamma, rb_real *dbeta) {
  const int width = C / groups;
  for (int b = 0; b < B; ++b) {
    for (int g = 0; g < groups; ++g) {
      const int64_t origin = b * T * C + g * width;
      backward_group(T, C, width, x + origin, gamma + g * width, mean[b * groups + g],
                     rstd[b * groups + g], d + origin, dgamma + g * width, dbeta + g * width);
    }
  }
}
