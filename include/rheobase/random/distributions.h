#ifndef RHEOBASE_DISTRIBUTIONS_H
#define RHEOBASE_DISTRIBUTIONS_H

#include <stdint.h>
#include <string.h>

#include "rheobase/random/philox.h"

/** @file distributions.h
 * Normal numbers of a stream, and the distributions of the priors. All functions are local.
 *
 * The map from random words to normal numbers is fixed for good, since every result depends on it:
 * block p of a stream (philox.h) has the words w0..w3 and gives the normals 4p .. 4p+3, by the
 * method of Box and Muller (1958) on the pairs (a, b) = (w0, w1) and (w2, w3):
 *
 *     u = (a + 1/2) 2^-32,  r = sqrt(-2 ln u),  t = 2 pi (b + 1/2) 2^-32,  (r cos t, r sin t)
 *
 * in double precision, with the sequence of IEEE additions, multiplications, one division and one
 * square root written in rb_normal_pair: no branch, no library function, no contraction. So scalar
 * code and vectors of any width give the same bits. The largest value is sqrt(66 ln 2) = 6.76. */

/** ln u for 2^-62 <= u < 2^1000, relative error below 1e-15. */
static inline double rb_log(double u) {
  // u = 2^k m with m in [sqrt(1/2), sqrt(2)); ln m = 2 artanh((m-1)/(m+1)) by its Taylor series,
  // whose first omitted term is below 3e-18 relative.
  const uint64_t sqrt_half = UINT64_C(0x3fe6a09e667f3bcd), bias = 64;
  const uint64_t two_52 = UINT64_C(0x4330000000000000);
  uint64_t bits = 0, mantissa = 0, exponent = 0;
  double m = 0, k = 0;
  memcpy(&bits, &u, sizeof bits);
  exponent = (bits - sqrt_half + (bias << 52)) >> 52;  // k + bias, positive
  mantissa = bits - ((exponent - bias) << 52);
  memcpy(&m, &mantissa, sizeof m);
  exponent |= two_52;
  memcpy(&k, &exponent, sizeof k);  // 2^52 + bias + k
  k -= 0x1p52 + 64.0;
  const double z = (m - 1.0) / (m + 1.0), s = z * z;
  double p = 1.0 / 21.0;
  p = p * s + 1.0 / 19.0;
  p = p * s + 1.0 / 17.0;
  p = p * s + 1.0 / 15.0;
  p = p * s + 1.0 / 13.0;
  p = p * s + 1.0 / 11.0;
  p = p * s + 1.0 / 9.0;
  p = p * s + 1.0 / 7.0;
  p = p * s + 1.0 / 5.0;
  p = p * s + 1.0 / 3.0;
  const double log_m = 2.0 * z + 2.0 * z * (p * s);
  const double ln2_high = 0x1.62e42feep-1;  // 32 bits: k ln2_high is exact
  const double ln2_low = 0x1.a39ef35793c76p-33;
  return k * ln2_high + (log_m + k * ln2_low);
}

/** cos and sin of 2 pi (b + 1/2) 2^-32, absolute error below 1e-15. */
static inline void rb_cos_sin_of_word(uint32_t b, double *cosine, double *sine) {
  // The nearest quarter turn and the rest are exact in integers; |rest| < pi/4.
  const uint64_t shifted = (uint32_t)(b + UINT32_C(0x20000000));
  const uint64_t quarter = shifted >> 30;
  const double rest = (double)(int32_t)(shifted & UINT32_C(0x3fffffff)) - (0x1p29 - 0.5);
  const double x = rest * 0x1.921fb54442d18p-30, s = x * x;  // 2 pi 2^-32
  double p = 1.0 / 355687428096000.0;
  p = p * s - 1.0 / 1307674368000.0;
  p = p * s + 1.0 / 6227020800.0;
  p = p * s - 1.0 / 39916800.0;
  p = p * s + 1.0 / 362880.0;
  p = p * s - 1.0 / 5040.0;
  p = p * s + 1.0 / 120.0;
  p = p * s - 1.0 / 6.0;
  const double sin_x = x + x * (p * s);
  p = 1.0 / 20922789888000.0;
  p = p * s - 1.0 / 87178291200.0;
  p = p * s + 1.0 / 479001600.0;
  p = p * s - 1.0 / 3628800.0;
  p = p * s + 1.0 / 40320.0;
  p = p * s - 1.0 / 720.0;
  p = p * s + 1.0 / 24.0;
  p = p * s - 1.0 / 2.0;
  const double cos_x = 1.0 + p * s;
  // Quarters 0 1 2 3: cosine is c -s -c s, sine is s c -s -c.
  uint64_t c = 0, d = 0;
  memcpy(&c, &cos_x, sizeof c);
  memcpy(&d, &sin_x, sizeof d);
  const uint64_t swap = (c ^ d) & -(quarter & 1);
  c ^= swap ^ ((quarter + 1) & 2) << 62;
  d ^= swap ^ (quarter & 2) << 62;
  memcpy(cosine, &c, sizeof c);
  memcpy(sine, &d, sizeof d);
}

/** Two independent standard normal numbers from two random words; see the top of the file. */
static inline void rb_normal_pair(uint32_t a, uint32_t b, double *first, double *second) {
  const double radius = __builtin_sqrt(-2.0 * rb_log(((double)a + 0.5) * 0x1p-32));
  double cosine = 0, sine = 0;
  rb_cos_sin_of_word(b, &cosine, &sine);
  *first = radius * cosine;
  *second = radius * sine;
}

/** Normals first .. first+count-1 of the stream. @param out (count) */
void rb_stream_normals(rb_stream stream, int64_t first, int64_t count, double *out);

/** The same numbers rounded to float. @param out (count) */
void rb_stream_normals_float(rb_stream stream, int64_t first, int64_t count, float *out);

/** A normal distribution truncated to [low, high], low < high, both finite. */
typedef struct rb_truncated_normal {
  double mean, sd, low, high;
} rb_truncated_normal;

/** The value below which lies the share @p u (0 < u < 1); relative error below 1e-9, also where
 * the interval lies far out in a tail. */
double rb_truncated_normal_quantile(rb_truncated_normal distribution, double u);

/** Log density, all constants included; -inf outside [low, high]. */
double rb_truncated_normal_log_density(rb_truncated_normal distribution, double x);

/** Quantile of exp(Normal(log_mean, log_sd^2)). */
double rb_log_normal_quantile(double log_mean, double log_sd, double u);

/** Log density of exp(Normal(log_mean, log_sd^2)); -inf for x <= 0. */
double rb_log_normal_log_density(double log_mean, double log_sd, double x);

#endif
