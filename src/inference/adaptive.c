#include "adaptive.h"

#include <stdlib.h>

#include "rheobase/base/memory.h"
#include "target.h"
#include "walkers.h"

enum { LEAST_EFFECTIVE = 50, BENT_STEPS = 8, LEAST_TEMPERED = 20 };
static const double WORTH_A_ROUND = 1.1;  // growth of the efficiency

bool rb_importance_good(const rb_exact_settings *settings, const rb_importance *importance) {
  return importance->efficiency >= settings->least_efficiency &&
         importance->khat <= settings->largest_khat;
}

bool rb_importance_usable(int64_t count, const rb_importance *importance) {
  return importance->efficiency * (double)count >= LEAST_EFFECTIVE;
}

/* Weights the proposal's draws, and refits it to them while that helps, also where it is good
 * enough: one that is too narrow does not show the weights it lacks until it has been widened. The
 * last round counts, although one before may by chance have seemed better.
 * @param attempt selects the random numbers */
static rb_status improve(rb_context *ctx, const rb_exact_problem *problem, int attempt,
                         rb_points *p, rb_proposal *proposal, rb_exact_result *result) {
  rb_status status = RB_OK;
  double before = 0.0;  // efficiency of the round before
  for (int round = 0; round < RB_ADAPTIVE_ROUNDS; ++round) {
    const int use = RB_USE_PROPOSAL + attempt * RB_ADAPTIVE_ROUNDS + round;
    RB_TRY(rb_proposal_draw(ctx, problem, use, proposal, p));
    result->evaluations += p->count;
    RB_TRY(rb_importance_weights(ctx, p->count, p->log_ratio, p->weight, &result->importance));
    const double efficiency = result->importance.efficiency;
    if (!rb_importance_usable(p->count, &result->importance) || round == RB_ADAPTIVE_ROUNDS - 1 ||
        efficiency <= WORTH_A_ROUND * before) {
      break;
    }
    before = efficiency;
    RB_TRY(rb_proposal_fit(ctx, problem->model, false, p->count, p->latent, p->weight, proposal));
  }
cleanup:
  return status;
}

rb_status rb_adapt_to_points(rb_context *ctx, const rb_exact_problem *problem,
                             const rb_points *points, rb_points *sampled, rb_proposal *proposal,
                             rb_exact_result *result) {
  rb_status status = RB_OK;
  RB_TRY(rb_proposal_fit(ctx, problem->model, false, points->count, points->latent, points->weight,
                         proposal));
  RB_TRY(improve(ctx, problem, 0, sampled, proposal, result));
cleanup:
  return status;
}

/* Runs a chain and fits the proposal to its second half. */
static rb_status fit_to_chain(rb_context *ctx, const rb_exact_problem *problem, bool bent,
                              int walkers, int64_t steps, int use, double *walker,
                              rb_proposal *proposal) {
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
  RB_TRY(rb_proposal_fit(ctx, problem->model, bent, count, &trace[(steps - kept) * walkers * D],
                         equal, proposal));
cleanup:
  free(trace);
  free(equal);
  free(log_target);
  return status;
}

rb_status rb_adapt_to_chains(rb_context *ctx, const rb_exact_problem *problem,
                             const rb_exact_settings *settings, double *walker, rb_points *sampled,
                             rb_proposal *proposal, rb_exact_result *result) {
  rb_status status = RB_OK;
  int64_t steps = settings->short_steps;
  for (int k = 0; k < RB_ADAPTIVE_CHAINS; ++k) {
    RB_TRY(fit_to_chain(ctx, problem, false, settings->walkers, steps, RB_USE_SHORT + k, walker,
                        proposal));
    result->evaluations += settings->walkers * (steps + 1);
    RB_TRY(improve(ctx, problem, 1 + k, sampled, proposal, result));
    if (rb_importance_good(settings, &result->importance)) break;
    steps *= 2;
  }
cleanup:
  return status;
}

/* Tempered weights whose sum is 1. @return their effective number */
static double weigh_tempered(rb_points *p) {
  double sum = 0.0, squares = 0.0;
  rb_points_temper(p->count, p->log_ratio, (double)p->count / LEAST_TEMPERED, p->weight);
  for (int64_t i = 0; i < p->count; ++i) sum += p->weight[i];
  for (int64_t i = 0; i < p->count; ++i) {
    p->weight[i] /= sum;
    squares += p->weight[i] * p->weight[i];
  }
  return 1.0 / squares;
}

rb_status rb_adapt_bent(rb_context *ctx, const rb_exact_problem *problem,
                        const rb_exact_settings *settings, double *walker, rb_points *p,
                        rb_proposal *proposal, rb_exact_result *result) {
  rb_status status = RB_OK;
  const int64_t steps = BENT_STEPS * settings->short_steps;
  double before = 0.0;  // efficiency of the round before, if it was good
  RB_TRY(fit_to_chain(ctx, problem, true, settings->walkers, steps, RB_USE_BENT_CHAIN, walker,
                      proposal));
  result->evaluations += settings->walkers * (steps + 1);
  for (int round = 0; round < RB_BENT_ROUNDS; ++round) {
    RB_TRY(rb_proposal_draw(ctx, problem, RB_USE_BENT + round, proposal, p));
    result->evaluations += p->count;
    RB_TRY(rb_importance_weights(ctx, p->count, p->log_ratio, p->weight, &result->importance));
    const bool good = rb_importance_good(settings, &result->importance);
    const bool improved = result->importance.efficiency > WORTH_A_ROUND * before;
    if ((good && !improved) || round == RB_BENT_ROUNDS - 1) break;
    before = good ? result->importance.efficiency : 0.0;
    if (!(result->importance.efficiency > 0.0) || weigh_tempered(p) < LEAST_EFFECTIVE) break;
    RB_TRY(rb_proposal_fit(ctx, problem->model, true, p->count, p->latent, p->weight, proposal));
  }
cleanup:
  return status;
}
