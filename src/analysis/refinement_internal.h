#ifndef RB_ANALYSIS_REFINEMENT_INTERNAL_H
#define RB_ANALYSIS_REFINEMENT_INTERNAL_H

#include <math.h>
#include <stddef.h>

#include "rheobase/analysis/refinement.h"

/** @file refinement_internal.h
 * Columns of refined data sets. Local. */

/** The data sets in use: pick[0 .. count-1], with repetitions when resampled. */
typedef struct rb_refined_sample {
  const rb_refined *refined;
  int64_t count;
  int64_t *pick;
  double *work;  ///< room for 2 of each data set there is
} rb_refined_sample;

/** Place of a member among the doubles of a row. */
#define RB_COLUMN(member) (offsetof(rb_refined, member) / sizeof(double))

static inline double rb_refined_value(const rb_refined *row, size_t column) {
  return ((const double *)row)[column];
}

/** Makes a row that of a data set of which nothing is known: NaN. */
void rb_refined_forget(rb_refined *row);

/** Whether a row counts among those of which the exact posterior is known. */
static inline bool rb_refined_is_reliable(const rb_refined *row) { return row->reliable > 0.0; }

/** Median of the numbers of a column; NaN if there is none. */
double rb_refined_median(const rb_refined_sample *sample, size_t column);

/** Mean of the numbers of a column; NaN if there is none. */
double rb_refined_mean(const rb_refined_sample *sample, size_t column);

/** Mean of a loss over the data sets that have a valid evidence and no clipped parameter.
 * @param datasets receives how many there are; may be NULL */
double rb_refined_loss(const rb_refined_sample *sample, size_t column, double *datasets);

/** Fills the part of the summary that says where the network is worst.
 * @param all every data set once; its work is overwritten @param pick (count) room */
void rb_refinement_find_worst(const rb_refined_sample *all, int dim, int64_t *pick,
                              rb_refinement_summary *summary);

#endif
