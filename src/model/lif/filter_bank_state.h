#ifndef RB_MODEL_LIF_FILTER_BANK_STATE_H
#define RB_MODEL_LIF_FILTER_BANK_STATE_H

#include "filter_bank.h"
#include "filter_bank_kernel.h"

/** @file filter_bank_state.h
 * The bank's tables and the scalar work per data set around the kernels. */

enum { RB_BANK_WINDOWS = 7 };

/** Means of the normal priors of the bank, and their common variance (mV). */
#define RB_BANK_V_RESET_MV (-72.0)
#define RB_BANK_E_L_MV (-70.0)
#define RB_BANK_V_INIT_MV (-70.0)
#define RB_BANK_V_TH_MV (-55.0)
#define RB_BANK_VARIANCE 4.0

/** A grid of (tau, g), even in their logarithms. */
typedef struct rb_bank_grid {
  int groups, lanes;  ///< lanes = groups * RB_BANK_GROUP
  double log_tau[RB_BANK_LANES], log_g[RB_BANK_LANES];
  double log_prior[RB_BANK_LANES];  ///< of tau and g, up to a constant
  double drive_mV[RB_BANK_LANES];   ///< I_mean / g
  double mu_mean[RB_BANK_LANES];    ///< prior mean of mu, minus the level
  rb_bank_group group[RB_BANK_GROUPS];
} rb_bank_grid;

/** Memory of a computation (filter_bank.c). */
typedef struct rb_bank_workspace rb_bank_workspace;

struct rb_lif_filter_bank {
  rb_lif_settings settings;
  int64_t length;
  int64_t refractory;     ///< steps held after that of the spike
  int64_t windows[2];     ///< of the moving averages, in steps
  double level_mV;        ///< voltages are relative to it
  double noise_variance;  ///< of the observations
  float *input;           ///< (L) current minus its mean, or NULL
  int64_t *spike_index;   ///< (L) where a spike is recorded
  rb_bank_grid coarse, fine[RB_BANK_WINDOWS];
  rb_bank_workspace *work;
};

/** Fills the grids; the rest of @p bank is set. Local. Fails with RB_ERR_MEMORY. */
RB_NODISCARD rb_status rb_bank_create_grids(rb_context *ctx, rb_lif_filter_bank *bank);
void rb_bank_free_grids(rb_lif_filter_bank *bank);

/** The window of the fine grids nearest to a ln tau. */
int rb_bank_window(double log_tau);

/** What one observation says besides its segments. */
typedef struct rb_bank_events {
  int64_t spikes;  ///< in all
  int64_t segments, segment_spikes;
  bool starts_free;                    ///< step 0 shows V_init
  double held, held_sum, held_square;  ///< refractory samples, minus the prior mean of V_reset
  double first_ms, last_ms;            ///< spike times; the duration if there is none
  double isi_mean, isi_sd, isi_log_mean, isi_log_sd;  ///< ms; the duration and 0 if there is none
} rb_bank_events;

/** Splits an observation at its spikes. @param set its number in the chunk @param voltage (L)
 * @param spikes (L) @param segment (L + 1) out @param code in: RB_BANK_FREE everywhere; step t at
 * code[t * stride] */
void rb_bank_split(const rb_lif_filter_bank *bank, int set, const float *voltage,
                   const float *spikes, rb_bank_segment *segment, uint32_t *code, int64_t stride,
                   rb_bank_events *events);

/** The bank's Gaussian posteriors, lane by lane, and their weights. Potentials minus the level. */
typedef struct rb_bank_posterior {
  double V_reset[RB_BANK_LANES], mu[RB_BANK_LANES], V_init[RB_BANK_LANES], v_th[RB_BANK_LANES];
  double var_V_reset[RB_BANK_LANES], var_mu[RB_BANK_LANES], var_V_init[RB_BANK_LANES];
  double var_v_th[RB_BANK_LANES];
  double log_weight[RB_BANK_LANES];  ///< log marginal likelihood and prior, up to a constant
  double weight[RB_BANK_LANES];      ///< normalised
  double log_evidence;
} rb_bank_posterior;

/** @param sums (RB_BANK_GROUPS) @param first_mV the first sample, minus the level */
void rb_bank_solve(const rb_lif_filter_bank *bank, const rb_bank_grid *grid,
                   const rb_bank_sums *sums, const rb_bank_events *events, double first_mV,
                   rb_bank_posterior *posterior);

/** Means, variances and covariances over the lanes of a grid. */
typedef struct rb_bank_moments {
  double V_reset, mu, V_init, log_tau, log_g, v_th, E_L;
  double var_V_reset, var_mu, var_V_init, var_log_tau, var_log_g, var_v_th, var_E_L;
  double tau_g, tau_mu, tau_v_th, tau_V_reset, tau_V_init;
  double g_mu, g_v_th, g_V_reset, g_V_init;
} rb_bank_moments;

void rb_bank_average(const rb_bank_grid *grid, const rb_bank_posterior *posterior,
                     rb_bank_moments *moments);

/** All that is known of one data set before the second pass. Potentials minus the level. */
typedef struct rb_bank_summary {
  rb_bank_events events;
  rb_bank_moments coarse, fine;
  double coarse_evidence, fine_evidence;
  double best_mu, best_v_th;  ///< of the most probable lane
} rb_bank_summary;

/** @param lane of the data set in @p threshold @param f (RB_LIF_FEATURES) */
void rb_bank_put_features(const rb_lif_filter_bank *bank, const rb_bank_summary *summary,
                          const rb_bank_threshold *threshold, int lane, float *f);

/** The centring of one data set, from the fine grid. */
rb_lif_centring rb_bank_centring(const rb_lif_filter_bank *bank, const rb_bank_summary *summary);

#endif
