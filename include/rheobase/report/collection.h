#ifndef RHEOBASE_COLLECTION_H
#define RHEOBASE_COLLECTION_H

#include <stdint.h>

#include "rheobase/io/hdf5_file.h"

/** @file collection.h
 * The diagnostics of many studies, side by side. */

/** Opens the calibration of a study, unless it was made from another network than the study's.
 * Local. The caller closes *file and frees *remark, also after a failure. Fails with RB_ERR_FILE
 * (not there), RB_ERR_STUDY (it belongs to another network) or RB_ERR_FORMAT (damaged).
 * @param remark why its numbers are to be read with care; NULL: all well */
RB_NODISCARD rb_status rb_collection_open(rb_context *ctx, const char *folder, rb_file **file,
                                          char **remark);

/** Opens what a study predicts of recordings and its exact posterior, each unless it is missing or
 * was made from others of the study's files than are there: then NULL. Local. The caller closes
 * both and frees *remark, also after a failure; all are NULL before the call. Fails with
 * RB_ERR_FORMAT (damaged). @param remark why the predictions are left out; NULL: all well */
RB_NODISCARD rb_status rb_collection_open_predictions(rb_context *ctx, const char *folder,
                                                      rb_file **prediction, rb_file **exact,
                                                      char **remark);

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
