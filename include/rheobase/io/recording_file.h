#ifndef RHEOBASE_RECORDING_FILE_H
#define RHEOBASE_RECORDING_FILE_H

#include "rheobase/io/hdf5_file.h"
#include "rheobase/io/recording_steps.h"

/** @file recording_file.h
 * `recording.h5`, the form in which recordings reach the rest of the program: a group
 * `sweeps/0000`, `sweeps/0001`, ... for each sweep. One rank writes it by itself. */

#define RB_RECORDING_SCHEMA "recording"
enum { RB_RECORDING_VERSION = 1 };

/** How all sweeps of a file were treated. */
typedef struct rb_treatment {
  rb_spike_rule rule;
  rb_correction correction;
  rb_stepping stepping;
} rb_treatment;

/** Writes one sweep as group @p number. */
RB_NODISCARD rb_status rb_recording_write_sweep(rb_context *ctx, rb_file *file, int64_t number,
                                                const rb_sweep *sweep, const rb_steps *steps,
                                                const rb_treatment *treatment);

#endif
