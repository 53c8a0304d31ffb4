#ifndef RB_MODEL_GIF_KERNEL_H
#define RB_MODEL_GIF_KERNEL_H

#include "../neuron/lanes.h"
#include "rheobase/base/cpu.h"

/** @file gif_kernel.h
 * The generalised integrate-and-fire neuron, compiled per instruction set. */

/** Constants of a lane. */
enum {
  RB_GIF_DT_OVER_C,
  RB_GIF_G_L,
  RB_GIF_E_L,
  RB_GIF_V_R,
  RB_GIF_V_T,
  RB_GIF_SLOPE,      ///< 1/D_V
  RB_GIF_HAZARD_DT,  ///< lambda0 dt
  RB_GIF_ETA1,
  RB_GIF_ETA2,
  RB_GIF_GAMMA1,
  RB_GIF_GAMMA2,
  RB_GIF_KEEP_ETA1,  ///< share of a kernel that is left after a step
  RB_GIF_KEEP_ETA2,
  RB_GIF_KEEP_GAMMA1,
  RB_GIF_KEEP_GAMMA2,
  RB_GIF_HELD  ///< samples after a spike's own that are held
};

/** Variables; left: samples still to be held. The last is used by rb_gif_likelihood_kernel alone.
 */
enum { RB_GIF_V, RB_GIF_E1, RB_GIF_E2, RB_GIF_H1, RB_GIF_H2, RB_GIF_LEFT, RB_GIF_LOG_LIKELIHOOD };

/** Draws the spikes by tile->uniform. */
RB_KERNEL_DECLARE(rb_neuron_kernel, rb_gif_kernel);

/** Takes the spikes of all lanes from the first one's word of tile->fired and adds the log of their
 * probability; all lanes are held at the same samples. */
RB_KERNEL_DECLARE(rb_neuron_kernel, rb_gif_likelihood_kernel);

#endif
