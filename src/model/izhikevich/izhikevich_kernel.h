#ifndef RB_MODEL_IZHIKEVICH_KERNEL_H
#define RB_MODEL_IZHIKEVICH_KERNEL_H

#include "../neuron/lanes.h"
#include "rheobase/base/cpu.h"

/** @file izhikevich_kernel.h
 * The Izhikevich neuron, compiled per instruction set. */

/** Constants of a lane. */
enum {
  RB_IZHIKEVICH_DT_OVER_C,
  RB_IZHIKEVICH_K,
  RB_IZHIKEVICH_V_R,
  RB_IZHIKEVICH_V_T,
  RB_IZHIKEVICH_V_PEAK,
  RB_IZHIKEVICH_A,
  RB_IZHIKEVICH_B,
  RB_IZHIKEVICH_C,
  RB_IZHIKEVICH_D,
  RB_IZHIKEVICH_DT
};
enum { RB_IZHIKEVICH_V, RB_IZHIKEVICH_U };  ///< variables

RB_KERNEL_DECLARE(rb_neuron_kernel, rb_izhikevich_kernel);

#endif
