#ifndef RB_MODEL_PRIOR_INTERNAL_H
#define RB_MODEL_PRIOR_INTERNAL_H

#include "expression.h"
#include "rheobase/model/prior.h"
#include "rheobase/random/family.h"

/** @file prior_internal.h
 * The compiled table. */

/** A number of a row: a constant where there is no expression. */
typedef struct rb_prior_number {
  double constant;
  rb_expression *expression;
} rb_prior_number;

/** A compiled row. */
typedef struct rb_prior_compiled {
  const rb_family *family;  ///< NULL: fixed
  rb_prior_number argument[RB_FAMILY_ARGUMENTS];
  rb_prior_number low, high;            ///< infinite where there is no bound
  rb_prior_number clip_low, clip_high;  ///< infinite where nothing is clipped
  rb_prior_number fixed;
} rb_prior_compiled;

/** Where a row's values end; infinite where they do not. */
typedef struct rb_prior_bounds {
  double low, high;
} rb_prior_bounds;

struct rb_prior {
  int rows, dim;
  rb_prior_row text[RB_PRIOR_ROWS];
  rb_prior_compiled row[RB_PRIOR_ROWS];
  double *value;             ///< (rows) of the parameters, to which expressions refer; scratch
  int order[RB_PRIOR_ROWS];  ///< rows, parents before children
  int free[RB_PRIOR_ROWS];   ///< (D) rows that are inferred
  int place[RB_PRIOR_ROWS];  ///< (rows) index among the D, or -1
  rb_quantity parameters[RB_PRIOR_ROWS];  ///< (D)
  rb_quantity all[RB_PRIOR_ROWS];         ///< (rows)
  double sd[RB_PRIOR_ROWS];
  rb_prior_bounds median[RB_PRIOR_ROWS];  ///< (rows) with all parameters at their medians
};

/** The distribution of a row for the values of now. */
typedef struct rb_prior_distribution {
  double a[RB_FAMILY_ARGUMENTS];
  double low, high;
} rb_prior_distribution;

double rb_prior_number_value(const rb_prior_number *number);

/** Sets @p distribution to that of row r, for the values of now. @return whether it is one: finite
 * arguments, a low bound below the high one */
bool rb_prior_distribution_of(const rb_prior *prior, int r, rb_prior_distribution *distribution);

/** The row's value once clipped. */
double rb_prior_clipped(const rb_prior *prior, int r, double latent);

/** Draws one item from the uniform numbers @p u (rows) into prior->value and @p latent (D). Fails
 * with @p code. */
rb_status rb_prior_draw_one(rb_context *ctx, const rb_prior *prior, const double *u, rb_status code,
                            double *latent);

#endif
