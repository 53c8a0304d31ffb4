#ifndef RB_MODEL_NEURON_SOURCE_H
#define RB_MODEL_NEURON_SOURCE_H

#include "record_kernel.h"
#include "run.h"

/** @file source.h
 * What simulated neurons are driven by: the common current, noise and, where spikes are drawn,
 * uniform numbers of each data set's own streams. All functions are local. */

typedef struct rb_neuron_source {
  const rb_neuron_state *state;
  const rb_neuron_record_kernel *kernel;
  rb_neuron_streams streams;
} rb_neuron_source;

rb_neuron_source rb_neuron_source_make(const rb_neuron_state *state, rb_isa isa, uint64_t seed,
                                       rb_purpose purpose);

/** Lanes of items first .. first+count-1; those beyond repeat the last one. */
void rb_neuron_source_set_items(int64_t first, int64_t count, rb_neuron_source *source);

/** Fills what updates first .. first+tile->steps-1 need. */
void rb_neuron_source_drive(const rb_neuron_source *source, int64_t first, rb_neuron_tile *tile);

#endif
