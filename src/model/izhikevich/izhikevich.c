#include <math.h>
#include <stdio.h>

#include "../neuron/prior_rows.h"
#include "../neuron/rows.h"
#include "../neuron/verify.h"
#include "izhikevich_kernel.h"

/* The Izhikevich neuron with units (2007). */

enum { C, K, V_R, V_T, V_PEAK, A, B, RESET, D, PARAMETERS };

static const rb_prior_row prior[PARAMETERS] = {
    RB_LOGNORMAL_ROW("C", "pF", "membrane capacitance", "100", "0.3", "30", "300"),
    RB_LOGNORMAL_ROW("k", "nS/mV", "curvature of the current", "1", "0.3", "0.3", "3"),
    RB_NORMAL_ROW("v_r", "mV", "resting potential", "-62", "4", "-75", "-52"),
    RB_NORMAL_ROW("v_t", "mV", "threshold potential", "-42", "3", "v_r + 8", "-32"),
    RB_NORMAL_ROW("v_peak", "mV", "voltage of a spike", "35", "5", "20", "50"),
    RB_LOGNORMAL_ROW("a", "1/ms", "rate of the recovery", "0.03", "0.6", "0.003", "0.25"),
    RB_NORMAL_ROW("b", "nS", "recovery by the voltage", "0", "4", "-10",
                  "min(10, k * (v_t - v_r) / 2)"),
    RB_NORMAL_ROW("c", "mV", "reset potential", "-52", "4", "-65", "v_t + 2"),
    RB_LOGNORMAL_ROW("d", "pA", "recovery by a spike", "80", "0.6", "5", "400")};

static const rb_setting settings[] = {
    RB_NEURON_TIME_ROWS("1000", "0.1"), RB_NEURON_V0_ROW("\"\"", "; empty: v_r"),
    RB_NEURON_NOISE_ROW("pA"),
    RB_NEURON_STIMULUS_ROW("pA", RB_NEURON_PROTOCOL("-100", "400", "240", "200")),
    RB_NEURON_RECORDING_ROWS("0.5")};

static const rb_neuron_kernel *kernel(rb_isa isa) {
  return RB_KERNEL_SELECT(rb_izhikevich_kernel, isa);
}
static bool refuses(const rb_neuron_settings *s, const double *theta, char *reason);
static void set_lane(const rb_neuron_settings *s, const double *theta, double v0, int l,
                     rb_neuron_lanes *lanes);

static const rb_neuron neuron = {.name = "izhikevich",
                                 .parameters = PARAMETERS,
                                 .prior = prior,
                                 .positive = 1U << C | 1U << K | 1U << A,
                                 .variables = 2,
                                 .resets = true,
                                 .kernel = kernel,
                                 .refuses = refuses,
                                 .set_lane = set_lane};

/* At rest the membrane relaxes as if it had a leak of k (v_t - v_r). */
static void step_is_too_long(const rb_neuron_settings *s, const double *theta, char *reason) {
  const double rate = theta[K] * (theta[V_T] - theta[V_R]) / theta[C];
  if (s->dt_ms * rate < 1) return;
  (void)snprintf(reason, RB_NEURON_REASON,
                 "C = %g and k = %g: simulator.dt_ms = %g must be below C/(k (v_t - v_r)) = %g",
                 theta[C], theta[K], s->dt_ms, 1 / rate);
}

static bool refuses(const rb_neuron_settings *s, const double *theta, char *reason) {
  if (theta[V_T] <= theta[V_R]) {
    (void)snprintf(reason, RB_NEURON_REASON, "v_t = %g must be above v_r = %g", theta[V_T],
                   theta[V_R]);
  } else if (theta[V_PEAK] <= theta[V_T]) {
    (void)snprintf(reason, RB_NEURON_REASON, "v_peak = %g must be above v_t = %g", theta[V_PEAK],
                   theta[V_T]);
  } else if (theta[RESET] >= theta[V_PEAK]) {
    (void)snprintf(reason, RB_NEURON_REASON, "c = %g must be below v_peak = %g", theta[RESET],
                   theta[V_PEAK]);
  } else if (s->dt_ms * theta[A] >= 1) {
    (void)snprintf(reason, RB_NEURON_REASON, "a = %g: simulator.dt_ms = %g must be below 1/a = %g",
                   theta[A], s->dt_ms, 1 / theta[A]);
  } else {
    step_is_too_long(s, theta, reason);
  }
  return *reason != '\0';
}

static void set_lane(const rb_neuron_settings *s, const double *theta, double v0, int l,
                     rb_neuron_lanes *lanes) {
  const double v = isnan(v0) ? theta[V_R] : v0;
  lanes->number[RB_IZHIKEVICH_DT_OVER_C][l] = s->dt_ms / theta[C];
  lanes->number[RB_IZHIKEVICH_K][l] = theta[K];
  lanes->number[RB_IZHIKEVICH_V_R][l] = theta[V_R];
  lanes->number[RB_IZHIKEVICH_V_T][l] = theta[V_T];
  lanes->number[RB_IZHIKEVICH_V_PEAK][l] = theta[V_PEAK];
  lanes->number[RB_IZHIKEVICH_A][l] = theta[A];
  lanes->number[RB_IZHIKEVICH_B][l] = theta[B];
  lanes->number[RB_IZHIKEVICH_C][l] = theta[RESET];
  lanes->number[RB_IZHIKEVICH_D][l] = theta[D];
  lanes->number[RB_IZHIKEVICH_DT][l] = s->dt_ms;
  lanes->variable[RB_IZHIKEVICH_V][l] = v;
  lanes->variable[RB_IZHIKEVICH_U][l] = theta[B] * (v - theta[V_R]);
}

static rb_status create(rb_context *ctx, const void *values, rb_model *model) {
  return rb_neuron_create(ctx, &neuron, values, model);
}

const rb_model_type rb_izhikevich_type = {.name = "izhikevich",
                                          .title = "The Izhikevich neuron",
                                          .source = "Izhikevich 2007, chapter 8",
                                          RB_NEURON_TYPE,
                                          .check = rb_neuron_check,
                                          .verify = rb_neuron_verify_forms};
