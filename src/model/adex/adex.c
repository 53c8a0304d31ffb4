#include <math.h>
#include <stdio.h>

#include "../neuron/prior_rows.h"
#include "../neuron/rows.h"
#include "../neuron/verify.h"
#include "adex_kernel.h"

/* The adaptive exponential integrate-and-fire neuron. */

enum { C, G_L, E_L, V_T, DELTA_T, V_R, TAU_W, A, B, PARAMETERS };

static const rb_prior_row prior[PARAMETERS] = {
    RB_LOGNORMAL_ROW("C", "pF", "membrane capacitance", "200", "0.35", "60", "600"),
    RB_LOGNORMAL_ROW("g_L", "nS", "leak conductance", "12", "0.35", "4", "35"),
    RB_NORMAL_ROW("E_L", "mV", "leak reversal potential", "-70", "4", "-85", "-58"),
    RB_NORMAL_ROW("V_T", "mV", "threshold of the upstroke", "-50", "3", "max(-60, E_L + 6)", "-40"),
    RB_LOGNORMAL_ROW("Delta_T", "mV", "slope of the upstroke", "2", "0.35", "0.5", "6"),
    RB_NORMAL_ROW("V_r", "mV", "reset potential", "-60", "5", "-80", "V_T + Delta_T"),
    RB_LOGNORMAL_ROW("tau_w", "ms", "time constant of the adaptation", "120", "0.6", "20", "600"),
    RB_NORMAL_ROW("a", "nS", "adaptation by the voltage", "2", "3", "-g_L / 2", "15"),
    RB_LOGNORMAL_ROW("b", "pA", "adaptation by a spike", "40", "0.8", "1", "400")};

static const rb_setting settings[] = {
    RB_NEURON_TIME_ROWS("1000", "0.1"),
    RB_NEURON_TREF_ROW,
    RB_NEURON_V0_ROW("\"\"", "; empty: E_L"),
    RB_NEURON_OPTIONAL(peak_mV, "\"\"", "mV",
                       "voltage at which a spike is counted; empty: V_T + 5 Delta_T"),
    RB_NEURON_NOISE_ROW("pA"),
    RB_NEURON_STIMULUS_ROW("pA", RB_NEURON_PROTOCOL("-125", "500", "300", "250")),
    RB_NEURON_RECORDING_ROWS("0.5")};

static double cut(const rb_neuron_settings *s, const double *theta) {
  return rb_neuron_number(s->peak_mV, theta[V_T] + 5 * theta[DELTA_T]);
}

static const rb_neuron_kernel *kernel(rb_isa isa) { return RB_KERNEL_SELECT(rb_adex_kernel, isa); }
static bool refuses(const rb_neuron_settings *s, const double *theta, char *reason);
static void set_lane(const rb_neuron_settings *s, const double *theta, double v0, int l,
                     rb_neuron_lanes *lanes);

static const rb_neuron neuron = {.name = "adex",
                                 .parameters = PARAMETERS,
                                 .prior = prior,
                                 .positive = 1U << C | 1U << G_L | 1U << TAU_W,
                                 .variables = 2,
                                 .resets = true,
                                 .kernel = kernel,
                                 .refuses = refuses,
                                 .set_lane = set_lane};

static bool refuses(const rb_neuron_settings *s, const double *theta, char *reason) {
  if (theta[DELTA_T] != 0 && theta[DELTA_T] < RB_NEURON_LEAST) {
    (void)snprintf(reason, RB_NEURON_REASON, "Delta_T = %g must be 0 or at least %g",
                   theta[DELTA_T], RB_NEURON_LEAST);
  } else if (theta[V_R] >= cut(s, theta)) {
    (void)snprintf(reason, RB_NEURON_REASON, "V_r = %g must be below the voltage of a spike, %g",
                   theta[V_R], cut(s, theta));
  } else if (!rb_neuron_step_is_too_long(s, theta[C], theta[G_L], reason) &&
             s->dt_ms >= theta[TAU_W]) {
    (void)snprintf(reason, RB_NEURON_REASON, "tau_w = %g must be above simulator.dt_ms = %g",
                   theta[TAU_W], s->dt_ms);
  }
  return *reason != '\0';
}

static void set_lane(const rb_neuron_settings *s, const double *theta, double v0, int l,
                     rb_neuron_lanes *lanes) {
  const bool smooth = theta[DELTA_T] > 0;
  const double v = isnan(v0) ? theta[E_L] : v0;
  lanes->number[RB_ADEX_DT_OVER_C][l] = s->dt_ms / theta[C];
  lanes->number[RB_ADEX_G_L][l] = theta[G_L];
  lanes->number[RB_ADEX_E_L][l] = theta[E_L];
  lanes->number[RB_ADEX_V_T][l] = theta[V_T];
  lanes->number[RB_ADEX_SLOPE][l] = smooth ? 1 / theta[DELTA_T] : 0;
  lanes->number[RB_ADEX_UPSTROKE][l] = theta[G_L] * theta[DELTA_T];
  lanes->number[RB_ADEX_CUT][l] = cut(s, theta);
  lanes->number[RB_ADEX_V_R][l] = theta[V_R];
  lanes->number[RB_ADEX_DT_OVER_TAU_W][l] = s->dt_ms / theta[TAU_W];
  lanes->number[RB_ADEX_A][l] = theta[A];
  lanes->number[RB_ADEX_B][l] = theta[B];
  lanes->number[RB_ADEX_HELD][l] = rb_neuron_held(s);
  lanes->variable[RB_ADEX_V][l] = v;
  lanes->variable[RB_ADEX_W][l] = theta[A] * (v - theta[E_L]);
}

static rb_status create(rb_context *ctx, const void *values, rb_model *model) {
  return rb_neuron_create(ctx, &neuron, values, model);
}

const rb_model_type rb_adex_type = {.name = "adex",
                                    .title = "The adaptive exponential integrate-and-fire neuron",
                                    .source = "Brette and Gerstner 2005",
                                    RB_NEURON_TYPE,
                                    .check = rb_neuron_check,
                                    .verify = rb_neuron_verify_forms};
