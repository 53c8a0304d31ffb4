#ifndef RB_APP_COLLECT_PREDICTIONS_H
#define RB_APP_COLLECT_PREDICTIONS_H

#include <stdint.h>
#include <stdio.h>

#include "rheobase/base/context.h"

/** @file collect_predictions.h
 * What several studies, of different models say, predict of recordings, side by side. Local. */

/** The line of names. */
void rb_collect_predictions_head(FILE *out);

/** Adds a line for each sweep that a study predicted; none where it has no prediction.h5.
 * @param rows of all studies so far */
RB_NODISCARD rb_status rb_collect_predictions_add(rb_context *ctx, const char *folder, FILE *out,
                                                  int64_t *rows);

#endif
