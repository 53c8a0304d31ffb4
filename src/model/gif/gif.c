#include <math.h>
#include <stdio.h>

#include "../neuron/exponential.h"
#include "../neuron/prior_rows.h"
#include "../neuron/rows.h"
#include "../neuron/verify.h"
#include "gif_kernel.h"

/* The generalised integrate-and-fire neuron: two currents and two shifts of the threshold that a
 * spike adds to, and spikes that are drawn. */

enum {
  C,
  G_L,
  E_L,
  V_R,
  V_T,
  D_V,
  ETA1,
  TAU_ETA1,
  ETA2,
  TAU_ETA2,
  GAMMA1,
  TAU_GAMMA1,
  GAMMA2,
  TAU_GAMMA2,
  PARAMETERS
};

static const rb_prior_row prior[PARAMETERS] = {
    RB_LOGNORMAL_ROW("C", "pF", "membrane capacitance", "150", "0.35", "50", "500"),
    RB_LOGNORMAL_ROW("g_L", "nS", "leak conductance", "9", "0.35", "3", "30"),
    RB_NORMAL_ROW("E_L", "mV", "leak reversal potential", "-68", "4", "-82", "-56"),
    RB_NORMAL_ROW("V_r", "mV", "reset potential", "-58", "5", "-75", "-45"),
    RB_NORMAL_ROW("V_T", "mV", "threshold at rest", "-46", "3", "max(E_L + 8, V_r + 1)", "-35"),
    RB_LOGNORMAL_ROW("D_V", "mV", "softness of the threshold", "1.2", "0.4", "0.3", "4"),
    RB_NORMAL_ROW("eta1", "pA", "fast current after a spike", "60", "30", "-20", "250"),
    RB_LOGNORMAL_ROW("tau_eta1", "ms", "its time constant", "15", "0.4", "4", "40"),
    RB_LOGNORMAL_ROW("eta2", "pA", "slow current after a spike", "15", "0.6", "1", "80"),
    RB_LOGNORMAL_ROW("tau_eta2", "ms", "its time constant", "150", "0.4", "40", "500"),
    RB_LOGNORMAL_ROW("gamma1", "mV", "fast shift of the threshold after a spike", "8", "0.5", "1",
                     "40"),
    RB_LOGNORMAL_ROW("tau_gamma1", "ms", "its time constant", "10", "0.4", "2", "30"),
    RB_LOGNORMAL_ROW("gamma2", "mV", "slow shift of the threshold after a spike", "1.5", "0.6",
                     "0.1", "8"),
    RB_LOGNORMAL_ROW("tau_gamma2", "ms", "its time constant", "120", "0.4", "30", "500")};

static const rb_setting settings[] = {
    RB_NEURON_TIME_ROWS("1000", "0.1"),
    RB_NEURON_TREF_ROW,
    RB_NEURON_V0_ROW("\"\"", "; empty: E_L"),
    RB_NEURON_REAL("simulator.", lambda0_per_ms, "1", "(0, 1e6]", "1/ms",
                   "hazard of a spike at the threshold"),
    RB_NEURON_NOISE_ROW("pA"),
    RB_NEURON_STIMULUS_ROW("pA", RB_NEURON_PROTOCOL("-87.5", "350", "210", "175")),
    RB_NEURON_RECORDING_ROWS("0.5")};

static const rb_neuron_kernel *kernel(rb_isa isa) { return RB_KERNEL_SELECT(rb_gif_kernel, isa); }
static const rb_neuron_kernel *weigh(rb_isa isa) {
  return RB_KERNEL_SELECT(rb_gif_likelihood_kernel, isa);
}
static bool refuses(const rb_neuron_settings *s, const double *theta, char *reason);
static void set_lane(const rb_neuron_settings *s, const double *theta, double v0, int l,
                     rb_neuron_lanes *lanes);

static const rb_neuron neuron = {.name = "gif",
                                 .parameters = PARAMETERS,
                                 .prior = prior,
                                 .positive = 1U << C | 1U << G_L | 1U << D_V | 1U << TAU_ETA1 |
                                             1U << TAU_ETA2 | 1U << TAU_GAMMA1 | 1U << TAU_GAMMA2,
                                 .variables = 5,
                                 .draws_spikes = true,
                                 .resets = true,
                                 .kernel = kernel,
                                 .weigh = weigh,
                                 .log_likelihood = RB_GIF_LOG_LIKELIHOOD,
                                 .refuses = refuses,
                                 .set_lane = set_lane};

static bool refuses(const rb_neuron_settings *s, const double *theta, char *reason) {
  return rb_neuron_step_is_too_long(s, theta[C], theta[G_L], reason);
}

static void set_lane(const rb_neuron_settings *s, const double *theta, double v0, int l,
                     rb_neuron_lanes *lanes) {
  lanes->number[RB_GIF_DT_OVER_C][l] = s->dt_ms / theta[C];
  lanes->number[RB_GIF_G_L][l] = theta[G_L];
  lanes->number[RB_GIF_E_L][l] = theta[E_L];
  lanes->number[RB_GIF_V_R][l] = theta[V_R];
  lanes->number[RB_GIF_V_T][l] = theta[V_T];
  lanes->number[RB_GIF_SLOPE][l] = 1 / theta[D_V];
  lanes->number[RB_GIF_HAZARD_DT][l] = s->lambda0_per_ms * s->dt_ms;
  lanes->number[RB_GIF_ETA1][l] = theta[ETA1];
  lanes->number[RB_GIF_ETA2][l] = theta[ETA2];
  lanes->number[RB_GIF_GAMMA1][l] = theta[GAMMA1];
  lanes->number[RB_GIF_GAMMA2][l] = theta[GAMMA2];
  lanes->number[RB_GIF_KEEP_ETA1][l] = rb_exponential(-s->dt_ms / theta[TAU_ETA1]);
  lanes->number[RB_GIF_KEEP_ETA2][l] = rb_exponential(-s->dt_ms / theta[TAU_ETA2]);
  lanes->number[RB_GIF_KEEP_GAMMA1][l] = rb_exponential(-s->dt_ms / theta[TAU_GAMMA1]);
  lanes->number[RB_GIF_KEEP_GAMMA2][l] = rb_exponential(-s->dt_ms / theta[TAU_GAMMA2]);
  lanes->number[RB_GIF_HELD][l] = rb_neuron_held(s);
  lanes->variable[RB_GIF_V][l] = isnan(v0) ? theta[E_L] : v0;
}

static rb_status create(rb_context *ctx, const void *values, rb_model *model) {
  return rb_neuron_create(ctx, &neuron, values, model);
}

const rb_model_type rb_gif_type = {.name = "gif",
                                   .title = "The generalised integrate-and-fire neuron",
                                   .source = "Mensi et al. 2012; Pozzorini et al. 2015",
                                   RB_NEURON_TYPE,
                                   .check = rb_neuron_check,
                                   .verify = rb_neuron_verify_forms};
