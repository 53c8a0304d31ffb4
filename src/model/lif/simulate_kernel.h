#ifndef RB_MODEL_LIF_SIMULATE_KERNEL_H
#define RB_MODEL_LIF_SIMULATE_KERNEL_H

#include "../random_lanes.h"
#include "lif_state.h"
#include "rheobase/base/cpu.h"

/** @file simulate_kernel.h
 * The simulator for RB_LANES data sets at once, one per lane, compiled per instruction set. */

/** The data sets of one call, lane by lane; those from `count` on are computed but not written. */
typedef struct rb_lif_lanes {
  double V_th[RB_LANES], V_reset[RB_LANES], V_init[RB_LANES], E_L[RB_LANES];
  double g_L[RB_LANES], dt_over_tau[RB_LANES];
  rb_lane_items items;
  int64_t count;
} rb_lif_lanes;

typedef struct rb_lif_kernel {
  /** Simulates the lanes with the numbers of streams (seed, word, item of the lane): bit for bit
   * rb_stream_normals, rb_lif_run and rounding of voltage + noise to float.
   * @param x (lanes->count, 2, L) */
  void (*simulate)(const rb_lif_state *state, const rb_lif_lanes *lanes, uint64_t seed,
                   uint32_t current_word, uint32_t noise_word, float *x);
} rb_lif_kernel;

RB_KERNEL_DECLARE(rb_lif_kernel, rb_lif_kernel);

#endif
