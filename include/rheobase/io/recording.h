#ifndef RHEOBASE_RECORDING_H
#define RHEOBASE_RECORDING_H

#include <stdbool.h>
#include <stdint.h>

#include "rheobase/base/context.h"

/** @file recording.h
 * Recordings of neurons under current clamp, as amplifiers and archives store them: sweeps of
 * potential (mV) and injected current (pA) at the samples of the file. Formats are a table
 * (`recording/formats.h`); channels are told by their units, never by their names. All functions
 * are local. */

enum { RB_RECORDING_TEXT = 256, RB_SHA256_TEXT = 65, RB_MAX_SWEEPS = 10000 };

/** One sweep. */
typedef struct rb_sweep {
  char source[1024];  ///< the file, as it was given
  char sha256[RB_SHA256_TEXT];
  char kind[8];                                ///< "text", "hdf5", "nwb", "abf1", "ibw5", ...
  char name[RB_RECORDING_TEXT];                ///< the stored name, else "sweep N"
  char current_source[2 * RB_RECORDING_TEXT];  ///< "column", "measured: Imemb", "command", ...
  char
      lacks[2 * RB_RECORDING_TEXT];  ///< why there is no potential or no current; "" where both are
  char damaged[RB_RECORDING_TEXT];   ///< why it cannot be used: "sample 3 of ..."; "": it can
  int64_t number;                    ///< from 0 over all files, before any are selected
  double interval_ms;                ///< between samples
  double start_ms;                   ///< of the sweep in the file
  double bridge_balance_MOhm;        ///< that the amplifier took off; 0: not known
  int64_t samples;
  double *voltage_mV;  ///< (samples), finite unless damaged; NULL: the file has the current only
  double *current_pA;  ///< (samples), finite unless damaged; NULL: there is none
  char *warnings;      ///< lines; NULL: none
} rb_sweep;

/** Which parts of a choice mattered to a file: a part that did not to any is an error. */
typedef struct rb_choice_use {
  bool columns, voltage, current;
} rb_choice_use;

/** Sweeps in the order of the files and, within a file, of the numbers it gives them. */
typedef struct rb_recording {
  int64_t sweeps;
  rb_sweep *sweep;
  int64_t unitless;   ///< channels without a unit that were met
  rb_choice_use use;  ///< what was asked of the files while they were read
} rb_recording;

/** What the user says about files. Zero: nothing. */
typedef struct rb_recording_choice {
  /** Columns in the order of a text, "sample,current_pA,voltage_mV", or, for HDF5 and text with a
   * header, what they are called: "voltage_mV=/data/vm,current_nA=/data/im". */
  const char *columns;
  double interval_ms;   ///< between samples, instead of a column of times; 0: not given
  const char *units;    ///< of channels without one, in their order: "mV,pA"
  const char *voltage;  ///< name or number (from 0) of a channel, where there is a choice
  const char *current;  ///< the same; or "command", or "command:1" of an output
} rb_recording_choice;

/** Reads all sweeps of the files. Sweeps without a current get that of the sweeps that have nothing
 * else, in their order (two Igor waves, or a file with the current alone). A sweep may still lack
 * its current, or hold what is no number: `lacks` and `damaged` say why. The caller calls
 * rb_recording_free, also after a failure. Fails with RB_ERR_FILE, RB_ERR_FORMAT (damaged, or no
 * recording of a potential) or RB_ERR_USAGE (a choice the files do not offer). */
RB_NODISCARD rb_status rb_recording_read(rb_context *ctx, int files, const char *const *file,
                                         const rb_recording_choice *choice,
                                         rb_recording *recording);

/** Keeps the sweeps of a list such as "0,2-5", in its order; numbers count from 0 over all files.
 * Fails with RB_ERR_USAGE. */
RB_NODISCARD rb_status rb_recording_select(rb_context *ctx, rb_recording *recording,
                                           const char *list);

/** The numbers in a list such as "0,2-5", in its order. Fails with RB_ERR_USAGE (no list, or a
 * number is there twice or beyond). @param chosen (sweeps) @param count of them */
RB_NODISCARD rb_status rb_sweep_list(rb_context *ctx, const char *list, int64_t sweeps,
                                     int64_t *chosen, int64_t *count);

/** Notes a line that the user should know, such as "potential outside -150..100 mV". */
RB_NODISCARD rb_status rb_sweep_warn(rb_context *ctx, rb_sweep *sweep, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void rb_recording_free(rb_recording *recording);

#endif
