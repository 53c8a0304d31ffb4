#include "rheobase/exact.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ensemble.h"
#include "points.h"
#include "rheobase/distributions.h"
#include "rheobase/memory.h"
#include "rheobase/support.h"
#include "t_mixture.h"
#include "target.h"

/* What random numbers are used for, within a problem. */
enum { BLOCKS = 8 };  // of MCMC
enum {
  USE_SHORT,
  USE_LONG,
  USE_RESAMPLE = USE_LONG + BLOCKS,
  USE_START,
  USE_PROPOSAL  // and as many rounds
};

enum { COMPONENTS = 2, ROUNDS = 3 };
static const double PROPOSAL_DOF = 8.0;

rb_exact_settings rb_exact_defaults(void) {
  return (rb_exact_settings){.draws = 2000,
                             .least_efficiency = 0.1,
                             .largest_khat = 0.7,
                             .walkers = 32,
                             .short_steps = 160,
                             .long_steps = 4000};
}

const char *rb_exact_method_name(rb_exact_method method) {
  static const char *const names[RB_EXACT_METHOD_COUNT] = {"network", "adaptive", "mcmc"};
  return (unsigned)method < RB_EXACT_METHOD_COUNT ? names[method] : "unknown";
}

void rb_exact_result_free(rb_exact_result *result) {
  free(result->latent);
  free(result->theta);
  free(result->log_likelihood);
  free(result->log_posterior);
  free(result->given_log_posterior);
  memset(result, 0, sizeof *result);
}

static bool good(const rb_exact_settings *settings, const rb_importance *importance) {
  return importance->efficiency >= settings->least_efficiency &&
         importance->khat <= settings->largest_khat;
}

/* Importance sampling from the mixture. */
static rb_status sample_mixture(rb_context *ctx, const rb_exact_problem *problem, int round,
                                const rb_t_mixture *mixture, rb_points *p,
                                rb_importance *importance) {
  rb_status status = RB_OK;
  double *log_density = NULL;
  RB_TRY(RB_ALLOCATE(ctx, log_density, p->count));
  rb_t_mixture_sample(mixture, rb_target_stream(problem, RB_RANDOM_PICKS, USE_PROPOSAL + round),
                      rb_target_stream(problem, RB_RANDOM_POSTERIOR_DRAWS, USE_PROPOSAL + round),
                      p->count, p->latent);
  rb_t_mixture_log_density(mixture, p->count, p->latent, log_density);
  RB_TRY(rb_target_evaluate(ctx, problem, p->count, p->latent, p->log_target));
  for (int64_t i = 0; i < p->count; ++i) p->log_ratio[i] = p->log_target[i] - log_density[i];
  RB_TRY(rb_importance_weights(ctx, p->count, p->log_ratio, p->weight, importance));
cleanup:
  free(log_density);
  return status;
}

/* A short chain, a mixture fitted to it, importance sampling; refitted to the weighted draws while
 * that helps. `walker` (walkers, D) starts where it is and ends at the chain's end. */
static rb_status adapt(rb_context *ctx, const rb_exact_problem *problem,
                       const rb_exact_settings *settings, double *walker, rb_points *p,
                       rb_t_mixture *mixture, rb_exact_result *result) {
  rb_status status = RB_OK;
  const int D = problem->model->dim, W = settings->walkers;
  const int64_t steps = settings->short_steps, kept = steps / 2, count = kept * W;
  double *trace = NULL, *equal = NULL, *log_target = NULL, acceptance;
  RB_TRY(RB_ALLOCATE(ctx, trace, steps * W * D));
  RB_TRY(RB_ALLOCATE(ctx, equal, count));
  RB_TRY(RB_ALLOCATE(ctx, log_target, W));
  RB_TRY(rb_ensemble_run(ctx, problem, NULL, W, steps, USE_SHORT, walker, log_target, trace, NULL,
                         &acceptance));
  result->evaluations += W * (steps + 1);
  for (int64_t i = 0; i < count; ++i) equal[i] = 1.0 / (double)count;
  RB_TRY(rb_t_mixture_fit(ctx, D, COMPONENTS, PROPOSAL_DOF, count, &trace[(steps - kept) * W * D],
                          equal, mixture));
  for (int round = 0; round < ROUNDS; ++round) {
    RB_TRY(sample_mixture(ctx, problem, round, mixture, p, &result->importance));
    result->evaluations += p->count;
    // Too few effective draws would only narrow the proposal.
    if (good(settings, &result->importance) && round > 0) break;
    if (result->importance.efficiency * (double)p->count < 50.0 || round == ROUNDS - 1) break;
    RB_TRY(rb_t_mixture_fit(ctx, D, COMPONENTS, PROPOSAL_DOF, p->count, p->latent, p->weight,
                            mixture));
  }
cleanup:
  free(trace);
  free(equal);
  free(log_target);
  return status;
}

/* MCMC from the walkers, with the proposal for what it is worth, in blocks until it has converged
 * or all steps are done; `p` receives the second half, thinned evenly. */
static rb_status run_chains(rb_context *ctx, const rb_exact_problem *problem,
                            const rb_exact_settings *settings, const rb_t_mixture *proposal,
                            double *walker, rb_points *p, rb_exact_result *result) {
  rb_status status = RB_OK;
  const int D = problem->model->dim, W = settings->walkers;
  const int64_t block = (settings->long_steps + BLOCKS - 1) / BLOCKS;
  double *trace = NULL, *trace_target = NULL, *log_target = NULL;
  int64_t first = 0, kept = 0;  // of the steps
  RB_TRY(RB_ALLOCATE(ctx, trace, BLOCKS * block * W * D));
  RB_TRY(RB_ALLOCATE(ctx, trace_target, BLOCKS * block * W));
  RB_TRY(RB_ALLOCATE(ctx, log_target, W));
  for (int k = 0; k < BLOCKS && !result->chains.converged; ++k) {
    RB_TRY(rb_ensemble_run(ctx, problem, proposal, W, block, USE_LONG + k, walker, log_target,
                           &trace[k * block * W * D], &trace_target[k * block * W],
                           &result->acceptance));
    result->evaluations += W * (block + 1);
    first = (k + 1) * block / 2;
    kept = (k + 1) * block - first;
    RB_TRY(rb_convergence_of(ctx, kept, W, D, &trace[first * W * D], &result->chains));
  }
  for (int64_t i = 0; i < p->count; ++i) {
    const int64_t row = first * W + i * (kept * W) / p->count;
    memcpy(&p->latent[i * D], &trace[row * D], (size_t)D * sizeof *trace);
    p->log_target[i] = trace_target[row];
    p->weight[i] = 1.0 / (double)p->count;
  }
cleanup:
  free(trace);
  free(trace_target);
  free(log_target);
  return status;
}

/* S draws of equal weight in all coordinates. */
static rb_status keep(rb_context *ctx, const rb_exact_problem *problem, const rb_points *p,
                      int64_t S, rb_exact_result *result) {
  rb_status status = RB_OK;
  const rb_model *model = problem->model;
  const int D = model->dim;
  int64_t *index = NULL;
  RB_TRY(RB_ALLOCATE(ctx, index, S));
  RB_TRY(RB_ALLOCATE(ctx, result->latent, S * D));
  RB_TRY(RB_ALLOCATE(ctx, result->theta, S * D));
  RB_TRY(RB_ALLOCATE(ctx, result->log_likelihood, S));
  RB_TRY(RB_ALLOCATE(ctx, result->log_posterior, S));
  result->draws = S;
  rb_points_resample(problem, USE_RESAMPLE, p, S, index);
  for (int64_t i = 0; i < S; ++i) {
    memcpy(&result->latent[i * D], &p->latent[index[i] * D], (size_t)D * sizeof *p->latent);
  }
  rb_model_from_latent(model, S, result->latent, result->theta);
  model->log_prior(model, S, result->latent, result->log_likelihood);
  for (int64_t i = 0; i < S; ++i) {
    result->log_posterior[i] = p->log_target[index[i]];
    result->log_likelihood[i] = result->log_posterior[i] - result->log_likelihood[i];
  }
cleanup:
  free(index);
  return status;
}

/* The given points, weighted if their density is known. */
static rb_status take_given(rb_context *ctx, const rb_exact_problem *problem, int64_t count,
                            const double *latent, const double *log_density, rb_points *given,
                            rb_exact_result *result) {
  rb_status status = RB_OK;
  const int D = problem->model->dim;
  const char *reason = NULL;
  RB_TRY(problem->model->log_likelihood(problem->model, ctx, problem->x, 0, NULL, NULL, &reason));
  if (reason != NULL) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_NUMERIC, "the model cannot produce the observation: %s", reason));
  }
  RB_TRY(rb_points_allocate(ctx, D, count, given));
  memcpy(given->latent, latent, (size_t)(count * D) * sizeof *latent);
  RB_TRY(rb_target_evaluate(ctx, problem, count, latent, given->log_target));
  result->evaluations += count;
  RB_TRY(RB_ALLOCATE(ctx, result->given_log_posterior, count));
  memcpy(result->given_log_posterior, given->log_target, (size_t)count * sizeof(double));
  if (log_density == NULL) goto cleanup;
  for (int64_t i = 0; i < count; ++i) {
    given->log_ratio[i] = given->log_target[i] - log_density[i];
  }
  result->has_network = true;
  RB_TRY(rb_importance_weights(ctx, count, given->log_ratio, given->weight, &result->network));
cleanup:
  return status;
}

rb_status rb_exact_refine(rb_context *ctx, const rb_exact_problem *problem,
                          const rb_exact_settings *wanted, int64_t count, const double *latent,
                          const double *log_density, rb_exact_result *result) {
  rb_status status = RB_OK;
  const int D = problem->model->dim;
  rb_exact_settings even = *wanted;  // the ensemble has two halves
  even.walkers += even.walkers % 2;
  const rb_exact_settings *settings = &even;
  rb_points given = {0}, p = {0};
  rb_t_mixture mixture;
  double *walker = NULL;
  memset(result, 0, sizeof *result);
  RB_TRY(take_given(ctx, problem, count, latent, log_density, &given, result));
  if (result->has_network && good(settings, &result->network)) {
    result->method = RB_EXACT_NETWORK;
    result->importance = result->network;
    result->reliable = true;
    RB_TRY(keep(ctx, problem, &given, settings->draws, result));
    goto cleanup;
  }
  RB_TRY(rb_points_allocate(ctx, D, settings->draws, &p));
  RB_TRY(RB_ALLOCATE(ctx, walker, settings->walkers * D));
  RB_TRY(rb_points_choose_starts(ctx, problem, USE_START, &given, settings->walkers, walker,
                                 &result->evaluations));
  RB_TRY(adapt(ctx, problem, settings, walker, &p, &mixture, result));
  result->method = RB_EXACT_ADAPTIVE;
  result->reliable = good(settings, &result->importance);
  if (!result->reliable) {
    result->method = RB_EXACT_MCMC;
    RB_TRY(run_chains(ctx, problem, settings, &mixture, walker, &p, result));
    result->reliable = result->chains.converged;
  }
  RB_TRY(keep(ctx, problem, &p, settings->draws, result));
cleanup:
  rb_points_free(&given);
  rb_points_free(&p);
  free(walker);
  if (status != RB_OK) rb_exact_result_free(result);
  return status;
}
