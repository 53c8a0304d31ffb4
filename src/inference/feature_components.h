#ifndef RB_INFERENCE_FEATURE_COMPONENTS_H
#define RB_INFERENCE_FEATURE_COMPONENTS_H

#include "rheobase/inference/standardise.h"

/** @file feature_components.h
 * Principal components of standardised features, brought nearer to one scale: each over the fourth
 * root of its variance. What varies much still counts more, but not by decades, and no two numbers
 * tell the same. */

/** Allocates for @p features features; frees what there was. Local. Fails with RB_ERR_MEMORY. */
RB_NODISCARD rb_status rb_feature_components_allocate(rb_context *ctx, int features,
                                                      rb_standardisation *standardisation);

/** Finds them in a data set whose means and deviations are known. Rank 0 computes, so that all
 * ranks have the same bits. Collective. Fails with RB_ERR_SETTING where there are no features. */
RB_NODISCARD rb_status rb_feature_components_measure(rb_context *ctx, const rb_dataset *dataset,
                                                     rb_standardisation *standardisation);

#endif
