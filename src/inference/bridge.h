#ifndef RB_INFERENCE_BRIDGE_H
#define RB_INFERENCE_BRIDGE_H

#include "rheobase/inference/exact.h"

/** @file bridge.h
 * The evidence from chains, where no proposal is good enough for importance sampling: bridge
 * sampling (Meng and Wong 1996). Local. */

typedef struct rb_bridge {
  double log_evidence;     ///< log p(x); NaN if the two sets of draws do not overlap
  double log_evidence_se;  ///< its standard error (Fruehwirth-Schnatter 2004); infinite likewise
} rb_bridge;

/** The bridge itself, from log ratios log target - log proposal.
 * @param n (2) numbers of draws of the posterior and of the proposal
 * @param log_ratio their ratios, the posterior's finite; -inf among the proposal's is a target of 0
 * @param effective number of independent draws the posterior's are worth */
rb_bridge rb_bridge_of(const int64_t n[2], const double *const log_ratio[2], double effective);

/** Fits a proposal to the first half of the steps of converged chains, draws as many values from it
 * as settings->draws, and bridges to the second half.
 * @param steps of each chain @param chain (steps, walkers, D) @param log_target (steps, walkers)
 * @param evaluations of the likelihood are added */
RB_NODISCARD rb_status rb_bridge_chains(rb_context *ctx, const rb_exact_problem *problem,
                                        const rb_exact_settings *settings, int64_t steps,
                                        const double *chain, const double *log_target,
                                        rb_bridge *bridge, int64_t *evaluations);

#endif
