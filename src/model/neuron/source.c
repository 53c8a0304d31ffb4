#include "source.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/base/memory.h"

/* Sub-indices of RB_RANDOM_SETUP: how many recordings a data set has and how many of them are cut,
 * and of a recording its initial voltage and the length it is cut to, the numbers of its stimulus,
 * and noise of the stimulus' parts. */
enum { HOW_MANY, INITIAL, NUMBERS, NOISE };

/* Whether nothing was observed at a sample. */
static bool is_masked(const rb_neuron_state *state, const float *x, int64_t sample) {
  const int mask = state->at[RB_NEURON_MASK];
  return mask >= 0 && x[mask * state->samples * state->settings.recordings[1] + sample] > 0.5F;
}

/* Whether a spike at most `blanked` steps before the sample blanks it. */
static bool is_blanked(const rb_neuron_state *state, const float *x, int64_t begin,
                       int64_t sample) {
  const int64_t total = state->samples * state->settings.recordings[1];
  const int64_t back = state->blanked >= 0 ? (state->blanked + state->every - 1) / state->every : 0;
  for (int c = RB_NEURON_SPIKES; c <= RB_NEURON_SPIKE_COUNT; ++c) {
    if (state->at[c] < 0) continue;
    const float *spikes = x + state->at[c] * total;
    for (int64_t j = sample; j >= begin && j >= sample - back; --j) {
      if (spikes[j] > 0.5F) return true;
    }
  }
  return false;
}

void rb_neuron_given_read(const rb_neuron_state *state, const float *x, rb_neuron_given *given) {
  given->x = x;
  for (int r = 0; r < state->settings.recordings[1]; ++r) {
    const int64_t begin = r * state->samples;
    int64_t end = state->samples;
    while (end > 0 && is_masked(state, x, begin + end - 1) &&
           !is_blanked(state, x, begin, begin + end - 1)) {
      --end;
    }
    given->end[r] = end;
  }
}

rb_status rb_neuron_source_make(const rb_neuron_state *state, rb_context *ctx, uint64_t seed,
                                rb_purpose purpose, int64_t first, int64_t count,
                                const rb_neuron_given *given, rb_neuron_source *source) {
  rb_status status = RB_OK;
  *source = (rb_neuron_source){
      .state = state,
      .given = given,
      .kernel = RB_KERNEL_SELECT(rb_neuron_record_kernel, ctx->isa),
      .streams = {.seed = seed,
                  .current = rb_stream_make(seed, purpose, RB_RANDOM_PROCESS_NOISE, 0, 0).word,
                  .spikes = rb_stream_make(seed, purpose, RB_RANDOM_EVENTS, 0, 0).word,
                  .noise = rb_stream_make(seed, purpose, RB_RANDOM_OBSERVATION_NOISE, 0, 0).word},
      .purpose = purpose,
      .first = first,
      .count = count};
  if (!state->drawn && (given == NULL || state->at[RB_NEURON_CURRENT] < 0)) return RB_OK;
  RB_TRY(RB_ALLOCATE(ctx, source->own, state->length * RB_LANES));
  RB_TRY(RB_ALLOCATE(ctx, source->current, state->length * RB_LANES));
cleanup:
  return status;
}

void rb_neuron_source_free(rb_neuron_source *source) {
  free(source->own);
  free(source->current);
}

/* Stream of recording j of the call, or of its data set j for HOW_MANY. */
static rb_stream setup(const rb_neuron_source *s, int what, int64_t j) {
  const int64_t before = what == HOW_MANY ? s->first : s->first * s->state->settings.recordings[1];
  return rb_stream_make(s->streams.seed, s->purpose, RB_RANDOM_SETUP, (uint16_t)what,
                        (uint64_t)(before + j));
}

/* Samples of recording j before its padding; 0: it is missing. Where recordings are cut it is the
 * last ones of a data set, as the last windows of sweeps are, and none to all of them are equally
 * likely: so whole ones alone are as common as any other number. */
static int64_t end_of(const rb_neuron_source *s, int64_t j) {
  const rb_neuron_settings *settings = &s->state->settings;
  const int least = settings->recordings[0], most = settings->recordings[1];
  const int64_t r = j % most, samples = s->state->samples;
  if (s->given != NULL) return s->given->end[r];
  const rb_stream of_set = setup(s, HOW_MANY, j / most);
  const int64_t there = least + rb_stream_integer(of_set, 0, most - least + 1);
  if (r >= there) return 0;
  if (!(settings->shortest < 1)) return samples;
  const int64_t cut = rb_stream_integer(of_set, 1, there + 1), shortest = s->state->shortest;
  if (r < there - cut) return samples;
  return shortest + rb_stream_integer(setup(s, INITIAL, j), 1, samples - shortest + 1);
}

static void set_items(const rb_neuron_group *group, rb_neuron_source *s) {
  for (int64_t l = 0; l < RB_LANES; ++l) {
    const int64_t j = group->recording[l < group->count ? l : group->count - 1];
    const uint64_t item = (uint64_t)(s->first * s->state->settings.recordings[1] + j);
    s->streams.items.low[l] = (uint32_t)item;
    s->streams.items.high[l] = (uint32_t)(item >> 32);
  }
}

static double initial_voltage(const rb_neuron_source *s, int64_t j) {
  const rb_neuron_state *state = s->state;
  const double low = state->settings.v0_mV[0], width = state->settings.v0_mV[1] - low;
  const int64_t total = state->samples * state->settings.recordings[1];
  const int64_t begin = j % state->settings.recordings[1] * state->samples;
  const int voltage = state->at[RB_NEURON_VOLTAGE];
  if (!(width > 0)) return low;
  if (s->given != NULL && voltage >= 0 && !is_masked(state, s->given->x, begin)) {
    return (double)s->given->x[voltage * total + begin];
  }
  return low + width * rb_stream_uniform(setup(s, INITIAL, j), 0);
}

/* The current that an observation was given, held within a sample. */
static void take_given(rb_neuron_source *s, int64_t j, int64_t l) {
  const rb_neuron_state *state = s->state;
  const int most = state->settings.recordings[1];
  const float *current = s->given->x + state->at[RB_NEURON_CURRENT] * state->samples * most +
                         j % most * state->samples;
  for (int64_t k = 0; k < state->length; ++k) {
    s->own[k * RB_LANES + l] = (double)current[k / state->every];
  }
}

/* What is drawn for the lanes' recordings of the parts of the stimulus. */
typedef struct drawn_numbers {
  double number[RB_LANES][RB_STIMULUS_PARTS][RB_STIMULUS_NUMBERS];
  int64_t begin[RB_LANES][RB_STIMULUS_PARTS];
} drawn_numbers;

static void add_noise(rb_neuron_source *s, int p, const drawn_numbers *d) {
  const rb_neuron_state *state = s->state;
  rb_neuron_wander w = {.word = setup(s, NOISE + p, 0).word};
  for (int l = 0; l < RB_LANES; ++l) {
    const double *number = d->number[l][p];
    int64_t on = 0, off = 0;
    rb_stimulus_span(number, state->settings.dt_ms, state->length, &on, &off);
    w.on[l] = (double)on;
    w.off[l] = (double)off;
    w.mean[l] = number[RB_STIMULUS_MEAN];
    w.sd[l] = number[RB_STIMULUS_SD];
    w.keep[l] = exp(-state->settings.dt_ms / number[RB_STIMULUS_TAU]);
    w.fresh[l] = w.sd[l] * sqrt(1 - w.keep[l] * w.keep[l]);
  }
  s->kernel->wander(&s->streams, state->length, &w, s->own);
}

/* The lanes' own currents: what is common and what is drawn, rounded as the record holds them. */
static void add_drawn(rb_neuron_source *s, const rb_neuron_group *group, const drawn_numbers *d) {
  const rb_neuron_state *state = s->state;
  const rb_stimulus *stimulus = &state->settings.stimulus;
  for (int64_t k = 0; k < state->length; ++k) {
    for (int l = 0; l < RB_LANES; ++l) s->own[k * RB_LANES + l] = state->common[k];
  }
  for (int p = 0; p < stimulus->parts; ++p) {
    const rb_stimulus_part *part = &stimulus->part[p];
    if (part->type == RB_STIMULUS_OU && part->seed < 0) {
      add_noise(s, p, d);
      continue;
    }
    for (int64_t l = 0; l < group->count; ++l) {
      rb_stimulus_add(part, d->number[l][p], d->begin[l][p], state->settings.dt_ms, state->length,
                      RB_LANES, s->own + l);
    }
  }
}

static void set_currents(rb_neuron_source *s, const rb_neuron_group *group,
                         const drawn_numbers *d) {
  const rb_neuron_state *state = s->state;
  if (s->own == NULL) return;
  if (s->given != NULL) {
    for (int64_t l = 0; l < group->count; ++l) take_given(s, group->recording[l], l);
  } else {
    add_drawn(s, group, d);
  }
  for (int64_t i = 0; i < state->length * RB_LANES; ++i) {
    s->own[i] = (double)(float)s->own[i];
    s->current[i] = s->own[i] * state->per_unit;
  }
}

bool rb_neuron_source_next(rb_neuron_source *s, const double *theta, rb_neuron_group *group,
                           rb_neuron_lanes *lanes) {
  const rb_neuron_state *state = s->state;
  const int most = state->settings.recordings[1];
  drawn_numbers d;
  double v0[RB_LANES];
  const double *row[RB_LANES];
  group->count = 0;
  memset(group->end, 0, sizeof group->end);
  for (; s->next < s->count * most && group->count < RB_LANES; ++s->next) {
    const int64_t end = end_of(s, s->next);
    if (end == 0) continue;
    group->recording[group->count] = s->next;
    group->end[group->count++] = end;
  }
  if (group->count == 0) return false;
  set_items(group, s);
  for (int64_t l = 0; l < RB_LANES; ++l) {
    const int64_t j = group->recording[l < group->count ? l : group->count - 1];
    row[l] = &theta[j / most * state->neuron->parameters];
    v0[l] = initial_voltage(s, j);
    rb_stimulus_draw(&state->settings.stimulus, state->settings.dt_ms, state->length,
                     setup(s, NUMBERS, j), d.number[l], d.begin[l]);
    const double white = rb_stimulus_white_sd(&state->settings.stimulus, d.number[l]);
    s->current_sd[l] = rb_neuron_noise(state, row[l], white);
    s->voltage_sd[l] = rb_neuron_voltage_sd(state, row[l]);
  }
  set_currents(s, group, &d);
  rb_neuron_set_lanes(state, RB_LANES, row, v0, lanes);
  return true;
}

void rb_neuron_source_drive(const rb_neuron_source *s, int64_t first, rb_neuron_tile *tile) {
  const rb_neuron_state *state = s->state;
  s->kernel->drive(&s->streams, first, state->current + first,
                   s->current != NULL ? s->current + first * RB_LANES : NULL, s->current_sd, tile);
  if (state->neuron->draws_spikes) s->kernel->draw(&s->streams, first, tile);
}
