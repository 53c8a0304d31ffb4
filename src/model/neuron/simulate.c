#include <stdlib.h>
#include <string.h>

#include "rheobase/base/memory.h"
#include "source.h"

/* A group of lanes that is simulated. */
typedef struct simulation {
  const rb_neuron_state *state;
  rb_neuron_source source;
  int64_t count;  // data sets
  int channels;
  float *x;         // (count, channels, samples)
  int64_t pending;  // recorded voltages that are not in x yet, the first of them
  int64_t first;
  _Alignas(64) rb_lane_values voltage[RB_TILE];
  _Alignas(64) float observed[RB_TILE][RB_LANES];
} simulation;

static void drive(void *work, int64_t first, rb_neuron_tile *tile) {
  rb_neuron_source_drive(&((const simulation *)work)->source, first, tile);
}

static float *row(const simulation *s, int64_t lane, int channel) {
  return s->x + (lane * s->channels + s->state->at[channel]) * s->state->samples;
}

/* Noise is drawn in blocks that begin at multiples of RB_TILE. */
static void flush(simulation *s) {
  if (s->pending == 0) return;
  s->source.kernel->observe(&s->source.streams, s->first, s->state->settings.noise_mV, s->voltage,
                            s->observed);
  for (int64_t l = 0; l < s->count; ++l) {
    float *out = row(s, l, RB_NEURON_VOLTAGE) + s->first;
    for (int64_t t = 0; t < s->pending; ++t) out[t] = s->observed[t][l];
  }
  s->first += s->pending;
  s->pending = 0;
}

static void record_voltage(simulation *s, int64_t first, const rb_neuron_tile *tile) {
  const int64_t every = s->state->every;
  for (int64_t t = (every - first % every) % every; t < tile->steps; t += every) {
    memcpy(s->voltage[s->pending++], tile->voltage[t], sizeof s->voltage[0]);
    if (s->pending == RB_TILE) flush(s);
  }
}

static void record_spike(const simulation *s, int64_t lane, int64_t sample) {
  if (s->state->at[RB_NEURON_SPIKES] >= 0) row(s, lane, RB_NEURON_SPIKES)[sample] = 1;
  if (s->state->at[RB_NEURON_SPIKE_COUNT] >= 0) row(s, lane, RB_NEURON_SPIKE_COUNT)[sample] += 1;
}

static void record(void *work, int64_t first, const rb_neuron_tile *tile) {
  simulation *s = work;
  if (s->state->at[RB_NEURON_VOLTAGE] >= 0) record_voltage(s, first, tile);
  for (int64_t l = 0; l < s->count; ++l) {
    for (uint64_t left = tile->fired[l]; left != 0; left &= left - 1) {
      record_spike(s, l, (first + __builtin_ctzll(left)) / s->state->every);
    }
  }
}

static rb_status check_theta(const rb_model *model, rb_context *ctx, int64_t count,
                             const double *theta) {
  const rb_neuron_state *state = model->state;
  for (int64_t i = 0; i < count; ++i) {
    const char *reason = NULL;
    if (rb_neuron_accepts(model, &theta[i * state->neuron->parameters], &reason)) continue;
    return RB_FAIL(ctx, RB_ERR_SETTING, "the prior draws what the simulator refuses: %s", reason);
  }
  return RB_OK;
}

rb_status rb_neuron_simulate(const rb_model *model, rb_context *ctx, uint64_t seed,
                             rb_purpose purpose, int64_t first, int64_t count, const double *theta,
                             float *x) {
  rb_status status = RB_OK;
  const rb_neuron_state *state = model->state;
  const int64_t size = model->channels * state->samples;
  rb_neuron_lanes *lanes = NULL;
  simulation *s = NULL;
  RB_TRY(check_theta(model, ctx, count, theta));
  RB_TRY(RB_ALLOCATE(ctx, lanes, 1));
  RB_TRY(RB_ALLOCATE(ctx, s, 1));
  *s = (simulation){.state = state,
                    .source = rb_neuron_source_make(state, ctx->isa, seed, purpose),
                    .channels = model->channels};
  const rb_neuron_run run = {state->neuron->kernel(ctx->isa), state->length, s, drive, record};
  memset(x, 0, (size_t)(count * size) * sizeof *x);
  for (int64_t i = 0; i < count; i += RB_LANES) {
    s->count = count - i < RB_LANES ? count - i : RB_LANES;
    s->x = x + i * size;
    s->first = 0;
    rb_neuron_source_set_items(first + i, s->count, &s->source);
    rb_neuron_set_lanes(state, s->count, &theta[i * state->neuron->parameters], lanes);
    rb_neuron_run_lanes(&run, lanes);
    flush(s);
  }
cleanup:
  free(lanes);
  free(s);
  return status;
}
