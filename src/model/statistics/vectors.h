#ifndef RB_MODEL_STATISTICS_VECTORS_H
#define RB_MODEL_STATISTICS_VECTORS_H

#if defined(__AVX512F__)
#include <immintrin.h>
#endif
#include <math.h>
#include <stdint.h>

#include "plan.h"

/** @file vectors.h
 * Sums over RB_PLAN_LANES lanes, for kernels: no contraction and no order that depends on the
 * vector width, so that every instruction set gives the same bits. */

#if defined(__AVX512F__)
enum { VECTOR = 8 };
#elif defined(__AVX2__)
enum { VECTOR = 4 };
#else
enum { VECTOR = 2 };
#endif
enum { LANES = RB_PLAN_LANES, PARTS = LANES / VECTOR };
#define INLINE static inline __attribute__((always_inline))
#define EACH _Pragma("GCC unroll 4") for (int i = 0; i < PARTS; ++i)

typedef double vector __attribute__((vector_size(VECTOR * sizeof(double))));
typedef int64_t mask __attribute__((vector_size(VECTOR * sizeof(double))));
typedef double loose __attribute__((vector_size(VECTOR * sizeof(double)), may_alias, aligned(8)));

typedef struct lanes {
  vector part[PARTS];
} lanes;

INLINE lanes load(const double *from) {
  lanes a;
  EACH a.part[i] = *(const loose *)(const void *)&from[i * VECTOR];
  return a;
}

#if defined(__AVX512F__)
#define EVEN_PLACES 0, 2, 4, 6, 8, 10, 12, 14
#elif defined(__AVX2__)
#define EVEN_PLACES 0, 2, 4, 6
#else
#define EVEN_PLACES 0, 2
#endif
#if defined(__clang__)
#define EVEN(a, b) __builtin_shufflevector(a, b, EVEN_PLACES)
#else
#define EVEN(a, b) __builtin_shuffle(a, b, (mask){EVEN_PLACES})
#endif

/* Every other one of twice as many. */
INLINE lanes load_even(const double *from) {
  lanes a;
  EACH {
    const double *own = &from[2 * i * VECTOR];
    const vector first = *(const loose *)(const void *)own;
    const vector second = *(const loose *)(const void *)&own[VECTOR];
    a.part[i] = EVEN(first, second);
  }
  return a;
}

INLINE void store(double *to, lanes a) { EACH *(loose *)(void *)&to[i * VECTOR] = a.part[i]; }

INLINE lanes all(double value) {
  lanes a;
  EACH a.part[i] = value - (vector){0};
  return a;
}

INLINE lanes plus(lanes a, lanes b) {
  EACH a.part[i] += b.part[i];
  return a;
}

INLINE lanes minus(lanes a, lanes b) {
  EACH a.part[i] -= b.part[i];
  return a;
}

INLINE lanes times(lanes a, lanes b) {
  EACH a.part[i] *= b.part[i];
  return a;
}

/* What the compiler does not find by itself: choosing is one instruction. */
#if defined(__AVX512F__)
#define WHERE(is, a) _mm512_maskz_mov_pd(is, a)
#define WHERE_ELSE_NAN(is, a) _mm512_mask_mov_pd((double)NAN - (vector){0}, is, a)
#define REACHES(a, b) _mm512_cmp_pd_mask(a, b, _CMP_GE_OQ)
#define SMALLER(a, b) _mm512_min_pd(a, b)
#define LARGER(a, b) _mm512_max_pd(a, b)
#else
#define WHERE(is, a) ((vector)((mask)(a) & (is)))
#define WHERE_ELSE_NAN(is, a) ((vector)((mask)(a) | ~(is)))
#define REACHES(a, b) ((a) >= (b))
#define SMALLER(a, b) CHOOSE((a) < (b), a, b)
#define LARGER(a, b) CHOOSE((a) > (b), a, b)
#define CHOOSE(is, a, b) ((vector)(((mask)(a) & (is)) | ((mask)(b) & ~(is))))
#endif

/* Where `left` reaches `least`, a; else 0. */
INLINE lanes keep(lanes a, lanes left, double least) {
  const vector bound = least - (vector){0};
  EACH a.part[i] = WHERE(REACHES(left.part[i], bound), a.part[i]);
  return a;
}

/* The same, else NaN, which no comparison below takes. */
INLINE lanes keep_or_nan(lanes a, lanes left, double least) {
  const vector bound = least - (vector){0};
  EACH a.part[i] = WHERE_ELSE_NAN(REACHES(left.part[i], bound), a.part[i]);
  return a;
}

INLINE lanes smaller(lanes low, lanes a) {
  EACH low.part[i] = SMALLER(a.part[i], low.part[i]);
  return low;
}

INLINE lanes larger(lanes high, lanes a) {
  EACH high.part[i] = LARGER(a.part[i], high.part[i]);
  return high;
}

INLINE double total(lanes a) {
  double l[LANES];
  store(l, a);
  return ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]));
}

#endif
