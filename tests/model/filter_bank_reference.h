#ifndef RB_TEST_FILTER_BANK_REFERENCE_H
#define RB_TEST_FILTER_BANK_REFERENCE_H

#include "model/lif/lif.h"

/* The filter bank by another way, in double: each lane's observations are one dense Gaussian
 * vector, conditioned in covariance form by a Cholesky factor; no recursion, no tables, no shifted
 * levels. */

enum { REFERENCE_MAX_SEGMENTS = 64 };

/* A run of observations; spikes are given by their true steps. */
typedef struct reference_data {
  const rb_lif_settings *settings;
  const float *voltage;  // (L)
  int64_t length, spikes;
  const int64_t *spike;  // (spikes), ascending
} reference_data;

typedef struct reference_lane {
  double beta[3], covariance[3][3];  // V_reset, mu, V_init
  double v_th, var_v_th;
  double log_marginal;  // without the prior of (tau, g) and without N/2 ln 2 pi
} reference_lane;

/* Collects dense results for one (tau, g). Returns false if out of memory. */
bool reference_solve(const reference_data *data, double tau_ms, double g_nS, reference_lane *lane);

/* Statistics of the second pass, by a plain Kalman filter. */
typedef struct reference_threshold {
  double highest, soft[3], log_rms, rise;
} reference_threshold;
void reference_second_pass(const reference_data *data, double tau_ms, double g_nS,
                           const reference_lane *lane, reference_threshold *out);

#endif
