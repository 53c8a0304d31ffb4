#ifndef RB_INFERENCE_ODDITIES_H
#define RB_INFERENCE_ODDITIES_H

#include "rheobase/io/hdf5_file.h"
#include "rheobase/model/model.h"
#include "skipped.h"

/** @file oddities.h
 * What is out of the ordinary in simulated data sets, counted. */

/** The data sets of a group: the first that are not left out. */
typedef struct rb_group_of_items {
  const char *name;
  const rb_model *model;
  uint64_t seed;
  rb_purpose purpose;
  int64_t count;
  const rb_skipped *skipped;
} rb_group_of_items;

/** Counts which data sets of a group are out of the ordinary, split over the ranks, writes
 * `oddity_count` to the group and tells the counts in a line. Nothing where the model does not look
 * for such. Collective. */
RB_NODISCARD rb_status rb_oddities_write(rb_context *ctx, rb_file *file,
                                         const rb_group_of_items *group);

#endif
