#include <math.h>

#include "rheobase/base/memory.h"
#include "source.h"

/* The recordings of a data set as predictions take them: current, beginning and spikes of each. */

/* Where a channel's samples of recording r begin; NULL: there is no such channel. */
static const float *samples_of(const rb_neuron_state *state, const float *x, int channel, int r) {
  const int64_t total = state->samples * state->settings.recordings[1];
  const int at = state->at[channel];
  return at < 0 ? NULL : x + at * total + r * state->samples;
}

/* The voltage a recording begins with: the one that is seen, else the middle of what is drawn from,
 * which is NaN where it is the neuron's rest. */
static double beginning(const rb_neuron_state *state, const float *voltage, int64_t sample) {
  const double *range = state->settings.v0_mV;
  return voltage != NULL ? (double)voltage[sample] : 0.5 * (range[0] + range[1]);
}

/* Recording r from its first sample that is not masked to its padding. @param r its place, filled;
 * of length 0 if it is missing @param at of its first number in the arrays of all */
static void take(const rb_neuron_state *state, const float *x, int number, int64_t end, int64_t at,
                 rb_recordings *r) {
  const float *voltage = samples_of(state, x, RB_NEURON_VOLTAGE, number);
  const float *current = samples_of(state, x, RB_NEURON_CURRENT, number);
  const float *mask = samples_of(state, x, RB_NEURON_MASK, number);
  const float *counts = samples_of(state, x, RB_NEURON_SPIKE_COUNT, number);
  const float *spikes = counts != NULL ? counts : samples_of(state, x, RB_NEURON_SPIKES, number);
  int64_t begin = 0;
  while (mask != NULL && begin < end && mask[begin] > 0.5F) ++begin;
  for (int64_t n = begin; n < end; ++n) {
    const int64_t to = at + n - begin;
    r->stimulus[to] = current != NULL ? (double)current[n] : state->injected[n];
    r->response[to] = beginning(state, voltage, n);
    r->event[to] = spikes[n] > 0.5F;
  }
  r->recording[r->count] =
      (rb_stimulated){end - begin, r->stimulus + at, r->response + at, r->event + at};
}

rb_status rb_neuron_recordings(const rb_model *model, rb_context *ctx, const float *x,
                               rb_recordings *r) {
  rb_status status = RB_OK;
  const rb_neuron_state *state = model->state;
  const int most = state->settings.recordings[1];
  const int64_t total = state->samples * most;
  rb_neuron_given given;
  if (state->at[RB_NEURON_SPIKES] < 0 && state->at[RB_NEURON_SPIKE_COUNT] < 0) return RB_OK;
  rb_neuron_given_read(state, x, &given);
  RB_TRY(RB_ALLOCATE(ctx, r->recording, most));
  RB_TRY(RB_ALLOCATE(ctx, r->stimulus, total));
  RB_TRY(RB_ALLOCATE(ctx, r->response, total));
  RB_TRY(RB_ALLOCATE(ctx, r->event, total));
  for (int k = 0; k < most; ++k) {
    take(state, x, k, given.end[k], k * state->samples, r);
    if (r->recording[r->count].length > 1) ++r->count;
  }
cleanup:
  return status;
}
