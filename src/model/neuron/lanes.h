#ifndef RB_MODEL_NEURON_LANES_H
#define RB_MODEL_NEURON_LANES_H

#include <stdbool.h>
#include <stdint.h>

#include "../random_lanes.h"

/** @file lanes.h
 * What a neuron's kernel advances: RB_LANES neurons side by side, a tile of steps at a time. */

enum { RB_NEURON_NUMBERS = 24, RB_NEURON_VARIABLES = 8 };

typedef double rb_lane_values[RB_LANES];

typedef struct rb_neuron_lanes {
  _Alignas(64)
      rb_lane_values number[RB_NEURON_NUMBERS];  ///< constants, as the neuron's kernel wants them
  _Alignas(64) rb_lane_values
      variable[RB_NEURON_VARIABLES];  ///< what is carried on; the voltage, mV, is first
} rb_neuron_lanes;

/** Updates k = first .. first+steps-1, each from sample k to sample k+1. */
typedef struct rb_neuron_tile {
  _Alignas(64) rb_lane_values current[RB_TILE];  ///< in: of sample k
  _Alignas(64) rb_lane_values uniform[RB_TILE];  ///< in, if spikes are drawn: of sample k+1
  _Alignas(64) rb_lane_values voltage[RB_TILE];  ///< out: of sample k+1, mV
  /** Out: bit t of a lane is set if it has a spike at sample first+t+1. */
  _Alignas(64) uint64_t fired[RB_LANES];
  int64_t steps;  ///< at most RB_TILE
} rb_neuron_tile;

typedef struct rb_neuron_kernel {
  void (*advance)(rb_neuron_lanes *lanes, rb_neuron_tile *tile);
} rb_neuron_kernel;

_Static_assert(RB_TILE <= 64, "the spikes of a tile are the bits of a word");

/** Whether the lane has a spike at the sample of the tile's step t. */
static inline bool rb_tile_fired(const rb_neuron_tile *tile, int64_t lane, int64_t t) {
  return tile->fired[lane] >> t & 1U;
}

/** Voltages stay within +-200 mV: what explodes stays finite. */
static inline double rb_neuron_clip(double v) {
  const double above = v < -200.0 ? -200.0 : v;
  return above > 200.0 ? 200.0 : above;
}

#endif
