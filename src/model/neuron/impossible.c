#include <math.h>

#include "path_likelihood.h"

/* Recordings that no parameters can produce. */

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
  if (recording->mask[0] != 0 || fabs(first - v0) <= RB_NEURON_ROUNDING_MV) return NULL;
  for (int64_t t = 0; t < recording->steps; ++t) {
    const bool counts = recording->mask[t] == 0 && recording->spikes[t] == 0;
    if (counts) most = fmax(most, recording->voltage[t]);
  }
  if (first < v0 && most <= first + 2 * RB_NEURON_ROUNDING_MV) return NULL;  // both are rounded
  return "the first voltage is not simulator.v0_mV";
}

/* Whether the voltage is recorded without noise, whatever the parameters. */
static bool is_path(const rb_model *model) {
  const rb_neuron *neuron = ((const rb_neuron_state *)model->state)->neuron;
  double noise = 1;
  return neuron->passage != NULL && rb_prior_is_fixed(model->prior, neuron->voltage_sd, &noise) &&
         noise == 0;
}

const char *rb_neuron_impossible(const rb_model *model, const rb_neuron_recording *recording) {
  const rb_neuron_state *state = model->state;
  const bool path = is_path(model);
  const char *reason = NULL;
  if (recording->spikes == NULL || state->every > 1) return NULL;
  if (recording->spikes[0] != 0) return "the first sample has a spike";
  if (state->neuron->passage != NULL || state->neuron->draws_spikes) {
    reason = look_at_held(recording, (int64_t)rb_neuron_held(&state->settings), path);
  }
  if (reason == NULL && path) reason = look_at_beginning(recording, state->settings.v0_mV[0]);
  return reason;
}
