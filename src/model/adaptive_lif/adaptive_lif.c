#include <math.h>
#include <stdio.h>

#include "../neuron/exponential.h"
#include "../neuron/prior_rows.h"
#include "../neuron/rows.h"
#include "../neuron/verify.h"
#include "adaptive_lif_kernel.h"

/* The leaky integrate-and-fire neuron with noise of current and of observation, and with a current
 * that a spike adds to: what a recording of a real cell needs at least. */

enum { C, TAU_M, E_L, V_TH, V_RESET, I_STD, NOISE_MV, B, TAU_W, PARAMETERS };

static const rb_prior_row prior[PARAMETERS] = {
    RB_LOGUNIFORM_ROW("C", "pF", "membrane capacitance", "40", "400"),
    RB_LOGUNIFORM_ROW("tau_m", "ms", "membrane time constant", "3", "50"),
    RB_UNIFORM_ROW("E_L", "mV", "leak reversal potential", "-80", "-40"),
    RB_UNIFORM_ROW("V_th", "mV", "threshold of a spike", "-60", "-20"),
    RB_UNIFORM_ROW("V_reset", "mV", "voltage after a spike", "-70", "min(-35, V_th - 1)"),
    RB_LOGUNIFORM_ROW("I_std", "pA", "noise of the current, its standard deviation per step", "3",
                      "300"),
    RB_LOGUNIFORM_ROW("noise_mV", "mV", "noise of the observed voltage", "0.03", "2"),
    RB_LOGUNIFORM_ROW("b", "pA", "adaptation current that a spike adds", "2", "400"),
    RB_LOGUNIFORM_ROW("tau_w", "ms", "time constant of the adaptation current", "5", "400")};

static const rb_setting settings[] = {
    RB_NEURON_TIME_ROWS("1000", "0.2"),
    RB_NEURON_TREF_ROW,
    RB_NEURON_V0_ROW("\"\"", "; V_th if it is above; empty: E_L"),
    RB_NEURON_STIMULUS_ROW("pA", RB_NEURON_PROTOCOL("-87.5", "350", "210", "175")),
    RB_NEURON_CHANNEL_ROWS("0"),
    RB_NEURON_DATA_SET_ROWS};

static const rb_neuron_kernel *kernel(rb_isa isa) {
  return RB_KERNEL_SELECT(rb_adaptive_lif_kernel, isa);
}
static bool refuses(const rb_neuron_settings *s, const double *theta, char *reason);
static void set_passage(const rb_neuron_settings *s, const double *theta, rb_passage *passage);
static void set_lane(const rb_neuron_settings *s, const double *theta, double v0, int l,
                     rb_neuron_lanes *lanes);

static const rb_neuron neuron = {.name = "adaptive_lif",
                                 .parameters = PARAMETERS,
                                 .prior = prior,
                                 .current_sd = I_STD,
                                 .voltage_sd = NOISE_MV,
                                 .positive = 1U << C | 1U << TAU_M | 1U << TAU_W,
                                 .variables = 2,
                                 .resets = true,
                                 .kernel = kernel,
                                 .refuses = refuses,
                                 .passage = set_passage,
                                 .set_lane = set_lane};

static bool refuses(const rb_neuron_settings *s, const double *theta, char *reason) {
  const int noise[] = {I_STD, NOISE_MV};
  for (int i = 0; i < 2; ++i) {
    if (theta[noise[i]] >= 0) continue;
    (void)snprintf(reason, RB_NEURON_REASON, "%s = %g must not be negative", prior[noise[i]].name,
                   theta[noise[i]]);
    return true;
  }
  if (theta[V_RESET] >= theta[V_TH]) {
    (void)snprintf(reason, RB_NEURON_REASON, "V_reset = %g must be below V_th = %g", theta[V_RESET],
                   theta[V_TH]);
  } else if (s->dt_ms >= theta[TAU_M]) {
    (void)snprintf(reason, RB_NEURON_REASON, "tau_m = %g must be above simulator.dt_ms = %g",
                   theta[TAU_M], s->dt_ms);
  }
  return *reason != '\0';
}

static void set_passage(const rb_neuron_settings *s, const double *theta, rb_passage *passage) {
  const double share = s->dt_ms / theta[TAU_M];
  passage->keep = 1 - share;
  passage->rest = share * theta[E_L];
  passage->per_current = s->dt_ms / theta[C];
  passage->threshold = theta[V_TH];
  passage->reset = theta[V_RESET];
  passage->jump = theta[B];
  passage->keep_jump = rb_exponential(-s->dt_ms / theta[TAU_W]);
}

static void set_lane(const rb_neuron_settings *s, const double *theta, double v0, int l,
                     rb_neuron_lanes *lanes) {
  lanes->number[RB_ALIF_DT_OVER_TAU][l] = s->dt_ms / theta[TAU_M];
  lanes->number[RB_ALIF_DT_OVER_C][l] = s->dt_ms / theta[C];
  lanes->number[RB_ALIF_E_L][l] = theta[E_L];
  lanes->number[RB_ALIF_V_TH][l] = theta[V_TH];
  lanes->number[RB_ALIF_V_RESET][l] = theta[V_RESET];
  lanes->number[RB_ALIF_B][l] = theta[B];
  lanes->number[RB_ALIF_KEEP_W][l] = rb_exponential(-s->dt_ms / theta[TAU_W]);
  lanes->number[RB_ALIF_HELD][l] = rb_neuron_held(s);
  lanes->variable[RB_ALIF_V][l] = fmin(isnan(v0) ? theta[E_L] : v0, theta[V_TH]);
}

static rb_status create(rb_context *ctx, const void *values, rb_model *model) {
  return rb_neuron_create(ctx, &neuron, values, model);
}

const rb_model_type rb_adaptive_lif_type = {
    .name = "adaptive_lif",
    .title = "The leaky integrate-and-fire neuron with adaptation",
    .source = "Treves 1993; Benda and Herz 2003",
    RB_NEURON_TYPE,
    .check = rb_neuron_check,
    .verify = rb_neuron_verify_forms};
