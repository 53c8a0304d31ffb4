#ifndef RHEOBASE_VIEW_H
#define RHEOBASE_VIEW_H

#include "rheobase/inference/dataset.h"
#include "rheobase/network/estimator.h"

/** @file view.h
 * What a network sees of a model: the observation, features of it (feature_source.h) or both, and
 * the parameters in coordinates of its own. All functions are local but where they say so. */

/** How the network has the parameters. */
typedef enum rb_coordinates {
  RB_COORDINATES_RAW,       ///< as the simulator uses them
  RB_COORDINATES_SUPPORT,   ///< support coordinates of the latent values (support.h)
  RB_COORDINATES_CENTRED,   ///< centred on what the features tell (feature_source.h)
  RB_COORDINATES_PROBIT,    ///< as support coordinates, but with probits (prior.h)
  RB_COORDINATES_STRAIGHT,  ///< as these, but straight inside an interval (prior.h)
  RB_COORDINATES_LOG,       ///< logarithms of positive latent values, others as they are (prior.h)
  RB_COORDINATES_COUNT
} rb_coordinates;

typedef struct rb_view {
  const rb_model *model;           ///< not owned
  const rb_summary_type *summary;  ///< says what is taken; not owned
  rb_coordinates coordinates;
} rb_view;

/** Fails with RB_ERR_SETTING where the model lacks what the view needs. */
RB_NODISCARD rb_status rb_view_check(rb_context *ctx, const rb_view *view);

rb_shape rb_view_shape(const rb_view *view);  ///< the observation, features or both
int rb_view_centring(const rb_view *view);    ///< numbers that centre a data set; 0: none
bool rb_view_latent(const rb_view *view);     ///< parameters are latent values

/** Computes what the network sees of each data set. @param x (count, C, L) @param seen (count, row)
 * of the view's shape @param centring (count, rb_view_centring) */
RB_NODISCARD rb_status rb_view_observe(const rb_view *view, rb_context *ctx, int64_t count,
                                       const float *x, float *seen, double *centring);

/** Coordinates of parameters of one data set; works in place. @param centring of the data set
 * @param values (count, D) latent values, or raw ones @param phi (count, D)
 * @param log_det (count) log |d values / d phi|; may be NULL */
void rb_view_to(const rb_view *view, const double *centring, int64_t count, const double *values,
                double *phi, double *log_det);

/** The inverse; works in place. */
void rb_view_from(const rb_view *view, const double *centring, int64_t count, const double *phi,
                  double *values, double *log_det);

/** Coordinates of the true parameters of one data set; works in place.
 * @param centring of the data set @param theta (D) @param latent (D) @param phi (D)
 * @return log |d latent / d phi|, 0 for raw coordinates; NaN where a parameter was clipped: there
 * is no density, and losses leave the data set out */
double rb_view_truth(const rb_view *view, const double *centring, const double *theta,
                     const double *latent, double *phi);

/** Fills rows @p first .. first + from->count - 1 of @p seen, allocated with the view's shape, with
 * what the network sees of the data sets of @p from, as they were simulated: their coordinates in
 * theta, log_det and x. The ranks of a node share the work; the caller calls rb_dataset_fence after
 * it. */
RB_NODISCARD rb_status rb_dataset_see(rb_context *ctx, const rb_view *view, const rb_dataset *from,
                                      int64_t first, rb_dataset *seen);

#endif
