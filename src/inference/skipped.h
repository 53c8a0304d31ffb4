#ifndef RB_INFERENCE_SKIPPED_H
#define RB_INFERENCE_SKIPPED_H

#include <stdint.h>

#include "rheobase/base/context.h"

/** @file skipped.h
 * Items of a purpose that are left out because their simulation is invalid. The data sets of a
 * group are the others, in ascending order, so that they are the first valid ones whoever made
 * them, and in whichever order. The same on all ranks. Local. */

typedef struct rb_skipped {
  int64_t count, room;
  int64_t *item;  ///< (count) ascending
} rb_skipped;

void rb_skipped_free(rb_skipped *skipped);

/** Adds items, in any order, but those up to the last one that is there, which are passed over. */
RB_NODISCARD rb_status rb_skipped_add(rb_context *ctx, rb_skipped *skipped, int64_t count,
                                      const int64_t *item);

/** How many are left out before an item. */
int64_t rb_skipped_before(const rb_skipped *skipped, int64_t item);

/** The item that a data set of the group is. */
int64_t rb_skipped_item(const rb_skipped *skipped, int64_t dataset);

/** Forgets those behind the first @p datasets data sets of the group. */
void rb_skipped_cut(rb_skipped *skipped, int64_t datasets);

#endif
