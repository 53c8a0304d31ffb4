#ifndef RB_MODEL_ADAPTIVE_LIF_KERNEL_H
#define RB_MODEL_ADAPTIVE_LIF_KERNEL_H

#include "../neuron/lanes.h"
#include "rheobase/base/cpu.h"

/** @file adaptive_lif_kernel.h
 * The adapting leaky integrate-and-fire neuron, compiled per instruction set. */

/** Constants of a lane. */
enum {
  RB_ALIF_DT_OVER_TAU,
  RB_ALIF_DT_OVER_C,
  RB_ALIF_E_L,
  RB_ALIF_V_TH,
  RB_ALIF_V_RESET,
  RB_ALIF_B,
  RB_ALIF_KEEP_W,  ///< share of the adaptation current that is left after a step
  RB_ALIF_HELD     ///< samples after a spike's own that are held
};

/** Variables; left: samples still to be held. */
enum { RB_ALIF_V, RB_ALIF_W, RB_ALIF_LEFT };

RB_KERNEL_DECLARE(rb_neuron_kernel, rb_adaptive_lif_kernel);

#endif
