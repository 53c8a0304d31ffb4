#include "driven_numbers.h"

#include <math.h>
#include <string.h>

#include "around_events.h"
#include "bounds.h"
#include "numbers.h"

static const double LEAST_VARIANCE = 1e-6, LEAST_SPREAD = 1e-5, LEAST_PRODUCT = 1e-8;
static const double LEAST_DRIVE = 1e-4, LEAST_SLOPE = 1e-3, LEAST_SD = 1e-3;

const int64_t rb_age_bin[RB_AGE_BINS + 1] = {0,   17,  25,  41,  65,   101,
                                             161, 251, 401, 641, 1001, INT64_MAX / 2};

static double bent(double x) { return copysign(log(fabs(x) + sqrt(x * x + 1)), x); }  // asinh
static double coefficient(double x) { return bent(x / 0.002); }

static double correlation(double covariance, double one, double other) {
  return covariance / sqrt((one + LEAST_PRODUCT) * (other + LEAST_PRODUCT));
}

/* Means, variances and correlations; b is v at the window's end, v now and its rise. */
static float *put_moments(const rb_window_moments *m, double lag, float *out) {
  const double *now = m->covariance[RB_NOW], *rise = m->covariance[RB_RISE];
  const double *after = m->covariance[RB_DRIVE_AFTER], *before = m->covariance[RB_DRIVE_BEFORE];
  const double var_a = now[RB_NOW], var_drive = after[RB_DRIVE_AFTER];
  const double var_b = rb_most(var_a + 2 * now[RB_RISE] + rise[RB_RISE], 0);
  const double number[] = {
      m->mean[RB_NOW],
      30 * m->mean[RB_RISE] / lag,
      m->mean[RB_DRIVE_AFTER],
      log(var_a + LEAST_SPREAD),
      log(var_drive + LEAST_SPREAD),
      log(rise[RB_RISE] + LEAST_VARIANCE),
      correlation(now[RB_DRIVE_AFTER], var_a, var_drive),
      correlation(now[RB_DRIVE_AFTER] + rise[RB_DRIVE_AFTER], var_b, var_drive),
      correlation(now[RB_DRIVE_BEFORE] + rise[RB_DRIVE_BEFORE], var_b, before[RB_DRIVE_BEFORE]),
      correlation(var_a + now[RB_RISE], var_a, var_b),
      correlation(now[RB_MEAN_BEFORE], var_a, m->covariance[RB_MEAN_BEFORE][RB_MEAN_BEFORE]),
      correlation(after[RB_DRIVE_BEFORE], var_drive, before[RB_DRIVE_BEFORE])};
  for (size_t i = 0; i < sizeof number / sizeof *number; ++i) *out++ = rb_rounded(number[i]);
  return out;
}

static double fixed_point(const rb_fit *fit) {
  return bent(fit->intercept / rb_most(-fit->slope[0], LEAST_SLOPE));
}

/* A fit of the rise on the potential and the stimulus. */
static float *put_fit(const rb_fit *fit, float *out) {
  *out++ = rb_rounded(coefficient(fit->slope[0]));
  *out++ = rb_rounded(coefficient(fit->slope[1]));
  *out++ = rb_rounded(fixed_point(fit));
  *out++ = rb_rounded(log(fit->rest + LEAST_VARIANCE));
  *out++ = rb_rounded(bent(fit->slope[1] / rb_most(-fit->slope[0], LEAST_SLOPE)));
  *out++ = rb_rounded(coefficient(fit->intercept));
  return out;
}

static const rb_regression FITS[] = {
    {2, {RB_NOW, RB_DRIVE_AFTER}, {RB_NOW, RB_DRIVE_AFTER}},
    {2, {RB_NOW, RB_DRIVE_AFTER}, {RB_MEAN_BEFORE, RB_DRIVE_AFTER}},
    {2, {RB_MEAN_AFTER, RB_DRIVE_AFTER}, {RB_MEAN_AFTER, RB_DRIVE_AFTER}},
    {2, {RB_MEAN_AFTER, RB_DRIVE_AFTER}, {RB_MEAN_BEFORE, RB_DRIVE_AFTER}}};

static const rb_regression BEST = {4,
                                   {RB_NOW, RB_MEAN_BEFORE, RB_DRIVE_AFTER, RB_DRIVE_BEFORE},
                                   {RB_NOW, RB_MEAN_BEFORE, RB_DRIVE_AFTER, RB_DRIVE_BEFORE}};

static const rb_regression WITH_TRACES = {
    5,
    {RB_MEAN_AFTER, RB_DRIVE_AFTER, RB_TRACE, RB_TRACE + 1, RB_TRACE + 2},
    {RB_MEAN_BEFORE, RB_DRIVE_AFTER, RB_TRACE, RB_TRACE + 1, RB_TRACE + 2}};

static void put_regressions(const rb_driven *s, int k, float *out) {
  const rb_window_moments *m = &s->moments[k];
  memset(out, 0, RB_REGRESSION_NUMBERS * sizeof *out);
  out[RB_REGRESSION_NUMBERS - 1] =
      rb_rounded(log(s->sums.window[k].count * (double)rb_lag_hop(k) + 1));
  if (!rb_driven_has_fit(s, k)) return;
  out = put_moments(m, (double)(INT64_C(1) << k), out);
  for (int i = 0; i < 4; ++i) {
    const rb_fit fit = rb_regress(&FITS[i], m);
    out = put_fit(&fit, out);
  }
  const rb_fit best = rb_regress(&BEST, m);
  *out++ = rb_rounded(coefficient(-best.slope[0]));
  for (int i = 1; i < 4; ++i) *out++ = rb_rounded(coefficient(best.slope[i]));
  *out++ = rb_rounded(coefficient(best.intercept));
  *out = rb_rounded(log(best.rest + LEAST_VARIANCE));
}

static void put_history(const rb_driven *s, int k, float *out) {
  memset(out, 0, RB_HISTORY_NUMBERS * sizeof *out);
  if (!rb_driven_has_fit(s, k)) return;
  const rb_fit fit = rb_regress(&WITH_TRACES, &s->moments[k]);
  for (int i = 0; i < 5; ++i) *out++ = rb_rounded(coefficient(fit.slope[i]));
  *out++ = rb_rounded(coefficient(fit.intercept));
  *out++ = rb_rounded(fixed_point(&fit));
  *out++ = rb_rounded(log(fit.rest + LEAST_VARIANCE));
  for (int i = 0; i < RB_TRACES; ++i) {
    *out++ = rb_rounded(bent(30 * fit.slope[2 + i] / rb_most(fabs(fit.slope[1]), LEAST_SLOPE)));
  }
}

/* Sums of what the forecast leaves over windows, by the age of their sample t, and how many. */
static void add_ages(const rb_driven *s, const rb_events *e, int k, double *sum, double *count) {
  const int64_t lag = INT64_C(1) << k, hop = rb_lag_hop(k), T = s->plan->length;
  for (int64_t i = 0; i < e->count; ++i) {
    const int64_t event = e->time[i], end = (event / s->plan->stride) * s->plan->stride + T;
    const int64_t next = i + 1 < e->count && e->time[i + 1] < end ? e->time[i + 1] : end;
    for (int b = 0; b < RB_AGE_BINS; ++b) {
      const int64_t from = event + rb_age_bin[b], to = event + rb_age_bin[b + 1];
      // Window w has t = w hop + lag.
      int64_t w = from > lag ? (from - lag + hop - 1) / hop : 0;
      for (; w * hop + lag < to && w * hop + lag < next; ++w) {
        sum[b] += s->rest[w];
        count[b] += s->there[w];
      }
      if (to >= next) break;
    }
  }
}

static void put_left_over(rb_driven *s, const rb_driven_kernel *kernel, const rb_events *e, int k,
                          float *out) {
  double sum[RB_AGE_BINS] = {0}, count[RB_AGE_BINS] = {0}, sd = 1;
  if (rb_driven_has_fit(s, k)) {
    const rb_fit fit = rb_regress(&BEST, &s->moments[k]);
    rb_forecast forecast = {.intercept = fit.intercept};
    for (int i = 0; i < BEST.count; ++i) forecast.slope[BEST.regressor[i]] = fit.slope[i];
    sd = sqrt(fit.rest + LEAST_VARIANCE);
    kernel->leave(&s->memory.level[k], &forecast, s->rest, s->there);
    add_ages(s, e, k, sum, count);
  }
  for (int b = 0; b < RB_AGE_BINS; ++b) {
    *out++ = rb_rounded(sum[b] / sqrt(count[b] + 1) / sd);
    *out++ = rb_rounded(log(count[b] + 1));
  }
}

/* Observed samples that have one so much earlier in their recording. */
static double later_samples(const rb_events *e, int64_t lag) {
  double count = 0;
  for (int64_t i = 0; i < e->stretches; ++i) {
    const rb_stretch *s = &e->stretch[i];
    const int64_t at = s->first - s->origin, early = at < lag ? lag - at : 0;
    if (early < s->count) count += (double)(s->count - early);
  }
  return count;
}

static void put_correlations(const rb_driven *s, const rb_events *e, double mean_v, float *out) {
  const rb_driven_sums *sums = &s->sums;
  const double variance = sums->variance + LEAST_DRIVE, sd = sqrt(variance);
  const bool known = sums->known > 0;
  *out++ = rb_rounded(sums->mean);
  *out++ = rb_rounded(log(sqrt(sums->variance) + LEAST_SD));
  *out++ = known ? rb_rounded(sums->least) : 0;
  *out++ = known ? rb_rounded(sums->largest) : 0;
  *out++ = rb_rounded(log(sums->known + 1));
  *out++ = rb_rounded(log((double)e->samples + 1));
  *out++ = rb_rounded(mean_v);
  for (int k = 0; k < s->plan->driven; ++k) {
    double pairs = 0;
    for (int64_t r = 0; r < s->plan->recordings; ++r) {
      pairs += rb_most((double)(e->duration[r] - (INT64_C(1) << k)), 0);
    }
    *out++ = rb_rounded(sums->own[k] / rb_most(pairs, 1) / variance);
  }
  for (int k = 0; k <= s->plan->driven; ++k) {
    const double pairs = later_samples(e, k > 0 ? INT64_C(1) << (k - 1) : 0);
    const double covariance = sums->later[k] / rb_most(pairs, 1);
    *out++ = rb_rounded(covariance / variance);
    *out++ = rb_rounded(covariance / sd);
  }
}

static int history_lags(const rb_plan *plan) {
  int count = 0;
  for (int k = 0; k < plan->driven; ++k) count += rb_lag_has_history(k) ? 1 : 0;
  return count;
}

int rb_driven_count(const rb_plan *plan, rb_statistics_block block) {
  switch (block) {
    case RB_STATISTICS_REGRESSIONS:
      return plan->driven * RB_REGRESSION_NUMBERS;
    case RB_STATISTICS_AROUND:
      return rb_offsets_before(plan) * RB_BEFORE + rb_offsets_after(plan) * RB_AFTER;
    case RB_STATISTICS_CORRELATIONS:
      return RB_CORRELATION_NUMBERS + plan->driven + 2 * (plan->driven + 1);
    case RB_STATISTICS_HISTORY:
      return history_lags(plan) * RB_HISTORY_NUMBERS;
    case RB_STATISTICS_LEFT_OVER:
      return history_lags(plan) * 2 * RB_AGE_BINS;
    default:
      return 0;
  }
}

void rb_driven_put(rb_driven *s, const rb_driven_kernel *kernel, rb_statistics_block block,
                   const rb_events *events, const double *v, double mean_v, float *out) {
  const rb_plan *plan = s->plan;
  if (block == RB_STATISTICS_AROUND) rb_around_events_put(plan, events, v, &s->memory, out);
  if (block == RB_STATISTICS_CORRELATIONS) put_correlations(s, events, mean_v, out);
  for (int k = 0; k < plan->driven; ++k) {
    if (block == RB_STATISTICS_REGRESSIONS) {
      put_regressions(s, k, out);
      out += RB_REGRESSION_NUMBERS;
    }
    if (!rb_lag_has_history(k)) continue;
    if (block == RB_STATISTICS_HISTORY) {
      put_history(s, k, out);
      out += RB_HISTORY_NUMBERS;
    }
    if (block == RB_STATISTICS_LEFT_OVER) {
      put_left_over(s, kernel, events, k, out);
      out += 2 * RB_AGE_BINS;
    }
  }
}
