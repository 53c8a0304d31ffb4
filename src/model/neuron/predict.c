#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/base/memory.h"
#include "rheobase/random/distributions.h"
#include "run.h"

/* Recordings with a current of their own: the neuron runs freely, or with the spikes recorded. */

/* Lanes that run freely. */
typedef struct free_run {
  const rb_neuron_state *state;
  const rb_stimulated *given;
  rb_lane_values sd;  // of the current's noise; 0: none
  bool draws;         // spikes; else there is one wherever its probability is above
  rb_lane_values above;
  uint64_t seed;
  int64_t first, count;  // of the runs
  double *response;      // (count, length)
  uint8_t *event;        // (count, length)
  double number[RB_TILE];
} free_run;

static double current_at(const rb_neuron_state *state, const rb_stimulated *given, int64_t k) {
  return state->per_unit * given->stimulus[k / state->every];
}

static rb_stream stream_of(const free_run *r, rb_random_kind kind, int64_t lane) {
  return rb_stream_make(r->seed, RB_FOR_FORECAST, kind, 0, (uint64_t)(r->first + lane));
}

static void drive(void *work, int64_t first, rb_neuron_tile *tile) {
  free_run *r = work;
  memset(tile->current, 0, sizeof tile->current);
  for (int64_t l = 0; l < r->count; ++l) {
    const double sd = r->sd[l];
    if (sd > 0) {
      rb_stream_normals(stream_of(r, RB_RANDOM_PROCESS_NOISE, l), first, tile->steps, r->number);
    }
    for (int64_t t = 0; t < tile->steps; ++t) {
      const double noise = sd > 0 ? sd * r->number[t] : 0;
      tile->current[t][l] = current_at(r->state, r->given, first + t) + noise;
    }
    if (!r->state->neuron->draws_spikes) continue;
    const rb_stream events = stream_of(r, RB_RANDOM_EVENTS, l);
    for (int64_t t = 0; t < tile->steps; ++t) {
      tile->uniform[t][l] =
          r->draws ? rb_stream_uniform(events, (uint32_t)(first + t)) : r->above[l];
    }
  }
}

static void record(void *work, int64_t first, const rb_neuron_tile *tile) {
  const free_run *r = work;
  const int64_t every = r->state->every;
  for (int64_t t = 0; t < tile->steps; ++t) {
    const int64_t n = (first + t) / every;
    for (int64_t l = 0; l < r->count; ++l) {
      const int64_t at = l * r->given->length + n;
      if ((first + t) % every == 0) r->response[at] = tile->voltage[t][l];
      if (rb_tile_fired(tile, l, t)) r->event[at] = 1;
    }
  }
}

/* Lanes of `count` parameter vectors that begin where the recording does. */
static void begin(const rb_neuron_state *state, const rb_stimulated *given, int64_t count,
                  const double *theta, rb_neuron_lanes *lanes) {
  const double *row[RB_LANES];
  double v0[RB_LANES];
  for (int64_t l = 0; l < count; ++l) {
    row[l] = &theta[l * state->neuron->parameters];
    v0[l] = given->response[0];
  }
  rb_neuron_set_lanes(state, count, row, v0, lanes);
}

/* Noise of a run's current; where its size is a range, the run has its own, as simulations have. */
static double drawn_noise(const free_run *r, int64_t lane, const double *theta) {
  const rb_neuron_settings *s = &r->state->settings;
  double number[RB_STIMULUS_PARTS][RB_STIMULUS_NUMBERS];
  int64_t begin_at[RB_STIMULUS_PARTS];
  rb_stimulus_draw(&s->stimulus, s->dt_ms, r->state->length, stream_of(r, RB_RANDOM_SETUP, lane),
                   number, begin_at);
  return rb_neuron_noise(r->state, theta, rb_stimulus_white_sd(&s->stimulus, number));
}

static int64_t steps_of(const rb_neuron_state *state, const rb_stimulated *given) {
  return (given->length - 1) * state->every + 1;
}

/* The neuron with spikes that are decided step by step, all lanes alike. */
typedef struct stepper {
  const rb_neuron *neuron;
  const rb_neuron_kernel *weigh;
  rb_neuron_lanes *lanes;
  rb_neuron_tile tile;
} stepper;

/* One step with or without a spike. @param log_probability (RB_LANES) of that */
static void take(stepper *s, double current, bool spike, double *log_probability) {
  double *sum = s->lanes->variable[s->neuron->log_likelihood];
  memset(sum, 0, sizeof(rb_lane_values));
  for (int l = 0; l < RB_LANES; ++l) {
    s->tile.current[0][l] = current;
    s->tile.fired[l] = spike;
  }
  s->tile.steps = 1;
  s->weigh->advance(s->lanes, &s->tile);
  memcpy(log_probability, sum, sizeof(rb_lane_values));
}

static rb_status make_stepper(rb_context *ctx, const rb_neuron_state *state, stepper *s) {
  rb_status status = RB_OK;
  *s = (stepper){.neuron = state->neuron, .weigh = state->neuron->weigh(ctx->isa)};
  RB_TRY(RB_ALLOCATE(ctx, s->lanes, 1));
cleanup:
  return status;
}

static rb_status run(const rb_model *core, rb_context *ctx, const rb_stimulated *given,
                     uint64_t seed, int64_t first, int64_t count, const double *theta,
                     const double *level, double *response, uint8_t *event) {
  rb_status status = RB_OK;
  const rb_neuron_state *state = core->state;
  const rb_neuron *neuron = state->neuron;
  rb_neuron_lanes *lanes = NULL;
  free_run *work = NULL;
  memset(event, 0, (size_t)(count * given->length));
  RB_TRY(RB_ALLOCATE(ctx, lanes, 1));
  RB_TRY(RB_ALLOCATE(ctx, work, 1));
  const rb_neuron_run loop = {neuron->kernel(ctx->isa), steps_of(state, given), work, drive,
                              record};
  for (int64_t i = 0; i < count; i += RB_LANES) {
    const int64_t left = count - i, at = i * given->length;
    *work = (free_run){.state = state,
                       .given = given,
                       .draws = level == NULL,
                       .seed = seed,
                       .first = first + i,
                       .count = left < RB_LANES ? left : RB_LANES,
                       .response = response + at,
                       .event = event + at};
    for (int64_t l = 0; l < work->count; ++l) {
      const double *row = &theta[(i + l) * neuron->parameters];
      if (level == NULL) work->sd[l] = drawn_noise(work, l, row);
      if (level != NULL) work->above[l] = -expm1(-state->settings.dt_ms * level[i + l]);
    }
    begin(state, given, work->count, &theta[i * neuron->parameters], lanes);
    rb_neuron_run_lanes(&loop, lanes);
  }
cleanup:
  free(lanes);
  free(work);
  return status;
}

/* Lanes of a neuron that draws spikes, with those recorded. */
static void follow_lanes(const rb_neuron_state *state, const rb_stimulated *given, int64_t count,
                         stepper *s, double *response, double *expected) {
  rb_lane_values log_probability;
  for (int64_t l = 0; l < count; ++l) {
    response[l * given->length] = s->lanes->variable[0][l];
    expected[l * given->length] = 0;
  }
  for (int64_t n = 1; n < given->length; ++n) {
    const bool spike = given->event[n] != 0;
    take(s, current_at(state, given, n - 1), spike, log_probability);
    for (int64_t l = 0; l < count; ++l) {
      const int64_t at = l * given->length + n;
      const double x = spike ? rb_predictor_expected(exp(log_probability[l])) : -log_probability[l];
      expected[at] = fmin(x, RB_PREDICTOR_SURE);
      response[at] = s->tile.voltage[0][l];
    }
  }
}

static rb_status follow_drawn(rb_context *ctx, const rb_neuron_state *state,
                              const rb_stimulated *given, int64_t count, const double *theta,
                              double *response, double *expected) {
  rb_status status = RB_OK;
  stepper s = {0};
  RB_TRY(make_stepper(ctx, state, &s));
  for (int64_t i = 0; i < count; i += RB_LANES) {
    const int64_t left = count - i, n = left < RB_LANES ? left : RB_LANES;
    begin(state, given, n, &theta[i * state->neuron->parameters], s.lanes);
    follow_lanes(state, given, n, &s, response + i * given->length, expected + i * given->length);
  }
cleanup:
  free(s.lanes);
  return status;
}

static rb_status follow(const rb_model *core, rb_context *ctx, const rb_stimulated *given,
                        int64_t count, const double *theta, double *response, double *expected) {
  rb_status status = RB_OK;
  const rb_neuron_state *state = core->state;
  if (state->neuron->draws_spikes) {
    return follow_drawn(ctx, state, given, count, theta, response, expected);
  }
  for (int64_t i = 0; i < count; ++i) {
    const double *row = &theta[i * state->neuron->parameters];
    rb_passage passage = {.held = (int64_t)rb_neuron_held(&state->settings)};
    state->neuron->passage(&state->settings, row, &passage);
    const double white = rb_stimulus_white_sd(&state->settings.stimulus, NULL);
    passage.sd = passage.per_current * rb_neuron_noise(state, row, white);
    const double v0 = fmin(given->response[0], passage.threshold);  // as a run begins
    RB_TRY(rb_passage_follow(ctx, &passage, given, v0, response + i * given->length,
                             expected + i * given->length));
  }
cleanup:
  return status;
}

void rb_neuron_add_predictor(rb_model *model) {
  rb_neuron_state *state = model->state;
  const rb_neuron *neuron = state->neuron;
  const bool follows = neuron->weigh != NULL || neuron->passage != NULL;
  if (!neuron->resets) return;  // its currents may be densities
  state->predictor = (rb_predictor){
      .stimulus = {.quantity = {"current", "pA", "injected current"}, .role = RB_CHANNEL_STIMULUS},
      .response = {.quantity = {"voltage", "mV", "membrane potential"}},
      .event = {.quantity = {"spikes", "1", "1 where a sample has a spike, else 0"},
                .binary = true},
      .masked =
          ceil(ceil(state->settings.tref_ms / state->settings.dt_ms - 1e-6) / (double)state->every),
      .drawn = neuron->draws_spikes,
      .run = run,
      .follow = follows && state->every == 1 ? follow : NULL,
      .recordings = rb_neuron_recordings};
  model->predictor = &state->predictor;
}
