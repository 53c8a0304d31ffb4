#ifndef RHEOBASE_OBSERVATION_H
#define RHEOBASE_OBSERVATION_H

#include <stdbool.h>
#include <stdint.h>

#include "rheobase/base/context.h"

/** @file observation.h
 * Reads recorded data: named columns of text (comma, semicolon, tab or blanks) or HDF5 arrays of
 * those names, in any order; `docs/recordings.md` says what is accepted. HDF5's attributes units,
 * scale_factor, add_offset, _FillValue, missing_value, valid_range (valid_min, valid_max) and
 * _Unsigned are applied. Collective: rank 0 reads, all
 * ranks get the values. Errors name file and line or row: RB_ERR_FILE, RB_ERR_FORMAT. */

/** A column that is looked for. */
typedef struct rb_column {
  const char *name;    ///< with its unit, e.g. "length_m"
  const char *other;   ///< another name it may have, e.g. "length"; NULL: none
  const char *unit;    ///< e.g. "m"; "1" where there is none
  bool binary;         ///< 0 and 1 only; true and false are accepted
  bool optional;       ///< may be missing
  double least, most;  ///< between which the largest size of its values lies, where it is in the
                       ///< unit it should be; most = 0: anywhere
} rb_column;

/** When the samples were taken. */
typedef struct rb_sampling {
  const char *name, *unit;  ///< of the column of times, e.g. "time_s" and "s"
  double step;              ///< distance of samples
  int64_t length;           ///< samples; -1: any number
  bool known;               ///< the user says they are `step` apart: times are not looked at
  const char *remedy;       ///< what to do about times that are rounded too coarsely
} rb_sampling;

enum { RB_MAX_COLUMNS = 16 };

/** Reads `columns` columns and checks that their times lie on the grid: the same distance within
 * the rounding of the file, and at most a tenth of it. Collective. @param column (columns), at most
 * RB_MAX_COLUMNS - 1 @param length samples @param x (columns, length) allocated; the caller frees
 * it */
RB_NODISCARD rb_status rb_observation_read(rb_context *ctx, const char *path, int columns,
                                           const rb_column *column, const rb_sampling *sampling,
                                           int64_t *length, float **x);

/** Reads one column from a file that may hold nothing else: text may be numbers alone, one on a
 * line. A column of times is checked if there is one. Collective.
 * @param length samples @param value (length) allocated; the caller frees it */
RB_NODISCARD rb_status rb_series_read(rb_context *ctx, const char *path, const rb_column *column,
                                      const rb_sampling *sampling, int64_t *length, double **value);

#endif
