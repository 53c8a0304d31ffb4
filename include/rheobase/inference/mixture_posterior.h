#ifndef RHEOBASE_MIXTURE_POSTERIOR_H
#define RHEOBASE_MIXTURE_POSTERIOR_H

#include "rheobase/inference/posterior.h"

/** @file mixture_posterior.h
 * An ensemble of posteriors as one: the mixture of its members with equal weights. */

/** Fills @p posterior, whose name is "mixture". Local; the caller calls posterior->destroy.
 *
 * Each draw comes from a member picked at random. (Equal numbers of draws from all members would
 * spread them too evenly: a truth could be told from the draws, and its ranks would not be
 * uniform.) The log density is log of the mean of the members' densities; there is one if all
 * members have one.
 * @param member (count) of one model and in one form (posterior->latent); borrowed */
RB_NODISCARD rb_status rb_mixture_posterior_create(rb_context *ctx, int count, rb_posterior *member,
                                                   rb_posterior *posterior);

#endif
