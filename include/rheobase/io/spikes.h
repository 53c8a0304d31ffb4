#ifndef RHEOBASE_SPIKES_H
#define RHEOBASE_SPIKES_H

#include <stdint.h>

#include "rheobase/base/context.h"

/** @file spikes.h
 * Spikes of a recorded potential, at the samples of the file. Local. */

/** What a spike is. A crossing is where the potential reaches the threshold, not before dead_ms
 * after the last one and only if it fell by more than rearm_mV below the threshold in between. Its
 * onset is found by going back while the potential rises by onset_slope_mV_per_ms over
 * slope_width_ms, for at most onset_back_ms. */
typedef struct rb_spike_rule {
  double threshold_mV, rearm_mV, dead_ms;
  double onset_slope_mV_per_ms, onset_back_ms, slope_width_ms;
} rb_spike_rule;

/** The rule that finds every spike of the recordings it was made for, and none more. */
extern const rb_spike_rule rb_spike_rule_default;

/** Samples of the spikes. */
typedef struct rb_spikes {
  int64_t count;
  int64_t *crossing, *onset;  ///< (count) increasing
} rb_spikes;

/** Finds the spikes of a potential. The caller calls rb_spikes_free, also after a failure.
 * @param voltage_mV (samples) */
RB_NODISCARD rb_status rb_spikes_find(rb_context *ctx, const rb_spike_rule *rule,
                                      double interval_ms, int64_t samples, const double *voltage_mV,
                                      rb_spikes *spikes);

void rb_spikes_free(rb_spikes *spikes);

#endif
