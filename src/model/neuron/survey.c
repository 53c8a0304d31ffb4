#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/base/memory.h"
#include "source.h"

/* What is out of the ordinary in simulations, at full resolution and before noise. */

enum { SILENT, SPONTANEOUS, BLOCKED, CLIPPED };

const rb_quantity rb_neuron_oddity[RB_NEURON_ODDITIES] = {
    [SILENT] = {"silent", "1", "no spike"},
    [SPONTANEOUS] = {"spontaneous", "1", "a spike before the stimulus begins"},
    [BLOCKED] = {"blocked", "1", "50 ms above -45 mV without a spike, where spikes are not reset"},
    [CLIPPED] = {"clipped", "1", "200 mV or -200 mV that is not on the way to a reset"}};

static const double BLOCK_MS = 50, BLOCK_MV = -45, CLIP_MV = 200;

/* A group of lanes that is looked at. */
typedef struct survey {
  rb_neuron_source source;
  int64_t block;             // steps
  bool begun;                // the stimulus, which was not 0 at a sample
  int64_t raised[RB_LANES];  // for how many the voltage has been that of a block
  uint8_t found[RB_LANES][RB_NEURON_ODDITIES];
} survey;

static void drive(void *work, int64_t first, rb_neuron_tile *tile) {
  rb_neuron_source_drive(&((const survey *)work)->source, first, tile);
}

static void look(survey *s, const rb_neuron_tile *tile, int64_t t) {
  const bool may_block = !s->source.state->neuron->resets;
  for (int l = 0; l < RB_LANES; ++l) {
    const bool spike = rb_tile_fired(tile, l, t);
    const double v = tile->voltage[t][l];
    s->raised[l] = v > BLOCK_MV && !spike ? s->raised[l] + 1 : 0;
    if (spike) s->found[l][SILENT] = 0;
    if (spike && !s->begun) s->found[l][SPONTANEOUS] = 1;
    if (may_block && s->raised[l] > s->block) s->found[l][BLOCKED] = 1;
    if (fabs(v) >= CLIP_MV) s->found[l][CLIPPED] = 1;
  }
}

static void record(void *work, int64_t first, const rb_neuron_tile *tile) {
  survey *s = work;
  const double *current = s->source.state->current;
  for (int64_t t = 0; t < tile->steps; ++t) {
    look(s, tile, t);
    s->begun |= current[first + t] != 0;
  }
}

static void begin(survey *s) {
  memset(s->raised, 0, sizeof s->raised);
  memset(s->found, 0, sizeof s->found);
  for (int l = 0; l < RB_LANES; ++l) s->found[l][SILENT] = 1;
  s->begun = s->source.state->current_sd > 0;  // a noisy current flows from the first step on
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
  s->source = rb_neuron_source_make(state, ctx->isa, seed, purpose);
  s->block = (int64_t)(BLOCK_MS / state->settings.dt_ms);
  const rb_neuron_run run = {state->neuron->kernel(ctx->isa), state->length, s, drive, record};
  for (int64_t i = 0; i < count; i += RB_LANES) {
    const int64_t n = count - i < RB_LANES ? count - i : RB_LANES;
    begin(s);
    rb_neuron_source_set_items(first + i, n, &s->source);
    rb_neuron_set_lanes(state, n, &theta[i * state->neuron->parameters], lanes);
    rb_neuron_run_lanes(&run, lanes);
    memcpy(&found[i * RB_NEURON_ODDITIES], s->found, (size_t)n * sizeof s->found[0]);
  }
cleanup:
  free(lanes);
  free(s);
  return status;
}
