#ifndef RB_MODEL_LIF_CENTRING_H
#define RB_MODEL_LIF_CENTRING_H

#include "lif.h"

/** @file centring.h
 * Coordinates in which the posterior of one observation is near the origin and of unit size: a
 * bijection of R^6 onto the inside of the prior's support (latent tau_m and g_L), with a location
 * and scale from the filter bank. Coordinate d belongs to parameter d; parents come first:
 *
 *     V_reset, V_init given V_reset, E_L given V_init, V_th: logit of the share of the range
 *     tau_m: its logarithm
 *     g_L given E_L: ln g_L - ln(I_mean / (mu - E_L)), mu the location
 *
 * each minus its location (but g_L: the location is in the logarithm), over its scale. The data fix
 * mu = E_L + I_mean/g_L well and E_L badly, so g_L is seen relative to what mu and E_L imply.
 * All functions are local. */

typedef struct rb_lif_centring {
  double I_mean_pA;
  double location[RB_LIF_DIM];  ///< of the logits and ln(tau_m/ms); of g_L: mu in mV
  double scale[RB_LIF_DIM];     ///< positive
} rb_lif_centring;

/** What is known about an observation; mV and ln(ms). */
typedef struct rb_lif_estimate {
  double V_reset, mu, V_init, log_tau, V_th, E_L;
  double sd_V_reset, sd_mu, sd_V_init, sd_log_tau, sd_V_th, sd_E_L;
} rb_lif_estimate;

/** Location and scale from means and sds; any finite estimate will do. */
rb_lif_centring rb_lif_centring_make(double I_mean_pA, const rb_lif_estimate *estimate);

/** @param latent (6) inside the support @param psi (6) @param log_det ln |d psi / d latent|; may be
 * NULL */
void rb_lif_centre(const rb_lif_centring *centring, const double *latent, double *psi,
                   double *log_det);

/** The inverse. @param log_det ln |d latent / d psi|; may be NULL */
void rb_lif_uncentre(const rb_lif_centring *centring, const double *psi, double *latent,
                     double *log_det);

#endif
