#ifndef RHEOBASE_COLLECTION_H
#define RHEOBASE_COLLECTION_H

#include <stdint.h>

#include "rheobase/context.h"

/** @file collection.h
 * A picture of the diagnostics of many studies. */

/** One parameter of one study. */
typedef struct rb_collection_row {
  int64_t study;       ///< 0, 1, ...
  char parameter[64];  ///< its name
  double r, contraction, calibration_error;
} rb_collection_row;

/** Writes collection.gp and draws collection.png: a panel per diagnostic, a strip per parameter, a
 * point per study. Where gnuplot is missing or fails, a warning says so and the script stays.
 * Local. Fails with RB_ERR_FILE. @param row (count) */
RB_NODISCARD rb_status rb_collection_draw(rb_context *ctx, const char *folder, int64_t count,
                                          const rb_collection_row *row);

#endif
