#include "run.h"

#include <stdlib.h>
#include <string.h>

#include "rheobase/base/memory.h"

void rb_neuron_set_lanes(const rb_neuron_state *state, int64_t count, const double *const *theta,
                         const double *v0, rb_neuron_lanes *lanes) {
  const rb_neuron *neuron = state->neuron;
  memset(lanes, 0, sizeof *lanes);
  for (int l = 0; l < RB_LANES; ++l) {
    const int64_t i = l < count ? l : count - 1;
    neuron->set_lane(&state->settings, theta[i], v0[i], l, lanes);
  }
}

void rb_neuron_run_lanes(const rb_neuron_run *run, rb_neuron_lanes *lanes) {
  rb_neuron_tile tile;
  memset(&tile, 0, sizeof tile);
  tile.steps = 1;
  memcpy(tile.voltage[0], lanes->variable[0], sizeof tile.voltage[0]);
  run->record(run->work, 0, &tile);
  for (int64_t first = 0; first < run->length - 1; first += RB_TILE) {
    const int64_t left = run->length - 1 - first;
    tile.steps = left < RB_TILE ? left : RB_TILE;
    run->drive(run->work, first, &tile);
    run->kernel->advance(lanes, &tile);
    run->record(run->work, first + 1, &tile);
  }
}

/* Of rb_neuron_run_traces: the lanes' data sets begin at `first`. */
typedef struct tracing {
  const rb_neuron_traces *traces;
  int64_t first, count, length;
} tracing;

static void drive(void *work, int64_t first, rb_neuron_tile *tile) {
  const tracing *w = work;
  for (int64_t l = 0; l < RB_LANES; ++l) {
    const int64_t i = w->first + (l < w->count ? l : w->count - 1);
    const double *current = w->traces->current[i];
    for (int64_t t = 0; t < tile->steps; ++t) tile->current[t][l] = current[first + t];
    if (w->traces->uniform == NULL) continue;
    const double *uniform = w->traces->uniform[i];
    for (int64_t t = 0; t < tile->steps; ++t) tile->uniform[t][l] = uniform[first + t + 1];
  }
}

static void record(void *work, int64_t first, const rb_neuron_tile *tile) {
  const tracing *w = work;
  for (int64_t l = 0; l < w->count; ++l) {
    const int64_t at = (w->first + l) * w->length + first;
    for (int64_t t = 0; t < tile->steps; ++t) {
      w->traces->voltage[at + t] = tile->voltage[t][l];
      w->traces->spikes[at + t] = rb_tile_fired(tile, l, t);
    }
  }
}

rb_status rb_neuron_run_traces(const rb_model *model, rb_context *ctx,
                               const rb_neuron_traces *traces) {
  rb_status status = RB_OK;
  const rb_neuron_state *state = model->state;
  const rb_neuron *neuron = state->neuron;
  rb_neuron_lanes *lanes = NULL;
  const double *row[RB_LANES];
  double v0[RB_LANES];
  RB_TRY(RB_ALLOCATE(ctx, lanes, 1));
  for (int64_t i = 0; i < traces->count; i += RB_LANES) {
    const int64_t left = traces->count - i;
    tracing work = {traces, i, left < RB_LANES ? left : RB_LANES, state->length};
    const rb_neuron_run run = {neuron->kernel(ctx->isa), state->length, &work, drive, record};
    for (int64_t l = 0; l < work.count; ++l) {
      row[l] = &traces->theta[(i + l) * neuron->parameters];
      v0[l] = state->settings.v0_mV[0];
    }
    rb_neuron_set_lanes(state, work.count, row, v0, lanes);
    rb_neuron_run_lanes(&run, lanes);
    for (int64_t l = 0; l < work.count; ++l) {
      for (int n = 0; n < neuron->variables; ++n) {
        traces->final[(i + l) * neuron->variables + n] = lanes->variable[n][l];
      }
    }
  }
cleanup:
  free(lanes);
  return status;
}
