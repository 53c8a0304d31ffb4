#include <math.h>

#include "neuron.h"

/* Recordings that no parameters can produce. */

static const double ROUNDING_MV = 1e-4;  // of a recorded voltage, which is in single precision

/* Samples while the neuron is held, which has no noise and no threshold. */
static const char *look_at_held(const rb_neuron_recording *recording, int64_t held, bool path) {
  int64_t left = 0;
  for (int64_t t = 0; t < recording->steps; ++t) {
    const bool spike = recording->spikes[t] != 0;
    if (left > 0 && spike) {
      return "two spikes are closer than simulator.tref_ms: give a shorter one, to `import` too";
    }
    if (path && left > 0 && recording->mask[t] == 0) {
      return "a voltage is seen while the neuron is held after a spike: the mask has to last for "
             "simulator.tref_ms (`import --tref`)";
    }
    left = spike ? held : left - (left > 0);
  }
  return NULL;
}

/* The first voltage, which is the initial one or, where that is above it, the threshold: no other
 * voltage is then above that. */
static const char *look_at_beginning(const rb_neuron_recording *recording, double v0) {
  const double first = recording->voltage[0];
  double most = first;
  if (recording->mask[0] != 0 || fabs(first - v0) <= ROUNDING_MV) return NULL;
  for (int64_t t = 0; t < recording->steps; ++t) {
    if (recording->mask[t] == 0) most = fmax(most, recording->voltage[t]);
  }
  if (first < v0 && most <= first + ROUNDING_MV) return NULL;
  return "the first voltage is not simulator.v0_mV";
}

const char *rb_neuron_impossible(const rb_neuron_state *state,
                                 const rb_neuron_recording *recording) {
  const bool path = state->neuron->passage != NULL;
  const char *reason = NULL;
  if (recording->spikes == NULL || state->every > 1) return NULL;
  if (recording->spikes[0] != 0) return "the first sample has a spike";
  if (path || state->neuron->draws_spikes) {
    reason = look_at_held(recording, (int64_t)rb_neuron_held(&state->settings), path);
  }
  if (reason == NULL && path) reason = look_at_beginning(recording, state->settings.v0_mV[0]);
  return reason;
}
