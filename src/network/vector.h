#ifndef RB_NETWORK_VECTOR_H
#define RB_NETWORK_VECTOR_H

#include "rheobase/base/real.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

/** @file vector.h
 * One vector register of the instruction set a kernel file is compiled for, as a GCC vector
 * extension, and the two activations of recurrent nets. To be included by *_kernel.c files only. */

#if defined(__AVX512F__)
#define RB_VECTOR_BYTES 64
#elif defined(__AVX2__)
#define RB_VECTOR_BYTES 32
#else
#define RB_VECTOR_BYTES 16
#endif
enum { RB_LANES = RB_VECTOR_BYTES / sizeof(rb_real) };
typedef rb_real rb_vector __attribute__((vector_size(RB_VECTOR_BYTES)));
typedef rb_real rb_unaligned_vector
    __attribute__((vector_size(RB_VECTOR_BYTES), aligned(sizeof(rb_real))));

#define RB_INLINE static inline __attribute__((always_inline))

/** @param p aligned to a vector */
RB_INLINE rb_vector rb_load(const rb_real *p) { return *(const rb_vector *)(const void *)p; }
RB_INLINE void rb_store(rb_real *p, rb_vector v) { *(rb_vector *)(void *)p = v; }

RB_INLINE rb_vector rb_broadcast(rb_real value) { return value - (rb_vector){0}; }

/** Keeps a value that is used several times in a register: GCC would otherwise fold its load into
 * every use. */
RB_INLINE rb_vector rb_in_register(rb_vector v) {
#if defined(__x86_64__)
  __asm__("" : "+v"(v));
#elif defined(__aarch64__)
  __asm__("" : "+w"(v));
#endif
  return v;
}

/** Marks v as used here: a multiply-add before it then cannot overwrite v instead of its summand,
 * which would move the sums of a tile from register to register. */
RB_INLINE void rb_used(rb_vector v) {
#if defined(__x86_64__)
  __asm__ volatile("" : : "v"(v));
#else
  (void)v;
#endif
}

/** Limits v to [-limit, limit]; NaN stays NaN. */
RB_INLINE rb_vector rb_clamp(rb_vector v, rb_real limit) {
  const rb_vector high = rb_broadcast(limit), low = -high;
#if defined(__AVX512F__) && !RB_REAL_IS_DOUBLE
  return _mm512_max_ps(low, _mm512_min_ps(high, v));  // of two operands with a NaN: the second
#elif defined(__AVX2__) && !RB_REAL_IS_DOUBLE
  return _mm256_max_ps(low, _mm256_min_ps(high, v));
#elif defined(__x86_64__) && !RB_REAL_IS_DOUBLE
  return _mm_max_ps(low, _mm_min_ps(high, v));
#else
  for (int i = 0; i < RB_LANES; ++i)
    v[i] = v[i] > high[i] ? high[i] : v[i] < low[i] ? low[i] : v[i];
  return v;
#endif
}

/** 1/2 + x P(x^2)/Q(x^2), minimax on [-16.4, 16.4], where the logistic function is 0 or 1 to
 * rounding: absolute error below 3e-7 in single precision. */
RB_INLINE rb_vector rb_logistic(rb_vector x) {
  x = rb_clamp(x, 16.4f);
  const rb_vector u = x * x;
  const rb_vector p =
      ((4.337033023e-08f * u + 4.561495247e-05f) * u + 8.059606545e-03f) * u + 2.499998044e-01f;
  const rb_vector q =
      (((9.211391516e-10f * u + 3.660849863e-06f) * u + 1.480236067e-03f) * u + 1.155710507e-01f) *
          u +
      1.0f;
  return 0.5f + x * p / q;
}

/** x P(x^2)/Q(x^2), minimax on [-8.8, 8.8]: relative error below 4e-7 in single precision. */
RB_INLINE rb_vector rb_tanh(rb_vector x) {
  x = rb_clamp(x, 8.8f);
  const rb_vector u = x * x;
  const rb_vector p =
      (((1.371354354e-08f * u + 2.086449934e-05f) * u + 3.510995714e-03f) * u + 1.339397027e-01f) *
          u +
      9.999999831e-01f;
  const rb_vector q =
      (((7.922304162e-07f * u + 3.310905272e-04f) * u + 2.593550620e-02f) * u + 4.672728898e-01f) *
          u +
      1.0f;
  return x * p / q;
}

#endif
