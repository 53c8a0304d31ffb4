/* Loops that the compiler turns into vector code; contraction stays off, so that every instruction
 * set gives the same bits. */
#include <math.h>
#include <string.h>

#include "activations.h"
#include "rheobase/base/cpu.h"

/* e^x for -87 < x < 88, to float rounding: x = n ln 2 + r, polynomial of Cephes expf on r. */
static inline rb_real exponential(rb_real x) {
#if RB_REAL_IS_DOUBLE
  return exp(x);
#else
  const float magic = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer, kept in low bits
  const float shifted = x * 1.44269504088896341f + magic;
  const float n = shifted - magic;
  const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  uint32_t bits, exponent;
  memcpy(&bits, &p, sizeof bits);
  memcpy(&exponent, &shifted, sizeof exponent);
  bits += exponent << 23;  // times 2^n
  memcpy(&p, &bits, sizeof p);
  return p;
#endif
}

static inline rb_real clamp(rb_real x, rb_real low, rb_real high) {
  const rb_real y = x < low ? low : x;
  return y > high ? high : y;
}

/* tanh(softplus(x)) = n / (n + 2) with n = e^x (e^x + 2); beyond 20 it is 1 to all digits. */
static inline rb_real mish(rb_real x) {
  const rb_real e = exponential(clamp(x, -80, 20));
  const rb_real n = e * (e + 2);
  return x * (n / (n + 2));
}

static inline rb_real mish_slope(rb_real x) {
  const rb_real e = exponential(clamp(x, -80, 20));
  const rb_real n = e * (e + 2), q = 1 / (n + 2);
  return n * q + x * (4 * e * (e + 1) * q) * q;
}

static inline rb_real sigmoid(rb_real x) { return 1 / (1 + exponential(clamp(-x, -80, 80))); }

static inline rb_real silu(rb_real x) { return x * sigmoid(x); }

static inline rb_real silu_slope(rb_real x) {
  const rb_real s = sigmoid(x);
  return s * (1 + x * (1 - s));
}

static inline rb_real hard_silu(rb_real x) { return x * (clamp(x + 3, 0, 6) / 6); }

static inline rb_real hard_silu_slope(rb_real x) {
  return clamp(x + 3, 0, 6) / 6 + (x > -3 && x < 3 ? x / 6 : 0);
}

static inline rb_real relu(rb_real x) { return x > 0 ? x : 0; }

static inline rb_real relu_slope(rb_real x) { return x > 0 ? 1 : 0; }

static inline rb_real hyperbolic_tangent(rb_real x) {
#if RB_REAL_IS_DOUBLE
  return tanh(x);
#else
  return tanhf(x);
#endif
}

static inline rb_real hyperbolic_tangent_slope(rb_real x) {
  const rb_real y = hyperbolic_tangent(x);
  return 1 - y * y;
}

#define DEFINE_LOOPS(name)                                               \
  static void name##_forward(int64_t n, const rb_real *x, rb_real *y) {  \
    for (int64_t i = 0; i < n; ++i) y[i] = name(x[i]);                   \
  }                                                                      \
  static void name##_backward(int64_t n, const rb_real *x, rb_real *d) { \
    for (int64_t i = 0; i < n; ++i) d[i] *= name##_slope(x[i]);          \
  }
DEFINE_LOOPS(mish)
DEFINE_LOOPS(silu)
DEFINE_LOOPS(hard_silu)
DEFINE_LOOPS(relu)
DEFINE_LOOPS(hyperbolic_tangent)

extern const rb_activation_kernel RB_KERNEL_SYMBOL(rb_activation_kernel);
const rb_activation_kernel RB_KERNEL_SYMBOL(rb_activation_kernel) = {
    .forward = {[RB_MISH] = mish_forward,
                [RB_SILU] = silu_forward,
                [RB_HARD_SILU] = hard_silu_forward,
                [RB_RELU] = relu_forward,
                [RB_TANH] = hyperbolic_tangent_forward},
    .backward = {[RB_MISH] = mish_backward,
                 [RB_SILU] = silu_backward,
                 [RB_HARD_SILU] = hard_silu_backward,
                 [RB_RELU] = relu_backward,
                 [RB_TANH] = hyperbolic_tangent_backward},
};
