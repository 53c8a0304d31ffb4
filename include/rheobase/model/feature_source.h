#ifndef RHEOBASE_FEATURE_SOURCE_H
#define RHEOBASE_FEATURE_SOURCE_H

#include "rheobase/model/channel_scales.h"

/** @file feature_source.h
 * Where the features of a data set come from that a network starts from, as a table: each type of
 * summary network (summary_type.h) names one row or none. All functions are local. */

enum { RB_FEATURE_NAME = 64 };

typedef struct rb_feature_source {
  const char *what;  ///< "features of its own": what a model without any is told to lack

  /** Gives the model what compute needs, where that is more than a simulator has. NULL: nothing. */
  rb_status (*prepare)(rb_context *ctx, rb_model *model);

  /** What compute brings channels to scale by, owned by the model; to be set before. They are
   * measured on simulations that a network trains on, and kept with it. NULL: nothing. */
  rb_channel_scales *(*scales)(const rb_model *model);

  /** Number of features, at most RB_MAX_FEATURES; 0: the model offers none. */
  int (*count)(const rb_model *model);
  /** @param text (RB_FEATURE_NAME) the name of feature @p f */
  void (*name)(const rb_model *model, int f, char *text);
  /** @param x (count, C, L) @param out (count, features), finite
   * @param centring (count, centring); not used without centred coordinates */
  rb_status (*compute)(const rb_model *model, rb_context *ctx, int64_t count, const float *x,
                       float *out, double *centring);

  double least_deviation;  ///< a feature that varies less does so by rounding, or in few data sets

  /** Coordinates centred on what the features tell, as rb_features has them (model.h); NULL, all
   * three, for features that tell none. centring may be 0 for a model that has none. @{ */
  int (*centring)(const rb_model *model);
  void (*centre)(const rb_model *model, const double *centring, int64_t count, const double *latent,
                 double *psi, double *log_det);
  void (*uncentre)(const rb_model *model, const double *centring, int64_t count, const double *psi,
                   double *latent, double *log_det);
  /** @} */
} rb_feature_source;

/** Features of the model (rb_features). */
extern const rb_feature_source rb_model_features;
/** The data themselves, number by number. */
extern const rb_feature_source rb_data_features;

/** Statistics that know no model (statistics.h). */
extern const rb_feature_source rb_statistics_features;

#endif
