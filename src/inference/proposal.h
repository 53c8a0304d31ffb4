#ifndef RB_INFERENCE_PROPOSAL_H
#define RB_INFERENCE_PROPOSAL_H

#include "bend.h"
#include "points.h"
#include "t_mixture.h"

/** @file proposal.h
 * A density like the posterior's that can be drawn from: a mixture of Student-t distributions, in
 * the coordinates themselves or in straightened ones. Local. */

typedef struct rb_proposal {
  rb_bend bend;
  rb_t_mixture mixture;  ///< of the straightened coordinates
} rb_proposal;

/** Fits to weighted values. @param bent whether coordinates are straightened
 * @param latent (count, D) @param weight (count), sum 1
 * Fails with RB_ERR_NUMERIC if the values span less than D dimensions. */
RB_NODISCARD rb_status rb_proposal_fit(rb_context *ctx, const rb_model *model, bool bent,
                                       int64_t count, const double *latent, const double *weight,
                                       rb_proposal *proposal);

/** One draw from @p uniform (2) and @p normal (D) random numbers. @param latent (D) */
void rb_proposal_draw_one(const rb_proposal *proposal, const double uniform[2],
                          const double *normal, double *latent);

/** @param latent (count, D) @param log_density (count) */
void rb_proposal_log_density(const rb_proposal *proposal, int64_t count, const double *latent,
                             double *log_density);

/** Fills points with draws of the proposal, their target and log ratios. @param use selects the
 * random numbers */
RB_NODISCARD rb_status rb_proposal_draw(rb_context *ctx, const rb_exact_problem *problem, int use,
                                        const rb_proposal *proposal, rb_points *points);

/** Fills the log ratios of points whose target is known. */
RB_NODISCARD rb_status rb_proposal_ratios(rb_context *ctx, const rb_proposal *proposal,
                                          rb_points *points);

#endif
