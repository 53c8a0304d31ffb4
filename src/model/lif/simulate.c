#include <stdlib.h>

#include "lif_state.h"
#include "rheobase/distributions.h"
#include "rheobase/memory.h"

/* Draws the random input of one data set, runs the neuron, observes. */
static void simulate_one(const rb_lif_state *state, uint64_t seed, rb_purpose purpose,
                         uint64_t item, const double *theta, double *current, double *v,
                         uint8_t *spikes, float *x) {
  const int64_t length = state->length;
  rb_stream_normals(rb_stream_make(seed, purpose, RB_RANDOM_CURRENT, 0, item), 0, length, current);
  for (int64_t it = 0; it < length; ++it) {
    current[it] = state->mean_current_pA[it] + state->settings.I_std_pA * current[it];
  }
  rb_lif_run(&state->settings, theta, current, v, spikes);
  double *noise = current;
  rb_stream_normals(rb_stream_make(seed, purpose, RB_RANDOM_OBSERVATION_NOISE, 0, item), 0, length,
                    noise);
  for (int64_t it = 0; it < length; ++it) {
    x[it] = (float)(v[it] + state->settings.noise_mV * noise[it]);
    x[length + it] = (float)spikes[it];
  }
}

rb_status rb_lif_simulate(const rb_model *model, rb_context *ctx, uint64_t seed, rb_purpose purpose,
                          int64_t first, int64_t count, const double *theta, float *x) {
  const rb_lif_state *state = model->state;
  rb_status status = RB_OK;
  double *current = NULL, *v = NULL;
  uint8_t *spikes = NULL;
  RB_TRY(RB_ALLOCATE(ctx, current, state->length));
  RB_TRY(RB_ALLOCATE(ctx, v, state->length));
  RB_TRY(RB_ALLOCATE(ctx, spikes, state->length));
  for (int64_t i = 0; i < count; ++i) {
    const char *reason = NULL;
    if (!rb_lif_accepts(model, &theta[i * RB_LIF_DIM], &reason)) {
      status = RB_FAIL(ctx, RB_ERR_INTERNAL, "refused parameters were simulated: %s", reason);
      goto cleanup;
    }
    simulate_one(state, seed, purpose, (uint64_t)(first + i), &theta[i * RB_LIF_DIM], current, v,
                 spikes, &x[i * RB_LIF_CHANNELS * state->length]);
  }
cleanup:
  free(current);
  free(v);
  free(spikes);
  return status;
}
