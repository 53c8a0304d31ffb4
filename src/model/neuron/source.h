#ifndef RB_MODEL_NEURON_SOURCE_H
#define RB_MODEL_NEURON_SOURCE_H

#include "record_kernel.h"
#include "run.h"

/** @file source.h
 * What simulated recordings are given: currents, noise and, where spikes are drawn, uniform numbers
 * of their own streams, the initial voltage. Recordings of a call are numbered: i K + r is
 * recording r of its i-th data set. All functions are local. */

/** What an observation was given, for simulations that are compared with it. */
typedef struct rb_neuron_given {
  const float *x;                     ///< (C, K samples)
  int64_t end[RB_NEURON_RECORDINGS];  ///< samples before a recording's padding; 0: it is missing
} rb_neuron_given;

void rb_neuron_given_read(const rb_neuron_state *state, const float *x, rb_neuron_given *given);

/** Recordings in the lanes. */
typedef struct rb_neuron_group {
  int64_t count;
  int64_t recording[RB_LANES];  ///< (count)
  int64_t end[RB_LANES];        ///< samples before a recording's padding; of lanes beyond count 0
} rb_neuron_group;

typedef struct rb_neuron_source {
  const rb_neuron_state *state;
  const rb_neuron_given *given;  ///< NULL: nothing is
  const rb_neuron_record_kernel *kernel;
  rb_neuron_streams streams;
  rb_purpose purpose;
  int64_t first, count;  ///< data sets of the call
  int64_t next;          ///< recording that is looked at next
  rb_lane_values current_sd, voltage_sd;
  double *own;  ///< (L, RB_LANES) current of each lane in the stimulus' unit; NULL: it is common
  double *current;  ///< (L, RB_LANES) the same in the kernel's unit; NULL likewise
} rb_neuron_source;

/** @param given may be NULL; not owned. The caller calls rb_neuron_source_free, also after a
 * failure. */
RB_NODISCARD rb_status rb_neuron_source_make(const rb_neuron_state *state, rb_context *ctx,
                                             uint64_t seed, rb_purpose purpose, int64_t first,
                                             int64_t count, const rb_neuron_given *given,
                                             rb_neuron_source *source);
void rb_neuron_source_free(rb_neuron_source *source);

/** Takes the next recordings that are not missing, and sets lanes to their beginning; lanes beyond
 * repeat the last one. @param theta (count, parameters) of the call @return whether there are any
 */
bool rb_neuron_source_next(rb_neuron_source *source, const double *theta, rb_neuron_group *group,
                           rb_neuron_lanes *lanes);

/** Fills what updates first .. first+tile->steps-1 need. */
void rb_neuron_source_drive(const rb_neuron_source *source, int64_t first, rb_neuron_tile *tile);

/** The known current of a lane, in the stimulus' unit. */
static inline double rb_neuron_source_current(const rb_neuron_source *source, int64_t k,
                                              int64_t l) {
  return source->own != NULL ? source->own[k * RB_LANES + l] : source->state->common[k];
}

#endif
