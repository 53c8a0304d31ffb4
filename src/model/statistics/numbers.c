#include "numbers.h"

#include <math.h>

#include "bounds.h"

enum { EDGE_INTERVALS = 4 };  // first and last ones that are given each

int rb_numbers_count(const rb_plan *plan, rb_statistics_block block) {
  switch (block) {
    case RB_STATISTICS_MOMENTS:
      return 4;
    case RB_STATISTICS_SINCE:
    case RB_STATISTICS_UNTIL:
    case RB_STATISTICS_BEGIN:
    case RB_STATISTICS_RESIDUALS:
      return 3 * plan->knots;
    case RB_STATISTICS_LAGS:
      return plan->ages * (plan->lags + 1);
    case RB_STATISTICS_INCREMENTS:
      return plan->lags;
    case RB_STATISTICS_INTERVALS:
      return 10 + 4 * EDGE_INTERVALS;
    case RB_STATISTICS_EXTREMES:
      return 2 * plan->widths;
    case RB_STATISTICS_LINES:
      return 7 * plan->lines;
    default:
      return 0;
  }
}

static void put_moments(const rb_events *events, const rb_statistics_sums *s, float *out) {
  const double n = rb_most((double)events->samples, 1), variance = s->moment[0] / n,
               some = variance + 1e-6;
  out[0] = rb_rounded(s->mean);
  out[1] = rb_rounded(sqrt(variance));
  out[2] = rb_rounded(s->moment[1] / n / (some * sqrt(some)));
  out[3] = rb_rounded(s->moment[2] / n / (some * some) - 3);
}

static void put_aligned(const rb_plan *plan, const rb_aligned_sums *s, float *out) {
  for (int k = 0; k < plan->knots; ++k) {
    *out++ = rb_rounded(s->value[k] / (s->mass[k] + RB_LEAST_MASS));
    *out++ = rb_rounded(log(s->mass[k] + 0.3));
    *out++ = rb_rounded(s->drift[k] / (s->mass[k] + 1));
  }
}

static void put_residuals(const rb_plan *plan, const rb_statistics_sums *s, float *out) {
  for (int k = 0; k < plan->knots; ++k) {
    *out++ = rb_rounded(s->square[k] / (s->since.mass[k] + 1));
    *out++ = rb_rounded(s->residual[k] / (s->until.mass[k] + 0.1));
    *out++ = rb_rounded(s->other_square[k] / (s->until.mass[k] + 1));
  }
}

static void put_lags(const rb_plan *plan, const rb_events *events, const rb_statistics_sums *s,
                     float *out) {
  for (int a = 0; a < plan->ages; ++a) {
    const int64_t from = plan->age[a], to = a + 1 < plan->ages ? plan->age[a + 1] : plan->length;
    for (int k = 0; k < plan->lags; ++k) {
      const double pairs = (double)rb_events_pairs(events, from, to, plan->lag[k]);
      *out++ = rb_rounded(s->lag[a][k] / (pairs + 20));
    }
    *out++ = rb_rounded(log((double)rb_events_pairs(events, from, to, 0) + 1));
  }
}

static void put_increments(const rb_plan *plan, const rb_events *events,
                           const rb_statistics_sums *s, float *out) {
  for (int k = 0; k < plan->lags; ++k) {
    const int64_t pairs = rb_events_pairs(events, 0, plan->length, plan->lag[k]);
    out[k] = rb_rounded(s->increment[k] / ((double)pairs + 1));
  }
}

static void put_extremes(const rb_plan *plan, const rb_statistics_sums *s, float *out) {
  for (int k = 0; k < plan->widths; ++k) {
    const bool any = s->least[k] <= s->largest[k];
    *out++ = any ? rb_rounded(s->least[k] + s->mean) : 0;
    *out++ = any ? rb_rounded(s->largest[k] + s->mean) : 0;
  }
}

static void put_line(double mean, const rb_line_sums *s, float out[7]) {
  for (int i = 0; i < 6; ++i) out[i] = 0;
  out[6] = rb_rounded(log(s->count + 1));
  if (s->count < 4) return;
  const double x = s->x / s->count, y = s->y / s->count;
  const double v_x = rb_most(s->xx / s->count - x * x, 0),
               v_y = rb_most(s->yy / s->count - y * y, 0);
  const double c = s->xy / s->count - x * y, slope = c / (v_x + 1e-3);
  const double intercept = y + mean - slope * (x + mean);
  out[0] = rb_rounded(slope);
  out[1] = rb_rounded(intercept);
  out[2] = rb_rounded(log(rb_most(v_y - slope * c, 0) + 1e-4));
  out[3] = rb_rounded(log(v_x + 1e-3));
  out[4] = rb_rounded(intercept / rb_most(1 - slope, 0.05));
  out[5] = rb_rounded(y - x);
}

void rb_numbers_put(const rb_plan *plan, rb_statistics_block block, const rb_events *events,
                    const rb_statistics_sums *sums, float *out) {
  switch (block) {
    case RB_STATISTICS_MOMENTS:
      put_moments(events, sums, out);
      break;
    case RB_STATISTICS_SINCE:
      put_aligned(plan, &sums->since, out);
      break;
    case RB_STATISTICS_UNTIL:
      put_aligned(plan, &sums->until, out);
      break;
    case RB_STATISTICS_BEGIN:
      put_aligned(plan, &sums->begin, out);
      break;
    case RB_STATISTICS_RESIDUALS:
      put_residuals(plan, sums, out);
      break;
    case RB_STATISTICS_LAGS:
      put_lags(plan, events, sums, out);
      break;
    case RB_STATISTICS_INCREMENTS:
      put_increments(plan, events, sums, out);
      break;
    case RB_STATISTICS_EXTREMES:
      put_extremes(plan, sums, out);
      break;
    case RB_STATISTICS_LINES:
      for (int k = 0; k < plan->lines; ++k) put_line(sums->mean, &sums->line[k], &out[7 * k]);
      break;
    default:
      break;
  }
}

/* The intervals of all recordings, one after the other. */
typedef struct interval_sums {
  int64_t count;
  double sum, square, pairs, trend, least, largest;
} interval_sums;

/* Events of one recording. */
typedef struct train {
  int64_t events;
  const int64_t *time;
  int64_t origin, duration;
} train;

/* Those of recording r, from event *next on. */
static train next_train(const rb_events *events, int64_t r, int64_t *next) {
  const int64_t stride = events->plan->stride, first = *next;
  while (*next < events->count && events->time[*next] < (r + 1) * stride) ++*next;
  return (train){*next - first, &events->time[first], r * stride, events->duration[r]};
}

static int64_t intervals_of(const train *t) { return t->events > 0 ? t->events - 1 : 0; }
static double interval(const train *t, const double *log_of, int64_t i) {
  return log_of[t->time[i + 1] - t->time[i]];
}

/* Moments of the intervals' logarithms, and of the products of neighbours and with time. */
static void put_interval_moments(const rb_events *events, const double *log_of, float *out) {
  interval_sums s = {.least = 8};
  int64_t next = 0;
  for (int64_t r = 0; r < events->plan->recordings; ++r) {
    const train t = next_train(events, r, &next);
    for (int64_t i = 0; i < intervals_of(&t); ++i) s.sum += interval(&t, log_of, i);
    s.count += intervals_of(&t);
  }
  const double mean = s.count > 0 ? s.sum / (double)s.count : 8;
  next = 0;
  for (int64_t r = 0; r < events->plan->recordings; ++r) {
    const train t = next_train(events, r, &next);
    const double middle = 0.5 * (double)(intervals_of(&t) - 1);
    double before = 0;
    for (int64_t i = 0; i < intervals_of(&t); ++i) {
      const double x = interval(&t, log_of, i), d = x - mean;
      s.square += d * d;
      s.pairs += before * d;
      s.trend += d * ((double)i - middle);
      s.least = rb_least(s.least, x);
      s.largest = rb_most(s.largest, x);
      before = d;
    }
  }
  const double more = (double)s.count + 1;
  out[0] = rb_rounded(mean);
  out[1] = rb_rounded(s.count > 0 ? sqrt(s.square / (double)s.count) : 0);
  out[2] = rb_rounded(s.least);
  out[3] = rb_rounded(s.largest);
  out[4] = rb_rounded(s.pairs / more);
  out[5] = rb_rounded(s.trend / (more * more));
}

/* Means over the recordings that were made, of times to the first event and after the last, and of
 * intervals from both ends, over those that have so many; each of these followed by the share that
 * has. */
static void put_ends(const rb_events *events, const double *log_of, float *out) {
  double first = 0, last = 0, recordings = 0;
  double sum[2 * EDGE_INTERVALS] = {0}, there[2 * EDGE_INTERVALS] = {0};
  int64_t next = 0;
  for (int64_t r = 0; r < events->plan->recordings; ++r) {
    const train t = next_train(events, r, &next);
    const int64_t n = intervals_of(&t), T = t.duration;
    if (T == 0) continue;
    recordings += 1;
    first += log_of[t.events > 0 ? 1 + t.time[0] - t.origin : 1 + T];
    last += log_of[t.events > 0 ? 1 + T - (t.time[t.events - 1] - t.origin) : 1 + T];
    for (int64_t i = 0; i < EDGE_INTERVALS && i < n; ++i) {
      sum[i] += interval(&t, log_of, i);
      sum[EDGE_INTERVALS + i] += interval(&t, log_of, n - 1 - i);
      there[i] += 1;
      there[EDGE_INTERVALS + i] += 1;
    }
  }
  recordings = rb_most(recordings, 1);
  out[0] = rb_rounded(first / recordings);
  out[1] = rb_rounded(last / recordings);
  for (int i = 0; i < 2 * EDGE_INTERVALS; ++i) {
    out[2 + 2 * i] = rb_rounded(there[i] > 0 ? sum[i] / there[i] : 0);
    out[3 + 2 * i] = rb_rounded(there[i] / recordings);
  }
}

void rb_numbers_put_intervals(const rb_events *events, const double *log_of, float *out) {
  out[0] = rb_rounded((double)events->count);
  out[1] = rb_rounded(log((double)events->count + 0.5));
  put_interval_moments(events, log_of, out + 2);
  put_ends(events, log_of, out + 8);
}
