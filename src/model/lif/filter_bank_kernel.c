#include "filter_bank_kernel.h"

#include <stddef.h>
#include <string.h>

/* No contraction and no order that depends on the vector width: every instruction set gives the
 * same bits. The filter runs WAYS segments of like length side by side, which share the loads of
 * the tables and hide each other's latency. */

#if defined(__AVX512F__)
enum { VECTOR = 16, WAYS = 4 };
#elif defined(__AVX2__)
enum { VECTOR = 8, WAYS = 2 };
#else
enum { VECTOR = 4, WAYS = 2 };
#endif
enum { GROUP = RB_BANK_GROUP };
#define LOWEST_MV (-7.0f)  // predictions minus v_th are clipped, so that exp(12 x) is in range
#define HIGHEST_MV 7.0f
typedef float vector __attribute__((vector_size(VECTOR * sizeof(float)), may_alias));
#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 4")

INLINE vector load(const float *p) { return *(const vector *)(const void *)p; }
INLINE void store(float *p, vector v) { *(vector *)(void *)p = v; }

/* Whitened sums of a segment, and the prediction after it, 16 lanes. */
typedef struct segment_sums {
  _Alignas(64) float square[GROUP], start[GROUP], mu[GROUP], prediction[GROUP];
} segment_sums;

/* The same in registers, VECTOR lanes; of steady lags the plain sums of e and e e. */
typedef struct state {
  vector m, square, start, mu, later, later_square;
} state;

/* Observations from .. to-1 of `ways` segments, lanes o .. o+VECTOR-1. @param y of each segment's
 * first observation @param input the same, or NULL: a constant where this is inlined */
INLINE void advance(int ways, const rb_bank_group *group, int o, const float *const *y,
                    const float *const *input, int64_t from, int64_t to, state *s) {
  const vector decay = load(&group->decay[o]), input_gain = load(&group->input_gain[o]);
  for (int64_t j = from; j < to; ++j) {
    const rb_bank_gain *gain = &group->gain[j];
    const vector carry = load(&gain->carry[o]), fresh = decay - carry, w = load(&gain->w[o]);
    const vector start_w = load(&gain->start_w[o]), mu_w = load(&gain->mu_w[o]);
    UNROLL for (int k = 0; k < ways; ++k) {
      const float value = y[k][j];
      const vector u = (value - s[k].m) * w;
      s[k].square += u * u;
      s[k].start += u * start_w;
      s[k].mu += u * mu_w;
      s[k].m = carry * s[k].m + fresh * value;
      if (input) s[k].m += input_gain * input[k][j];
    }
  }
}

/* The same where gains are steady: whitening waits for the end. */
INLINE void advance_later(int ways, const rb_bank_group *group, int o, const float *const *y,
                          const float *const *input, int64_t from, int64_t to, state *s) {
  const vector carry = load(&group->later.carry[o]), fresh = load(&group->decay[o]) - carry;
  const vector input_gain = load(&group->input_gain[o]);
  for (int64_t j = from; j < to; ++j) {
    UNROLL for (int k = 0; k < ways; ++k) {
      const float value = y[k][j];
      const vector e = value - s[k].m;
      s[k].later_square += e * e;
      s[k].later += e;
      s[k].m = carry * s[k].m + fresh * value;
      if (input) s[k].m += input_gain * input[k][j];
    }
  }
}

/* `ways` segments, longest first, from their beginning to their end: side by side while all last.
 */
INLINE void filter_segments(int ways, const rb_bank_group *group, int64_t length, const float *y,
                            const float *input, const float start[2],
                            const rb_bank_segment *segment, segment_sums *out) {
  const int64_t lags = group->lags;
  const float *own_y[WAYS], *own_input[WAYS];
  UNROLL for (int k = 0; k < ways; ++k) {
    own_y[k] = &y[segment[k].set * length + segment[k].first];
    own_input[k] = input ? &input[segment[k].first] : NULL;
  }
  for (int o = 0; o < GROUP; o += VECTOR) {
    state s[WAYS];
    UNROLL for (int k = 0; k < ways; ++k) {
      s[k].m = load(&group->decay[o]) * start[segment[k].from_init ? 1 : 0];
      if (input) s[k].m += load(&group->input_gain[o]) * own_input[k][-1];
      s[k].square = s[k].start = s[k].mu = s[k].later = s[k].later_square = (vector){0};
    }
    int64_t done = 0;
    UNROLL for (int lasting = ways; lasting > 0; --lasting) {
      const int64_t end = segment[lasting - 1].count;
      const int64_t middle = end < lags ? end : done < lags ? lags : done;
      advance(lasting, group, o, own_y, input ? own_input : NULL, done, middle, s);
      advance_later(lasting, group, o, own_y, input ? own_input : NULL, middle, end, s);
      done = end;
    }
    const vector w = load(&group->later.w[o]), mu_ww = load(&group->later.mu_w[o]) * w;
    UNROLL for (int k = 0; k < ways; ++k) {
      store(&out[k].square[o], s[k].square + s[k].later_square * (w * w));
      store(&out[k].start[o], s[k].start);
      store(&out[k].mu[o], s[k].mu + s[k].later * mu_ww);
      store(&out[k].prediction[o], s[k].m);
    }
  }
}

static void add_segment(const rb_bank_group *restrict group, const rb_bank_segment *segment,
                        const segment_sums *restrict s, rb_bank_sums *restrict sums) {
  const int64_t n = segment->count < group->lags ? segment->count : group->lags;
  const rb_bank_total *restrict total = &group->total[n];
  const float extra = (float)(segment->count - n), spike = segment->to_spike ? 1 : 0;
  const int k = segment->from_init ? 1 : 0;
  for (int l = 0; l < GROUP; ++l) {
    sums->square[l] += s->square[l];
    sums->start[k][l] += s->start[l];
    sums->mu[l] += s->mu[l];
    sums->start_start[k][l] += total->start_start[l];
    sums->start_mu[k][l] += total->start_mu[l];
    sums->mu_mu[l] += total->mu_mu[l] + extra * group->steady.mu_mu[l];
    sums->log_s[l] += total->log_s[l] + extra * group->steady.log_s[l];
    sums->spike[l] += spike * s->prediction[l];
    sums->spike_start[k][l] += spike * total->next_start[l];
    sums->spike_mu[l] += spike * total->next_mu[l];
  }
}

INLINE void filter_all(const rb_bank_group *group, int64_t length, const float *y,
                       const float *input, const float start[2], int64_t segments,
                       const rb_bank_segment *segment, rb_bank_sums *sums) {
  segment_sums s[WAYS];
  int64_t first = 0;
  for (; first + WAYS <= segments; first += WAYS) {
    filter_segments(WAYS, group, length, y, input, start, &segment[first], s);
    for (int k = 0; k < WAYS; ++k) {
      const rb_bank_segment *own = &segment[first + k];
      add_segment(group, own, &s[k], &sums[own->set * RB_BANK_GROUPS]);
    }
  }
  for (; first < segments; ++first) {
    const rb_bank_segment *own = &segment[first];
    filter_segments(1, group, length, y, input, start, own, s);
    add_segment(group, own, s, &sums[own->set * RB_BANK_GROUPS]);
  }
}

static void filter(const rb_bank_group *group, int64_t length, const float *y, const float *input,
                   const float start[2], int64_t segments, const rb_bank_segment *segment,
                   rb_bank_sums *sums) {
  if (input == NULL) {  // a constant, so that its terms drop out
    filter_all(group, length, y, NULL, start, segments, segment, sums);
  } else {
    filter_all(group, length, y, input, start, segments, segment, sums);
  }
}

/* e^x for |x| < 80, relative error below 1e-6: x = n ln 2 + r, Taylor series of r. */
INLINE float exponential(float x) {
  const float magic = 0x1.8p23f;  // adding it rounds to an integer, kept in the low bits
  const float shifted = x * 0x1.715476p0f + magic, n = shifted - magic;
  const float r = (x - n * 0x1.62e4p-1f) - n * 0x1.7f7d1cp-20f;  // ln 2 in two parts
  float p = 1.0f / 5040.0f;
  p = p * r + 1.0f / 720.0f;
  p = p * r + 1.0f / 120.0f;
  p = p * r + 1.0f / 24.0f;
  p = p * r + 1.0f / 6.0f;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  uint32_t bits = 0, exponent = 0;
  memcpy(&bits, &p, sizeof bits);
  memcpy(&exponent, &shifted, sizeof exponent);
  bits += exponent << 23;
  memcpy(&p, &bits, sizeof p);
  return p;
}

/* The second pass' filter: prediction, its variance, and the prediction before. */
typedef struct chain {
  float m[GROUP], P[GROUP], last[GROUP];
} chain;

/* Step t of the data sets: spikes' sums; y becomes the prediction minus v_th, LOWEST_MV where it is
 * not free; then the filter moves on. */
INLINE void threshold_step(const rb_bank_best *restrict b, float *restrict y,
                           const uint32_t *restrict code, float input, chain *restrict c,
                           rb_bank_threshold *restrict r) {
  for (int l = 0; l < GROUP; ++l) {
    const int is_free = code[l] == RB_BANK_FREE, is_spike = code[l] == RB_BANK_SPIKE;
    const float m = c->m[l], above = m - b->v_th[l], rise = m - c->last[l];
    const float square = above * above;
    const float low = above < LOWEST_MV ? LOWEST_MV : above;
    const float x = low > HIGHEST_MV ? HIGHEST_MV : low;
    const float K = c->P[l] / (c->P[l] + b->noise[l]);
    const float filtered = m + K * (y[l] - m), variance = b->noise[l] * K;
    const float known = is_free ? filtered : b->V_reset[l];
    const float uncertain = is_free ? variance : 0.0f;
    r->spike_square[l] += is_spike ? square : 0.0f;
    r->spike_rise[l] += is_spike ? rise : 0.0f;
    c->last[l] = is_free ? m : b->V_reset[l];
    c->m[l] = b->decay[l] * known + b->rise[l] + b->input_gain[l] * input;
    c->P[l] = b->decay[l] * b->decay[l] * uncertain + b->process[l];
    y[l] = is_free ? x : LOWEST_MV;
  }
}

/* Largest x, and sums of exp(3 x), exp(6 x), exp(12 x). */
INLINE void add_exponentials(const float *restrict x, rb_bank_threshold *restrict r) {
  for (int l = 0; l < GROUP; ++l) {
    const float e3 = exponential(3.0f * x[l]), e6 = e3 * e3;
    r->highest[l] = x[l] > r->highest[l] ? x[l] : r->highest[l];
    r->exponentials[0][l] += e3;
    r->exponentials[1][l] += e6;
    r->exponentials[2][l] += e6 * e6;
  }
}

static void moving_average(int64_t length, int64_t window, const float *y,
                           float highest[restrict GROUP]) {
  float sum[GROUP] = {0};
  for (int64_t t = 0; t < window; ++t) {
    for (int l = 0; l < GROUP; ++l) sum[l] += y[t * GROUP + l];
  }
  for (int l = 0; l < GROUP; ++l) highest[l] = sum[l];
  for (int64_t t = window; t < length; ++t) {
    for (int l = 0; l < GROUP; ++l) {
      sum[l] += y[t * GROUP + l] - y[(t - window) * GROUP + l];
      highest[l] = sum[l] > highest[l] ? sum[l] : highest[l];
    }
  }
  for (int l = 0; l < GROUP; ++l) highest[l] /= (float)window;
}

static void threshold(const rb_bank_best *best, int64_t length, float *y, const uint32_t *code,
                      const float *input, const int64_t windows[2], rb_bank_threshold *result) {
  rb_bank_threshold r = {0};
  chain c;
  moving_average(length, windows[0], y, r.highest_short);
  moving_average(length, windows[1], y, r.highest_long);
  for (int l = 0; l < GROUP; ++l) {
    const float start = code[l] == RB_BANK_FREE ? best->V_init[l] : best->V_reset[l];
    const float drive = input ? input[0] : 0.0f;
    c.last[l] = start;
    c.m[l] = best->decay[l] * start + best->rise[l] + best->input_gain[l] * drive;
    c.P[l] = best->process[l];
    r.highest[l] = LOWEST_MV;
  }
  for (int64_t t = 1; t < length - 1; ++t) {  // the last sample is never tested
    threshold_step(best, &y[t * GROUP], &code[t * GROUP], input ? input[t] : 0.0f, &c, &r);
  }
  for (int64_t t = 1; t < length - 1; ++t) add_exponentials(&y[t * GROUP], &r);
  *result = r;
}

extern const rb_bank_kernel RB_KERNEL_SYMBOL(rb_bank_kernel);
const rb_bank_kernel RB_KERNEL_SYMBOL(rb_bank_kernel) = {filter, threshold};
