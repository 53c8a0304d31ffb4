#include "rheobase/inference/exact.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "adaptive.h"
#include "bridge.h"
#include "rheobase/base/memory.h"
#include "rheobase/model/support.h"
#include "rheobase/random/distributions.h"
#include "target.h"
#include "walkers.h"

/* Nats; importance sampling at an efficiency of 0.25 has 0.04 with 2000 draws. */
static const double LARGEST_EVIDENCE_ERROR = 0.1;

rb_exact_settings rb_exact_defaults(void) {
  return (rb_exact_settings){.draws = 2000,
                             .least_efficiency = 0.25,
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
  free(result->corrected);
  free(result->given_log_posterior);
  memset(result, 0, sizeof *result);
}

/* MCMC from the walkers, with the proposal for what it is worth, in blocks until it has converged
 * or all steps are done; `p` receives the second half, thinned evenly. The evidence comes from the
 * chains: that of the proposal is what was not good enough. */
static rb_status run_chains(rb_context *ctx, const rb_exact_problem *problem,
                            const rb_exact_settings *settings, const rb_proposal *proposal,
                            double *walker, rb_points *p, rb_exact_result *result) {
  rb_status status = RB_OK;
  const int D = problem->model->dim, W = settings->walkers;
  const int64_t block = (settings->long_steps + RB_CHAIN_BLOCKS - 1) / RB_CHAIN_BLOCKS;
  double *trace = NULL, *trace_target = NULL, *log_target = NULL;
  int64_t first = 0, kept = 0;  // of the steps
  RB_TRY(RB_ALLOCATE(ctx, trace, RB_CHAIN_BLOCKS * block * W * D));
  RB_TRY(RB_ALLOCATE(ctx, trace_target, RB_CHAIN_BLOCKS * block * W));
  RB_TRY(RB_ALLOCATE(ctx, log_target, W));
  for (int k = 0; k < RB_CHAIN_BLOCKS && !result->chains.converged; ++k) {
    RB_TRY(rb_walkers_run(ctx, problem, proposal, W, block, RB_USE_LONG + k, walker, log_target,
                          &trace[k * block * W * D], &trace_target[k * block * W],
                          &result->acceptance));
    result->evaluations += W * (block + 1);
    first = (k + 1) * block / 2;
    kept = (k + 1) * block - first;
    RB_TRY(rb_convergence_of(ctx, kept, W, D, &trace[first * W * D], &result->chains));
  }
  rb_points_thin(D, kept * W, &trace[first * W * D], &trace_target[first * W], p);
  if (result->chains.converged) {
    rb_bridge bridge;
    RB_TRY(rb_bridge_chains(ctx, problem, settings, kept, &trace[first * W * D],
                            &trace_target[first * W], &bridge, &result->evaluations));
    result->log_evidence = bridge.log_evidence;
    result->log_evidence_se = bridge.log_evidence_se;
    result->evidence_valid = bridge.log_evidence_se <= LARGEST_EVIDENCE_ERROR;
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
  rb_points_resample(problem, RB_USE_RESAMPLE, p, S, index);
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

/* The given draws resampled by their weights, if any has one. */
static rb_status correct(rb_context *ctx, const rb_exact_problem *problem, const rb_points *given,
                         int64_t S, rb_exact_result *result) {
  rb_status status = RB_OK;
  const int D = problem->model->dim;
  int64_t *index = NULL;
  if (!(result->network.efficiency > 0.0)) return RB_OK;
  RB_TRY(RB_ALLOCATE(ctx, index, S));
  RB_TRY(RB_ALLOCATE(ctx, result->corrected, S * D));
  rb_points_resample(problem, RB_USE_CORRECT, given, S, index);
  for (int64_t i = 0; i < S; ++i) {
    memcpy(&result->corrected[i * D], &given->latent[index[i] * D],
           (size_t)D * sizeof *given->latent);
  }
  rb_model_from_latent(problem->model, S, result->corrected, result->corrected);
cleanup:
  free(index);
  return status;
}

/* The evidence of importance sampling that met its criteria. */
static void take_evidence(rb_exact_result *result) {
  result->log_evidence = result->importance.log_evidence;
  result->log_evidence_se = result->importance.log_evidence_se;
  result->evidence_valid = true;
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
  rb_proposal proposal;
  double *walker = NULL;
  *result = (rb_exact_result){.log_evidence = NAN, .log_evidence_se = INFINITY};
  RB_TRY(take_given(ctx, problem, count, latent, log_density, &given, result));
  if (result->has_network) RB_TRY(correct(ctx, problem, &given, settings->draws, result));
  if (result->has_network && rb_importance_good(settings, &result->network)) {
    result->method = RB_EXACT_NETWORK;
    result->importance = result->network;
    result->reliable = true;
    take_evidence(result);
    RB_TRY(keep(ctx, problem, &given, settings->draws, result));
    goto cleanup;
  }
  RB_TRY(rb_points_allocate(ctx, D, settings->draws, &p));
  result->method = RB_EXACT_ADAPTIVE;
  if (result->has_network && rb_importance_usable(count, &result->network)) {
    RB_TRY(rb_adapt_to_points(ctx, problem, &given, &p, &proposal, result));
    result->reliable = rb_importance_good(settings, &result->importance);
  }
  if (!result->reliable) {
    RB_TRY(RB_ALLOCATE(ctx, walker, settings->walkers * D));
    RB_TRY(rb_points_choose_starts(ctx, problem, RB_USE_START, &given, settings->walkers, walker,
                                   &result->evaluations));
    RB_TRY(rb_adapt_to_chains(ctx, problem, settings, walker, &p, &proposal, result));
    result->reliable = rb_importance_good(settings, &result->importance);
  }
  if (!result->reliable) {
    rb_points_free(&p);
    RB_TRY(rb_points_allocate(ctx, D, RB_BENT_DRAWS * settings->draws, &p));
    RB_TRY(rb_adapt_bent(ctx, problem, settings, walker, &p, &proposal, result));
    result->reliable = rb_importance_good(settings, &result->importance);
  }
  if (!result->reliable) {
    result->method = RB_EXACT_MCMC;
    RB_TRY(run_chains(ctx, problem, settings, &proposal, walker, &p, result));
    result->reliable = result->chains.converged;
  }
  if (result->method == RB_EXACT_ADAPTIVE) take_evidence(result);
  RB_TRY(keep(ctx, problem, &p, settings->draws, result));
cleanup:
  rb_points_free(&given);
  rb_points_free(&p);
  free(walker);
  if (status != RB_OK) rb_exact_result_free(result);
  return status;
}
