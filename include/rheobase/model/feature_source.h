#ifndef RHEOBASE_FEATURE_SOURCE_H
#define RHEOBASE_FEATURE_SOURCE_H

#include "rheobase/model/channel_scales.h"

/** @file feature_source.h
 * Where the features of a data set come from that a network starts from, as a table: each type of
 * summary network (summary_type.h) names one row or none. All functions are local. */

enum { RB_FEATURE_NAME = 64, RB_MAX_BLOCKS = 32 };

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
  /** The block of feature @p f, such as "since": what is computed in one way and tells one kind of
   * thing, at most RB_MAX_BLOCKS of them. NULL: a feature of none; the function: a source of none,
   * as one with centred coordinates has to be. */
  const char *(*block)(const rb_model *model, int f);
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

/** The blocks of a source's features, in the order in which they begin. */
typedef struct rb_feature_blocks {
  int count;                        ///< 0: the source names none
  const char *name[RB_MAX_BLOCKS];  ///< (count) not owned
  int64_t features[RB_MAX_BLOCKS];  ///< (count) in each
  int16_t of[RB_MAX_FEATURES];      ///< the block of each feature; -1: none
} rb_feature_blocks;

/** Finds them. @param source may be NULL: none */
void rb_feature_blocks_find(const rb_feature_source *source, const rb_model *model,
                            rb_feature_blocks *blocks);

/** Features of the model (rb_features). */
extern const rb_feature_source rb_model_features;
/** The data themselves, number by number. */
extern const rb_feature_source rb_data_features;

/** Statistics that know no model (statistics.h). */
extern const rb_feature_source rb_statistics_features;

#endif
