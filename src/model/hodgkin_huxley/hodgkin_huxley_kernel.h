#ifndef RB_MODEL_HODGKIN_HUXLEY_KERNEL_H
#define RB_MODEL_HODGKIN_HUXLEY_KERNEL_H

#include "../neuron/lanes.h"
#include "rheobase/base/cpu.h"

/** @file hodgkin_huxley_kernel.h
 * The conductance-based neuron, compiled per instruction set. */

/** Constants of a lane. */
enum {
  RB_HH_DT_OVER_C,
  RB_HH_G_NA,
  RB_HH_G_K,
  RB_HH_G_M,
  RB_HH_G_L,
  RB_HH_E_NA,
  RB_HH_E_K,
  RB_HH_LEAK,  ///< g_L E_L
  RB_HH_V_T,
  RB_HH_DT,
  RB_HH_DT_OVER_TAU_MAX,
  RB_HH_SPIKE  ///< voltage at which a spike is counted
};
enum { RB_HH_V, RB_HH_M, RB_HH_H, RB_HH_N, RB_HH_P };  ///< variables

RB_KERNEL_DECLARE(rb_neuron_kernel, rb_hodgkin_huxley_kernel);

#endif
