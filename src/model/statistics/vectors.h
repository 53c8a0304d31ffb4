#ifndef RB_MODEL_STATISTICS_VECTORS_H
#define RB_MODEL_STATISTICS_VECTORS_H

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

/* Where `left` reaches `least`, a; else 0. */
INLINE lanes keep(lanes a, lanes left, double least) {
  EACH a.part[i] = (vector)((mask)a.part[i] & (left.part[i] >= least));
  return a;
}

/* The same, else NaN, which no comparison below takes. */
INLINE lanes keep_or_nan(lanes a, lanes left, double least) {
  EACH a.part[i] = (vector)((mask)a.part[i] | (left.part[i] < least));
  return a;
}

INLINE lanes smaller(lanes low, lanes a) {
  EACH {
    const mask take = a.part[i] < low.part[i];
    low.part[i] = (vector)(((mask)a.part[i] & take) | ((mask)low.part[i] & ~take));
  }
  return low;
}

INLINE lanes larger(lanes high, lanes a) {
  EACH {
    const mask take = a.part[i] > high.part[i];
    high.part[i] = (vector)(((mask)a.part[i] & take) | ((mask)high.part[i] & ~take));
  }
  return high;
}

INLINE double total(lanes a) {
  double l[LANES];
  store(l, a);
  return ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]));
}

#endif
