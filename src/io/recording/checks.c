#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/base/log.h"
#include "rheobase/base/memory.h"
#include "rheobase/base/quantile.h"
#include "rheobase/io/recording_checks.h"

/* Potentials (mV) and currents (pA) of a cell. */
static const double LEAST_MEDIAN = -100, MOST_MEDIAN = -35, LEAST = -150, MOST = 100;
static const double MOST_CURRENT = 5000;
static const double COARSE_MV = 0.3;
/* Below which all of a trace seems to be in a unit a thousand times as large. */
static const double LEAST_SIZE = 1;
/* Peaks that may be spikes below the threshold. */
static const double NO_SPIKE_ABOVE = -20, PEAK_MV = 5, PEAK_HALF_MS = 1.5;
/* How the current follows spikes that the amplifier does not hold. */
static const double AFTER_ONSET_MS = 3, STEP_QUANTILE = 0.9, STEP_RATIO = 5, LEAST_STEP_PA = 1;
/* Between samples of an amplifier. */
static const double SHORT_INTERVAL_MS = 1e-3, LONG_INTERVAL_MS = 2;
static const double MOST_RESISTANCE_MOHM = 3, MOST_LAG_DIFFERENCE = 0.1;

enum { LEAST_SPIKES = 3 };

typedef rb_status (*check)(rb_context *ctx, rb_sweep *sweep, const rb_checked *checked);

static rb_status check_potential(rb_context *ctx, rb_sweep *sweep, const rb_checked *checked) {
  rb_status status = RB_OK;
  double *sorted = NULL;
  const int64_t n = sweep->samples;
  (void)checked;
  RB_TRY(RB_ALLOCATE(ctx, sorted, n));
  memcpy(sorted, sweep->voltage_mV, (size_t)n * sizeof *sorted);
  const double median = rb_median(n, sorted);
  if (sorted[0] < LEAST || sorted[n - 1] > MOST) {
    RB_TRY(rb_sweep_warn(ctx, sweep, "potential outside %g..%g mV: %.4g to %.4g mV", LEAST, MOST,
                         sorted[0], sorted[n - 1]));
  }
  const double size = fmax(fabs(sorted[0]), fabs(sorted[n - 1]));
  if (size > 0 && size < LEAST_SIZE) {
    RB_TRY(rb_sweep_warn(ctx, sweep,
                         "no potential is larger than %.3g mV: are they in volts? --columns and "
                         "--units say so",
                         size));
  } else if (median < LEAST_MEDIAN || median > MOST_MEDIAN) {
    RB_TRY(rb_sweep_warn(ctx, sweep, "median potential outside %g..%g mV: %.4g mV", LEAST_MEDIAN,
                         MOST_MEDIAN, median));
  }
  double least = INFINITY;
  for (int64_t i = 1; i < n; ++i) {
    const double step = sorted[i] - sorted[i - 1];
    if (step > 1e-9 && step < least) least = step;
  }
  if (isfinite(least) && least > COARSE_MV) {
    RB_TRY(rb_sweep_warn(ctx, sweep, "the potential is stored in steps of %.3g mV", least));
  }
cleanup:
  free(sorted);
  return status;
}

static rb_status check_current(rb_context *ctx, rb_sweep *sweep, const rb_checked *checked) {
  double largest = 0;
  (void)checked;
  for (int64_t i = 0; i < sweep->samples; ++i) largest = fmax(largest, fabs(sweep->current_pA[i]));
  if (largest > 0 && largest < LEAST_SIZE) {
    return rb_sweep_warn(ctx, sweep,
                         "no current is larger than %.3g pA: are they in nanoamperes? --columns "
                         "and --units say so",
                         largest);
  }
  if (largest <= MOST_CURRENT) return RB_OK;
  return rb_sweep_warn(ctx, sweep, "a current of %.4g pA, beyond %g nA", largest,
                       MOST_CURRENT / 1000);
}

static rb_status check_spikes(rb_context *ctx, rb_sweep *sweep, const rb_checked *checked) {
  rb_status status = RB_OK;
  const rb_steps *steps = checked->steps;
  const double end = (double)steps->steps * steps->dt_ms;
  int64_t last = 0;
  for (int64_t k = 0; k < steps->spikes; ++k)
    last += steps->onset_ms[k] > end - checked->stepping->tref_ms;
  if (steps->blanked > 0) {
    RB_TRY(rb_sweep_warn(ctx, sweep,
                         "%lld spike%s in the steps that another one blanks, %.4g ms after it: "
                         "choose a shorter --tref",
                         (long long)steps->blanked, rb_plural(steps->blanked),
                         checked->stepping->tref_ms));
  }
  if (last > 0) {
    RB_TRY(rb_sweep_warn(ctx, sweep, "a spike in the last %.4g ms of the window",
                         checked->stepping->tref_ms));
  }
cleanup:
  return status;
}

/* Narrow peaks far below where spikes are looked for. */
static rb_status check_peaks(rb_context *ctx, rb_sweep *sweep, const rb_checked *checked) {
  const double *v = sweep->voltage_mV;
  const int64_t half = (int64_t)fmax(1, floor(PEAK_HALF_MS / sweep->interval_ms));
  int64_t peaks = 0;
  double highest = -INFINITY;
  for (int64_t i = 0; i < sweep->samples; ++i) highest = fmax(highest, v[i]);
  if (checked->spikes->count > 0 || highest > NO_SPIKE_ABOVE) return RB_OK;
  for (int64_t i = half; i < sweep->samples - half; ++i) {
    if (!(v[i] >= v[i - 1] && v[i] > v[i + 1])) continue;
    double left = INFINITY, right = INFINITY;
    for (int64_t k = 1; k <= half; ++k) {
      left = fmin(left, v[i - k]);
      right = fmin(right, v[i + k]);
    }
    peaks += v[i] - fmax(left, right) >= PEAK_MV;
  }
  if (peaks == 0) return RB_OK;
  return rb_sweep_warn(ctx, sweep,
                       "no potential above %g mV, but %lld narrow peak%s of %g mV: if these are "
                       "spikes, lower --threshold",
                       NO_SPIKE_ABOVE, (long long)peaks, rb_plural(peaks), PEAK_MV);
}

/* The quantile of the current's steps near spikes (or elsewhere); NaN where there is none.
 * @param size (samples) for the steps */
static double step_quantile(const rb_sweep *sweep, const rb_spikes *spikes, bool near,
                            double *size) {
  const int64_t width = (int64_t)nearbyint(AFTER_ONSET_MS / sweep->interval_ms);
  int64_t n = 0, k = 0;
  for (int64_t i = 0; i + 1 < sweep->samples; ++i) {
    while (k < spikes->count && i >= spikes->onset[k] + width) ++k;
    const bool inside = k < spikes->count && i >= spikes->onset[k];
    if (inside == near) size[n++] = fabs(sweep->current_pA[i + 1] - sweep->current_pA[i]);
  }
  if (n == 0) return NAN;
  rb_sort(n, size);
  return rb_quantile_of_sorted(n, size, STEP_QUANTILE);
}

static rb_status check_clamp(rb_context *ctx, rb_sweep *sweep, const rb_checked *checked) {
  rb_status status = RB_OK;
  double *size = NULL;
  if (checked->spikes->count < LEAST_SPIKES) return RB_OK;  // too few steps to tell
  RB_TRY(RB_ALLOCATE(ctx, size, sweep->samples));
  const double inside = step_quantile(sweep, checked->spikes, true, size);
  const double outside = step_quantile(sweep, checked->spikes, false, size);
  if (inside > STEP_RATIO * fmax(outside, LEAST_STEP_PA)) {
    RB_TRY(rb_sweep_warn(ctx, sweep,
                         "the current changes with the spikes: the clamp does not hold it (steps "
                         "of %.3g pA after onsets, %.3g pA elsewhere)",
                         inside, outside));
  }
cleanup:
  free(size);
  return status;
}

static rb_status check_electrode(rb_context *ctx, rb_sweep *sweep, const rb_checked *checked) {
  rb_status status = RB_OK;
  const rb_electrode *e = checked->electrode;
  if (!e->known) return RB_OK;
  const double *c = e->capacitance_at_lag_pF;
  if (e->resistance_MOhm > MOST_RESISTANCE_MOHM && sweep->bridge_balance_MOhm > 0) {
    RB_TRY(rb_sweep_warn(ctx, sweep,
                         "a series resistance of %.3g MOhm is in the potential, though the file "
                         "says that %.4g MOhm were balanced",
                         e->resistance_MOhm, sweep->bridge_balance_MOhm));
  } else if (e->resistance_MOhm > MOST_RESISTANCE_MOHM) {
    RB_TRY(rb_sweep_warn(ctx, sweep,
                         "a series resistance of %.3g MOhm is in the potential: give "
                         "--series-resistance estimate, or %.2f,%.2f,%.2f",
                         e->resistance_MOhm, e->tap_MOhm[0], e->tap_MOhm[1], e->tap_MOhm[2]));
  }
  if (fabs(c[0] - c[1]) > MOST_LAG_DIFFERENCE * fabs(c[1])) {
    RB_TRY(rb_sweep_warn(ctx, sweep,
                         "the capacitance is %.3g pF at a lag of 0.2 ms and %.3g pF at 2 ms: the "
                         "electrode is not corrected, or three taps are needed for it",
                         c[0], c[1]));
  }
cleanup:
  return status;
}

static rb_status check_window(rb_context *ctx, rb_sweep *sweep, const rb_checked *checked) {
  const double end = (double)sweep->samples * sweep->interval_ms;
  if (!isfinite(checked->stepping->to_ms) ||
      checked->stepping->to_ms <= end + sweep->interval_ms / 2)
    return RB_OK;
  return rb_sweep_warn(ctx, sweep, "the sweep ends at %.10g ms, before --to %.10g", end,
                       checked->stepping->to_ms);
}

static rb_status check_interval(rb_context *ctx, rb_sweep *sweep, const rb_checked *checked) {
  (void)checked;
  if (sweep->interval_ms >= SHORT_INTERVAL_MS && sweep->interval_ms <= LONG_INTERVAL_MS) {
    return RB_OK;
  }
  return rb_sweep_warn(ctx, sweep,
                       "samples are %.4g ms apart: is that the unit of the times? --interval-ms "
                       "says what it is",
                       sweep->interval_ms);
}

static rb_status check_step(rb_context *ctx, rb_sweep *sweep, const rb_checked *checked) {
  if (checked->steps->dt_ms >= sweep->interval_ms * (1 - 1e-9)) return RB_OK;
  return rb_sweep_warn(ctx, sweep,
                       "steps of %.10g ms are shorter than the %.10g ms between samples",
                       checked->steps->dt_ms, sweep->interval_ms);
}

rb_status rb_sweep_check(rb_context *ctx, rb_sweep *sweep, const rb_checked *checked) {
  static const check checks[] = {check_potential, check_current,  check_spikes,
                                 check_peaks,     check_clamp,    check_electrode,
                                 check_window,    check_interval, check_step};
  rb_status status = RB_OK;
  for (size_t k = 0; status == RB_OK && k < sizeof checks / sizeof *checks; ++k) {
    status = checks[k](ctx, sweep, checked);
  }
  return status;
}

rb_status rb_recording_check(rb_context *ctx, rb_recording *recording, const rb_spikes *spikes) {
  rb_status status = RB_OK;
  int64_t count = 0;
  bool current = false;
  for (int64_t s = 0; s < recording->sweeps; ++s) {
    const rb_sweep *sweep = &recording->sweep[s];
    count += spikes[s].count;
    for (int64_t i = 0; i < sweep->samples; ++i) current = current || sweep->current_pA[i] != 0;
  }
  for (int64_t s = 0; s < recording->sweeps; ++s) {
    rb_sweep *sweep = &recording->sweep[s];
    if (count == 0) RB_TRY(rb_sweep_warn(ctx, sweep, "no spike in any sweep"));
    if (!current) RB_TRY(rb_sweep_warn(ctx, sweep, "the current is 0 in all sweeps"));
  }
cleanup:
  return status;
}
