#ifndef RB_INFERENCE_WALKERS_H
#define RB_INFERENCE_WALKERS_H

#include "proposal.h"

/** @file walkers.h
 * MCMC with walkers. Each half of them is moved in turn by differential evolution with pairs of the
 * other half (ter Braak 2006; halves as in Foreman-Mackey et al. 2013),
 * which needs no tuning and no gradient and is invariant under affine maps. Where a proposal is at
 * hand, every third move draws from it instead, independently of where the walker is. Local. */

/** Runs @p steps steps from @p latent.
 * @param proposal of independent moves; may be NULL
 * @param use selects the random numbers
 * @param latent (walkers, D) in: start, out: end @param log_target (walkers) out: at the end
 * @param trace (steps, walkers, D), may be NULL @param trace_log_target (steps, walkers), likewise
 * @param acceptance share of accepted moves
 * Fails with RB_ERR_NUMERIC if fewer than half of the starts are possible. */
RB_NODISCARD rb_status rb_walkers_run(rb_context *ctx, const rb_exact_problem *problem,
                                      const rb_proposal *proposal, int walkers, int64_t steps,
                                      int use, double *latent, double *log_target, double *trace,
                                      double *trace_log_target, double *acceptance);

#endif
