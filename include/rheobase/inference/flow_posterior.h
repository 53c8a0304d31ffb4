#ifndef RHEOBASE_FLOW_POSTERIOR_H
#define RHEOBASE_FLOW_POSTERIOR_H

#include "rheobase/inference/posterior.h"
#include "rheobase/inference/standardise.h"
#include "rheobase/inference/view.h"
#include "rheobase/network/estimator.h"

/** @file flow_posterior.h
 * A trained network as a posterior (posterior.h). Data sets are summarised in batches of a fixed
 * size, and all draws of a batch go through the flow together. */

/** Fills @p posterior, whose name is "network". Local; the caller calls posterior->destroy.
 * @param coordinates the network works with: but for raw ones, draws and densities are of latent
 * values (posterior->latent)
 * @param estimator with its final weights; borrowed, and used with batches of up to @p batch
 * @param member of an ensemble: selects the random numbers of the draws */
RB_NODISCARD rb_status rb_flow_posterior_create(rb_context *ctx, const rb_model *model,
                                                rb_coordinates coordinates, rb_estimator *estimator,
                                                const rb_standardisation *standardisation,
                                                int batch, uint16_t member,
                                                rb_posterior *posterior);

/** Number of summaries: the features if the network takes any, else learned ones. Local. @param
 * posterior made by rb_flow_posterior_create */
int rb_flow_posterior_summary_dim(const rb_posterior *posterior);

/** These summaries of data sets; features standardised. Local. @param posterior an rb_posterior
 * made by rb_flow_posterior_create @param x (count, C, L) @param summary (count, summary_dim) */
RB_NODISCARD rb_status rb_flow_posterior_summarise(void *posterior, rb_context *ctx, int64_t count,
                                                   const float *x, double *summary);

/** The blocks of the features that the network takes. Local. @param posterior made by
 * rb_flow_posterior_create */
void rb_flow_posterior_blocks(const rb_posterior *posterior, rb_feature_blocks *blocks);

/** What the network says of data sets with all features, and with those of one block after the
 * other at 0 after standardisation, before their principal components: as if they said nothing.
 * Features are computed once; draws are those of posterior->sample, of the same normal numbers
 * whatever is hidden. Local. Fails as posterior->sample does.
 * @param posterior made by rb_flow_posterior_create
 * @param first index of the first data set within its purpose
 * @param x (count, C, L) @param blocks B of them, as rb_flow_posterior_blocks gives them
 * @param draws S @param truth (count, D) as posterior->log_density takes it
 * @param theta (1 + B, count, S, D) draws: with all features, then without each block
 * @param log_truth (1 + B, count) log density of the truth, likewise */
RB_NODISCARD rb_status rb_flow_posterior_without(rb_posterior *posterior, rb_context *ctx,
                                                 uint64_t seed, rb_purpose purpose, int64_t first,
                                                 int64_t count, const float *x,
                                                 const rb_feature_blocks *blocks, int64_t draws,
                                                 const double *truth, float *theta,
                                                 double *log_truth);

#endif
