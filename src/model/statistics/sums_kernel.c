#include <string.h>

#include "sums.h"

/* No contraction and no order that depends on the vector width: every instruction set gives the
 * same bits. Sums run over LANES lanes, which are added at the end. Arrays by age gather all
 * stretches, so that the knots' weights are applied once to each. */

#if defined(__AVX512F__)
enum { VECTOR = 8 };
#elif defined(__AVX2__)
enum { VECTOR = 4 };
#else
enum { VECTOR = 2 };
#endif
enum { LANES = RB_PLAN_LANES, PARTS = LANES / VECTOR, NEAR = RB_PLAN_NEAR };
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

static void clear(double *a, int64_t count) { memset(a, 0, (size_t)count * sizeof *a); }

/* A stretch, and zeros after it. */
static void cut(const double *v, int64_t count, double *to) {
  for (int64_t j = 0; j < count; j += LANES) store(&to[j], load(&v[j]));
  store(&to[count], all(0));
}

/* Adds v and v * factor; v ends with zeros. */
static void gather(int64_t count, const double *v, double factor, double *sum, double *moment) {
  const lanes f = all(factor);
  for (int64_t j = 0; j < count; j += LANES) {
    const lanes a = load(&v[j]);
    store(&sum[j], plus(load(&sum[j]), a));
    store(&moment[j], plus(load(&moment[j]), times(a, f)));
  }
}

/* Sums over ages 0 .. ages-1 with the weights of each knot; zeros follow in a. */
static void project(const rb_plan *plan, int64_t ages, const double *a, double *out) {
  const int64_t blocks = (ages + LANES - 1) / LANES;
  for (int k = 0; k < plan->knots; ++k) {
    const rb_plan_hat *h = &plan->hat[k];
    const int64_t end = blocks - h->first < h->blocks ? blocks - h->first : h->blocks;
    const double *own = &a[h->first * LANES];
    lanes sum = all(0);
    for (int64_t b = 0; b < end; ++b) {
      sum = plus(sum, times(load(&h->weight[b * LANES]), load(&own[b * LANES])));
    }
    out[k] = end > 0 ? total(sum) : 0;
  }
}

/* The knots' averages, interpolated at ages 0 .. ages-1. */
static void interpolate(const rb_plan *plan, int64_t ages, const rb_aligned_sums *s, double *out) {
  const int64_t blocks = (ages + LANES - 1) / LANES;
  clear(out, blocks * LANES);
  for (int k = 0; k < plan->knots; ++k) {
    const rb_plan_hat *h = &plan->hat[k];
    const int64_t end = blocks - h->first < h->blocks ? blocks - h->first : h->blocks;
    const lanes average = all(s->value[k] / (s->mass[k] + RB_LEAST_MASS));
    double *own = &out[h->first * LANES];
    for (int64_t b = 0; b < end; ++b) {
      store(&own[b * LANES],
            plus(load(&own[b * LANES]), times(load(&h->weight[b * LANES]), average)));
    }
  }
}

/* Projects sums of v and of v times the events' time, `direction` times an age before v's own. */
static void align(const rb_plan *plan, int64_t ages, double direction, const double *mass,
                  const double *sum, const double *moment, double *drift, rb_aligned_sums *out) {
  const double step = 1 / (double)plan->length;
  for (int64_t j = 0; j < ages; ++j) {
    drift[j] = (moment[j] + direction * (double)j * sum[j]) * step - 0.5 * sum[j];
  }
  store(&drift[ages], all(0));
  project(plan, ages, mass, out->mass);
  project(plan, ages, sum, out->value);
  project(plan, ages, drift, out->drift);
}

static void reverse(int64_t count, const double *end, double *to) {
  for (int64_t j = 0; j < count; ++j) to[j] = end[-j];
  store(&to[count], all(0));
}

/* Values by the time since the last event, until the next one and since the beginning. */
static void sum_values(const rb_plan *plan, const rb_events *e, rb_sums_memory *m,
                       rb_statistics_sums *out) {
  const int64_t T = plan->length, longest = e->longest;
  clear(m->sum, longest + LANES);
  clear(m->moment, longest + LANES);
  clear(&m->back_sum[T - longest], longest + 2 * LANES);
  clear(&m->back_moment[T - longest], longest + 2 * LANES);
  for (int64_t i = 0; i < e->stretches; ++i) {
    const rb_stretch *s = &e->stretch[i];
    const int64_t n = s->count;
    cut(&m->v[s->first], n, m->x);
    if (s->after) gather(n, m->x, (double)s->first, m->sum, m->moment);
    if (!s->before) continue;
    const int64_t from = s->after ? 1 : 0;
    gather(n - from, &m->x[from], (double)(s->first + n), &m->back_sum[T - n + from],
           &m->back_moment[T - n + from]);
  }
  align(plan, longest, 1, e->since, m->sum, m->moment, m->drift, &out->since);
  reverse(longest + 1, &m->back_sum[T], m->value);
  reverse(longest + 1, &m->back_moment[T], m->moment);
  m->value[0] = m->moment[0] = 0;
  for (int64_t i = 0; i < e->count; ++i) {
    m->value[0] += m->v[e->time[i]];
    m->moment[0] += m->v[e->time[i]] * (double)e->time[i];
  }
  align(plan, longest + 1, -1, e->until, m->value, m->moment, m->drift, &out->until);
  const int64_t begin = e->stretch[0].after ? 0 : e->stretch[0].count;
  cut(m->v, begin, m->x);
  clear(m->moment, begin);
  for (int64_t t = 0; t < begin; ++t) m->value[t] = 1;
  store(&m->value[begin], all(0));
  align(plan, begin, 1, m->value, m->x, m->moment, m->drift, &out->begin);
}

/* Products of a stretch's residuals, which end with zeros. */
static void multiply(const rb_plan *plan, int64_t count, const double *r, double *near,
                     double *far) {
  for (int k = 0; k < plan->lags; ++k, near += NEAR, far += plan->ages * LANES) {
    const int64_t lag = plan->lag[k], pairs = count - lag;
    const double *later = &r[lag];
    for (int64_t j = 0; j < NEAR && j < pairs; j += LANES) {
      store(&near[j], plus(load(&near[j]), times(load(&r[j]), load(&later[j]))));
    }
    for (int a = 0; a < plan->ages && plan->age[a] < pairs; ++a) {
      int64_t j = plan->age[a] > NEAR ? plan->age[a] : NEAR;
      const int64_t next = a + 1 < plan->ages ? plan->age[a + 1] : pairs;
      const int64_t end = next < pairs ? next : pairs;
      if (j >= end) continue;
      lanes sum = load(&far[a * LANES]);
      for (; j < end; j += LANES) sum = plus(sum, times(load(&r[j]), load(&later[j])));
      store(&far[a * LANES], sum);
    }
  }
}

static void sum_lags(const rb_plan *plan, const double *near, const double *far,
                     rb_statistics_sums *out) {
  for (int k = 0; k < plan->lags; ++k, near += NEAR) {
    for (int a = 0; a < plan->ages; ++a, far += LANES) {
      const int64_t next = a + 1 < plan->ages && plan->age[a + 1] < NEAR ? plan->age[a + 1] : NEAR;
      double sum = total(load(far));
      for (int64_t j = plan->age[a]; j < next; ++j) sum += near[j];
      out->lag[a][k] = sum;
    }
  }
}

/* What is left of a stretch, rounded to float, by the time since the last event and until the next
 * one. */
static void sum_residuals_of(const rb_plan *plan, const rb_stretch *s, rb_sums_memory *m) {
  const int64_t T = plan->length, n = s->count;
  const double *mean = s->after ? m->since_mean : m->begin_mean, *v = &m->v[s->first];
  double *r = m->left;
  for (int64_t j = 0; j < n; ++j) r[j] = (double)(float)(v[j] - mean[j]);
  store(&r[n], all(0));
  multiply(plan, n, r, m->near, m->far);
  for (int64_t j = 0; s->after && j < n; j += LANES) {
    const lanes a = load(&r[j]);
    store(&m->sum[j], plus(load(&m->sum[j]), times(a, a)));
  }
  for (int64_t j = s->after ? 1 : 0; s->before && j < n; j += LANES) {
    const int64_t back = T - n + j;
    const lanes other = minus(load(&v[j]), load(&m->until_mean[back]));
    store(&m->back_sum[back], plus(load(&m->back_sum[back]), load(&r[j])));
    store(&m->back_moment[back], plus(load(&m->back_moment[back]), times(other, other)));
  }
}

static void sum_residuals(const rb_plan *plan, const rb_events *e, rb_sums_memory *m,
                          rb_statistics_sums *out) {
  const int64_t T = plan->length, longest = e->longest;
  interpolate(plan, longest, &out->since, m->since_mean);
  interpolate(plan, longest, &out->begin, m->begin_mean);
  interpolate(plan, longest + 1, &out->until, m->value);
  for (int64_t u = 0; u <= longest; ++u) m->until_mean[T - u] = m->value[u];
  clear(m->sum, longest + LANES);
  clear(&m->back_sum[T - longest], longest + 2 * LANES);
  clear(&m->back_moment[T - longest], longest + 2 * LANES);
  clear(m->near, (int64_t)plan->lags * NEAR);
  clear(m->far, (int64_t)plan->lags * plan->ages * LANES);
  for (int64_t i = 0; i < e->stretches; ++i) sum_residuals_of(plan, &e->stretch[i], m);
  sum_lags(plan, m->near, m->far, out);
  double r = 0, other = 0;  // of the events' own samples
  for (int64_t i = 0; i < e->count; ++i) {
    const double v = m->v[e->time[i]], d = v - m->until_mean[T];
    r += (double)(float)(v - m->since_mean[0]);
    other += d * d;
  }
  m->back_sum[T] = r;
  m->back_moment[T] = other;
  project(plan, longest, m->sum, out->square);
  reverse(longest + 1, &m->back_sum[T], m->value);
  project(plan, longest + 1, m->value, out->residual);
  reverse(longest + 1, &m->back_moment[T], m->value);
  project(plan, longest + 1, m->value, out->other_square);
}

static void sum_increments(const rb_plan *plan, const double *d, const double *left, double *out) {
  for (int k = 0; k < plan->lags; ++k) {
    const int64_t lag = plan->lag[k];
    lanes sum = all(0);
    for (int64_t t = 0; t < plan->length; t += LANES) {
      const lanes a = load(&d[t]), rise = minus(load(&d[t + lag]), a);
      sum = plus(sum, keep(times(a, rise), load(&left[t]), (double)lag));
    }
    out[k] = total(sum);
  }
}

/* x and y are sums over a width at every sample a line takes. */
static void sum_line(int64_t count, const double *x, const double *left, int64_t later,
                     double reach, double scale, rb_line_sums *out) {
  const lanes factor = all(scale), one = all(1);
  lanes n = all(0), sx = n, sy = n, xx = n, xy = n, yy = n;
  for (int64_t i = 0; i < count; i += LANES) {
    const lanes l = load(&left[i]);
    const lanes a = keep(times(load(&x[i]), factor), l, reach);
    const lanes b = keep(times(load(&x[i + later]), factor), l, reach);
    n = plus(n, keep(one, l, reach));
    sx = plus(sx, a);
    sy = plus(sy, b);
    xx = plus(xx, times(a, a));
    xy = plus(xy, times(a, b));
    yy = plus(yy, times(b, b));
  }
  *out = (rb_line_sums){total(n), total(sx), total(sy), total(xx), total(xy), total(yy)};
}

/* The lines of one width, from the sums over it. */
static void sum_lines(const rb_plan *plan, int64_t width, const rb_events *e, rb_sums_memory *m,
                      rb_statistics_sums *out) {
  const int64_t T = plan->length, step = width / 2, count = (T + step - 1) / step;
  const double *x = m->average, *left = e->left;
  for (int k = 0; k < plan->lines; ++k) {
    const rb_plan_line *line = &plan->line[k];
    if (line->width != width) continue;
    if (step > 1 && x != m->x) {
      for (int64_t i = 0; i < count; ++i) {
        m->x[i] = m->average[i * step];
        m->left[i] = e->left[i * step];
      }
      store(&m->left[count], all(-1));
      x = m->x;
      left = m->left;
    }
    sum_line(count, x, left, line->distance / step, (double)(line->distance + width - 1),
             1 / (double)width, &out->line[k]);
  }
}

static void find_extremes(int64_t T, const double *average, const double *left, int64_t width,
                          double *least, double *largest) {
  lanes low = all(RB_NO_EXTREME), high = all(-RB_NO_EXTREME);
  for (int64_t t = 0; t < T; t += LANES) {
    const lanes a = keep_or_nan(load(&average[t]), load(&left[t]), (double)(width - 1));
    low = smaller(low, a);
    high = larger(high, a);
  }
  double lows[LANES], highs[LANES];
  store(lows, low);
  store(highs, high);
  *least = lows[0];
  *largest = highs[0];
  for (int l = 1; l < LANES; ++l) {
    if (lows[l] < *least) *least = lows[l];
    if (highs[l] > *largest) *largest = highs[l];
  }
  *least /= (double)width;
  *largest /= (double)width;
}

/* Sums over widths 1, 2, 4 and so on, each from the one before, in place. */
static void move_averages(const rb_plan *plan, const rb_events *e, rb_sums_memory *m,
                          rb_statistics_sums *out) {
  const int64_t T = plan->length, longest = plan->width[plan->widths - 1];
  cut(m->d, T, m->average);
  int k = 0;
  for (int64_t width = 1; width <= longest || width <= 32; width *= 2) {
    for (int64_t t = 0; width > 1 && t < T; t += LANES) {
      store(&m->average[t], plus(load(&m->average[t]), load(&m->average[t + width / 2])));
    }
    if (k < plan->widths && plan->width[k] == width) {
      find_extremes(T, m->average, e->left, width, &out->least[k], &out->largest[k]);
      ++k;
    }
    if (width > 1) sum_lines(plan, width, e, m, out);
  }
}

static void sum_moments(int64_t T, const double *d, double *out) {
  lanes second = all(0), third = second, fourth = second;
  for (int64_t t = 0; t < T; t += LANES) {
    const lanes a = load(&d[t]), square = times(a, a);
    second = plus(second, square);
    third = plus(third, times(square, a));
    fourth = plus(fourth, times(square, square));
  }
  out[0] = total(second);
  out[1] = total(third);
  out[2] = total(fourth);
}

static void sum(const rb_plan *plan, const rb_events *events, const float *x, double mean,
                double scale, rb_sums_memory *m, rb_statistics_sums *out) {
  const int64_t T = plan->length;
  for (int64_t t = 0; t < T; ++t) m->v[t] = ((double)x[t] - mean) * scale;
  lanes values = all(0);
  for (int64_t t = 0; t < T; t += LANES) values = plus(values, load(&m->v[t]));
  out->mean = total(values) / (double)T;
  for (int64_t t = 0; t < T; ++t) m->d[t] = m->v[t] - out->mean;
  sum_values(plan, events, m, out);
  sum_residuals(plan, events, m, out);
  sum_increments(plan, m->d, events->left, out->increment);
  move_averages(plan, events, m, out);
  sum_moments(T, m->d, out->moment);
}

extern const rb_sums_kernel RB_KERNEL_SYMBOL(rb_sums_kernel);
const rb_sums_kernel RB_KERNEL_SYMBOL(rb_sums_kernel) = {sum};
