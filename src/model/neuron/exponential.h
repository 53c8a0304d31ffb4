#ifndef RB_MODEL_NEURON_EXPONENTIAL_H
#define RB_MODEL_NEURON_EXPONENTIAL_H

#include <stdint.h>
#include <string.h>

/** @file exponential.h
 * exp and expm1 for kernels: no branch, no table, no contraction, so scalar code and vectors of any
 * width give the same bits. x = n ln 2 + r, |r| <= 0.347, and expm1(r) = r + r^2 q(r) with q a
 * polynomial of degree 9 (the Chebyshev interpolant: relative error 4e-17). Errors are below 1.25
 * units in the last place for exp, 2.5 for expm1. Beyond 709.79 the result is +inf; below -708 it
 * is that of -708, 3e-308 of exp and -1 of expm1. */

/** expm1(r), and 2^(n-1). */
static inline double rb_exponential_parts(double x, double *half_power) {
  const double log2_e = 0x1.71547652b82fep+0, round = 0x1.8p52;
  const double ln2_high = 0x1.62e42feep-1;  // 32 bits: n ln2_high is exact
  const double ln2_low = 0x1.a39ef35793c76p-33;
  const double below = x < 709.8 ? x : 709.8, bounded = below > -708.0 ? below : -708.0;
  const double shifted = bounded * log2_e + round, n = shifted - round;
  const double r = (bounded - n * ln2_high) - n * ln2_low, s = r * r, s2 = s * s;
  uint64_t bits = 0;
  memcpy(&bits, &shifted, sizeof bits);
  bits = (bits + 1022) << 52;  // the rounded number's last bits are n
  memcpy(half_power, &bits, sizeof bits);
  const double c01 = 0x1.0000000000001p-1 + r * 0x1.5555555555556p-3;
  const double c23 = 0x1.5555555553d5ep-5 + r * 0x1.11111111109b2p-7;
  const double c45 = 0x1.6c16c1788dc33p-10 + r * 0x1.a01a01a7c54aep-13;
  const double c67 = 0x1.a019b905bafb1p-16 + r * 0x1.71de0da9d06acp-19;
  const double c89 = 0x1.28918e390a71ep-22 + r * 0x1.af38b4925be09p-26;
  const double q = (c01 + s * c23) + s2 * ((c45 + s * c67) + s2 * c89);
  return r + s * q;
}

static inline double rb_exponential(double x) {
  double half_power = 0;
  const double rest = rb_exponential_parts(x, &half_power);
  return 2.0 * (half_power + half_power * rest);
}

/** exp(x) - 1 */
static inline double rb_exponential_less_one(double x) {
  double half_power = 0;
  const double rest = rb_exponential_parts(x, &half_power);
  return 2.0 * ((half_power - 0.5) + half_power * rest);
}

#endif
