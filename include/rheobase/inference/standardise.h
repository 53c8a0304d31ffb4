#ifndef RHEOBASE_STANDARDISE_H
#define RHEOBASE_STANDARDISE_H

#include "rheobase/base/real.h"
#include "rheobase/inference/dataset.h"

/** @file standardise.h
 * What brings parameters, channels and features to the scale the network sees: means and standard
 * deviations (denominator n; a deviation of 0 counts as 1, a feature's below a least one as that),
 * or for data of other kinds something else. */

enum { RB_MAX_SCALES = RB_MAX_CHANNELS + RB_MAX_FEATURES };

/** How channels and features are brought to a scale. */
typedef enum rb_scaling {
  RB_SCALES_MOMENTS,    ///< by mean and standard deviation
  RB_SCALES_QUARTILES,  ///< by the median and the distance of the quartiles, as a normal
                        ///< distribution's sd has it, for heavy tails; by the standard deviation
                        ///< where that is 0
  RB_SCALES_LOG,        ///< by mean and standard deviation of the logarithms
  RB_SCALES_COMPONENTS  ///< by mean and standard deviation; then features by their principal
                        ///< components, each over the fourth root of its variance + 0.001
} rb_scaling;

typedef struct rb_standardisation {
  double theta_mean[RB_MAX_PARAMETERS], theta_std[RB_MAX_PARAMETERS];
  double x_mean[RB_MAX_SCALES], x_std[RB_MAX_SCALES];  ///< channels, then features
  rb_scaling scaling;                                  ///< what these two are
  rb_real *component;  ///< (F, F) a column for each component of the features; owned; else NULL
  rb_real *clipped;    ///< memory for it
} rb_standardisation;

/** Frees what it owns. Local. */
void rb_standardisation_destroy(rb_standardisation *standardisation);

/** A copy that owns what is its own. Local. Fails with RB_ERR_MEMORY. */
RB_NODISCARD rb_status rb_standardisation_copy(rb_context *ctx, int features,
                                               const rb_standardisation *from,
                                               rb_standardisation *to);

/** Measures a data set, the same bits on any number of ranks. Collective. Fails with RB_ERR_SETTING
 * where a number without a logarithm would need one, or where components are wanted and there are
 * no features. The caller frees it with rb_standardisation_destroy, also after a failure.
 * @param target (N, D) what the network infers: dataset->theta, or another coordinate of it
 * @param least_feature a feature that varies less counts as varying that much */
RB_NODISCARD rb_status rb_standardise_measure(rb_context *ctx, const rb_dataset *dataset,
                                              const double *target, rb_scaling scaling,
                                              double least_feature,
                                              rb_standardisation *standardisation);

/** Standardised parameters. Local. @param theta (n, D) @param out (n, D) */
void rb_standardise_theta(const rb_standardisation *standardisation, int D, int64_t n,
                          const double *theta, rb_real *out);

/** Standardised row with channels side by side, as the network takes it but for
 * rb_standardise_finish. Local.
 * @param x of one data set: (C, L), then the features @param out (L, C), then the features */
void rb_standardise_x(const rb_standardisation *standardisation, rb_shape shape, const float *x,
                      rb_real *out);

/** Puts components in place of the features of standardised rows, where they are wanted. The same
 * bits for the same number of rows. Local. @param x (rows, row) */
void rb_standardise_finish(const rb_standardisation *standardisation, rb_shape shape, int64_t rows,
                           rb_real *x);

#endif
