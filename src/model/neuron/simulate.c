#include <stdlib.h>
#include <string.h>

#include "rheobase/base/memory.h"
#include "source.h"

/* A group of lanes that is simulated. */
typedef struct simulation {
  const rb_neuron_state *state;
  rb_neuron_source source;
  rb_neuron_group group;
  int channels;
  float *x;         // (data sets, channels, K samples)
  int64_t pending;  // recorded voltages that are not in x yet, the first of them
  int64_t first;
  _Alignas(64) rb_lane_values voltage[RB_TILE];
  _Alignas(64) float observed[RB_TILE][RB_LANES];
} simulation;

static void drive(void *work, int64_t first, rb_neuron_tile *tile) {
  rb_neuron_source_drive(&((const simulation *)work)->source, first, tile);
}

/* The recorded channel of a recording; NULL where it is not recorded. */
static float *row_of(const simulation *s, int64_t recording, int channel) {
  const int64_t most = s->state->settings.recordings[1], at = s->state->at[channel];
  if (at < 0) return NULL;
  return s->x + (recording / most * s->channels + at) * most * s->state->samples +
         recording % most * s->state->samples;
}

static float *row(const simulation *s, int64_t lane, int channel) {
  return row_of(s, s->group.recording[lane], channel);
}

/* Noise is drawn in blocks that begin at multiples of RB_TILE. */
static void flush(simulation *s) {
  if (s->pending == 0) return;
  s->source.kernel->observe(&s->source.streams, s->first, s->source.voltage_sd, s->voltage,
                            s->observed);
  for (int64_t l = 0; l < s->group.count; ++l) {
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

/* What a spike of step k blanks. */
static void blank(const rb_neuron_state *state, int64_t k, float *mask) {
  const int64_t last = (k + state->blanked) / state->every;
  for (int64_t j = k / state->every; j <= last && j < state->samples; ++j) mask[j] = 1;
}

static void record_spike(const simulation *s, int64_t lane, int64_t k) {
  const rb_neuron_state *state = s->state;
  const int64_t sample = k / state->every;
  if (state->at[RB_NEURON_SPIKES] >= 0) row(s, lane, RB_NEURON_SPIKES)[sample] = 1;
  if (state->at[RB_NEURON_SPIKE_COUNT] >= 0) row(s, lane, RB_NEURON_SPIKE_COUNT)[sample] += 1;
  if (state->at[RB_NEURON_MASK] >= 0 && state->blanked >= 0) {
    blank(state, k, row(s, lane, RB_NEURON_MASK));
  }
}

static void record(void *work, int64_t first, const rb_neuron_tile *tile) {
  simulation *s = work;
  if (s->state->at[RB_NEURON_VOLTAGE] >= 0) record_voltage(s, first, tile);
  for (int64_t l = 0; l < s->group.count; ++l) {
    for (uint64_t left = tile->fired[l]; left != 0; left &= left - 1) {
      record_spike(s, l, first + __builtin_ctzll(left));
    }
  }
}

/* The mean over each sample's steps. */
static void record_current(const simulation *s, int64_t lane) {
  const rb_neuron_state *state = s->state;
  float *out = row(s, lane, RB_NEURON_CURRENT);
  for (int64_t j = 0; out != NULL && j < state->samples; ++j) {
    const int64_t begin = j * state->every, left = state->length - begin;
    const int64_t steps = left < state->every ? left : state->every;
    double sum = 0;
    for (int64_t k = begin; k < begin + steps; ++k) {
      sum += rb_neuron_source_current(&s->source, k, lane);
    }
    out[j] = (float)(sum / (double)steps);
  }
}

/* Takes away what is not observed: beyond the end, all; where a spike blanks it, the voltage. */
static void hide(const simulation *s, int64_t lane) {
  const rb_neuron_state *state = s->state;
  const int64_t end = s->group.end[lane];
  float *mask = row(s, lane, RB_NEURON_MASK), *voltage = row(s, lane, RB_NEURON_VOLTAGE);
  if (mask == NULL) return;
  for (int c = 0; c < RB_NEURON_CHANNELS; ++c) {
    float *out = row(s, lane, c);
    for (int64_t j = end; out != NULL && j < state->samples; ++j) out[j] = c == RB_NEURON_MASK;
  }
  for (int64_t j = 0; voltage != NULL && j < end; ++j) {
    if (mask[j] > 0) voltage[j] = RB_NEURON_BLANK_MV;
  }
}

/* All recordings are missing until they are simulated. */
static void begin(const simulation *s, int64_t count) {
  const int64_t most = s->state->settings.recordings[1], samples = s->state->samples;
  memset(s->x, 0, (size_t)(count * s->channels * most * samples) * sizeof *s->x);
  if (most == s->state->settings.recordings[0] && s->source.given == NULL) return;
  for (int64_t j = 0; j < count * most; ++j) {
    float *mask = row_of(s, j, RB_NEURON_MASK);
    for (int64_t t = 0; mask != NULL && t < samples; ++t) mask[t] = 1;
  }
}

static void begin_group(simulation *s) {
  const size_t size = (size_t)s->state->samples * sizeof *s->x;
  s->first = 0;
  for (int64_t l = 0; l < s->group.count; ++l) {
    float *mask = row(s, l, RB_NEURON_MASK);
    if (mask != NULL) memset(mask, 0, size);
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

static rb_status simulate(const rb_model *model, rb_context *ctx, uint64_t seed, rb_purpose purpose,
                          int64_t first, int64_t count, const double *theta,
                          const rb_neuron_given *given, float *x) {
  rb_status status = RB_OK;
  const rb_neuron_state *state = model->state;
  rb_neuron_lanes *lanes = NULL;
  simulation *s = NULL;
  RB_TRY(check_theta(model, ctx, count, theta));
  RB_TRY(RB_ALLOCATE(ctx, lanes, 1));
  RB_TRY(RB_ALLOCATE(ctx, s, 1));
  *s = (simulation){.state = state, .channels = model->channels, .x = x};
  RB_TRY(rb_neuron_source_make(state, ctx, seed, purpose, first, count, given, &s->source));
  const rb_neuron_run run = {state->neuron->kernel(ctx->isa), state->length, s, drive, record};
  begin(s, count);
  while (rb_neuron_source_next(&s->source, theta, &s->group, lanes)) {
    begin_group(s);
    rb_neuron_run_lanes(&run, lanes);
    flush(s);
    for (int64_t l = 0; l < s->group.count; ++l) {
      record_current(s, l);
      hide(s, l);
    }
  }
cleanup:
  if (s != NULL) rb_neuron_source_free(&s->source);
  free(lanes);
  free(s);
  return status;
}

rb_status rb_neuron_simulate(const rb_model *model, rb_context *ctx, uint64_t seed,
                             rb_purpose purpose, int64_t first, int64_t count, const double *theta,
                             float *x) {
  return simulate(model, ctx, seed, purpose, first, count, theta, NULL, x);
}

rb_status rb_neuron_simulate_given(const rb_model *model, rb_context *ctx, uint64_t seed,
                                   rb_purpose purpose, int64_t first, int64_t count,
                                   const double *theta, const float *given, float *x) {
  rb_neuron_given what;
  rb_neuron_given_read(model->state, given, &what);
  return simulate(model, ctx, seed, purpose, first, count, theta, &what, x);
}
