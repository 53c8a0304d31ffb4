#include <string.h>

#include "driven_sums.h"
#include "vectors.h"

typedef rb_driven_level level;

static level first_level(const rb_plan *plan, const double *v, const rb_driven_memory *m) {
  return (level){.lag = 1,
                 .hop = 1,
                 .count = plan->places,
                 .apart = 1,
                 .v = v,
                 .sum_v = v,
                 .sum_drive = m->drive,
                 .open = m->open};
}

/* Sums over twice as many samples. */
static double *widen(int64_t count, int64_t apart, const double *restrict from,
                     double *restrict to) {
  for (int64_t i = 0; i < count; i += LANES) {
    store(&to[i], plus(load(&from[i]), load(&from[i + apart])));
  }
  return to;
}

/* The same, at every other place. */
static double *widen_half(int64_t count, int64_t apart, const double *restrict from,
                          double *restrict to) {
  for (int64_t i = 0; i < count; i += LANES) {
    store(&to[i], plus(load_even(&from[2 * i]), load_even(&from[2 * i + apart])));
  }
  return to;
}

static double *thin_half(int64_t count, const double *restrict from, double *restrict to) {
  for (int64_t i = 0; i < count; i += LANES) store(&to[i], load_even(&from[2 * i]));
  return to;
}

static double *thin(int64_t count, int64_t every, const double *restrict from,
                    double *restrict to) {
  for (int64_t i = 0; i < count; ++i) to[i] = from[i * every];
  return to;
}

/* Level number k from the one before: below lag 8 windows begin at every place, then at every other
 * one of those before. */
static level next_level(int k, level l, rb_driven_memory *m) {
  double *const *own = m->array[rb_lag_has_history(k) ? 1 + k / 2 : k % 2];
  if (rb_lag_hop(k) == 1) {
    l.sum_v = widen(l.count, l.apart, l.sum_v, own[1]);
    l.sum_drive = widen(l.count, l.apart, l.sum_drive, own[2]);
    l.apart *= 2;
  } else {
    l.count = (l.count + 1) / 2;
    l.sum_v = widen_half(l.count, l.apart, l.sum_v, own[1]);
    l.sum_drive = widen_half(l.count, l.apart, l.sum_drive, own[2]);
    l.v = thin_half(l.count + 2 * l.apart, l.v, own[0]);
    l.open = thin_half(l.count, l.open, own[3]);
    store(&own[3][l.count], all(-1));
    l.hop *= 2;
  }
  l.lag *= 2;
  return l;
}

static void add_traces(level *l, rb_driven_memory *m) {
  for (int i = 0; i < RB_TRACES; ++i) {
    l->trace[i] =
        l->hop == 1 ? m->trace[i] : thin(l->count + l->apart, l->hop, m->trace[i], m->thinned[i]);
  }
}

/* The variables of LANES windows; 0 where a window is not free of masks and events. */
INLINE lanes take(const level *l, int variables, int64_t i, lanes *a) {
  const lanes left = load(&l->open[i]), scale = all(1 / (double)l->lag);
  const double reach = (double)(2 * l->lag);
  const double *now = &l->v[i + l->apart];
  const double *sums[RB_PLAIN] = {[RB_MEAN_BEFORE] = &l->sum_v[i],
                                  [RB_MEAN_AFTER] = &l->sum_v[i + l->apart],
                                  [RB_DRIVE_AFTER] = &l->sum_drive[i + l->apart],
                                  [RB_DRIVE_BEFORE] = &l->sum_drive[i]};
  a[RB_NOW] = load(now);
  a[RB_RISE] = keep(minus(load(now + l->apart), a[RB_NOW]), left, reach);
  a[RB_NOW] = keep(a[RB_NOW], left, reach);
  for (int j = RB_MEAN_BEFORE; j < RB_PLAIN; ++j) {
    a[j] = keep(times(load(sums[j]), scale), left, reach);
  }
  for (int j = RB_TRACE; j < variables; ++j) {
    a[j] = keep(load(&l->trace[j - RB_TRACE][i + l->apart]), left, reach);
  }
  return keep(all(1), left, reach);
}

/* Sums and products of variables first .. end-1, each with all up to it. */
INLINE double sum_windows(const level *l, int first, int end, rb_window_sums *out) {
  lanes n = all(0), sum[RB_VARIABLES], product[RB_VARIABLES][RB_VARIABLES];
  for (int i = first; i < end; ++i) {
    sum[i] = n;
    for (int j = 0; j <= i; ++j) product[i][j] = n;
  }
  for (int64_t at = 0; at < l->count; at += LANES) {
    lanes a[RB_VARIABLES];
    n = plus(n, take(l, end, at, a));
    _Pragma("GCC unroll 9") for (int i = first; i < end; ++i) {
      sum[i] = plus(sum[i], a[i]);
      _Pragma("GCC unroll 9") for (int j = 0; j <= i; ++j) product[i][j] =
          plus(product[i][j], times(a[i], a[j]));
    }
  }
  for (int i = first; i < end; ++i) {
    out->sum[i] = total(sum[i]);
    for (int j = 0; j <= i; ++j) out->product[i][j] = total(product[i][j]);
  }
  return total(n);
}

/* Apart, since all sums together do not fit into the registers. */
static void sum_plain(const level *l, rb_window_sums *out) {
  out->count = sum_windows(l, 0, RB_PLAIN, out);
}
static void sum_traces(const level *l, rb_window_sums *out) {
  (void)sum_windows(l, RB_PLAIN, RB_VARIABLES, out);
}

static double dot(int64_t count, const double *a, const double *b) {
  lanes sum = all(0);
  for (int64_t t = 0; t < count; t += LANES) sum = plus(sum, times(load(&a[t]), load(&b[t])));
  return total(sum);
}

/* Products with two others. */
static void correlate(int64_t count, const double *a, const double *b, const double *c, double *ab,
                      double *ac) {
  lanes one = all(0), other = one;
  for (int64_t t = 0; t < count; t += LANES) {
    const lanes own = load(&a[t]);
    one = plus(one, times(own, load(&b[t])));
    other = plus(other, times(own, load(&c[t])));
  }
  *ab = total(one);
  *ac = total(other);
}

static double least_of(lanes a) {
  double l[LANES];
  store(l, a);
  for (int i = 1; i < LANES; ++i) l[0] = l[i] < l[0] ? l[i] : l[0];
  return l[0];
}

/* Mean, variance and extremes of the stimulus, and what is left of it. */
static void sum_stimulus(const rb_plan *plan, const rb_events *e, rb_driven_memory *m,
                         rb_driven_sums *out) {
  const int64_t places = plan->places;
  double known = 0;
  lanes sum = all(0);
  for (int64_t t = 0; t < places; t += LANES) sum = plus(sum, load(&m->drive[t]));
  for (int64_t r = 0; r < plan->recordings; ++r) known += (double)e->duration[r];
  out->known = known;
  out->mean = known > 0 ? total(sum) / known : 0;
  lanes low = all(RB_NO_STIMULUS), high = all(-RB_NO_STIMULUS);
  for (int64_t r = 0; r < plan->recordings; ++r) {
    const int64_t T = plan->length, duration = e->duration[r];
    const double *drive = m->drive + r * plan->stride;
    double *centred = m->centred + r * plan->stride;
    for (int64_t t = 0; t < duration; ++t) centred[t] = drive[t] - out->mean;
    memset(centred + duration, 0, (size_t)(T - duration) * sizeof *centred);
    for (int64_t t = 0; t < duration;) {
      const bool whole = t + LANES <= duration;
      const lanes a = whole ? load(&drive[t]) : all(drive[t]);
      low = smaller(low, a);
      high = larger(high, a);
      t += whole ? LANES : 1;
    }
  }
  out->least = least_of(low);
  out->largest = -least_of(minus(all(0), high));
  out->variance = known > 0 ? dot(places, m->centred, m->centred) / known : 0;
}

static void sum_all(const rb_plan *plan, const rb_events *e, bool history, const double *v,
                    const double *d, rb_driven_memory *m, rb_driven_sums *out) {
  const int64_t places = plan->places;
  level l = first_level(plan, v, m);
  sum_stimulus(plan, e, m, out);
  out->later[0] = dot(places, m->centred, d);
  for (int k = 0; k < plan->driven; ++k) {
    const int64_t lag = INT64_C(1) << k;
    if (k > 0) l = next_level(k, l, m);
    m->level[k] = l;
    const bool traces = history && rb_lag_has_history(k);
    if (traces) add_traces(&l, m);
    memset(&out->window[k], 0, sizeof out->window[k]);
    sum_plain(&l, &out->window[k]);
    if (traces) sum_traces(&l, &out->window[k]);
    correlate(places, m->centred, m->centred + lag, d + lag, &out->own[k], &out->later[k + 1]);
  }
}

static void leave(const level *l, const rb_forecast *forecast, double *rest, double *there) {
  for (int64_t at = 0; at < l->count; at += LANES) {
    lanes a[RB_VARIABLES];
    const lanes one = take(l, RB_PLAIN, at, a);
    lanes left = minus(a[RB_RISE], times(one, all(forecast->intercept)));
    for (int i = 0; i < RB_PLAIN; ++i) left = minus(left, times(a[i], all(forecast->slope[i])));
    store(&rest[at], left);
    store(&there[at], one);
  }
}

extern const rb_driven_kernel RB_KERNEL_SYMBOL(rb_driven_kernel);
const rb_driven_kernel RB_KERNEL_SYMBOL(rb_driven_kernel) = {sum_all, leave};
