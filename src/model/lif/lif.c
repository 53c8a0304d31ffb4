#include "lif.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "lif_state.h"
#include "rheobase/base/memory.h"

static const rb_channel channels[RB_LIF_CHANNELS] = {
    [RB_LIF_VOLTAGE] = {.quantity = {"voltage", "mV", "observed membrane potential"},
                        .least = 1,
                        .most = 1e4},
    [RB_LIF_SPIKES] = {.quantity = {"spikes", "1", "1 where a spike is recorded, else 0"},
                       .binary = true}};

int64_t rb_lif_steps(const rb_lif_settings *settings) {
  return (int64_t)ceil(settings->T_ms / settings->dt_ms);
}

int64_t rb_lif_spike_index(const rb_lif_settings *settings, int64_t it) {
  if (settings->exact_spike_index) return it;
  return (int64_t)(((double)it * settings->dt_ms) / settings->dt_ms);
}

bool rb_lif_accepts(const rb_model *model, const double *theta, const char **reason) {
  (void)model;
  const char *why = NULL;
  for (int d = 0; d < RB_LIF_DIM; ++d) {
    if (!isfinite(theta[d])) why = "a parameter is not finite";
  }
  if (why == NULL && !(theta[RB_LIF_TAU_M] > 0 && theta[RB_LIF_G_L] > 0)) {
    why = "tau_m and g_L must be positive";
  }
  if (why == NULL && !(theta[RB_LIF_V_TH] > theta[RB_LIF_V_RESET])) {
    why = "V_th must be above V_reset";
  }
  if (why != NULL && reason != NULL) *reason = why;
  return why == NULL;
}

static const char *const regimes[] = {"silent", "few", "bursting"};

static double spike_count(const rb_model *model, const float *x) {
  double count = 0;
  for (int64_t t = 0; t < model->length; ++t) {
    count += (double)x[RB_LIF_SPIKES * model->length + t];
  }
  return count;
}

static void destroy_state(rb_lif_state *state) {
  if (state == NULL) return;
  free(state->mean_current_pA);
  free(state->spike_index);
  rb_lif_filter_bank_free(state->bank);
  for (int k = 0; k < RB_MAX_ALTERNATIVES; ++k) rb_lif_filter_bank_free(state->alternative[k]);
  free(state);
}

static void destroy(rb_model *model) {
  destroy_state(model->state);
  model->state = NULL;
}

static rb_status create_state(rb_context *ctx, const rb_lif_settings *settings,
                              rb_lif_state **result) {
  rb_status status = RB_OK;
  rb_lif_state *state = NULL;
  RB_TRY(RB_ALLOCATE(ctx, state, 1));
  state->settings = *settings;
  state->length = rb_lif_steps(settings);
  RB_TRY(RB_ALLOCATE(ctx, state->mean_current_pA, state->length));
  RB_TRY(RB_ALLOCATE(ctx, state->spike_index, state->length));
  const bool trace = settings->current_count > 0;
  for (int64_t it = 0; it < state->length; ++it) {
    state->mean_current_pA[it] = trace ? settings->current_pA[it] : settings->I_mean_pA;
    state->spike_index[it] = rb_lif_spike_index(settings, it);
  }
  state->settings.current_pA = trace ? state->mean_current_pA : NULL;
  *result = state;
  state = NULL;
cleanup:
  destroy_state(state);
  return status;
}

rb_status rb_lif_create(rb_context *ctx, const void *settings, rb_model *model) {
  rb_status status = RB_OK;
  const rb_lif_settings *s = settings;
  rb_lif_state *state = NULL;
  RB_TRY(create_state(ctx, s, &state));
  state->predictor = rb_lif_predictor(s);
  *model = (rb_model){.name = "lif",
                      .channels = RB_LIF_CHANNELS,
                      .channel = channels,
                      .length = state->length,
                      .injected = state->mean_current_pA,
                      .axis = {"time_ms", "ms", "time since the start of the recording"},
                      .axis_step = s->dt_ms,
                      .state = state,
                      .summaries = RB_LIF_SUMMARIES,
                      .summary = rb_lif_summary,
                      .summarise = rb_lif_summarise,
                      .checks = RB_LIF_CHECKS,
                      .check = rb_lif_check,
                      .compare = rb_lif_compare,
                      .activity = spike_count,
                      .regime = regimes,
                      .activity_quantity = {"spike_count", "1", "spikes in the recording"},
                      .accepts = rb_lif_accepts,
                      .simulate = rb_lif_simulate,
                      .log_likelihood = s->noise_mV > 0 ? rb_lif_log_likelihood : NULL,
                      .predictor = &state->predictor,
                      .destroy = destroy};
cleanup:
  return status;
}
