#ifndef RB_MODEL_LIF_FILTER_BANK_H
#define RB_MODEL_LIF_FILTER_BANK_H

#include "centring.h"

/** @file filter_bank.h
 * A summary of an observation that knows the model: features and a rough posterior.
 *
 * Between resets the membrane potential is a linear Gaussian chain with unknown V_reset,
 * mu = E_L + I_mean/g_L and V_init, once tau_m and g_L are fixed. So for each (tau_m, g_L) of a
 * grid a Kalman filter, without the threshold, gives their Gaussian posterior and the marginal
 * likelihood of (tau_m, g_L): first on a coarse grid, then on a fine one around the best tau_m.
 * The features are the moments of this posterior, what the best point of the grid says about the
 * threshold, and statistics of the spikes. Settings are those of the simulator: the features of
 * data made with other settings mean something else.
 *
 * All functions are local. Every data set's results are the same bits in whatever group and with
 * whatever instruction set they are computed. */

enum { RB_LIF_FEATURES = 66 };

typedef struct rb_lif_filter_bank rb_lif_filter_bank;

/** Names, units and descriptions of the features. @return (RB_LIF_FEATURES) */
const rb_quantity *rb_lif_filter_bank_quantities(void);

/** Builds the tables; the settings must be those rb_lif_model accepts. The caller frees the bank
 * with rb_lif_filter_bank_free. Fails with RB_ERR_MEMORY. */
RB_NODISCARD rb_status rb_lif_filter_bank_create(rb_context *ctx, const rb_lif_settings *settings,
                                                 rb_lif_filter_bank **bank);

/** Frees; does nothing for NULL. */
void rb_lif_filter_bank_free(rb_lif_filter_bank *bank);

/** Computes the features of `count` data sets and the coordinates in which to look at their
 * posteriors; in memory of the bank, so one computation at a time. @param x (count, 2, L)
 * @param features (count, RB_LIF_FEATURES) @param centring (count) */
void rb_lif_filter_bank_compute(rb_context *ctx, const rb_lif_filter_bank *bank, int64_t count,
                                const float *x, float *features, rb_lif_centring *centring);

/** The log marginal likelihoods of `count` data sets on the fine grid, in memory of the bank: less
 * a constant that is the same for all settings with as many steps, and as if there were no
 * threshold.
 * @param x (count, 2, L) @param log_evidence (count), finite */
void rb_lif_filter_bank_evidence(rb_context *ctx, const rb_lif_filter_bank *bank, int64_t count,
                                 const float *x, double *log_evidence);

#endif
