#ifndef RB_INFERENCE_ADAPTIVE_H
#define RB_INFERENCE_ADAPTIVE_H

#include "points.h"
#include "t_mixture.h"

/** @file adaptive.h
 * Adaptive importance sampling: a mixture of Student-t distributions is fitted to what is known of
 * the posterior, its draws are weighted, and it is refitted to these while that helps. Local. */

/** Whether importance sampling met the criteria of the settings. */
bool rb_importance_good(const rb_exact_settings *settings, const rb_importance *importance);

/** Whether weighted draws are enough to fit a proposal to: fewer would only narrow it. */
bool rb_importance_usable(int64_t count, const rb_importance *importance);

/** Fits the proposal to weighted values. @param latent (count, dim) @param weight (count), sum 1
 * Fails with RB_ERR_NUMERIC if the values span less than dim dimensions. */
RB_NODISCARD rb_status rb_proposal_fit(rb_context *ctx, int dim, int64_t count,
                                       const double *latent, const double *weight,
                                       rb_t_mixture *mixture);

/** Fills points with draws of the proposal, their target and log ratios. @param use selects the
 * random numbers */
RB_NODISCARD rb_status rb_proposal_draw(rb_context *ctx, const rb_exact_problem *problem, int use,
                                        const rb_t_mixture *mixture, rb_points *points);

/** Fills the log ratios of points whose target is known. */
RB_NODISCARD rb_status rb_proposal_ratios(rb_context *ctx, const rb_t_mixture *mixture,
                                          rb_points *points);

/** Adapts to weighted points. @param points with weights @param sampled receives the last round's
 * draws @param mixture the proposal they were drawn from; result->importance and ->evaluations are
 * brought up to date */
RB_NODISCARD rb_status rb_adapt_to_points(rb_context *ctx, const rb_exact_problem *problem,
                                          const rb_exact_settings *settings,
                                          const rb_points *points, rb_points *sampled,
                                          rb_t_mixture *mixture, rb_exact_result *result);

/** Adapts to short chains, each twice as long as the one before, until the outcome is good.
 * @param walker (walkers, D) starts where it is and ends where the last chain ends */
RB_NODISCARD rb_status rb_adapt_to_chains(rb_context *ctx, const rb_exact_problem *problem,
                                          const rb_exact_settings *settings, double *walker,
                                          rb_points *sampled, rb_t_mixture *mixture,
                                          rb_exact_result *result);

#endif
