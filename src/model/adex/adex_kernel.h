#ifndef RB_MODEL_ADEX_KERNEL_H
#define RB_MODEL_ADEX_KERNEL_H

#include "../neuron/lanes.h"
#include "rheobase/base/cpu.h"

/** @file adex_kernel.h
 * The adaptive exponential neuron, compiled per instruction set. */

/** Constants of a lane. */
enum {
  RB_ADEX_DT_OVER_C,
  RB_ADEX_G_L,
  RB_ADEX_E_L,
  RB_ADEX_V_T,
  RB_ADEX_SLOPE,     ///< 1/Delta_T; 0 where Delta_T is
  RB_ADEX_UPSTROKE,  ///< g_L Delta_T
  RB_ADEX_CUT,
  RB_ADEX_V_R,
  RB_ADEX_DT_OVER_TAU_W,
  RB_ADEX_A,
  RB_ADEX_B,
  RB_ADEX_HELD  ///< samples after a spike's own that are held
};
enum { RB_ADEX_V, RB_ADEX_W, RB_ADEX_LEFT };  ///< variables; left: samples still to be held

RB_KERNEL_DECLARE(rb_neuron_kernel, rb_adex_kernel);

#endif
