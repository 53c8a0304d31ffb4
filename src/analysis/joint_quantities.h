#ifndef RB_ANALYSIS_JOINT_QUANTITIES_H
#define RB_ANALYSIS_JOINT_QUANTITIES_H

#include "rheobase/random/philox.h"
#include "rough_estimate.h"

/** @file joint_quantities.h
 * Test quantities of all parameters together, ranked as the parameters are (Modrák et al. 2025).
 * They depend on the data. All functions are local. */

typedef enum rb_joint {
  RB_JOINT_TARP,         ///< distance to a reference point that depends on the data (Lemos 2023)
  RB_JOINT_PROJECTION,   ///< onto the rough estimate's direction: finds a posterior that ignores
                         ///< the data
  RB_JOINT_PRODUCT,      ///< sum over pairs of products of deviations: finds wrong correlations
  RB_JOINT_LOG_DENSITY,  ///< the posterior's own, if it has one: coverage of its densest regions
  RB_JOINT_COUNT
} rb_joint;

/** Name and description; the unit is "1". */
const rb_quantity *rb_joint_quantities(void);

/** What one data set's quantities are computed with. */
typedef struct rb_joint_reference {
  double point[RB_MAX_PARAMETERS];      ///< TARP's reference point
  double direction[RB_MAX_PARAMETERS];  ///< of the projection
  double scale[RB_MAX_PARAMETERS];      ///< prior sd
} rb_joint_reference;

/** The reference of data set @p x (C, L): the rough estimate with noise of its own residual sd.
 * @param stream of (purpose, RB_RANDOM_PICKS, data set) */
void rb_joint_reference_make(const rb_rough_estimate *estimate, const rb_model *model,
                             rb_stream stream, const float *x, rb_joint_reference *reference);

/** All quantities but the log density of one parameter vector. @param theta (dim)
 * @param value (RB_JOINT_COUNT); entry RB_JOINT_LOG_DENSITY is left alone */
void rb_joint_evaluate(const rb_joint_reference *reference, int dim, const double *theta,
                       double *value);

#endif
