#ifndef RHEOBASE_PROGRESS_H
#define RHEOBASE_PROGRESS_H

#include <stdint.h>

#include "rheobase/base/context.h"

/** @file progress.h
 * Progress of long work, printed by rank 0: a bar with rate and time left on a terminal, a plain
 * line every ten seconds elsewhere. All functions are local; they may be called on every rank. */

typedef struct rb_progress {
  const rb_context *ctx;
  const char *stage;  ///< what is being done, e.g. "simulate"
  const char *unit;   ///< what is counted, e.g. "data sets"
  int64_t total;
  int64_t start;  ///< where this run began (not 0 after a resume)
  double began_s, printed_s;
} rb_progress;

/** Begins a bar of @p total units, of which @p done were finished earlier. */
rb_progress rb_progress_begin(const rb_context *ctx, const char *stage, const char *unit,
                              int64_t total, int64_t done);

/** Shows that @p done units are finished; @p note (may be NULL) is added, e.g. the loss. */
void rb_progress_update(rb_progress *progress, int64_t done, const char *note);

/** Ends the bar with a line that tells the time it took. */
void rb_progress_end(rb_progress *progress, const char *note);

#endif
