#ifndef RHEOBASE_OBSERVATION_H
#define RHEOBASE_OBSERVATION_H

#include <stdint.h>

#include "rheobase/context.h"

/** @file observation.h
 * Reads recorded data: CSV (a header that names the columns, in any order; comma, semicolon or tab)
 * or HDF5 (arrays of those names). Collective: rank 0 reads, all ranks get the values. Errors name
 * file and line or array: RB_ERR_FILE, RB_ERR_FORMAT. */

/** One recorded voltage trace with its spikes. */
typedef struct rb_observation {
  int64_t length;     ///< samples
  double *time_ms;    ///< (length)
  float *voltage_mV;  ///< (length)
  float *spike;       ///< (length), 0 or 1
} rb_observation;

/** Reads the columns or arrays time_ms, voltage_mV and spike and checks that they lie on the time
 * grid: @p length samples (-1: any number), dt_ms apart. Collective. The caller calls
 * rb_observation_free, also after a failure. */
RB_NODISCARD rb_status rb_observation_read(rb_context *ctx, const char *path, int64_t length,
                                           double dt_ms, rb_observation *observation);
void rb_observation_free(rb_observation *observation);

/** Reads a trace of injected current: one column (with or without a header, or the column
 * current_pA of several), or the HDF5 array current_pA. Collective.
 * @param length samples it has to have @param current_pA (length) allocated; the caller frees it */
RB_NODISCARD rb_status rb_current_read(rb_context *ctx, const char *path, int64_t length,
                                       double **current_pA);

#endif
