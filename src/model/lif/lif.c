#include "rheobase/lif.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "lif_state.h"
#include "rheobase/memory.h"

static const rb_quantity parameters[RB_LIF_DIM] = {
    [RB_LIF_V_TH] = {"V_th", "mV", "spike threshold"},
    [RB_LIF_TAU_M] = {"tau_m", "ms", "membrane time constant"},
    [RB_LIF_G_L] = {"g_L", "nS", "leak conductance"},
    [RB_LIF_V_RESET] = {"V_reset", "mV", "reset potential"},
    [RB_LIF_V_INIT] = {"V_init", "mV", "initial potential"},
    [RB_LIF_E_L] = {"E_L", "mV", "leak reversal potential"}};

static const rb_channel channels[RB_LIF_CHANNELS] = {
    [RB_LIF_VOLTAGE] = {{"voltage", "mV", "observed membrane potential"}, false},
    [RB_LIF_SPIKES] = {{"spikes", "1", "1 where a spike is recorded, else 0"}, true}};

/* Standard deviations of the prior, rounded: a fixed unit for losses. */
static const double scale[RB_LIF_DIM] = {1.908, 2.058, 1.987, 1.652, 1.743, 1.956};

static const int64_t MAX_STEPS = 10000000;

rb_lif_settings rb_lif_defaults(void) {
  return (rb_lif_settings){
      .T_ms = 200, .dt_ms = 0.2, .tref_ms = 2, .I_mean_pA = 200, .I_std_pA = 50, .noise_mV = 1};
}

int64_t rb_lif_steps(const rb_lif_settings *settings) {
  return (int64_t)ceil(settings->T_ms / settings->dt_ms);
}

static rb_status check_grid(rb_context *ctx, const rb_lif_settings *s) {
  if (!(s->T_ms > 0 && isfinite(s->T_ms) && s->dt_ms > 0 && isfinite(s->dt_ms))) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "T_ms = %g and dt_ms = %g must be positive", s->T_ms,
                   s->dt_ms);
  }
  if (!(s->T_ms / s->dt_ms > 1 && s->T_ms / s->dt_ms <= (double)MAX_STEPS)) {
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "T_ms / dt_ms = %g must give from 2 to %" PRId64 " time steps",
                   s->T_ms / s->dt_ms, MAX_STEPS);
  }
  if (!(s->tref_ms >= 0 && isfinite(s->tref_ms))) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "tref_ms = %g must not be negative", s->tref_ms);
  }
  return RB_OK;
}

static rb_status check_current(rb_context *ctx, const rb_lif_settings *s) {
  if (!isfinite(s->I_mean_pA)) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "I_mean_pA = %g must be finite", s->I_mean_pA);
  }
  if (!(s->I_std_pA >= 0 && isfinite(s->I_std_pA))) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "I_std_pA = %g must not be negative", s->I_std_pA);
  }
  if (!(s->noise_mV >= 0 && isfinite(s->noise_mV))) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "noise_mV = %g must not be negative", s->noise_mV);
  }
  if (s->current_count == 0) return RB_OK;
  if (s->current_pA == NULL || s->current_count != rb_lif_steps(s)) {
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "the injected current has %" PRId64 " samples, but there are %" PRId64
                   " time steps; give one sample per step",
                   s->current_count, rb_lif_steps(s));
  }
  for (int64_t i = 0; i < s->current_count; ++i) {
    if (isfinite(s->current_pA[i])) continue;
    return RB_FAIL(ctx, RB_ERR_SETTING, "sample %" PRId64 " of the injected current is not finite",
                   i);
  }
  return RB_OK;
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

rb_status rb_lif_model(rb_context *ctx, const rb_lif_settings *settings, rb_model *model) {
  rb_status status = RB_OK;
  rb_lif_state *state = NULL;
  RB_TRY(check_grid(ctx, settings));
  RB_TRY(check_current(ctx, settings));
  RB_TRY(create_state(ctx, settings, &state));
  *model = (rb_model){.name = "lif",
                      .dim = RB_LIF_DIM,
                      .parameters = parameters,
                      .channels = RB_LIF_CHANNELS,
                      .channel = channels,
                      .length = state->length,
                      .axis = {"time_ms", "ms", "time since the start of the recording"},
                      .axis_step = settings->dt_ms,
                      .state = state,
                      .draw_prior = rb_lif_draw_prior,
                      .log_prior = rb_lif_log_prior,
                      .in_support = rb_lif_in_support,
                      .outside_support = rb_lif_outside_support,
                      .summaries = RB_LIF_SUMMARIES,
                      .summary = rb_lif_summary,
                      .summarise = rb_lif_summarise,
                      .activity = spike_count,
                      .activity_quantity = {"spike_count", "1", "spikes in the recording"},
                      .accepts = rb_lif_accepts,
                      .simulate = rb_lif_simulate,
                      .scale = scale,
                      .from_latent = rb_lif_from_latent,
                      .to_support = rb_lif_to_support,
                      .from_support = rb_lif_from_support,
                      .log_likelihood = settings->noise_mV > 0 ? rb_lif_log_likelihood : NULL,
                      .destroy = destroy};
cleanup:
  return status;
}
