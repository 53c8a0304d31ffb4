#ifndef RB_INFERENCE_ADAPTIVE_H
#define RB_INFERENCE_ADAPTIVE_H

#include "proposal.h"

/** @file adaptive.h
 * Adaptive importance sampling: a proposal is fitted to what is known of the posterior, its draws
 * are weighted, and it is refitted to these while that helps. Local. */

/** Whether importance sampling met the criteria of the settings. */
bool rb_importance_good(const rb_exact_settings *settings, const rb_importance *importance);

/** Whether weighted draws are enough to fit a proposal to: fewer would only narrow it. */
bool rb_importance_usable(int64_t count, const rb_importance *importance);

/** Adapts to weighted points. @param points with weights @param sampled receives the last round's
 * draws @param proposal they were drawn from; result->importance and ->evaluations are brought up
 * to date */
RB_NODISCARD rb_status rb_adapt_to_points(rb_context *ctx, const rb_exact_problem *problem,
                                          const rb_points *points, rb_points *sampled,
                                          rb_proposal *proposal, rb_exact_result *result);

/** Adapts to short chains, each twice as long as the one before, until the outcome is good.
 * @param walker (walkers, D) starts where it is and ends where the last chain ends */
RB_NODISCARD rb_status rb_adapt_to_chains(rb_context *ctx, const rb_exact_problem *problem,
                                          const rb_exact_settings *settings, double *walker,
                                          rb_points *sampled, rb_proposal *proposal,
                                          rb_exact_result *result);

/** Adapts a bent proposal, for ridges that are curved: to a longer chain, then in rounds of more
 * draws whose weights are tempered while few of them are effective.
 * @param walker as above @param sampled points for settings->draws times RB_BENT_DRAWS */
RB_NODISCARD rb_status rb_adapt_bent(rb_context *ctx, const rb_exact_problem *problem,
                                     const rb_exact_settings *settings, double *walker,
                                     rb_points *sampled, rb_proposal *proposal,
                                     rb_exact_result *result);

enum { RB_BENT_DRAWS = 10 };

#endif
