#include <string.h>

#include "driven_sums.h"
#include "vectors.h"

enum { LEFT = RB_VARIABLES };  // column of the samples left

/* Adds what lies half a width later, so that sums over a width become those over twice the width.
 */
static void widen(int64_t places, int64_t half, double *moving) {
  for (int64_t t = 0; t < places; t += LANES) {
    store(&moving[t], plus(load(&moving[t]), load(&moving[t + half])));
  }
}

/* Every hop-th value from a place on; zeros follow in the source. */
static const double *thin(int64_t count, int64_t hop, const double *from, double *to) {
  if (hop == 1) return from;
  for (int64_t i = 0; i < count; ++i) to[i] = from[i * hop];
  return to;
}

/* The columns of a lag, window i beginning at place i hop. RB_RISE's has v at its end, and the
 * means are sums. */
typedef struct columns {
  int64_t count, lag;
  const double *at[LEFT + 1];
} columns;

static columns choose(const rb_plan *plan, int k, bool history, const double *v,
                      rb_driven_memory *m) {
  const int64_t lag = INT64_C(1) << k, hop = rb_lag_hop(k);
  columns c = {.count = (plan->places + hop - 1) / hop, .lag = lag};
  const double *from[LEFT + 1] = {[RB_NOW] = v + lag,
                                  [RB_RISE] = v + 2 * lag,
                                  [RB_MEAN_BEFORE] = m->moving[0],
                                  [RB_MEAN_AFTER] = m->moving[0] + lag,
                                  [RB_DRIVE_AFTER] = m->moving[1] + lag,
                                  [RB_DRIVE_BEFORE] = m->moving[1],
                                  [LEFT] = m->open};
  for (int i = 0; history && i < RB_TRACES; ++i) from[RB_TRACE + i] = m->trace[i] + lag;
  for (int i = 0; i <= LEFT; ++i) {
    if (from[i] != NULL) c.at[i] = thin(c.count, hop, from[i], m->column[i]);
  }
  for (int64_t i = c.count; hop > 1 && i < c.count + LANES; ++i) m->column[LEFT][i] = -1;
  return c;
}

/* The variables of LANES windows; 0 where a window is not free of masks and events. */
INLINE lanes take(const columns *c, int variables, int64_t i, lanes *a) {
  const lanes left = load(&c->at[LEFT][i]), scale = all(1 / (double)c->lag);
  const double reach = (double)(2 * c->lag);
  a[RB_NOW] = load(&c->at[RB_NOW][i]);
  a[RB_RISE] = keep(minus(load(&c->at[RB_RISE][i]), a[RB_NOW]), left, reach);
  a[RB_NOW] = keep(a[RB_NOW], left, reach);
  for (int j = RB_MEAN_BEFORE; j < RB_PLAIN; ++j) {
    a[j] = keep(times(load(&c->at[j][i]), scale), left, reach);
  }
  for (int j = RB_TRACE; j < variables; ++j) a[j] = keep(load(&c->at[j][i]), left, reach);
  return keep(all(1), left, reach);
}

INLINE void sum_windows(const columns *c, int variables, rb_window_sums *out) {
  lanes n = all(0), sum[RB_VARIABLES], product[RB_VARIABLES][RB_VARIABLES];
  for (int i = 0; i < variables; ++i) {
    sum[i] = n;
    for (int j = 0; j <= i; ++j) product[i][j] = n;
  }
  for (int64_t at = 0; at < c->count; at += LANES) {
    lanes a[RB_VARIABLES];
    n = plus(n, take(c, variables, at, a));
    _Pragma("GCC unroll 9") for (int i = 0; i < variables; ++i) {
      sum[i] = plus(sum[i], a[i]);
      _Pragma("GCC unroll 9") for (int j = 0; j <= i; ++j) product[i][j] =
          plus(product[i][j], times(a[i], a[j]));
    }
  }
  memset(out, 0, sizeof *out);
  out->count = total(n);
  for (int i = 0; i < variables; ++i) {
    out->sum[i] = total(sum[i]);
    for (int j = 0; j <= i; ++j) out->product[i][j] = total(product[i][j]);
  }
}

static void sum_plain(const columns *c, rb_window_sums *out) { sum_windows(c, RB_PLAIN, out); }
static void sum_history(const columns *c, rb_window_sums *out) {
  sum_windows(c, RB_VARIABLES, out);
}

static double dot(int64_t count, const double *a, const double *b) {
  lanes sum = all(0);
  for (int64_t t = 0; t < count; t += LANES) sum = plus(sum, times(load(&a[t]), load(&b[t])));
  return total(sum);
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
  sum_stimulus(plan, e, m, out);
  out->later[0] = dot(places, m->centred, d);
  memcpy(m->moving[0], v, (size_t)places * sizeof *v);
  memcpy(m->moving[1], m->drive, (size_t)places * sizeof *v);
  for (int k = 0; k < plan->driven; ++k) {
    const int64_t lag = INT64_C(1) << k;
    for (int i = 0; k > 0 && i < 2; ++i) widen(places, lag / 2, m->moving[i]);
    const bool traces = history && rb_lag_has_history(k);
    const columns c = choose(plan, k, traces, v, m);
    (traces ? sum_history : sum_plain)(&c, &out->window[k]);
    out->own[k] = dot(places, m->centred, m->centred + lag);
    out->later[k + 1] = dot(places, m->centred, d + lag);
  }
}

static void leave(const rb_plan *plan, int k, const rb_forecast *forecast, const double *v,
                  rb_driven_memory *m, double *rest, double *there) {
  const int64_t places = plan->places;
  memcpy(m->moving[0], v, (size_t)places * sizeof *v);
  memcpy(m->moving[1], m->drive, (size_t)places * sizeof *v);
  for (int64_t half = 1; half < INT64_C(1) << k; half *= 2) {
    for (int i = 0; i < 2; ++i) widen(places, half, m->moving[i]);
  }
  const columns c = choose(plan, k, false, v, m);
  for (int64_t at = 0; at < c.count; at += LANES) {
    lanes a[RB_VARIABLES];
    const lanes one = take(&c, RB_PLAIN, at, a);
    lanes left = minus(a[RB_RISE], times(one, all(forecast->intercept)));
    for (int i = 0; i < RB_PLAIN; ++i) left = minus(left, times(a[i], all(forecast->slope[i])));
    store(&rest[at], left);
    store(&there[at], one);
  }
}

extern const rb_driven_kernel RB_KERNEL_SYMBOL(rb_driven_kernel);
const rb_driven_kernel RB_KERNEL_SYMBOL(rb_driven_kernel) = {sum_all, leave};
