#include <inttypes.h>
#include <stdio.h>

#include "around_events.h"
#include "driven_numbers.h"

/* Name and description of a number. */
typedef struct part {
  const char *name, *description;
} part;

#define FIT(short, what)                                                             \
  {short "_slope_v", "slope on the potential, " what},                               \
      {short "_slope_i", "slope on the stimulus, " what},                            \
      {short "_fixed_point", "where the potential stays without stimulus, " what},   \
      {short "_log_rest", "logarithm of the variance left, " what},                  \
      {short "_ratio", "slope on the stimulus over that on the potential, " what}, { \
    short "_intercept", "intercept, " what                                           \
  }

static const part REGRESSION[RB_REGRESSION_NUMBERS] = {
    {"mean_v", "mean potential"},
    {"rise", "30 times the mean rise per sample"},
    {"mean_i", "mean stimulus"},
    {"log_var_v", "logarithm of the potential's variance"},
    {"log_var_i", "logarithm of the stimulus' variance"},
    {"log_var_rise", "logarithm of the rise's variance"},
    {"r_now_after", "correlation of the potential with the stimulus after it"},
    {"r_later_between", "correlation of the potential with the stimulus up to it"},
    {"r_later_before", "correlation of the potential with the stimulus a lag before"},
    {"r_now_later", "correlation of the potential with that a lag later"},
    {"r_now_mean", "correlation of the potential with its mean before"},
    {"r_stimulus", "correlation of the stimulus with that a lag later"},
    FIT("ols", "rise on potential and stimulus"),
    FIT("instrument", "the same, the mean before as instrument"),
    FIT("integral", "rise on mean potential and stimulus"),
    FIT("integral_instrument", "the same, the mean before as instrument"),
    {"best_v", "1 less the potential's coefficient in the best line"},
    {"best_mean_v", "coefficient of the mean before in the best line"},
    {"best_i", "coefficient of the stimulus in the best line"},
    {"best_i_before", "coefficient of the earlier stimulus in the best line"},
    {"best_intercept", "intercept of the best line"},
    {"best_log_rest", "logarithm of the variance left by the best line"},
    {"log_count", "logarithm of the samples of all windows + 1"}};

static const part HISTORY[RB_HISTORY_NUMBERS] = {
    {"slope_v", "slope on the mean potential"},
    {"slope_i", "slope on the stimulus"},
    {"slope_trace_50", "slope on a trace of events over 50 samples"},
    {"slope_trace_250", "slope on a trace of events over 250 samples"},
    {"slope_trace_1000", "slope on a trace of events over 1000 samples"},
    {"intercept", "intercept"},
    {"fixed_point", "where the potential stays without stimulus and events"},
    {"log_rest", "logarithm of the variance left"},
    {"ratio_50", "slope on the trace over 50 samples, over that on the stimulus"},
    {"ratio_250", "slope on the trace over 250 samples, over that on the stimulus"},
    {"ratio_1000", "slope on the trace over 1000 samples, over that on the stimulus"}};

static const part BEFORE[RB_BEFORE] = {
    {"v_mean", "mean potential"},
    {"v_log_sd", "logarithm of the potential's deviation"},
    {"v_least", "least potential"},
    {"v_largest", "largest potential"},
    {"course_mean", "mean of the mean potential from there to the event"},
    {"course_log_sd", "logarithm of that mean's deviation"},
    {"course_least", "least of that mean"},
    {"course_largest", "largest of that mean"},
    {"i_mean", "mean of the mean stimulus from there to the event"},
    {"i_log_sd", "logarithm of that mean's deviation"},
    {"i_least", "least of that mean"},
    {"i_largest", "largest of that mean"},
    {"covariance", "covariance of potential and mean stimulus"},
    {"log_count", "logarithm of the number of events + 0.5"}};

static const part AFTER[RB_AFTER] = {
    {"v_mean", "mean potential"},
    {"v_log_sd", "logarithm of the potential's deviation"},
    {"v_least", "least potential"},
    {"v_largest", "largest potential"},
    {"slope", "slope of the potential on the mean stimulus until then"},
    {"without", "potential without stimulus by that line"},
    {"log_rest", "logarithm of the deviation from that line"},
    {"log_count", "logarithm of the number of events + 0.5"}};

static const part CORRELATION[RB_CORRELATION_NUMBERS] = {
    {"i_mean", "mean stimulus"},
    {"i_log_sd", "logarithm of the stimulus' deviation"},
    {"i_least", "least stimulus"},
    {"i_largest", "largest stimulus"},
    {"log_samples", "logarithm of the samples + 1"},
    {"log_observed", "logarithm of the samples that are not masked + 1"},
    {"v_mean", "mean potential"}};

typedef struct text {
  size_t size;
  char *name, *description;
} text;

static void write(text t, const char *where, int64_t at, const part *p, const char *what) {
  (void)snprintf(t.name, t.size, "%s%" PRId64 "_%s", where, at, p->name);
  (void)snprintf(t.description, t.size, "%s, %" PRId64 " samples %s", p->description, at, what);
}

static void name_around(const rb_plan *plan, int i, text t) {
  const int first = rb_offsets_before(plan) * RB_BEFORE, after = i - first;
  if (i < first) {
    write(t, "before_", rb_offset_before(i / RB_BEFORE), &BEFORE[i % RB_BEFORE], "before events");
  } else {
    write(t, "after_", rb_offset_after(after / RB_AFTER), &AFTER[after % RB_AFTER],
          "after what is masked behind events");
  }
}

static void name_correlation(const rb_plan *plan, int i, text t) {
  static const part OWN = {"i", "autocorrelation of the stimulus"};
  static const part LATER[] = {
      {"v_over_variance", "covariance of stimulus and later potential over the former's variance"},
      {"v_over_sd", "covariance of stimulus and later potential over the former's deviation"}};
  const int lagged = i - RB_CORRELATION_NUMBERS, later = lagged - plan->driven;
  if (lagged < 0) {
    (void)snprintf(t.name, t.size, "%s", CORRELATION[i].name);
    (void)snprintf(t.description, t.size, "%s", CORRELATION[i].description);
  } else if (later < 0) {
    write(t, "", INT64_C(1) << lagged, &OWN, "apart");
  } else {
    write(t, "", rb_offset_after(later / 2), &LATER[later % 2], "apart");
  }
}

static void name_left_over(int64_t lag, int i, text t) {
  const char *count = i % 2 != 0 ? "_log_count" : "";
  (void)snprintf(t.name, t.size, "%" PRId64 "_age_%" PRId64 "%s", lag, rb_age_bin[i / 2], count);
  (void)snprintf(t.description, t.size,
                 "%s of the best line of %" PRId64 " samples, from %" PRId64 " after an event",
                 i % 2 != 0 ? "logarithm of the number of windows + 1" : "scaled sum of residuals",
                 lag, rb_age_bin[i / 2]);
}

/* Lag of the n-th block of numbers that has history. */
static int64_t history_lag(int n) {
  int k = 0;
  while (!rb_lag_has_history(k) || n-- > 0) ++k;
  return INT64_C(1) << k;
}

void rb_driven_name(const rb_plan *plan, rb_statistics_block block, int i, size_t size, char *name,
                    char *description) {
  const text t = {size, name, description};
  switch (block) {
    case RB_STATISTICS_REGRESSIONS:
      write(t, "", INT64_C(1) << (i / RB_REGRESSION_NUMBERS),
            &REGRESSION[i % RB_REGRESSION_NUMBERS], "lag");
      break;
    case RB_STATISTICS_AROUND:
      name_around(plan, i, t);
      break;
    case RB_STATISTICS_CORRELATIONS:
      name_correlation(plan, i, t);
      break;
    case RB_STATISTICS_HISTORY:
      write(t, "", history_lag(i / RB_HISTORY_NUMBERS), &HISTORY[i % RB_HISTORY_NUMBERS], "lag");
      break;
    default:
      name_left_over(history_lag(i / (2 * RB_AGE_BINS)), i % (2 * RB_AGE_BINS), t);
  }
}
