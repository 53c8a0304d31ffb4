#ifndef RB_MODEL_LIF_PRIOR_H
#define RB_MODEL_LIF_PRIOR_H

#include "rheobase/model/prior.h"

/** @file prior.h
 * The neuron's default prior (docs/model.md), and those of its numbers which the filter bank and
 * its centring know too. */

#define RB_LIF_V_TH_LOW -60     // mV
#define RB_LIF_V_TH_HIGH -50    // mV
#define RB_LIF_E_L_MEAN -70     // mV
#define RB_LIF_E_L_LOW -75      // mV
#define RB_LIF_E_L_HIGH -60     // mV
#define RB_LIF_V_INIT_LOW -80   // mV
#define RB_LIF_V_RESET_LOW -85  // mV
/** V_init and V_reset lie below this. */
#define RB_LIF_RESET_HIGH -65  // mV
/** E_L - V_init and V_init - V_reset are at least this. */
#define RB_LIF_SMALLEST_GAP 0.5  // mV
/** Of tau_m (ms) and g_L (nS). */
#define RB_LIF_MEDIAN 10
#define RB_LIF_SD_LOG 0.2

/** (RB_LIF_DIM) */
extern const rb_prior_row rb_lif_prior[];

#endif
