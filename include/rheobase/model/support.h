#ifndef RHEOBASE_SUPPORT_H
#define RHEOBASE_SUPPORT_H

#include "rheobase/model/model.h"

/** @file support.h
 * The three ways to write a model's parameters, and the maps between them; identities for a model
 * that has no maps of its own. All functions are local and work in place too.
 *
 * - `theta`: as the simulator uses them; clipped values have no density;
 * - `latent`: before clipping: the prior has an ordinary density, and losses are compared there;
 * - `phi`: any point of R^D, mapped onto the inside of the prior's support. A network that works
 *   with phi cannot leave the prior. */

/** @param latent (count, D) @param theta (count, D) */
void rb_model_from_latent(const rb_model *model, int64_t count, const double *latent,
                          double *theta);

/** @param phi (count, D) @param latent (count, D)
 * @param log_det (count) log |d latent / d phi|, so that log p(phi) = log p(latent) + log_det; may
 * be NULL */
void rb_model_from_support(const rb_model *model, int64_t count, const double *phi, double *latent,
                           double *log_det);

/** The inverse. @param log_det as above, at these points; may be NULL */
void rb_model_to_support(const rb_model *model, int64_t count, const double *latent, double *phi,
                         double *log_det);

/** Sum of the logarithms of model->scale. Added to a log density per unit of the parameters it
 * gives that per reference scale, the unit in which losses of all estimators are told. */
double rb_model_log_scale(const rb_model *model);

#endif
