#include "rheobase/io/spikes.h"

#include <math.h>
#include <stdlib.h>

const rb_spike_rule rb_spike_rule_default = {.threshold_mV = -10,
                                             .rearm_mV = 5,
                                             .dead_ms = 1,
                                             .onset_slope_mV_per_ms = 10,
                                             .onset_back_ms = 2,
                                             .slope_width_ms = 0.1};

/* A time is so near a whole number of samples that it is one. */
static const double NEAR = 1e-6;

/* Where the rise that crosses at sample k begins. */
static int64_t find_onset(const rb_spike_rule *rule, double h, int64_t samples, const double *v,
                          int64_t k) {
  const double most = (double)samples;
  const int64_t back = (int64_t)fmin(floor(rule->onset_back_ms / h + NEAR), most);
  const int64_t width = (int64_t)fmin(fmax(1, floor(rule->slope_width_ms / h + 0.5)), most);
  const double rise = rule->onset_slope_mV_per_ms * (double)width * h;
  int64_t j = k;
  while (j > 0 && k - (j - 1) <= back && j - 1 + width < samples &&
         v[j - 1 + width] - v[j - 1] >= rise) {
    --j;
  }
  return j;
}

static rb_status add(rb_context *ctx, rb_spikes *spikes, int64_t crossing, int64_t onset) {
  const int64_t n = spikes->count;
  if ((n & (n - 1)) == 0) {  // at 0 and the powers of two there is no room left
    const size_t size = (size_t)(n > 0 ? 2 * n : 1) * sizeof(int64_t);
    int64_t *crossings = realloc(spikes->crossing, size);
    if (crossings != NULL) spikes->crossing = crossings;
    int64_t *onsets = crossings != NULL ? realloc(spikes->onset, size) : NULL;
    if (onsets == NULL) return RB_FAIL(ctx, RB_ERR_MEMORY, "out of memory");
    spikes->onset = onsets;
  }
  spikes->crossing[n] = crossing;
  spikes->onset[n] = onset;
  ++spikes->count;
  return RB_OK;
}

rb_status rb_spikes_find(rb_context *ctx, const rb_spike_rule *rule, double h, int64_t samples,
                         const double *v, rb_spikes *spikes) {
  rb_status status = RB_OK;
  const double dead = ceil(rule->dead_ms / h - NEAR);
  bool armed = true;
  *spikes = (rb_spikes){0};
  for (int64_t k = 1; k < samples; ++k) {
    armed = armed || v[k - 1] < rule->threshold_mV - rule->rearm_mV;
    if (!armed || !(v[k - 1] < rule->threshold_mV && v[k] >= rule->threshold_mV)) continue;
    const int64_t n = spikes->count;
    if (n > 0 && (double)(k - spikes->crossing[n - 1]) < dead) continue;
    RB_TRY(add(ctx, spikes, k, find_onset(rule, h, samples, v, k)));
    armed = false;
  }
cleanup:
  return status;
}

void rb_spikes_free(rb_spikes *spikes) {
  free(spikes->crossing);
  free(spikes->onset);
  *spikes = (rb_spikes){0};
}
