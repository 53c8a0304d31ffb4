#include "membrane_kernel.h"

#include <math.h>
#include <string.h>

#include "rheobase/base/cpu.h"

// Products and sums of positive numbers: fused or not makes no difference that matters here.
#pragma GCC optimize("fp-contract=fast")

#if defined(__AVX512F__)
enum { LANES = 8 };
#elif defined(__AVX__)
enum { LANES = 4 };
#else
enum { LANES = 2 };
#endif
typedef double vector __attribute__((vector_size(LANES * sizeof(double))));
enum { TILE = 4, BLOCK = TILE * LANES };

static inline vector load(const double *p) {
  vector v;
  memcpy(&v, p, sizeof v);
  return v;
}

static inline void store(double *p, vector v) { memcpy(p, &v, sizeof v); }

/* LANES consecutive elements of the sequence, what turns them into the next LANES, and what turns
 * that into its successor. */
typedef struct sequence {
  vector value, ratio;
  double growth;
} sequence;

static sequence sequence_begin(rb_membrane_quadratic e) {
  sequence s;
  const double slope = exp(e.c1), curvature = e.curvature;
  double value = exp(e.c0), ratio = slope * curvature;
  // From i to i + LANES the exponent grows by LANES c1 + c2 (2 LANES i + LANES^2).
  double leap = 1.0, leap_growth = 1.0;
  for (int i = 0; i < LANES; ++i) {
    leap_growth *= curvature;
    leap *= slope;
  }
  for (int i = 0; i < LANES; ++i) leap *= leap_growth;
  leap_growth *= leap_growth;
  s.growth = 1.0;
  for (int i = 0; i < LANES; ++i) {
    s.value[i] = value;
    s.ratio[i] = leap;
    value *= ratio;
    ratio *= curvature * curvature;
    leap *= leap_growth;
    s.growth *= leap_growth;
  }
  return s;
}

static inline void sequence_next(sequence *s) {
  s->value *= s->ratio;
  s->ratio *= s->growth;
}

static void scale(int64_t count, const double *restrict in, rb_membrane_quadratic e,
                  double *restrict out) {
  sequence s = sequence_begin(e);
  for (int64_t i = 0; i < count; i += LANES) {
    store(out + i, load(in + i) * s.value);
    sequence_next(&s);
  }
}

static double convolve(int64_t count, int64_t tap_count, const double *restrict taps,
                       const double *restrict in, rb_membrane_quadratic e, double *restrict out) {
  sequence s = sequence_begin(e);
  for (int64_t i = 0; i < count; i += BLOCK) {
    vector even[TILE] = {0}, odd[TILE] = {0};  // two sets hide the latency of the additions
    const double *from = in + i;
    int64_t n = 0;
    for (; n + 1 < tap_count; n += 2) {
      for (int k = 0; k < TILE; ++k) {
        even[k] += load(from + n + k * LANES) * taps[n];
        odd[k] += load(from + n + 1 + k * LANES) * taps[n + 1];
      }
    }
    for (; n < tap_count; ++n) {
      for (int k = 0; k < TILE; ++k) even[k] += load(from + n + k * LANES) * taps[n];
    }
    for (int k = 0; k < TILE; ++k) {
      store(out + i + k * LANES, (even[k] + odd[k]) * s.value);
      sequence_next(&s);
    }
  }
  vector sum = {0};
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) sum += load(out + i);
  double total = 0.0;
  for (; i < count; ++i) total += out[i];
  for (int k = 0; k < LANES; ++k) total += sum[k];
  return total;
}

extern const rb_membrane_kernel RB_KERNEL_SYMBOL(rb_membrane_kernel);
const rb_membrane_kernel RB_KERNEL_SYMBOL(rb_membrane_kernel) = {.scale = scale,
                                                                 .convolve = convolve};
