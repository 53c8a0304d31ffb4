#ifndef RB_MODEL_NEURON_LANES_H
#define RB_MODEL_NEURON_LANES_H

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
  uint32_t fired[RB_TILE];  ///< out: bit l is set if lane l has a spike at sample k+1
  int64_t steps;            ///< at most RB_TILE
} rb_neuron_tile;

typedef struct rb_neuron_kernel {
  void (*advance)(rb_neuron_lanes *lanes, rb_neuron_tile *tile);
} rb_neuron_kernel;

/** The lanes in which `fired` is not 0. */
static inline uint32_t rb_lanes_mask(const uint64_t fired[restrict RB_LANES]) {
  uint32_t mask = 0;
  for (int l = 0; l < RB_LANES; ++l) mask |= (uint32_t)(fired[l] != 0) << l;
  return mask;
}

/** Voltages stay within +-200 mV: what explodes stays finite. */
static inline double rb_neuron_clip(double v) {
  const double above = v < -200.0 ? -200.0 : v;
  return above > 200.0 ? 200.0 : above;
}

#endif
