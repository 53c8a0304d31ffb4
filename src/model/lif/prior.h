#ifndef RB_MODEL_LIF_PRIOR_H
#define RB_MODEL_LIF_PRIOR_H

#include "rheobase/distributions.h"

/** @file prior.h
 * The factors of the neuron's prior, whose bounds the support transform shares. All in mV. Local.
 */

/** E_L - V_init and V_init - V_reset are at least this. */
#define RB_LIF_SMALLEST_GAP_MV 0.5

rb_truncated_normal rb_lif_prior_V_th(void);
rb_truncated_normal rb_lif_prior_E_L(void);
rb_truncated_normal rb_lif_prior_V_init(double E_L);      ///< lies below E_L
rb_truncated_normal rb_lif_prior_V_reset(double V_init);  ///< lies below V_init

#endif
