#ifndef RHEOBASE_PREDICTIVE_H
#define RHEOBASE_PREDICTIVE_H

#include <stdint.h>

#include "rheobase/context.h"

/** @file predictive.h
 * Posterior predictive check of one observed voltage trace against K replicates simulated from
 * posterior draws. All functions are local. */

typedef struct rb_predictive_check {
  double voltage_coverage;           ///< share of observed samples inside the 90% band
  double spike_count_percentile;     ///< share of replicated spike counts <= the observed one
  double subthreshold_deviation_mV;  ///< mean |observed - band median| over samples below threshold
} rb_predictive_check;

/** Pointwise 5%, 50% and 95% quantiles of the replicates. Fails with RB_ERR_MEMORY.
 * @param replicate (K, L) mV @param low (L) @param median (L) @param high (L) */
RB_NODISCARD rb_status rb_predictive_band(rb_context *ctx, int64_t K, int64_t L,
                                          const float *replicate, double *low, double *median,
                                          double *high);

/** The three numbers of the check. The deviation is NaN if no sample lies below the threshold.
 * @param observed (L) mV @param low (L) @param median (L) @param high (L) the band
 * @param spike_count (K) of the replicates @param threshold_mV posterior median of V_th */
rb_predictive_check rb_predictive_compare(int64_t L, const double *observed, const double *low,
                                          const double *median, const double *high, int64_t K,
                                          const int64_t *spike_count, int64_t observed_spikes,
                                          double threshold_mV);

#endif
