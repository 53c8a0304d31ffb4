#ifndef RB_ANALYSIS_REFINEMENT_INTERNAL_H
#define RB_ANALYSIS_REFINEMENT_INTERNAL_H

#include <math.h>
#include <stddef.h>

#include "rheobase/refinement.h"

/** @file refinement_internal.h
 * Columns of refined data sets. Local. */

/** The data sets in use: pick[0 .. count-1], with repetitions when resampled. */
typedef struct rb_refined_sample {
  const rb_refined *refined;
  int64_t count;
  int64_t *pick;
  double *work;  ///< room for 2 count
} rb_refined_sample;

/** Place of a member among the doubles of a row. */
#define RB_COLUMN(member) (offsetof(rb_refined, member) / sizeof(double))

static inline double rb_refined_value(const rb_refined *row, size_t column) {
  return ((const double *)row)[column];
}

/** Median of a column; NaN if an entry is, or if there is none. */
double rb_refined_median(const rb_refined_sample *sample, size_t column);

/** Mean of a column over all data sets, or over those without a clipped parameter. */
double rb_refined_mean(const rb_refined_sample *sample, size_t column, bool leave_out_clipped);

/** Fills the part of the summary that says where the network is worst. @param all every data set
 * once; its pick and work are overwritten */
void rb_refinement_find_worst(const rb_refined_sample *all, int dim,
                              rb_refinement_summary *summary);

#endif
