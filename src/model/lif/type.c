#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "lif_state.h"
#include "prior.h"
#include "rheobase/io/observation.h"
#include "rheobase/model/model_type.h"
#include "verify.h"

/* The neuron as a row of the table of models: its settings, its prior, what makes it. */

// The defaults, the notebook's.
#define T_MS 200
#define DT_MS 0.2
#define TREF_MS 2
#define I_MEAN_PA 200
#define I_STD_PA 50
#define NOISE_MV 1
#define QUOTE(number) #number
#define TEXT(number) QUOTE(number)

#define ROW(name, kind) \
  .path = "simulator." #name, .type = kind, RB_SETTING_MEMBER(rb_lif_settings, name)
#define REAL(name, value, limits, what, text)                                           \
  {                                                                                     \
    ROW(name, RB_SETTING_REAL), .standard = TEXT(value), .range = limits, .unit = what, \
                                .help = text                                            \
  }

static const rb_setting settings_rows[] = {
    REAL(T_ms, T_MS, "(0, 1e6]", "ms", "duration of a simulation"),
    REAL(dt_ms, DT_MS, "(0, 1e3]", "ms", "time step"),
    REAL(tref_ms, TREF_MS, "[0, 1e6]", "ms", "refractory period"),
    REAL(I_mean_pA, I_MEAN_PA, "[-1e6, 1e6]", "pA",
         "mean injected current, where no trace is given"),
    REAL(I_std_pA, I_STD_PA, "[0, 1e6]", "pA",
         "standard deviation of the injected current at each step"),
    REAL(noise_mV, NOISE_MV, "[0, 1e3]", "mV", "standard deviation of the observation noise"),
    {.path = "simulator.spike_index",
     .type = RB_SETTING_CHOICE,
     RB_SETTING_MEMBER(rb_lif_settings, exact_spike_index),
     .standard = "\"notebook\"",
     .choices = "notebook|exact",
     .help = "index of a recorded spike: (int)((it*dt)/dt) as in the notebook, or it itself, as "
             "recordings of any other origin need"},
    {ROW(current_file, RB_SETTING_STRING), .standard = "\"\"",
     .help = "trace of the injected current in pA, one sample per step (CSV, or HDF5 with "
             "current_pA); empty: none"}};

/* Standard deviations of the prior, rounded: a fixed unit for losses. */
static const double scale[RB_LIF_DIM] = {1.908, 2.058, 1.987, 1.652, 1.743, 1.956};

static const double MAX_STEPS = 1e6;

rb_lif_settings rb_lif_defaults(void) {
  return (rb_lif_settings){.T_ms = T_MS,
                           .dt_ms = DT_MS,
                           .tref_ms = TREF_MS,
                           .I_mean_pA = I_MEAN_PA,
                           .I_std_pA = I_STD_PA,
                           .noise_mV = NOISE_MV};
}

static rb_status check_grid(rb_context *ctx, const rb_lif_settings *s) {
  if (!(s->T_ms > 0 && isfinite(s->T_ms) && s->dt_ms > 0 && isfinite(s->dt_ms))) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "T_ms = %g and dt_ms = %g must be positive", s->T_ms,
                   s->dt_ms);
  }
  const double steps = s->T_ms / s->dt_ms;
  if (!(steps > 1 && steps <= MAX_STEPS)) {
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "simulator.T_ms = %g and simulator.dt_ms = %g make %.6g time steps; 2 to 10^6 "
                   "are possible",
                   s->T_ms, s->dt_ms, steps);
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

static rb_status check(rb_context *ctx, const void *settings) {
  rb_status status = RB_OK;
  RB_TRY(check_grid(ctx, settings));
  RB_TRY(check_current(ctx, settings));
cleanup:
  return status;
}

static rb_status load(rb_context *ctx, void *settings) {
  rb_status status = RB_OK;
  static const rb_column column = {.name = "current_pA", .unit = "pA", .least = 1, .most = 1e9};
  rb_lif_settings *s = settings;
  double *trace = NULL;
  if (s->current_file[0] == '\0') return RB_OK;
  const int64_t steps = rb_lif_steps(s);
  const rb_sampling sampling = {.name = "time_ms",
                                .unit = "ms",
                                .step = s->dt_ms,
                                .length = steps,
                                .remedy = "leave them out if the steps are right"};
  RB_TRY(rb_series_read(ctx, s->current_file, &column, &sampling, &s->current_count, &trace));
  s->current_pA = trace;
cleanup:
  return status;
}

static void unload(void *settings) {
  rb_lif_settings *s = settings;
  free((void *)s->current_pA);
  s->current_pA = NULL;
  s->current_count = 0;
}

/* The trace counts by what it holds, not by its name alone. */
static void digest(const void *settings, FILE *stream) {
  const rb_lif_settings *s = settings;
  if (s->current_count == 0) return;
  (void)fprintf(stream, "simulator.current_file_hash = %016" PRIx64 "\n",
                rb_hash(RB_HASH_START, s->current_pA, (size_t)s->current_count * sizeof(double)));
}

static const rb_verify_form forms[] = {
    {"simulator", "current", rb_lif_verify_simulator},
    {"prior", "quantile_levels", rb_lif_verify_prior},
    {"likelihood", "log_likelihood", rb_lif_verify_likelihood},
    {"predictive", "subthreshold_deviation_mV", rb_lif_verify_predictive},
    {0}};

const rb_model_type rb_lif_type = {.name = "lif",
                                   .title = "The leaky integrate-and-fire neuron",
                                   .source = "Lapicque 1907; Gerstner et al. 2014, chapter 1.3",
                                   .setting = settings_rows,
                                   .settings = sizeof settings_rows / sizeof *settings_rows,
                                   .settings_size = sizeof(rb_lif_settings),
                                   .prior = rb_lif_prior,
                                   .parameters = RB_LIF_DIM,
                                   .scale = scale,
                                   .check = check,
                                   .load = load,
                                   .unload = unload,
                                   .digest = digest,
                                   .create = rb_lif_create,
                                   .add_features = rb_lif_add_features,
                                   .add_alternatives = rb_lif_add_alternatives,
                                   .verify = forms};

rb_status rb_lif_model(rb_context *ctx, const rb_lif_settings *settings, rb_model *model) {
  rb_status status = RB_OK;
  RB_TRY(check(ctx, settings));
  RB_TRY(rb_model_create(ctx, &rb_lif_type, settings, 0, NULL, model));
cleanup:
  return status;
}
