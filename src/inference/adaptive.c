#include "adaptive.h"

#include <stdlib.h>

#include "rheobase/base/memory.h"
#include "target.h"
#include "walkers.h"

enum { COMPONENTS = 2, LEAST_EFFECTIVE = 50 };
static const double PROPOSAL_DOF = 8.0;

bool rb_importance_good(const rb_exact_settings *settings, const rb_importance *importance) {
  return importance->efficiency >= settings->least_efficiency &&
         importance->khat <= settings->largest_khat;
}

bool rb_importance_usable(int64_t count, const rb_importance *importance) {
  return importance->efficiency * (double)count >= LEAST_EFFECTIVE;
}

rb_status rb_proposal_fit(rb_context *ctx, int dim, int64_t count, const double *latent,
                          const double *weight, rb_t_mixture *mixture) {
  return rb_t_mixture_fit(ctx, dim, COMPONENTS, PROPOSAL_DOF, count, latent, weight, mixture);
}

rb_status rb_proposal_ratios(rb_context *ctx, const rb_t_mixture *mixture, rb_points *p) {
  rb_status status = RB_OK;
  double *log_density = NULL;
  RB_TRY(RB_ALLOCATE(ctx, log_density, p->count));
  rb_t_mixture_log_density(mixture, p->count, p->latent, log_density);
  for (int64_t i = 0; i < p->count; ++i) p->log_ratio[i] = p->log_target[i] - log_density[i];
cleanup:
  free(log_density);
  return status;
}

rb_status rb_proposal_draw(rb_context *ctx, const rb_exact_problem *problem, int use,
                           const rb_t_mixture *mixture, rb_points *p) {
  rb_status status = RB_OK;
  rb_t_mixture_sample(mixture, rb_target_stream(problem, RB_RANDOM_PICKS, use),
                      rb_target_stream(problem, RB_RANDOM_POSTERIOR_DRAWS, use), p->count,
                      p->latent);
  RB_TRY(rb_target_evaluate(ctx, problem, p->count, p->latent, p->log_target));
  RB_TRY(rb_proposal_ratios(ctx, mixture, p));
cleanup:
  return status;
}

/* Weights the mixture's draws, and refits it to them while that helps. @param attempt selects the
 * random numbers */
static rb_status improve(rb_context *ctx, const rb_exact_problem *problem,
                         const rb_exact_settings *settings, int attempt, rb_points *p,
                         rb_t_mixture *mixture, rb_exact_result *result) {
  rb_status status = RB_OK;
  for (int round = 0; round < RB_ADAPTIVE_ROUNDS; ++round) {
    const int use = RB_USE_PROPOSAL + attempt * RB_ADAPTIVE_ROUNDS + round;
    RB_TRY(rb_proposal_draw(ctx, problem, use, mixture, p));
    result->evaluations += p->count;
    RB_TRY(rb_importance_weights(ctx, p->count, p->log_ratio, p->weight, &result->importance));
    if (rb_importance_good(settings, &result->importance) && round > 0) break;
    if (!rb_importance_usable(p->count, &result->importance) || round == RB_ADAPTIVE_ROUNDS - 1) {
      break;
    }
    RB_TRY(rb_proposal_fit(ctx, problem->model->dim, p->count, p->latent, p->weight, mixture));
  }
cleanup:
  return status;
}

rb_status rb_adapt_to_points(rb_context *ctx, const rb_exact_problem *problem,
                             const rb_exact_settings *settings, const rb_points *points,
                             rb_points *sampled, rb_t_mixture *mixture, rb_exact_result *result) {
  rb_status status = RB_OK;
  RB_TRY(rb_proposal_fit(ctx, problem->model->dim, points->count, points->latent, points->weight,
                         mixture));
  RB_TRY(improve(ctx, problem, settings, 0, sampled, mixture, result));
cleanup:
  return status;
}

/* Runs a chain and fits the mixture to its second half. @param equal (steps / 2 * walkers) */
static rb_status fit_to_chain(rb_context *ctx, const rb_exact_problem *problem, int walkers,
                              int64_t steps, int use, double *walker, rb_t_mixture *mixture) {
  rb_status status = RB_OK;
  const int D = problem->model->dim;
  const int64_t kept = steps / 2, count = kept * walkers;
  double *trace = NULL, *equal = NULL, *log_target = NULL, acceptance;
  RB_TRY(RB_ALLOCATE(ctx, trace, steps * walkers * D));
  RB_TRY(RB_ALLOCATE(ctx, equal, count));
  RB_TRY(RB_ALLOCATE(ctx, log_target, walkers));
  RB_TRY(rb_walkers_run(ctx, problem, NULL, walkers, steps, use, walker, log_target, trace, NULL,
                        &acceptance));
  for (int64_t i = 0; i < count; ++i) equal[i] = 1.0 / (double)count;
  RB_TRY(rb_proposal_fit(ctx, D, count, &trace[(steps - kept) * walkers * D], equal, mixture));
cleanup:
  free(trace);
  free(equal);
  free(log_target);
  return status;
}

rb_status rb_adapt_to_chains(rb_context *ctx, const rb_exact_problem *problem,
                             const rb_exact_settings *settings, double *walker, rb_points *sampled,
                             rb_t_mixture *mixture, rb_exact_result *result) {
  rb_status status = RB_OK;
  int64_t steps = settings->short_steps;
  for (int k = 0; k < RB_ADAPTIVE_CHAINS; ++k) {
    RB_TRY(fit_to_chain(ctx, problem, settings->walkers, steps, RB_USE_SHORT + k, walker, mixture));
    result->evaluations += settings->walkers * (steps + 1);
    RB_TRY(improve(ctx, problem, settings, 1 + k, sampled, mixture, result));
    if (rb_importance_good(settings, &result->importance)) break;
    steps *= 2;
  }
cleanup:
  return status;
}
