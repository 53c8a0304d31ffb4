#include <math.h>
#include <stdlib.h>

#include "rheobase/base/memory.h"
#include "run.h"

static const double LOG_SQRT_2PI = 0.91893853320467274178;

bool rb_neuron_has_likelihood(const rb_neuron_state *state) {
  const bool voltage = state->at[RB_NEURON_VOLTAGE] >= 0;
  const bool spikes = state->at[RB_NEURON_SPIKES] >= 0 || state->at[RB_NEURON_SPIKE_COUNT] >= 0;
  if (state->drawn || state->settings.recordings[1] > 1 || state->at[RB_NEURON_MASK] >= 0 ||
      state->settings.v0_mV[0] < state->settings.v0_mV[1]) {
    return false;
  }
  if (state->current_sd > 0 || (voltage && !(state->settings.noise_mV > 0))) return false;
  if (state->neuron->draws_spikes) return spikes && state->every == 1;
  return voltage;  // a function of the parameters, and so are the spikes
}

/* A group of lanes that is weighed. */
typedef struct weighing {
  const rb_neuron_state *state;
  const rb_neuron_recording *recording;
  bool given;             // the spikes, instead of the neuron's own
  rb_lane_values sum;     // of the log likelihood
  int counted[RB_LANES];  // own spikes in the sample
} weighing;

static void drive(void *work, int64_t first, rb_neuron_tile *tile) {
  const weighing *w = work;
  for (int64_t t = 0; t < tile->steps; ++t) {
    const double current = w->recording->current[first + t];
    for (int l = 0; l < RB_LANES; ++l) tile->current[t][l] = current;
  }
  tile->fired[0] = 0;  // the kernel's own, or what it is given
  if (!w->given) return;
  for (int64_t t = 0; t < tile->steps; ++t) {
    tile->fired[0] |= (uint64_t)(w->recording->spikes[first + t + 1] != 0) << t;
  }
}

static void add_voltage(weighing *w, int64_t sample, const double *voltage) {
  const double inverse = 1.0 / w->state->settings.noise_mV;
  const double constant = LOG_SQRT_2PI - log(inverse), y = w->recording->voltage[sample];
  for (int l = 0; l < RB_LANES; ++l) {
    const double z = (y - voltage[l]) * inverse;
    w->sum[l] -= 0.5 * z * z + constant;
  }
}

/* Spikes that are not random are those of the recording, or the recording is impossible. A channel
 * that says only whether there was one counts any number of them as one. */
static void compare_spikes(weighing *w, int64_t k, const rb_neuron_tile *tile, int64_t t) {
  const rb_neuron_state *state = w->state;
  for (int l = 0; l < RB_LANES; ++l) w->counted[l] += rb_tile_fired(tile, l, t);
  if ((k + 1) % state->every != 0 && k + 1 < state->length) return;
  const int recorded = w->recording->spikes[k / state->every];
  const bool counts = state->at[RB_NEURON_SPIKE_COUNT] >= 0;
  for (int l = 0; l < RB_LANES; ++l) {
    const int own = counts || w->counted[l] == 0 ? w->counted[l] : 1;
    if (own != recorded) w->sum[l] = -INFINITY;
    w->counted[l] = 0;
  }
}

static void record(void *work, int64_t first, const rb_neuron_tile *tile) {
  weighing *w = work;
  for (int64_t t = 0; t < tile->steps; ++t) {
    const int64_t k = first + t;
    if (w->recording->voltage != NULL && k % w->state->every == 0) {
      add_voltage(w, k / w->state->every, tile->voltage[t]);
    }
    if (!w->given && w->recording->spikes != NULL) compare_spikes(w, k, tile, t);
  }
}

rb_status rb_neuron_weigh(const rb_model *model, rb_context *ctx,
                          const rb_neuron_recording *recording, int64_t count, const double *theta,
                          double *log_likelihood) {
  rb_status status = RB_OK;
  const rb_neuron_state *state = model->state;
  const rb_neuron *neuron = state->neuron;
  const bool given = neuron->draws_spikes;
  rb_neuron_lanes *lanes = NULL;
  const double *row[RB_LANES];
  double v0[RB_LANES];
  RB_TRY(RB_ALLOCATE(ctx, lanes, 1));
  for (int64_t i = 0; i < count; i += RB_LANES) {
    const int64_t left = count - i, n = left < RB_LANES ? left : RB_LANES;
    weighing work = {.state = state, .recording = recording, .given = given};
    const rb_neuron_run run = {(given ? neuron->weigh : neuron->kernel)(ctx->isa), state->length,
                               &work, drive, record};
    for (int64_t l = 0; l < n; ++l) {
      row[l] = &theta[(i + l) * neuron->parameters];
      v0[l] = state->settings.v0_mV[0];
    }
    rb_neuron_set_lanes(state, n, row, v0, lanes);
    rb_neuron_run_lanes(&run, lanes);
    for (int64_t l = 0; l < n; ++l) {
      log_likelihood[i + l] =
          work.sum[l] + (given ? lanes->variable[neuron->log_likelihood][l] : 0.0);
    }
  }
  // the first sample cannot have a spike
  if (given && recording->spikes[0] != 0) {
    for (int64_t i = 0; i < count; ++i) log_likelihood[i] = -INFINITY;
  }
cleanup:
  free(lanes);
  return status;
}

rb_status rb_neuron_log_likelihood(const rb_model *model, rb_context *ctx, const float *x,
                                   int64_t count, const double *theta, double *log_likelihood,
                                   const char **reason) {
  rb_status status = RB_OK;
  const rb_neuron_state *state = model->state;
  const int counts = state->at[RB_NEURON_SPIKE_COUNT];
  const int spike = counts >= 0 ? counts : state->at[RB_NEURON_SPIKES];
  double *voltage = NULL;
  uint8_t *spikes = NULL;
  rb_neuron_recording recording = {.current = state->current};
  if (reason != NULL) *reason = NULL;
  if (state->at[RB_NEURON_VOLTAGE] >= 0) {
    const float *row = x + state->at[RB_NEURON_VOLTAGE] * state->samples;
    RB_TRY(RB_ALLOCATE(ctx, voltage, state->samples));
    for (int64_t j = 0; j < state->samples; ++j) voltage[j] = (double)row[j];
    recording.voltage = voltage;
  }
  if (spike >= 0) {
    const float *row = x + spike * state->samples;
    RB_TRY(RB_ALLOCATE(ctx, spikes, state->samples));
    for (int64_t j = 0; j < state->samples; ++j) {
      spikes[j] = row[j] > 0.5F ? (uint8_t)fminf(row[j] + 0.5F, 255) : 0;
    }
    recording.spikes = spikes;
  }
  RB_TRY(rb_neuron_weigh(model, ctx, &recording, count, theta, log_likelihood));
  const bool at_first_step = spike >= 0 && spikes[0] != 0 && state->every == 1;
  if (reason != NULL && at_first_step) *reason = "the first sample has a spike";
cleanup:
  free(voltage);
  free(spikes);
  return status;
}
