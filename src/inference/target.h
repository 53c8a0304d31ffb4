#ifndef RB_INFERENCE_TARGET_H
#define RB_INFERENCE_TARGET_H

#include "rheobase/inference/exact.h"

/** @file target.h
 * The unnormalised posterior of one observation in latent coordinates. Local. */

/** log p(x, latent) = log likelihood of the clipped value + log prior of the latent one.
 * @param latent (count, D) @param log_target (count): -inf where the model cannot be, never NaN
 * Fails with RB_STOPPED if this rank is asked to stop. */
RB_NODISCARD rb_status rb_target_evaluate(rb_context *ctx, const rb_exact_problem *problem,
                                          int64_t count, const double *latent, double *log_target);

/** What random numbers are used for, within a problem. */
enum { RB_ADAPTIVE_CHAINS = 3, RB_ADAPTIVE_ROUNDS = 8, RB_BENT_ROUNDS = 24, RB_CHAIN_BLOCKS = 8 };
enum {
  RB_USE_SHORT,                                     ///< chains a proposal is fitted to
  RB_USE_LONG = RB_USE_SHORT + RB_ADAPTIVE_CHAINS,  ///< blocks of MCMC
  RB_USE_RESAMPLE = RB_USE_LONG + RB_CHAIN_BLOCKS,
  RB_USE_CORRECT,
  RB_USE_START,
  RB_USE_PROPOSAL,  ///< rounds of importance sampling
  RB_USE_BRIDGE = RB_USE_PROPOSAL + (1 + RB_ADAPTIVE_CHAINS) * RB_ADAPTIVE_ROUNDS,
  RB_USE_BENT_CHAIN,
  RB_USE_BENT  ///< rounds of importance sampling
};

/** A stream of the problem. */
rb_stream rb_target_stream(const rb_exact_problem *problem, rb_random_kind kind, int use);

#endif
