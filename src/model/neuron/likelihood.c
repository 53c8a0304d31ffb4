#include <math.h>
#include <stdlib.h>

#include "rheobase/base/memory.h"
#include "run.h"

static const double LOG_SQRT_2PI = 0.91893853320467274178;

/* A group of lanes that is weighed. */
typedef struct weighing {
  const rb_neuron_state *state;
  const rb_neuron_recording *recording;
  int64_t length;         // steps of the recording
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
  if ((k + 1) % state->every != 0 && k + 1 < w->length) return;
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
    const int64_t k = first + t, sample = k / w->state->every;
    const bool masked = w->recording->mask != NULL && w->recording->mask[sample] != 0;
    if (w->recording->voltage != NULL && k % w->state->every == 0 && !masked) {
      add_voltage(w, sample, tile->voltage[t]);
    }
    if (!w->given && w->recording->spikes != NULL) compare_spikes(w, k, tile, t);
  }
}

static int64_t length_of(const rb_neuron_state *state, const rb_neuron_recording *recording) {
  return recording->steps > 0 ? recording->steps : state->length;
}

/* The lanes' vectors. @param theta (n, parameters) */
static void weigh_lanes(const rb_model *model, rb_context *ctx,
                        const rb_neuron_recording *recording, int64_t n, const double *theta,
                        const double *v0, rb_neuron_lanes *lanes, double *log_likelihood) {
  const rb_neuron_state *state = model->state;
  const rb_neuron *neuron = state->neuron;
  const bool given = neuron->draws_spikes;
  const double *row[RB_LANES];
  weighing work = {.state = state,
                   .recording = recording,
                   .length = length_of(state, recording),
                   .given = given};
  const rb_neuron_run run = {(given ? neuron->weigh : neuron->kernel)(ctx->isa), work.length, &work,
                             drive, record};
  for (int64_t l = 0; l < n; ++l) row[l] = &theta[l * neuron->parameters];
  rb_neuron_set_lanes(state, n, row, v0, lanes);
  rb_neuron_run_lanes(&run, lanes);
  for (int64_t l = 0; l < n; ++l) {
    log_likelihood[l] = work.sum[l] + (given ? lanes->variable[neuron->log_likelihood][l] : 0.0);
    if (given && recording->spikes[0] != 0) log_likelihood[l] = -INFINITY;  // it cannot have one
  }
}

rb_status rb_neuron_weigh_from(const rb_model *model, rb_context *ctx,
                               const rb_neuron_recording *recording, int64_t count,
                               const double *theta, const double *v0, double *log_likelihood) {
  rb_status status = RB_OK;
  const int parameters = ((const rb_neuron_state *)model->state)->neuron->parameters;
  rb_neuron_lanes *lanes = NULL;
  RB_TRY(RB_ALLOCATE(ctx, lanes, 1));
  for (int64_t i = 0; i < count; i += RB_LANES) {
    const int64_t left = count - i, n = left < RB_LANES ? left : RB_LANES;
    weigh_lanes(model, ctx, recording, n, theta + i * parameters, v0 + i, lanes,
                log_likelihood + i);
  }
cleanup:
  free(lanes);
  return status;
}

rb_status rb_neuron_weigh(const rb_model *model, rb_context *ctx,
                          const rb_neuron_recording *recording, int64_t count, const double *theta,
                          double *log_likelihood) {
  rb_status status = RB_OK;
  const rb_neuron_state *state = model->state;
  double *v0 = NULL;
  RB_TRY(RB_ALLOCATE(ctx, v0, count));
  for (int64_t i = 0; i < count; ++i) v0[i] = state->settings.v0_mV[0];
  RB_TRY(rb_neuron_weigh_from(model, ctx, recording, count, theta, v0, log_likelihood));
cleanup:
  free(v0);
  return status;
}
