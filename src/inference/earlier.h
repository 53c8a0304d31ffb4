#ifndef RB_INFERENCE_EARLIER_H
#define RB_INFERENCE_EARLIER_H

#include "rheobase/inference/simulations.h"
#include "rheobase/parallel/partition.h"
#include "simulation_fields.h"
#include "skipped.h"

/** @file earlier.h
 * Data sets of a group that are there already: in files each of which goes on where those before it
 * end, or earlier. Local. */

/** What one file has. */
typedef struct rb_earlier_piece {
  const rb_file *file;
  rb_range range;  ///< data sets of the group
} rb_earlier_piece;

typedef struct rb_earlier {
  int pieces;
  rb_earlier_piece piece[RB_EARLIER_FILES];
  int64_t count;  ///< data sets 0 .. count-1 are there
} rb_earlier;

/** Attribute of a group whose first data set is not the first of all: its number. */
#define RB_EARLIER_FIRST "first"

/** Looks for a group in files. @param file (RB_EARLIER_FILES) NULL where there is none
 * @param skipped what was left out is added */
RB_NODISCARD rb_status rb_earlier_find(rb_context *ctx, rb_file *const *file, const char *group,
                                       const rb_simulation_fields *fields, rb_earlier *earlier,
                                       rb_skipped *skipped);

/** Reads data sets, all of which are there. @param theta,latent (count, D) @param x (count, C, L)
 * @param values (count, L) scratch */
RB_NODISCARD rb_status rb_earlier_read(rb_context *ctx, const rb_earlier *earlier,
                                       const rb_model *model, const rb_simulation_fields *fields,
                                       rb_range range, double *theta, double *latent, float *x,
                                       float *values);

#endif
