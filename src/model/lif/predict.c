#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../membrane/passage.h"
#include "lif_state.h"
#include "rheobase/base/memory.h"
#include "rheobase/random/distributions.h"

/* Recordings with a current of their own. */

/* The settings of a simulation as long as the recording. */
static rb_lif_settings lasting(const rb_lif_settings *settings, int64_t steps) {
  rb_lif_settings s = *settings;
  s.T_ms = ((double)steps - 0.5) * s.dt_ms;
  return s;
}

static rb_status run(const rb_model *core, rb_context *ctx, const rb_stimulated *given,
                     uint64_t seed, int64_t first, int64_t count, const double *theta,
                     const double *level, double *response, uint8_t *event) {
  rb_status status = RB_OK;
  const rb_lif_state *state = core->state;
  const rb_lif_settings s = lasting(&state->settings, given->length);
  const double sd = level == NULL ? s.I_std_pA : 0;
  double *current = NULL, own[RB_LIF_DIM];
  RB_TRY(RB_ALLOCATE(ctx, current, given->length));
  for (int64_t i = 0; i < count; ++i) {
    const rb_stream stream =
        rb_stream_make(seed, RB_FOR_FORECAST, RB_RANDOM_PROCESS_NOISE, 0, (uint64_t)(first + i));
    rb_stream_normals(stream, 0, given->length, current);
    for (int64_t n = 0; n < given->length; ++n) {
      current[n] = given->stimulus[n] + sd * current[n];
    }
    memcpy(own, &theta[i * RB_LIF_DIM], sizeof own);
    own[RB_LIF_V_INIT] = given->response[0];
    rb_lif_run(&s, own, current, response + i * given->length, event + i * given->length);
  }
cleanup:
  free(current);
  return status;
}

static rb_status follow(const rb_model *core, rb_context *ctx, const rb_stimulated *given,
                        int64_t count, const double *theta, double *response, double *expected) {
  rb_status status = RB_OK;
  const rb_lif_settings *s = &((const rb_lif_state *)core->state)->settings;
  for (int64_t i = 0; i < count; ++i) {
    const double *p = &theta[i * RB_LIF_DIM], share = s->dt_ms / p[RB_LIF_TAU_M];
    const double per_current = share / p[RB_LIF_G_L];
    const rb_passage passage = {.keep = 1 - share,
                                .rest = share * p[RB_LIF_E_L],
                                .per_current = per_current,
                                .sd = per_current * s->I_std_pA,
                                .threshold = p[RB_LIF_V_TH],
                                .reset = p[RB_LIF_V_RESET],
                                .held = (int64_t)ceil(s->tref_ms / s->dt_ms)};
    RB_TRY(rb_passage_follow(ctx, &passage, given, given->response[0], response + i * given->length,
                             expected + i * given->length));
  }
cleanup:
  return status;
}

rb_predictor rb_lif_predictor(const rb_lif_settings *settings) {
  return (rb_predictor){
      .stimulus = {.quantity = {"current", "pA", "injected current"}, .role = RB_CHANNEL_STIMULUS},
      .response = {.quantity = {"voltage", "mV", "membrane potential"}},
      .event = {.quantity = {"spikes", "1", "1 where a sample has a spike, else 0"},
                .binary = true},
      .masked = ceil(settings->tref_ms / settings->dt_ms),
      .run = run,
      .follow = follow};
}
