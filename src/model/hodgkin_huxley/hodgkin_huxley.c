#include <math.h>
#include <stdio.h>

#include "../neuron/prior_rows.h"
#include "../neuron/rows.h"
#include "../neuron/verify.h"
#include "gates.h"
#include "hodgkin_huxley_kernel.h"
#include "verify_hh7.h"

/* The conductance-based neuron of Pospischil et al.: sodium, potassium and M currents. */

enum { C, G_NA, G_K, G_M, G_L, E_NA, E_K, E_L, V_T, TAU_MAX, PARAMETERS };

static const rb_prior_row prior[PARAMETERS] = {
    RB_UNIFORM_ROW("C", "uF/cm2", "membrane capacitance", "0.8", "1.2"),
    RB_LOGNORMAL_ROW("g_Na", "mS/cm2", "sodium conductance", "45", "0.35", "10", "120"),
    RB_LOGNORMAL_ROW("g_K", "mS/cm2", "potassium conductance", "5", "0.5", "1", "20"),
    RB_LOGNORMAL_ROW("g_M", "mS/cm2", "conductance of the M current", "0.07", "0.6", "0.005",
                     "0.5"),
    RB_LOGNORMAL_ROW("g_L", "mS/cm2", "leak conductance", "0.1", "0.4", "0.02", "0.4"),
    RB_NORMAL_ROW("E_Na", "mV", "sodium reversal potential", "53", "4", "40", "65"),
    RB_NORMAL_ROW("E_K", "mV", "potassium reversal potential", "-95", "6", "-110", "-80"),
    RB_NORMAL_ROW("E_L", "mV", "leak reversal potential", "-70", "4", "-85", "-58"),
    RB_NORMAL_ROW("V_T", "mV", "voltage the gates are shifted by", "-60", "4", "-72", "-48"),
    RB_LOGNORMAL_ROW("tau_max", "ms", "slowest time constant of the M current", "600", "0.6", "100",
                     "3000")};

static const rb_setting settings[] = {
    RB_NEURON_TIME_ROWS("1000", "0.025"),
    RB_NEURON_V0_ROW("-70", ""),
    RB_NEURON_REAL("simulator.", spike_mV, "-10", "[-200, 200]", "mV",
                   "voltage whose upward crossing is a spike"),
    RB_NEURON_REAL("simulator.", area_um2, "0", "[0, 1e9]", "um2",
                   "area of the membrane: currents are in pA; 0: they are in uA/cm2"),
    RB_NEURON_NOISE_ROW("uA/cm2 or pA"),
    RB_NEURON_STIMULUS_ROW("uA/cm2 or pA", RB_NEURON_PROTOCOL("-1", "4", "2.4", "2")),
    RB_NEURON_RECORDING_ROWS("0.5")};

static const rb_neuron_kernel *kernel(rb_isa isa) {
  return RB_KERNEL_SELECT(rb_hodgkin_huxley_kernel, isa);
}
static bool refuses(const rb_neuron_settings *s, const double *theta, char *reason);
static void set_lane(const rb_neuron_settings *s, const double *theta, double v0, int l,
                     rb_neuron_lanes *lanes);

static const rb_neuron neuron = {.name = "hodgkin_huxley",
                                 .parameters = PARAMETERS,
                                 .prior = prior,
                                 .positive = 1U << C | 1U << G_L | 1U << TAU_MAX,
                                 .density = true,
                                 .variables = 5,
                                 .kernel = kernel,
                                 .refuses = refuses,
                                 .set_lane = set_lane};

static bool refuses(const rb_neuron_settings *s, const double *theta, char *reason) {
  const int conductance[] = {G_NA, G_K, G_M};
  (void)s;
  for (int i = 0; i < 3; ++i) {
    const int d = conductance[i];
    if (theta[d] >= 0) continue;
    (void)snprintf(reason, RB_NEURON_REASON, "%s = %g must not be negative", prior[d].name,
                   theta[d]);
    return true;
  }
  if (theta[E_K] >= theta[E_NA]) {
    (void)snprintf(reason, RB_NEURON_REASON, "E_K = %g must be below E_Na = %g", theta[E_K],
                   theta[E_NA]);
  } else if (fabs(theta[V_T]) > 200) {
    (void)snprintf(reason, RB_NEURON_REASON, "V_T = %g must be within -200 and 200", theta[V_T]);
  }
  return *reason != '\0';
}

static void set_lane(const rb_neuron_settings *s, const double *theta, double v0, int l,
                     rb_neuron_lanes *lanes) {
  const double v = rb_neuron_clip(isnan(v0) ? -70 : v0);
  const rb_hh_gates gates = rb_hh_gates_at(v, theta[V_T]);
  lanes->number[RB_HH_DT_OVER_C][l] = s->dt_ms / theta[C];
  lanes->number[RB_HH_G_NA][l] = theta[G_NA];
  lanes->number[RB_HH_G_K][l] = theta[G_K];
  lanes->number[RB_HH_G_M][l] = theta[G_M];
  lanes->number[RB_HH_G_L][l] = theta[G_L];
  lanes->number[RB_HH_E_NA][l] = theta[E_NA];
  lanes->number[RB_HH_E_K][l] = theta[E_K];
  lanes->number[RB_HH_LEAK][l] = theta[G_L] * theta[E_L];
  lanes->number[RB_HH_V_T][l] = theta[V_T];
  lanes->number[RB_HH_DT][l] = s->dt_ms;
  lanes->number[RB_HH_DT_OVER_TAU_MAX][l] = s->dt_ms / theta[TAU_MAX];
  lanes->number[RB_HH_SPIKE][l] = s->spike_mV;
  lanes->variable[RB_HH_V][l] = v;
  lanes->variable[RB_HH_M][l] = gates.m.steady;
  lanes->variable[RB_HH_H][l] = gates.h.steady;
  lanes->variable[RB_HH_N][l] = gates.n.steady;
  lanes->variable[RB_HH_P][l] = gates.p_steady;
}

/* A trace in a file is in pA. */
static rb_status check(rb_context *ctx, const void *values) {
  rb_status status = RB_OK;
  const rb_neuron_settings *s = values;
  RB_TRY(rb_neuron_check(ctx, s));
  for (int p = 0; p < s->stimulus.parts; ++p) {
    if (s->stimulus.part[p].type != RB_STIMULUS_TRACE || s->area_um2 > 0) continue;
    RB_TRY(RB_FAIL(ctx, RB_ERR_SETTING,
                   "stimulus: part %d, a trace, is in pA: give the membrane's "
                   "simulator.area_um2, and other currents in pA too",
                   p + 1));
  }
cleanup:
  return status;
}

static rb_status create(rb_context *ctx, const void *values, rb_model *model) {
  return rb_neuron_create(ctx, &neuron, values, model);
}

static const rb_verify_form forms[] = {
    {"trajectories", NULL, rb_neuron_verify_trajectories}, {"hh7", NULL, rb_hh_verify_hh7}, {0}};

const rb_model_type rb_hodgkin_huxley_type = {
    .name = "hodgkin_huxley",
    .title = "A Hodgkin-Huxley neuron with sodium, potassium and M currents",
    .source = "Pospischil et al. 2008",
    RB_NEURON_TYPE,
    .check = check,
    .verify = forms};
