#ifndef RB_INFERENCE_TARGET_H
#define RB_INFERENCE_TARGET_H

#include "rheobase/exact.h"

/** @file target.h
 * The unnormalised posterior of one observation in latent coordinates. Local. */

/** log p(x, latent) = log likelihood of the clipped value + log prior of the latent one.
 * @param latent (count, D) @param log_target (count): -inf where the model cannot be, never NaN */
RB_NODISCARD rb_status rb_target_evaluate(rb_context *ctx, const rb_exact_problem *problem,
                                          int64_t count, const double *latent, double *log_target);

/** A stream of the problem. */
rb_stream rb_target_stream(const rb_exact_problem *problem, rb_random_kind kind, int use);

#endif
