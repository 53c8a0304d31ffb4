#ifndef RHEOBASE_ESTIMATOR_H
#define RHEOBASE_ESTIMATOR_H

#include <stdbool.h>
#include <stdint.h>

#include "rheobase/base/context.h"
#include "rheobase/base/real.h"
#include "rheobase/base/shape.h"
#include "rheobase/network/density_type.h"
#include "rheobase/network/parameters.h"
#include "rheobase/network/summary_type.h"
#include "rheobase/random/philox.h"

/** @file estimator.h
 * The neural posterior estimator: summary network h(x) and density q(theta | h), with
 * gradients. Inputs are standardised by the caller. All functions are local unless they say so, and
 * do the same arithmetic for the same batch size: callers pad to a fixed batch for equal bits. */

/** Weights and workspaces of one network; opaque. */
typedef struct rb_estimator rb_estimator;

/** Builds the network for x (B, row): the series, (T, C), then the features; and theta (B, D), with
 * workspaces for batches of up to @p max_batch samples (gradients and inference). Weights are zero
 * until initialised or loaded. Fails with RB_ERR_SETTING (sentence names the setting) or
 * RB_ERR_MEMORY. @param shape has what settings->summary.type takes */
RB_NODISCARD rb_status rb_estimator_create(rb_context *ctx, const rb_network_settings *settings,
                                           rb_shape shape, int D, int max_batch,
                                           rb_estimator **estimator);
/** Frees it; NULL is allowed. */
void rb_estimator_destroy(rb_estimator *estimator);

/** Random initial weights and permutations from the study's seed. @p member: of the ensemble. */
RB_NODISCARD rb_status rb_estimator_initialise(rb_context *ctx, rb_estimator *estimator,
                                               uint64_t seed, uint16_t member);

/** All weights as one flat buffer with named views; owned by the estimator, writable. After writing
 * weights through it, call rb_estimator_weights_changed. */
rb_parameters *rb_estimator_parameters(rb_estimator *estimator);
/** To be called after weights were written. */
void rb_estimator_weights_changed(rb_estimator *estimator);

/** Fixed permutations of the density, (depth, D), owned by the estimator, writable (loading); NULL,
 * and @p depth 0, where it has none. */
int32_t *rb_estimator_permutations(rb_estimator *estimator, int *depth);

/** @name Sizes of the network
 * @{ */
const rb_summary_type *rb_estimator_summary_type(const rb_estimator *estimator);
int rb_estimator_dim(const rb_estimator *estimator);          ///< D
rb_shape rb_estimator_shape(const rb_estimator *estimator);   ///< of x
int rb_estimator_summary_dim(const rb_estimator *estimator);  ///< summary statistics
/** @} */

/** Floating-point operations of the matrix products of one forward pass, per sample. */
double rb_estimator_flops(const rb_estimator *estimator);

/** Parts of the network whose time is taken. */
typedef enum rb_network_part {
  RB_PART_CONV,  ///< convolutions, activations and norms, or the MLP, forward and backward
  RB_PART_RECURRENT_FORWARD,
  RB_PART_RECURRENT_BACKWARD,
  RB_PART_DENSITY,  ///< the density, forward and backward, masks included
  RB_NETWORK_PARTS
} rb_network_part;

/** Seconds rb_estimator_gradient has spent in each part so far, (RB_NETWORK_PARTS). */
const double *rb_estimator_seconds(const rb_estimator *estimator);

/** Loss and gradient of a micro-batch.
 * @param x (B, row) @param theta (B, D) @param weight (B) factor of each sample's -log q in the
 * objective (0 for padding, 1/batch else)
 * @param gradient (number of weights) is overwritten with d sum_b weight_b (-log q_b) / d weights
 * @param dropout NULL where none is wanted (evaluation)
 * @param loss (B) -log q of each sample in standardised space */
RB_NODISCARD rb_status rb_estimator_gradient(rb_context *ctx, rb_estimator *estimator, int B,
                                             const rb_real *x, const rb_real *theta,
                                             const rb_real *weight,
                                             const rb_dropout_source *dropout, rb_real *gradient,
                                             rb_real *loss);

/** Summaries without dropout. @param x (B, row) @param summary (B, summary_dim) */
void rb_estimator_summarise(rb_estimator *estimator, int B, const rb_real *x, rb_real *summary);

/** log q(theta | summary), standardised space, no dropout.
 * @param theta (B, D) @param summary (B, summary_dim) @param z (B, D) base variables of a
 * coupling flow; NULL if not wanted, and for another density
 * @param log_density (B) */
void rb_estimator_log_density(rb_estimator *estimator, int B, const rb_real *theta,
                              const rb_real *summary, rb_real *z, rb_real *log_density);

/** Draws of the density from standard normal numbers, S per data set.
 * @param summary (B, summary_dim) @param z (B, S, D) @param theta (B, S, D)
 * @param log_density (B, S) of the draws, as rb_estimator_log_density gives it; may be NULL */
void rb_estimator_sample(rb_estimator *estimator, int B, int64_t S, const rb_real *summary,
                         const rb_real *z, rb_real *theta, rb_real *log_density);

#endif
