#include "rheobase/random/distributions.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sf_erf.h>
#include <math.h>

static const double LOG_SQRT_2PI = 0.91893853320467274178;

/* The four normals of block `position`. */
static void normals_of_block(rb_stream stream, int64_t position, double out[4]) {
  uint32_t word[4];
  rb_stream_block(stream, (uint32_t)position, word);
  rb_normal_pair(word[0], word[1], &out[0], &out[1]);
  rb_normal_pair(word[2], word[3], &out[2], &out[3]);
}

void rb_stream_normals(rb_stream stream, int64_t first, int64_t count, double *out) {
  double block[4];
  for (int64_t i = 0; i < count; ++i) {
    const int64_t index = first + i;
    if (i == 0 || index % 4 == 0) normals_of_block(stream, index / 4, block);
    out[i] = block[index % 4];
  }
}

void rb_stream_normals_float(rb_stream stream, int64_t first, int64_t count, float *out) {
  double block[4];
  for (int64_t i = 0; i < count; ++i) {
    const int64_t index = first + i;
    if (i == 0 || index % 4 == 0) normals_of_block(stream, index / 4, block);
    out[i] = (float)block[index % 4];
  }
}

/* ln Q(z), Q the upper tail of the standard normal; no underflow. */
static double log_upper_tail(double z) { return gsl_sf_log_erfc(z * M_SQRT1_2) - M_LN2; }

/* Quantile of the standard normal on [low, high], far out where its tail Q underflows, by Newton
 * steps on ln Q, which is nearly linear there: Q(z) = Q(low) (1 - u (1 - Q(high)/Q(low))). */
static double far_tail_quantile(double low, double high, double u) {
  const double log_q_low = log_upper_tail(low);
  const double log_share = log1p(u * expm1(log_upper_tail(high) - log_q_low));
  double z = low - log_share / low;
  for (int i = 0; i < 50; ++i) {
    const double step = (log_upper_tail(z) - log_q_low - log_share) / gsl_sf_hazard(z);
    z += step;
    if (fabs(step) <= 1e-15 * z) break;
  }
  return fmin(fmax(z, low), high);
}

static double tail_quantile(double low, double high, double u) {
  if (low > 30) return far_tail_quantile(low, high, u);
  return gsl_cdf_ugaussian_Qinv((1.0 - u) * gsl_cdf_ugaussian_Q(low) +
                                u * gsl_cdf_ugaussian_Q(high));
}

/* Probability of [low, high], low <= 0 <= high, under the standard normal: a sum, no cancellation.
 */
static double central_mass(double low, double high) {
  return 0.5 * (erf(high * M_SQRT1_2) - erf(low * M_SQRT1_2));
}

static double standard_quantile(double low, double high, double u) {
  if (low > 0) return tail_quantile(low, high, u);
  if (high < 0) return -tail_quantile(-high, -low, 1.0 - u);
  const double mass = central_mass(low, high);
  const double p = gsl_cdf_ugaussian_P(low) + u * mass;
  if (p <= 0.5) return gsl_cdf_ugaussian_Pinv(p);
  return gsl_cdf_ugaussian_Qinv(gsl_cdf_ugaussian_Q(high) + (1.0 - u) * mass);
}

double rb_truncated_normal_quantile(rb_truncated_normal d, double u) {
  const double low = (d.low - d.mean) / d.sd, high = (d.high - d.mean) / d.sd;
  const double x = d.mean + d.sd * standard_quantile(low, high, u);
  return fmin(fmax(x, d.low), d.high);
}

static double log_mass(double low, double high) {
  if (high < 0) {
    const double held = low;
    low = -high;
    high = -held;
  }
  if (low <= 0) return log(central_mass(low, high));
  const double log_q_low = log_upper_tail(low);
  return log_q_low + log(-expm1(log_upper_tail(high) - log_q_low));
}

double rb_truncated_normal_log_density(rb_truncated_normal d, double x) {
  if (!(x >= d.low && x <= d.high)) return -INFINITY;
  const double z = (x - d.mean) / d.sd;
  const double low = (d.low - d.mean) / d.sd, high = (d.high - d.mean) / d.sd;
  return -0.5 * z * z - LOG_SQRT_2PI - log(d.sd) - log_mass(low, high);
}

double rb_log_normal_quantile(double log_mean, double log_sd, double u) {
  return exp(log_mean + log_sd * gsl_cdf_ugaussian_Pinv(u));
}

double rb_log_normal_log_density(double log_mean, double log_sd, double x) {
  if (!(x > 0)) return -INFINITY;
  const double z = (log(x) - log_mean) / log_sd;
  return -0.5 * z * z - LOG_SQRT_2PI - log(log_sd) - log(x);
}
