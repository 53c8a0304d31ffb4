#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "rheobase/base/memory.h"
#include "rheobase/io/recording_steps.h"

/* Positions so near a sample are that sample, and times so near a step that step. */
static const double NEAR = 1e-6;

enum { MOST_STEPS = 200000000 };

/* Sums of a trace: sums[i] of its first i samples; between them linear. */
typedef struct sums {
  int64_t samples;
  long double *sum;  // (samples + 1)
} sums;

static rb_status sums_make(rb_context *ctx, int64_t samples, const double *value, sums *s) {
  s->samples = samples;
  const rb_status status = RB_ALLOCATE(ctx, s->sum, samples + 1);
  if (status != RB_OK) return status;
  for (int64_t i = 0; i < samples; ++i) s->sum[i + 1] = s->sum[i] + value[i];
  return RB_OK;
}

/* A position within the trace, in samples. */
static double place(const sums *s, double x) {
  const double near = nearbyint(x);
  if (fabs(x - near) <= NEAR) x = near;
  return fmin(fmax(x, 0), (double)s->samples);
}

static long double sum_to(const sums *s, double x) {
  const int64_t i = (int64_t)x;
  if (i >= s->samples) return s->sum[s->samples];
  return s->sum[i] + (long double)(x - (double)i) * (s->sum[i + 1] - s->sum[i]);
}

/* The mean from a to b, of what lies in the trace. */
static double mean(const sums *s, double a, double b) {
  const double from = place(s, a), to = place(s, b);
  if (!(to > from)) return (double)(s->sum[s->samples] - s->sum[s->samples - 1]);
  return (double)((sum_to(s, to) - sum_to(s, from)) / (long double)(to - from));
}

/* A sample of the current holds until the next one; one of the potential stands for the time around
 * it, so that there is no delay. */
static rb_status resample(rb_context *ctx, const rb_sweep *sweep, int64_t first, int64_t samples,
                          rb_steps *steps) {
  rb_status status = RB_OK;
  sums voltage = {0}, current = {0};
  const double ratio = steps->dt_ms / sweep->interval_ms;
  RB_TRY(RB_ALLOCATE(ctx, steps->voltage_mV, steps->steps));
  RB_TRY(RB_ALLOCATE(ctx, steps->current_pA, steps->steps));
  RB_TRY(sums_make(ctx, samples, sweep->voltage_mV + first, &voltage));
  RB_TRY(sums_make(ctx, samples, sweep->current_pA + first, &current));
  for (int64_t n = 0; n < steps->steps; ++n) {
    const double at = (double)n * ratio;
    steps->voltage_mV[n] = mean(&voltage, at - ratio / 2 + 0.5, at + ratio / 2 + 0.5);
    steps->current_pA[n] = mean(&current, at, (double)(n + 1) * ratio);
  }
cleanup:
  free(voltage.sum);
  free(current.sum);
  return status;
}

/* Marks the spikes of the window, and what they blank. */
static rb_status blank(rb_context *ctx, const rb_sweep *sweep, const rb_spikes *spikes,
                       double tref_ms, rb_steps *steps) {
  rb_status status = RB_OK;
  const double held = ceil(tref_ms / steps->dt_ms - NEAR);
  RB_TRY(RB_ALLOCATE(ctx, steps->spike, steps->steps));
  RB_TRY(RB_ALLOCATE(ctx, steps->mask, steps->steps));
  RB_TRY(RB_ALLOCATE(ctx, steps->onset_ms, spikes->count));
  RB_TRY(RB_ALLOCATE(ctx, steps->crossing_ms, spikes->count));
  for (int64_t k = 0; k < spikes->count; ++k) {
    const double onset = (double)spikes->onset[k] * sweep->interval_ms - steps->window_start_ms;
    const double step = floor(onset / steps->dt_ms + NEAR);
    const double last = fmin(step + held, (double)steps->steps - 1);
    if (step >= (double)steps->steps || last < 0) continue;
    steps->blanked += step >= 0 && steps->mask[(int64_t)step] != 0;
    for (int64_t n = (int64_t)fmax(step, 0); n <= (int64_t)last; ++n) steps->mask[n] = 1;
    if (step < 0) continue;
    steps->spike[(int64_t)step] = 1;
    steps->onset_ms[steps->spikes] = onset;
    steps->crossing_ms[steps->spikes++] =
        (double)spikes->crossing[k] * sweep->interval_ms - steps->window_start_ms;
  }
cleanup:
  return status;
}

rb_status rb_sweep_step(rb_context *ctx, const rb_sweep *sweep, const rb_spikes *spikes,
                        const rb_stepping *stepping, rb_steps *steps) {
  rb_status status = RB_OK;
  const double h = sweep->interval_ms, most = (double)sweep->samples;
  *steps = (rb_steps){.dt_ms = stepping->dt_ms > 0 ? stepping->dt_ms : h};
  const double first = fmin(nearbyint(stepping->from_ms / h), most);
  const double samples = fmin(nearbyint(stepping->to_ms / h), most) - first;
  const double count = floor(samples * h / steps->dt_ms + NEAR);
  if (!(count >= 1) || count > MOST_STEPS) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_USAGE,
                   "%s: %s: from %.10g to %.10g ms of its %.10g ms there are %.0f steps of %.10g "
                   "ms: choose another window or step",
                   sweep->source, sweep->name, stepping->from_ms, stepping->to_ms, most * h,
                   fmax(count, 0), steps->dt_ms));
  }
  steps->steps = (int64_t)count;
  steps->window_start_ms = first * h;
  RB_TRY(resample(ctx, sweep, (int64_t)first, (int64_t)samples, steps));
  RB_TRY(blank(ctx, sweep, spikes, stepping->tref_ms, steps));
cleanup:
  return status;
}

void rb_steps_free(rb_steps *steps) {
  free(steps->voltage_mV);
  free(steps->current_pA);
  free(steps->spike);
  free(steps->mask);
  free(steps->onset_ms);
  free(steps->crossing_ms);
  *steps = (rb_steps){0};
}
