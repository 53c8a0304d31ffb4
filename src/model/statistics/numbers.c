#include "numbers.h"

#include <float.h>
#include <math.h>

enum { EDGE_INTERVALS = 4 };  // first and last ones that are given each

static float rounded(double value) { return (float)fmin(fmax(value, -(double)FLT_MAX), FLT_MAX); }

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

static void put_moments(const rb_plan *plan, const rb_statistics_sums *s, float *out) {
  const double n = (double)plan->length, variance = s->moment[0] / n, some = variance + 1e-6;
  out[0] = rounded(s->mean);
  out[1] = rounded(sqrt(variance));
  out[2] = rounded(s->moment[1] / n / (some * sqrt(some)));
  out[3] = rounded(s->moment[2] / n / (some * some) - 3);
}

static void put_aligned(const rb_plan *plan, const rb_aligned_sums *s, float *out) {
  for (int k = 0; k < plan->knots; ++k) {
    *out++ = rounded(s->value[k] / (s->mass[k] + RB_LEAST_MASS));
    *out++ = rounded(log(s->mass[k] + 0.3));
    *out++ = rounded(s->drift[k] / (s->mass[k] + 1));
  }
}

static void put_residuals(const rb_plan *plan, const rb_statistics_sums *s, float *out) {
  for (int k = 0; k < plan->knots; ++k) {
    *out++ = rounded(s->square[k] / (s->since.mass[k] + 1));
    *out++ = rounded(s->residual[k] / (s->until.mass[k] + 0.1));
    *out++ = rounded(s->other_square[k] / (s->until.mass[k] + 1));
  }
}

static void put_lags(const rb_plan *plan, const rb_events *events, const rb_statistics_sums *s,
                     float *out) {
  for (int a = 0; a < plan->ages; ++a) {
    const int64_t from = plan->age[a], to = a + 1 < plan->ages ? plan->age[a + 1] : events->length;
    for (int k = 0; k < plan->lags; ++k) {
      const double pairs = (double)rb_events_pairs(events, from, to, plan->lag[k]);
      *out++ = rounded(s->lag[a][k] / (pairs + 20));
    }
    *out++ = rounded(log((double)rb_events_pairs(events, from, to, 0) + 1));
  }
}

static void put_increments(const rb_plan *plan, const rb_events *events,
                           const rb_statistics_sums *s, float *out) {
  for (int k = 0; k < plan->lags; ++k) {
    const int64_t pairs = rb_events_pairs(events, 0, events->length, plan->lag[k]);
    out[k] = rounded(s->increment[k] / ((double)pairs + 1));
  }
}

static void put_extremes(const rb_plan *plan, const rb_statistics_sums *s, float *out) {
  for (int k = 0; k < plan->widths; ++k) {
    const bool any = s->least[k] <= s->largest[k];
    *out++ = any ? rounded(s->least[k] + s->mean) : 0;
    *out++ = any ? rounded(s->largest[k] + s->mean) : 0;
  }
}

static void put_line(double mean, const rb_line_sums *s, float out[7]) {
  for (int i = 0; i < 6; ++i) out[i] = 0;
  out[6] = rounded(log(s->count + 1));
  if (s->count < 4) return;
  const double x = s->x / s->count, y = s->y / s->count;
  const double v_x = fmax(s->xx / s->count - x * x, 0), v_y = fmax(s->yy / s->count - y * y, 0);
  const double c = s->xy / s->count - x * y, slope = c / (v_x + 1e-3);
  const double intercept = y + mean - slope * (x + mean);
  out[0] = rounded(slope);
  out[1] = rounded(intercept);
  out[2] = rounded(log(fmax(v_y - slope * c, 0) + 1e-4));
  out[3] = rounded(log(v_x + 1e-3));
  out[4] = rounded(intercept / fmax(1 - slope, 0.05));
  out[5] = rounded(y - x);
}

void rb_numbers_put(const rb_plan *plan, rb_statistics_block block, const rb_events *events,
                    const rb_statistics_sums *sums, float *out) {
  switch (block) {
    case RB_STATISTICS_MOMENTS:
      put_moments(plan, sums, out);
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

/* Moments of the intervals' logarithms, and of the products of neighbours and with time. */
static void put_interval_moments(int64_t n, const int64_t *time, const double *log_of, float *out) {
  double sum = 0, square = 0, pairs = 0, trend = 0, least = 8, largest = 0, before = 0;
  for (int64_t i = 0; i < n; ++i) sum += log_of[time[i + 1] - time[i]];
  const double mean = n > 0 ? sum / (double)n : 8, middle = 0.5 * (double)(n - 1);
  for (int64_t i = 0; i < n; ++i) {
    const double x = log_of[time[i + 1] - time[i]], d = x - mean;
    square += d * d;
    if (i > 0) pairs += before * d;
    trend += d * ((double)i - middle);
    least = fmin(least, x);
    largest = fmax(largest, x);
    before = d;
  }
  const double more = (double)n + 1;
  out[0] = rounded(mean);
  out[1] = rounded(n > 0 ? sqrt(square / (double)n) : 0);
  out[2] = rounded(least);
  out[3] = rounded(largest);
  out[4] = rounded(pairs / more);
  out[5] = rounded(trend / (more * more));
}

void rb_numbers_put_intervals(const rb_events *events, const double *log_of, float *out) {
  const int64_t events_n = events->count, n = events_n > 0 ? events_n - 1 : 0;
  const int64_t *time = events->time, T = events->length;
  *out++ = rounded((double)events_n);
  *out++ = rounded(log((double)events_n + 0.5));
  put_interval_moments(n, time, log_of, out);
  out += 6;
  *out++ = rounded(log_of[events_n > 0 ? 1 + time[0] : 1 + T]);
  *out++ = rounded(log_of[events_n > 0 ? 1 + T - time[events_n - 1] : 1 + T]);
  for (int64_t end = 0; end < 2; ++end) {
    for (int64_t i = 0; i < EDGE_INTERVALS; ++i, out += 2) {
      const int64_t at = end == 0 ? i : n - 1 - i;
      const bool there = i < n;
      out[0] = there ? rounded(log_of[time[at + 1] - time[at]]) : 0;
      out[1] = there ? 1 : 0;
    }
  }
}
