#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/base/memory.h"
#include "rheobase/io/electrode_kernel.h"

/* A delay so near whole samples is them. */
static const double NEAR = 1e-6;

double rb_correction_resistance(const rb_correction *c) {
  double sum = 0;
  for (int k = 0; k < RB_TAPS; ++k) sum += c->tap_MOhm[k];
  return sum + (c->electrode != NULL ? c->electrode->resistance_MOhm : 0);
}

double rb_correction_delay(const rb_correction *c, double interval_ms) {
  const double whole = nearbyint(c->delay_ms / interval_ms) * interval_ms;
  return fabs(whole - c->delay_ms) <= NEAR * interval_ms ? c->delay_ms : whole;
}

/* Shifts a trace by whole samples, fewer than it has; its end is repeated. */
static void shift(int64_t samples, int64_t later, double *value) {
  const int64_t kept = samples - (later > 0 ? later : -later);
  const double end = later > 0 ? value[0] : value[samples - 1];
  if (later > 0) {
    memmove(value + samples - kept, value, (size_t)kept * sizeof *value);
  } else {
    memmove(value, value + samples - kept, (size_t)kept * sizeof *value);
  }
  for (int64_t i = 0; i < samples - kept; ++i) value[later > 0 ? i : kept + i] = end;
}

/* The voltage drops over the electrode. */
static void take_off(rb_sweep *sweep, const double *tap_MOhm) {
  const int64_t last = sweep->samples - 1;
  const double *current = sweep->current_pA;
  for (int64_t i = 0; i <= last; ++i) {
    const double next = current[i < last ? i + 1 : last], before = current[i > 0 ? i - 1 : 0];
    sweep->voltage_mV[i] -=
        1e-3 * (tap_MOhm[0] * next + tap_MOhm[1] * current[i] + tap_MOhm[2] * before);
  }
}

/* The same of a kernel; before the sweep the current was what it is at its beginning. */
static void convolve_off(rb_sweep *sweep, const rb_electrode_kernel *electrode) {
  for (int64_t i = 0; i < sweep->samples; ++i) {
    double drop = 0;
    for (int64_t k = 0; k < electrode->lags; ++k) {
      drop += electrode->lag_MOhm[k] * sweep->current_pA[i > k ? i - k : 0];
    }
    sweep->voltage_mV[i] -= 1e-3 * drop;
  }
}

/* A kernel is one of samples, and of a current that was shifted as the sweep's is. */
static rb_status check_kernel(rb_context *ctx, const rb_sweep *sweep, double delay_ms,
                              const rb_electrode_kernel *electrode) {
  const double near = NEAR * sweep->interval_ms;
  if (fabs(electrode->interval_ms - sweep->interval_ms) > near) {
    return RB_FAIL(ctx, RB_ERR_USAGE,
                   "%s: %s has a sample every %.10g ms and the recording of --electrode one every "
                   "%.10g ms: they have to be sampled alike",
                   sweep->source, sweep->name, sweep->interval_ms, electrode->interval_ms);
  }
  if (fabs(electrode->delay_ms - delay_ms) > near) {
    return RB_FAIL(ctx, RB_ERR_USAGE,
                   "%s: %s: the current is shifted by %.10g ms and in the recording of --electrode "
                   "by %.10g ms: import both with the same --delay",
                   sweep->source, sweep->name, delay_ms, electrode->delay_ms);
  }
  return RB_OK;
}

/* Takes off what the current, shifted by a delay, makes of the electrode, unless the amplifier has
 * done so. */
static rb_status take_electrode_off(rb_context *ctx, rb_sweep *sweep, const rb_correction *c,
                                    double delay_ms) {
  bool resistance = c->electrode != NULL;
  for (int k = 0; k < RB_TAPS; ++k) resistance = resistance || c->tap_MOhm[k] != 0;
  if (!resistance) return RB_OK;
  if (sweep->bridge_balance_MOhm > 0) {
    return rb_sweep_warn(ctx, sweep,
                         "the file says that %.4g MOhm of series resistance were balanced: no more "
                         "is taken off",
                         sweep->bridge_balance_MOhm);
  }
  if (c->electrode != NULL) {
    const rb_status status = check_kernel(ctx, sweep, delay_ms, c->electrode);
    if (status != RB_OK) return status;
    convolve_off(sweep, c->electrode);
  }
  take_off(sweep, c->tap_MOhm);
  return RB_OK;
}

rb_status rb_sweep_correct(rb_context *ctx, rb_sweep *sweep, const rb_correction *c) {
  rb_status status = RB_OK;
  const double later = nearbyint(c->delay_ms / sweep->interval_ms);
  const double applied = rb_correction_delay(c, sweep->interval_ms);
  if (sweep->current_pA != NULL) {
    if (fabs(later) >= (double)sweep->samples) {
      RB_TRY(RB_FAIL(ctx, RB_ERR_USAGE, "%s: %s: --delay %.10g is longer than its %.10g ms",
                     sweep->source, sweep->name, c->delay_ms,
                     (double)sweep->samples * sweep->interval_ms));
    }
    if (applied != c->delay_ms) {
      RB_TRY(rb_sweep_warn(ctx, sweep,
                           "the delay of %.10g ms is not whole samples: the current is shifted by "
                           "%.10g ms",
                           c->delay_ms, applied));
    }
    if (later != 0) shift(sweep->samples, (int64_t)later, sweep->current_pA);
    for (int64_t i = 0; i < sweep->samples; ++i) sweep->current_pA[i] += c->current_offset_pA;
  }
  for (int64_t i = 0; i < sweep->samples; ++i) sweep->voltage_mV[i] -= c->junction_potential_mV;
  if (sweep->current_pA != NULL) RB_TRY(take_electrode_off(ctx, sweep, c, applied));
cleanup:
  return status;
}
