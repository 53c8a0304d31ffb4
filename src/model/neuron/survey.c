#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/base/memory.h"
#include "source.h"

/* What is out of the ordinary in simulations, at full resolution and before noise. */

enum { SILENT, SPONTANEOUS, FAST, BLOCKED, CLIPPED };

const rb_quantity rb_neuron_oddity[RB_NEURON_ODDITIES] = {
    [SILENT] = {"silent", "1", "no spike"},
    [SPONTANEOUS] = {"spontaneous", "1", "a spike before the stimulus begins"},
    [FAST] = {"fast", "1", "more than 25 spikes within 100 ms"},
    [BLOCKED] = {"blocked", "1", "50 ms above -45 mV without a spike, where spikes are not reset"},
    [CLIPPED] = {"clipped", "1", "200 mV or -200 mV that is not on the way to a reset"}};

enum { FAST_SPIKES = 25 };
static const double FAST_MS = 100, BLOCK_MS = 50, BLOCK_MV = -45, CLIP_MV = 200;

/* A group of lanes that is looked at. */
typedef struct survey {
  rb_neuron_source source;
  rb_neuron_group group;
  int64_t block;         // steps
  int64_t fast;          // steps in which so many spikes are fast
  bool begun[RB_LANES];  // the stimulus, which was not 0 at a sample
  int64_t spikes[RB_LANES], when[RB_LANES][FAST_SPIKES];  // so far; steps of the last ones
  int64_t raised[RB_LANES];  // for how many the voltage has been that of a block
  uint8_t found[RB_LANES][RB_NEURON_ODDITIES];
} survey;

static void drive(void *work, int64_t first, rb_neuron_tile *tile) {
  rb_neuron_source_drive(&((const survey *)work)->source, first, tile);
}

/* A spike of a lane at step k. */
static void spike_at(survey *s, int64_t k, int l) {
  int64_t *when = &s->when[l][s->spikes[l] % FAST_SPIKES];
  if (s->spikes[l] >= FAST_SPIKES && k - *when <= s->fast) s->found[l][FAST] = 1;
  if (!s->begun[l]) s->found[l][SPONTANEOUS] = 1;
  s->found[l][SILENT] = 0;
  *when = k;
  ++s->spikes[l];
}

/* Step t of a tile, k of the recording. */
static void look(survey *s, int64_t k, const rb_neuron_tile *tile, int64_t t) {
  const bool may_block = !s->source.state->neuron->resets;
  for (int l = 0; l < RB_LANES; ++l) {
    if (k >= s->group.end[l] * s->source.state->every) continue;
    const bool spike = rb_tile_fired(tile, l, t);
    const double v = tile->voltage[t][l];
    s->raised[l] = v > BLOCK_MV && !spike ? s->raised[l] + 1 : 0;
    if (spike) spike_at(s, k, l);
    if (may_block && s->raised[l] > s->block) s->found[l][BLOCKED] = 1;
    if (fabs(v) >= CLIP_MV) s->found[l][CLIPPED] = 1;
  }
}

static void record(void *work, int64_t first, const rb_neuron_tile *tile) {
  survey *s = work;
  for (int64_t t = 0; t < tile->steps; ++t) {
    look(s, first + t, tile, t);
    for (int l = 0; l < RB_LANES; ++l) {
      s->begun[l] |= rb_neuron_source_current(&s->source, first + t, l) != 0;
    }
  }
}

static void begin(survey *s) {
  memset(s->spikes, 0, sizeof s->spikes);
  memset(s->raised, 0, sizeof s->raised);
  memset(s->found, 0, sizeof s->found);
  for (int l = 0; l < RB_LANES; ++l) {
    s->found[l][SILENT] = 1;
    s->begun[l] = s->source.current_sd[l] > 0;  // a noisy current flows from the first step on
  }
}

/* A data set is silent if all its recordings are; the rest is found in any of them. */
static void join(const uint8_t *lane, uint8_t *found) {
  found[SILENT] &= lane[SILENT];
  for (int o = SPONTANEOUS; o < RB_NEURON_ODDITIES; ++o) found[o] |= lane[o];
}

rb_status rb_neuron_find_oddities(const rb_model *model, rb_context *ctx, uint64_t seed,
                                  rb_purpose purpose, int64_t first, int64_t count,
                                  const double *theta, uint8_t *found) {
  rb_status status = RB_OK;
  const rb_neuron_state *state = model->state;
  rb_neuron_lanes *lanes = NULL;
  survey *s = NULL;
  RB_TRY(RB_ALLOCATE(ctx, lanes, 1));
  RB_TRY(RB_ALLOCATE(ctx, s, 1));
  RB_TRY(rb_neuron_source_make(state, ctx, seed, purpose, first, count, NULL, &s->source));
  s->block = (int64_t)(BLOCK_MS / state->settings.dt_ms);
  s->fast = (int64_t)(FAST_MS / state->settings.dt_ms);
  memset(found, 0, (size_t)count * RB_NEURON_ODDITIES);
  for (int64_t i = 0; i < count; ++i) found[i * RB_NEURON_ODDITIES + SILENT] = 1;
  const rb_neuron_run run = {state->neuron->kernel(ctx->isa), state->length, s, drive, record};
  while (rb_neuron_source_next(&s->source, theta, &s->group, lanes)) {
    begin(s);
    rb_neuron_run_lanes(&run, lanes);
    for (int64_t l = 0; l < s->group.count; ++l) {
      const int64_t i = s->group.recording[l] / state->settings.recordings[1];
      join(s->found[l], &found[i * RB_NEURON_ODDITIES]);
    }
  }
cleanup:
  if (s != NULL) rb_neuron_source_free(&s->source);
  free(lanes);
  free(s);
  return status;
}
