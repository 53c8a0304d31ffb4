#ifndef RB_MODEL_LIF_H
#define RB_MODEL_LIF_H

#include "rheobase/model/model.h"

/** @file lif.h
 * The leaky integrate-and-fire neuron with noisy current injection. */

/** Order of the parameters everywhere. */
enum {
  RB_LIF_V_TH,
  RB_LIF_TAU_M,
  RB_LIF_G_L,
  RB_LIF_V_RESET,
  RB_LIF_V_INIT,
  RB_LIF_E_L,
  RB_LIF_DIM
};
enum { RB_LIF_VOLTAGE, RB_LIF_SPIKES, RB_LIF_CHANNELS };

/** Settings of the simulator (input group `simulator`). */
typedef struct rb_lif_settings {
  double T_ms, dt_ms, tref_ms;
  double I_mean_pA, I_std_pA;  ///< injected current, per step
  double noise_mV;             ///< observation noise, sd
  bool exact_spike_index;      ///< false: the recorded index (int)((it*dt)/dt) of the notebook
  char current_file[1024];     ///< "" for none
  int64_t current_count;       ///< samples of the trace below; 0: none
  const double *current_pA;    ///< (current_count) replaces I_mean at each step
} rb_lif_settings;

/** The notebook's settings. */
rb_lif_settings rb_lif_defaults(void);

/** Number of steps L: ceil(T/dt) in IEEE arithmetic, as numpy.arange(0, T, dt) gives. Local. */
int64_t rb_lif_steps(const rb_lif_settings *settings);

/** The model with its default prior, of settings that have no file to read; the caller calls
 * model->destroy. Local. Fails with RB_ERR_SETTING. */
RB_NODISCARD rb_status rb_lif_model(rb_context *ctx, const rb_lif_settings *settings,
                                    rb_model *model);

/** Gives @p model its features, the filter bank: tables of some MB, so only where they are
 * wanted. Local. Fails with RB_ERR_MEMORY. */
RB_NODISCARD rb_status rb_lif_add_features(rb_context *ctx, rb_model *model);

/** Gives @p model its alternatives: more and less noise, of the observation and of the current,
 * longer and shorter refractory periods, and, unless its mean is 0, more and less current; a filter
 * bank for each, so only where they are wanted.
 * Local. Fails with RB_ERR_MEMORY. */
RB_NODISCARD rb_status rb_lif_add_alternatives(rb_context *ctx, rb_model *model);

/** The core of the simulator, one data set, given its random input: bit for bit the reference
 * notebook's arithmetic. @param theta (6) @param current_pA (L) @param v_mV (L), before observation
 * noise @param spikes (L), 0 or 1. Local. */
void rb_lif_run(const rb_lif_settings *settings, const double *theta, const double *current_pA,
                double *v_mV, uint8_t *spikes);

/** Mean |voltage - median| over the samples below the threshold; NaN if there are none. Local.
 * @param voltage (L) mV, observed @param median (L) mV, of posterior predictive replicates */
double rb_lif_subthreshold_deviation(int64_t L, const float *voltage, const double *median,
                                     double threshold_mV);

#endif
