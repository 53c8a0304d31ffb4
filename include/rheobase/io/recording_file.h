#ifndef RHEOBASE_RECORDING_FILE_H
#define RHEOBASE_RECORDING_FILE_H

#include "rheobase/io/hdf5_file.h"
#include "rheobase/io/recording_steps.h"

/** @file recording_file.h
 * `recording.h5`, the form in which recordings reach the rest of the program: a group
 * `sweeps/0000`, `sweeps/0001`, ... for each sweep. One rank writes it by itself; all read it. */

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

/** A sweep of a recording.h5. */
typedef struct rb_recorded_sweep {
  int64_t number;                 ///< of its group
  char source[1024];              ///< the amplifier's file
  char sha256[RB_SHA256_TEXT];    ///< of its bytes
  char name[RB_RECORDING_TEXT];   ///< in that file
  double tref_ms;                 ///< how long spikes were blanked
  double series_resistance_MOhm;  ///< that was taken off
  double bridge_balance_MOhm;     ///< that the amplifier took off; 0: not known
  double native_interval_ms;      ///< between the samples that its steps were made of
  double delay_ms;                ///< by which its current was shifted to later times
  rb_steps steps;
} rb_recorded_sweep;

typedef struct rb_recorded {
  int64_t sweeps;
  rb_recorded_sweep *sweep;
} rb_recorded;

/** Reads sweeps of a recording.h5 on all ranks. Collective. The caller calls rb_recorded_free, also
 * after a failure. Fails with RB_ERR_FILE, RB_ERR_FORMAT (no such file, or damaged) or RB_ERR_USAGE
 * (a list that the file does not have). @param list such as "0,2-5", in its order; NULL: all */
RB_NODISCARD rb_status rb_recorded_read(rb_context *ctx, const char *path, const char *list,
                                        rb_recorded *recording);
void rb_recorded_free(rb_recorded *recording);

/** An array of a sweep by its name in the file. Local.
 * @param values (steps) @return whether there is one of that name */
bool rb_recorded_array(const rb_recorded_sweep *sweep, const char *name, double *values);

#endif
