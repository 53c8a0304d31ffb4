#include <string.h>

#include "sums.h"
#include "vectors.h"

/* Arrays by age gather all stretches, so that the knots' weights are applied once to each. */

enum { NEAR = RB_PLAN_NEAR };

static void clear(double *a, int64_t count) { memset(a, 0, (size_t)count * sizeof *a); }

/* A stretch, and zeros after it. */
static void cut(const double *v, int64_t count, double *to) {
  for (int64_t j = 0; j < count; j += LANES) store(&to[j], load(&v[j]));
  store(&to[count], all(0));
}

/* Adds v, which ends with zeros. */
static void add(int64_t count, const double *v, double *sum) {
  for (int64_t j = 0; j < count; j += LANES) store(&sum[j], plus(load(&sum[j]), load(&v[j])));
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
static void align(const rb_plan *plan, const rb_events *e, int64_t ages, double direction,
                  const double *mass, const double *sum, const double *moment, double *drift,
                  rb_aligned_sums *out) {
  const double step = 1 / (double)e->longest_time;
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

/* Adds a stretch to the sums by age. */
static void gather_stretch(const rb_plan *plan, const rb_stretch *s, rb_sums_memory *m) {
  const int64_t n = s->count, at = s->first - s->origin;
  cut(&m->v[s->first], n, m->x);
  if (s->after) {
    gather(n, m->x, (double)(at - s->age), &m->sum[s->age], &m->moment[s->age]);
  } else {
    add(n, m->x, &m->begin_sum[s->age]);
  }
  if (!s->before) return;
  const int64_t own = rb_stretch_has_event(s) ? 1 : 0, back = plan->length - s->lead - n + own;
  gather(n - own, &m->x[own], (double)(at + n + s->lead), &m->back_sum[back],
         &m->back_moment[back]);
}

/* Values by the time since the last event, until the next one and since the beginning. */
static void sum_values(const rb_plan *plan, const rb_events *e, rb_sums_memory *m,
                       rb_statistics_sums *out) {
  const int64_t T = plan->length, longest = e->longest;
  clear(m->sum, longest + LANES);
  clear(m->moment, longest + LANES);
  clear(m->begin_sum, e->beginning + LANES);
  clear(&m->back_sum[T - longest], longest + 2 * LANES);
  clear(&m->back_moment[T - longest], longest + 2 * LANES);
  for (int64_t i = 0; i < e->stretches; ++i) gather_stretch(plan, &e->stretch[i], m);
  align(plan, e, longest, 1, e->since, m->sum, m->moment, m->drift, &out->since);
  clear(m->moment, e->beginning + LANES);  // since the beginning, age 0 is at time 0
  align(plan, e, e->beginning, 1, e->begin, m->begin_sum, m->moment, m->drift, &out->begin);
  reverse(longest + 1, &m->back_sum[T], m->value);
  reverse(longest + 1, &m->back_moment[T], m->moment);
  m->value[0] = m->moment[0] = 0;
  for (int64_t i = 0; i < e->stretches; ++i) {
    const rb_stretch *s = &e->stretch[i];
    if (!rb_stretch_has_event(s)) continue;
    m->value[0] += m->v[s->first];
    m->moment[0] += m->v[s->first] * (double)(s->first - s->origin);
  }
  align(plan, e, longest + 1, -1, e->until, m->value, m->moment, m->drift, &out->until);
}

/* Products of a stretch's residuals, which end with zeros. @param base age of the first, a multiple
 * of LANES */
static void multiply(const rb_plan *plan, int64_t base, int64_t count, const double *r,
                     double *near, double *far) {
  for (int k = 0; k < plan->lags; ++k, near += NEAR, far += plan->ages * LANES) {
    const int64_t lag = plan->lag[k], pairs = count - lag;
    const double *later = &r[lag];
    for (int64_t j = 0; base + j < NEAR && j < pairs; j += LANES) {
      double *own = &near[base + j];
      store(own, plus(load(own), times(load(&r[j]), load(&later[j]))));
    }
    for (int a = 0; a < plan->ages && plan->age[a] < base + pairs; ++a) {
      const int64_t from = (plan->age[a] > NEAR ? plan->age[a] : NEAR) - base;
      const int64_t next = a + 1 < plan->ages ? plan->age[a + 1] - base : pairs;
      const int64_t end = next < pairs ? next : pairs;
      int64_t j = from > 0 ? from : 0;
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
 * one. Zeros precede it, so that vectors begin at multiples of LANES of age. */
static void sum_residuals_of(const rb_plan *plan, const rb_stretch *s, rb_sums_memory *m) {
  const int64_t T = plan->length, n = s->count, before = s->age % LANES, base = s->age - before;
  const double *mean = (s->after ? m->since_mean : m->begin_mean) + s->age, *v = &m->v[s->first];
  double *padded = m->residual, *r = &padded[before];
  store(padded, all(0));
  for (int64_t j = 0; j < n; ++j) r[j] = (double)(float)(v[j] - mean[j]);
  store(&r[n], all(0));
  multiply(plan, base, before + n, padded, m->near, m->far);
  for (int64_t j = 0; s->after && j < before + n; j += LANES) {
    const lanes a = load(&padded[j]);
    store(&m->sum[base + j], plus(load(&m->sum[base + j]), times(a, a)));
  }
  if (!s->before) return;
  const int64_t own = rb_stretch_has_event(s) ? 1 : 0, back = T - s->lead - n;
  double *other = m->x;
  for (int64_t j = 0; j < n; ++j) other[j] = v[j] - m->until_mean[back + j];
  store(&other[n], all(0));
  add(n - own, &r[own], &m->back_sum[back + own]);
  for (int64_t j = own; j < n; j += LANES) {
    double *square = &m->back_moment[back + j];
    const lanes a = load(&other[j]);
    store(square, plus(load(square), times(a, a)));
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
  for (int64_t i = 0; i < e->stretches; ++i) {
    if (!rb_stretch_has_event(&e->stretch[i])) continue;
    const double v = m->v[e->stretch[i].first], d = v - m->until_mean[T];
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
    for (int64_t t = 0; t < plan->places; t += LANES) {
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
  const int64_t step = width / 2, count = (plan->places + step - 1) / step;
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

/* Sums over a width from those over half of it, in place, and their least and largest mean. */
static void widen(int64_t places, double *average, const double *left, int64_t width, double *least,
                  double *largest) {
  lanes low = all(RB_NO_EXTREME), high = all(-RB_NO_EXTREME);
  for (int64_t t = 0; t < places; t += LANES) {
    lanes a = load(&average[t]);
    if (width > 1) {
      a = plus(a, load(&average[t + width / 2]));
      store(&average[t], a);
    }
    a = keep_or_nan(a, load(&left[t]), (double)(width - 1));
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
static void move_averages(const rb_plan *plan, const rb_events *e, bool lines, rb_sums_memory *m,
                          rb_statistics_sums *out) {
  const int64_t places = plan->places, longest = plan->width[plan->widths - 1];
  cut(m->d, places, m->average);
  int k = 0;
  for (int64_t width = 1; width <= longest || (lines && width <= 32); width *= 2) {
    double least, largest;
    widen(places, m->average, e->left, width, &least, &largest);
    if (k < plan->widths && plan->width[k] == width) {
      out->least[k] = least;
      out->largest[k] = largest;
      ++k;
    }
    if (lines && width > 1) sum_lines(plan, width, e, m, out);
  }
}

static void sum_moments(int64_t places, const double *d, double *out) {
  lanes second = all(0), third = second, fourth = second;
  for (int64_t t = 0; t < places; t += LANES) {
    const lanes a = load(&d[t]), square = times(a, a);
    second = plus(second, square);
    third = plus(third, times(square, a));
    fourth = plus(fourth, times(square, square));
  }
  out[0] = total(second);
  out[1] = total(third);
  out[2] = total(fourth);
}

/* Values and their differences from the mean, at their places; 0 where nothing was observed. */
static void place_values(const rb_plan *plan, const rb_events *e, const float *x, double mean,
                         double scale, rb_sums_memory *m, rb_statistics_sums *out) {
  const int64_t T = plan->length, places = plan->places;
  for (int64_t r = 0; r < plan->recordings; ++r, x += T) {
    double *v = &m->v[r * plan->stride];
    for (int64_t t = 0; t < T; ++t) v[t] = ((double)x[t] - mean) * scale;
  }
  lanes values = all(0);
  for (int64_t t = 0; t < places; t += LANES) {
    const lanes v = keep(load(&m->v[t]), load(&e->left[t]), 0);
    store(&m->v[t], v);
    values = plus(values, v);
  }
  out->mean = e->samples > 0 ? total(values) / (double)e->samples : 0;
  const lanes middle = all(out->mean);
  for (int64_t t = 0; t < places; t += LANES) {
    store(&m->d[t], keep(minus(load(&m->v[t]), middle), load(&e->left[t]), 0));
  }
}

static void sum(const rb_plan *plan, const rb_events *events, bool averages, const float *x,
                double mean, double scale, rb_sums_memory *m, rb_statistics_sums *out) {
  place_values(plan, events, x, mean, scale, m, out);
  if (averages) {
    sum_values(plan, events, m, out);
    sum_residuals(plan, events, m, out);
    sum_increments(plan, m->d, events->left, out->increment);
  }
  move_averages(plan, events, averages, m, out);
  sum_moments(plan->places, m->d, out->moment);
}

extern const rb_sums_kernel RB_KERNEL_SYMBOL(rb_sums_kernel);
const rb_sums_kernel RB_KERNEL_SYMBOL(rb_sums_kernel) = {sum};
