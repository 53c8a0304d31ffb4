#ifndef RHEOBASE_FIRST_FAILURE_H
#define RHEOBASE_FIRST_FAILURE_H

#include <stdint.h>

#include "rheobase/base/context.h"

/** @file first_failure.h
 * Items of shared work that meet a numerical error: they are left out, counted, and the first is
 * remembered for one warning. */

typedef struct rb_first_failure {
  int64_t count;  ///< failed items of this rank
  int64_t item;   ///< the first of them, if there are any
  char message[RB_MESSAGE_SIZE];
} rb_first_failure;

/** Counts a failed item, and takes the context's error for it, which is cleared. Local. */
void rb_first_failure_note(rb_context *ctx, int64_t item, rb_first_failure *mine);

/** Warns how many data sets of all ranks failed, and why the first did; then forgets them.
 * Collective. @param what the work, such as "refine" */
void rb_first_failure_warn(const rb_context *ctx, const char *what, rb_first_failure *mine);

#endif
