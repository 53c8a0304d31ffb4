#ifndef RB_MODEL_HODGKIN_HUXLEY_GATES_H
#define RB_MODEL_HODGKIN_HUXLEY_GATES_H

#include "../neuron/exponential.h"

/** @file gates.h
 * Where the gates go at a voltage, and how fast: with opening and closing rates alpha and beta a
 * gate goes to alpha/(alpha + beta) at the rate alpha + beta. Both are fractions whose denominators
 * are put together, so that a gate takes one division. Voltages are within +-400 mV of V_T. */

typedef struct rb_hh_gate {
  double steady;  ///< value it goes to
  double rate;    ///< 1/ms
} rb_hh_gate;

typedef struct rb_hh_gates {
  rb_hh_gate m, h, n;
  double p_steady;
  double p_speed;  ///< tau_max over the time constant of p
} rb_hh_gates;

/** z and expm1(z), or 1 and 1 at z = 0: numerator and denominator of z/expm1(z). */
static inline void rb_hh_fraction(double z, double *numerator, double *denominator) {
  const double e = rb_exponential_less_one(z);
  *numerator = z == 0 ? 1.0 : z;
  *denominator = z == 0 ? 1.0 : e;
}

/** The gate with alpha = a/p and beta = b/p. */
static inline rb_hh_gate rb_hh_gate_of(double a, double b, double p) {
  const double sum = a + b, inverse = 1.0 / (sum * p);
  return (rb_hh_gate){.steady = a * (p * inverse), .rate = sum * (sum * inverse)};
}

static inline rb_hh_gates rb_hh_gates_at(double v, double V_T) {
  rb_hh_gates g;
  const double x = v - V_T;
  double za = 0, ea = 0, zb = 0, eb = 0, zn = 0, en = 0;
  rb_hh_fraction((13.0 - x) * 0.25, &za, &ea);
  rb_hh_fraction((x - 40.0) * 0.2, &zb, &eb);
  rb_hh_fraction((15.0 - x) * 0.2, &zn, &en);
  g.m = rb_hh_gate_of(1.28 * za * eb, 1.4 * zb * ea, ea * eb);
  // beta of h is 4/(1 + exp(-zb)) = 4 (1 + expm1(zb))/(2 + expm1(zb))
  const double closing = x == 40.0 ? 0.0 : eb;
  const double alpha_h = 0.128 * rb_exponential((17.0 - x) * (1.0 / 18.0));
  g.h = rb_hh_gate_of(alpha_h * (2.0 + closing), 4.0 * (1.0 + closing), 2.0 + closing);
  g.n = rb_hh_gate_of(0.16 * zn, 0.5 * rb_exponential((10.0 - x) * 0.025) * en, en);
  // 1/(1 + exp(-y/10)) and 3.3 exp(y/20) + exp(-y/20), y = v + 35
  const double e = rb_exponential((v + 35.0) * 0.05), square = e * e;
  const double inverse = 1.0 / ((square + 1.0) * e);
  g.p_steady = square * e * inverse;
  g.p_speed = 3.3 * e + (square + 1.0) * inverse;
  return g;
}

#endif
