#ifndef RB_MODEL_NEURON_RECORD_KERNEL_H
#define RB_MODEL_NEURON_RECORD_KERNEL_H

#include "lanes.h"
#include "rheobase/base/cpu.h"

/** @file record_kernel.h
 * What all neurons do for each sample beside their own update, compiled per instruction set. */

/** Streams of the lanes' random numbers: a word for each use (philox.h). */
typedef struct rb_neuron_streams {
  rb_lane_items items;
  uint64_t seed;
  uint32_t current, spikes, noise;
} rb_neuron_streams;

/** Ornstein-Uhlenbeck noise of each lane, on steps on <= k < off. */
typedef struct rb_neuron_wander {
  uint32_t word;  ///< of the streams
  _Alignas(64) rb_lane_values on, off, mean, sd;
  _Alignas(64) rb_lane_values keep,
      fresh;  ///< share that is left after a step, sd of what is added
} rb_neuron_wander;

typedef struct rb_neuron_record_kernel {
  /** Currents of updates first .. first+steps-1 of a tile: known ones + sd times numbers first ..
   * of each lane's stream. @param common (steps) of all lanes
   * @param own (steps, RB_LANES) of each lane, instead; may be NULL */
  void (*drive)(const rb_neuron_streams *streams, int64_t first, const double *common,
                const double *own, const rb_lane_values sd, rb_neuron_tile *tile);

  /** Adds noise of the lanes' streams. @param current (length, RB_LANES) */
  void (*wander)(const rb_neuron_streams *streams, int64_t length, const rb_neuron_wander *wander,
                 double *current);

  /** Uniform numbers first .. of each lane's stream. */
  void (*draw)(const rb_neuron_streams *streams, int64_t first, rb_neuron_tile *tile);

  /** Adds noise to recorded samples first .. first+RB_TILE-1, and rounds to float. */
  void (*observe)(const rb_neuron_streams *streams, int64_t first, const rb_lane_values sd,
                  rb_lane_values voltage[RB_TILE], float observed[RB_TILE][RB_LANES]);
} rb_neuron_record_kernel;

RB_KERNEL_DECLARE(rb_neuron_record_kernel, rb_neuron_record_kernel);

#endif
