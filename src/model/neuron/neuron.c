#include "neuron.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/base/memory.h"
#include "run.h"

static const double MAX_STEPS = 1e7;
static const double NEAR = 1e-6;          // of a step: rounding of times
static const double MAX_PARAMETER = 1e9;  // of either sign: nothing then overflows

static const rb_channel channels[RB_NEURON_CHANNELS] = {
    [RB_NEURON_VOLTAGE] = {.quantity = {"voltage", "mV", "observed membrane potential"},
                           .least = 1,
                           .most = 1e4},
    [RB_NEURON_SPIKES] = {.quantity = {"spikes", "1", "1 where a sample holds a spike, else 0"},
                          .binary = true},
    [RB_NEURON_SPIKE_COUNT] = {.quantity = {"spike_count", "1", "spikes within a sample"},
                               .counts = true},
    [RB_NEURON_CURRENT] = {.quantity = {"current", "pA",
                                        "injected current, its mean over a sample"},
                           .role = RB_CHANNEL_STIMULUS},
    [RB_NEURON_MASK] = {.quantity = {"mask", "1",
                                     "1 where the voltage is not observed: at and after a spike, "
                                     "and beyond a recording"},
                        .role = RB_CHANNEL_MASK,
                        .binary = true}};

/* L */
static int64_t length_of(const rb_neuron_settings *s) { return (int64_t)ceil(s->T_ms / s->dt_ms); }

double rb_neuron_held(const rb_neuron_settings *s) {
  return fmax(floor(s->tref_ms / s->dt_ms + 0.001), 1) - 1;
}

/* A parameter, if the neuron has it. */
static double number_of(int d, const double *theta, double setting) {
  return d > 0 ? theta[d] : setting;
}

double rb_neuron_noise(const rb_neuron_state *state, const double *theta, double white) {
  const double own = number_of(state->neuron->current_sd, theta, state->settings.I_std);
  return state->per_unit * (white > 0 ? hypot(own, white) : own);
}

double rb_neuron_voltage_sd(const rb_neuron_state *state, const double *theta) {
  return number_of(state->neuron->voltage_sd, theta, state->settings.noise_mV);
}

double rb_neuron_number(const char *text, double otherwise) {
  return text[0] != '\0' ? strtod(text, NULL) : otherwise;
}

bool rb_neuron_step_is_too_long(const rb_neuron_settings *s, double C, double g_L, char *reason) {
  if (s->dt_ms < C / g_L) return false;
  (void)snprintf(reason, RB_NEURON_REASON,
                 "C = %g and g_L = %g: simulator.dt_ms = %g must be below C/g_L = %g", C, g_L,
                 s->dt_ms, C / g_L);
  return true;
}

static bool is_no_number(const rb_neuron *neuron, const double *theta, int d, char *reason) {
  if (fabs(theta[d]) <= MAX_PARAMETER) return false;
  (void)snprintf(reason, RB_NEURON_REASON, "%s = %g is no number up to %g", neuron->prior[d].name,
                 theta[d], MAX_PARAMETER);
  return true;
}

static bool is_too_small(const rb_neuron *neuron, const double *theta, int d, char *reason) {
  if ((neuron->positive >> d & 1U) == 0 || theta[d] >= RB_NEURON_LEAST) return false;
  const char *name = neuron->prior[d].name;
  if (theta[d] > 0) {
    (void)snprintf(reason, RB_NEURON_REASON, "%s = %g must be at least %g", name, theta[d],
                   RB_NEURON_LEAST);
  } else {
    (void)snprintf(reason, RB_NEURON_REASON, "%s = %g must be above 0", name, theta[d]);
  }
  return true;
}

bool rb_neuron_accepts(const rb_model *model, const double *theta, const char **reason) {
  rb_neuron_state *state = model->state;
  const rb_neuron *neuron = state->neuron;
  bool refused = false;
  state->reason[0] = '\0';
  for (int d = 0; d < neuron->parameters && !refused; ++d) {
    refused = is_no_number(neuron, theta, d, state->reason);
  }
  for (int d = 0; d < neuron->parameters && !refused; ++d) {
    refused = is_too_small(neuron, theta, d, state->reason);
  }
  if (!refused) refused = neuron->refuses(&state->settings, theta, state->reason);
  if (refused && reason != NULL) *reason = state->reason;
  return !refused;
}

/* Steps between recorded samples; 0: not a whole number of them. */
static int64_t steps_between(const rb_neuron_settings *s) {
  if (s->sample_ms == 0) return 1;
  const double steps = s->sample_ms / s->dt_ms, nearest = nearbyint(steps);
  return nearest >= 1 && fabs(steps - nearest) <= 1e-6 ? (int64_t)nearest : 0;
}

static rb_status check_number(rb_context *ctx, const char *name, const char *text) {
  char *end = NULL;
  const double value = strtod(text, &end);
  if (text[0] == '\0' || (*end == '\0' && fabs(value) <= 200)) return RB_OK;
  return RB_FAIL(ctx, RB_ERR_SETTING,
                 "simulator.%s = \"%.40s\" must be a number within -200 and 200, or empty", name,
                 text);
}

/* What a study of many stimuli or of several recordings needs among its channels. */
static rb_status check_data_sets(rb_context *ctx, const rb_neuron_settings *s, const int *at) {
  bool drawn = false;
  for (int p = 0; p < s->stimulus.parts; ++p) {
    drawn |= rb_stimulus_part_is_drawn(&s->stimulus.part[p]);
  }
  if (drawn && at[RB_NEURON_CURRENT] < 0) {
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "recording.channels: lacks \"current\": the stimulus is another for each data "
                   "set (%s), so it has to be among what the network sees",
                   "a range, a segment, or noise without a seed");
  }
  const int least = s->recordings[0], most = s->recordings[1];
  if (s->recordings_given != 2 || least > most) {
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "data_set.recordings must be [least, most], such as [1, 6]");
  }
  if (least < most && at[RB_NEURON_MASK] < 0) {
    return RB_FAIL(
        ctx, RB_ERR_SETTING,
        "recording.channels: lacks \"mask\": data_set.recordings = [%d, %d], and the mask "
        "tells which recordings are missing",
        least, most);
  }
  if (s->shortest < 1 && at[RB_NEURON_MASK] < 0) {
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "recording.channels: lacks \"mask\": data_set.shortest = %g, and the mask tells "
                   "where a recording ends",
                   s->shortest);
  }
  if ((double)most * (double)length_of(s) > MAX_STEPS) {
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "data_set.recordings: %d recordings of %" PRId64
                   " steps; 10^7 steps are possible",
                   most, length_of(s));
  }
  return RB_OK;
}

/* @param at (RB_NEURON_CHANNELS) place of a channel, or -1 @return how many there are */
static int find_channels(const char *texts, int *at, char word[32]) {
  int count = 0;
  for (int c = 0; c < RB_NEURON_CHANNELS; ++c) at[c] = -1;
  const char *next = texts;
  while ((next = rb_settings_next_text(next, 32, word)) != NULL) {
    int c = 0;
    while (c < RB_NEURON_CHANNELS && strcmp(word, channels[c].quantity.name) != 0) ++c;
    if (c == RB_NEURON_CHANNELS || at[c] >= 0) return -1;
    at[c] = count++;
  }
  return count;
}

static rb_status check_recording(rb_context *ctx, const rb_neuron_settings *s, int *at) {
  char word[32];
  const int count = find_channels(s->channels, at, word);
  if (count < 0) {
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "recording.channels: \"%s\" is given twice, or none of voltage, spikes, "
                   "spike_count, current and mask",
                   word);
  }
  if (at[RB_NEURON_VOLTAGE] < 0 && at[RB_NEURON_SPIKES] < 0 && at[RB_NEURON_SPIKE_COUNT] < 0) {
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "recording.channels: none is given that is observed: voltage, spikes or "
                   "spike_count");
  }
  if (steps_between(s) == 0) {
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "recording.sample_ms = %g is no multiple of simulator.dt_ms = %g", s->sample_ms,
                   s->dt_ms);
  }
  return RB_OK;
}

rb_status rb_neuron_check(rb_context *ctx, const void *settings) {
  rb_status status = RB_OK;
  const rb_neuron_settings *s = settings;
  const double steps = s->T_ms / s->dt_ms;
  int at[RB_NEURON_CHANNELS];
  if (!(steps > 1 && steps <= MAX_STEPS)) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_SETTING,
                   "simulator.T_ms = %g and simulator.dt_ms = %g make %.6g time steps; 2 to 10^7 "
                   "are possible",
                   s->T_ms, s->dt_ms, steps));
  }
  RB_TRY(check_number(ctx, "peak_mV", s->peak_mV));
  RB_TRY(check_recording(ctx, s, at));
  RB_TRY(rb_stimulus_check(ctx, &s->stimulus, s->dt_ms, length_of(s)));
  RB_TRY(check_data_sets(ctx, s, at));
cleanup:
  return status;
}

rb_status rb_neuron_load(rb_context *ctx, void *settings) {
  rb_neuron_settings *s = settings;
  return rb_stimulus_load(ctx, &s->stimulus, s->dt_ms);
}

void rb_neuron_unload(void *settings) {
  rb_stimulus_unload(&((rb_neuron_settings *)settings)->stimulus);
}

void rb_neuron_digest(const void *settings, FILE *stream) {
  rb_stimulus_digest(&((const rb_neuron_settings *)settings)->stimulus, stream);
}

static void destroy(rb_model *model) {
  rb_neuron_state *state = model->state;
  if (state != NULL) {
    free(state->common);
    free(state->injected);
    free(state->current);
    rb_stimulus_unload(&state->settings.stimulus);
  }
  free(state);
  model->state = NULL;
}

/* The current that all recordings share; where it is recorded, it is what the record holds. */
static void sum_common(const rb_stimulus *stimulus, rb_neuron_state *state) {
  const double dt = state->settings.dt_ms;
  rb_stimulus_sum(stimulus, dt, state->length, state->common);
  for (int64_t k = 0; k < state->length; ++k) {
    if (state->at[RB_NEURON_CURRENT] >= 0) state->common[k] = (double)(float)state->common[k];
    state->current[k] = state->common[k] * state->per_unit;
  }
  const double white = rb_stimulus_white_sd(stimulus, NULL), own = state->settings.I_std;
  state->current_sd = state->per_unit * (white > 0 ? hypot(own, white) : own);
}

static void average_common(rb_neuron_state *state) {
  for (int64_t j = 0; j < state->samples; ++j) {
    const int64_t first = j * state->every, end = first + state->every;
    const int64_t last = end < state->length ? end : state->length;
    double sum = 0;
    for (int64_t k = first; k < last; ++k) sum += state->common[k];
    state->injected[j] = sum / (double)(last - first);
  }
}

/* Whether the stimulus is a current per area. */
static bool is_density(const rb_neuron_state *state) {
  return state->neuron->density && !(state->settings.area_um2 > 0);
}

static void set_channels(rb_neuron_state *state) {
  char word[32];
  (void)find_channels(state->settings.channels, state->at, word);
  for (int c = 0; c < RB_NEURON_CHANNELS; ++c) {
    if (state->at[c] < 0) continue;
    rb_channel *channel = &state->channel[state->at[c]];
    *channel = channels[c];
    if (c == RB_NEURON_CURRENT && is_density(state)) channel->quantity.unit = "uA/cm2";
  }
}

static rb_status create_state(rb_context *ctx, const rb_neuron *neuron, const rb_neuron_settings *s,
                              rb_neuron_state *state) {
  rb_status status = RB_OK;
  *state = (rb_neuron_state){.neuron = neuron, .settings = *s};
  state->settings.stimulus.parts = 0;
  state->length = length_of(s);
  state->every = steps_between(s);
  if (state->every < 1) state->every = 1;  // was checked before
  state->samples = (state->length + state->every - 1) / state->every;
  state->shortest = (int64_t)ceil(s->shortest * (double)state->samples - NEAR);
  state->blanked = neuron->resets ? (int64_t)ceil(s->tref_ms / s->dt_ms - NEAR) : -1;
  state->per_unit = s->area_um2 > 0 ? 100.0 / s->area_um2 : 1;  // uA/cm2 of a pA
  set_channels(state);
  RB_TRY(RB_ALLOCATE(ctx, state->common, state->length));
  RB_TRY(RB_ALLOCATE(ctx, state->current, state->length));
  RB_TRY(RB_ALLOCATE(ctx, state->injected, state->samples));
  sum_common(&s->stimulus, state);
  average_common(state);
  RB_TRY(rb_stimulus_copy_drawn(ctx, &s->stimulus, &state->settings.stimulus));
  for (int p = 0; p < state->settings.stimulus.parts; ++p) {
    state->drawn |= rb_stimulus_part_is_drawn(&state->settings.stimulus.part[p]);
  }
cleanup:
  return status;
}

rb_status rb_neuron_create(rb_context *ctx, const rb_neuron *neuron, const void *settings,
                           rb_model *model) {
  rb_status status = RB_OK;
  rb_neuron_state *state = NULL;
  *model = (rb_model){.destroy = destroy};
  RB_TRY(RB_ALLOCATE(ctx, state, 1));
  model->state = state;
  RB_TRY(create_state(ctx, neuron, settings, state));
  int count = 0;
  for (int c = 0; c < RB_NEURON_CHANNELS; ++c) count += state->at[c] >= 0;
  const bool varies = state->at[RB_NEURON_CURRENT] >= 0 || state->at[RB_NEURON_MASK] >= 0;
  *model = (rb_model){
      .name = neuron->name,
      .channels = count,
      .channel = state->channel,
      .length = state->samples * state->settings.recordings[1],
      .recordings = state->settings.recordings[1],
      .shortest = state->shortest,
      .injected = state->at[RB_NEURON_CURRENT] < 0 && !is_density(state) ? state->injected : NULL,
      .axis = {"time_ms", "ms", "time since the start of the recording"},
      .axis_step = (double)state->every * state->settings.dt_ms,
      .state = state,
      .accepts = rb_neuron_accepts,
      .simulate = rb_neuron_simulate,
      .simulate_given = varies ? rb_neuron_simulate_given : NULL,
      .log_likelihood = rb_neuron_has_likelihood(state) ? rb_neuron_log_likelihood : NULL,
      .oddities = RB_NEURON_ODDITIES,
      .oddity = rb_neuron_oddity,
      .find_oddities = rb_neuron_find_oddities,
      .destroy = destroy};
  rb_neuron_add_summaries(model);
  rb_neuron_add_predictor(model);
cleanup:
  if (status != RB_OK) destroy(model);
  return status;
}
