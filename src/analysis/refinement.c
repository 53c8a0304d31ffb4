#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "refinement_internal.h"
#include "rheobase/analysis/two_sample.h"
#include "rheobase/base/memory.h"
#include "rheobase/model/draw.h"
#include "rheobase/model/support.h"

void rb_network_draws_free(rb_network_draws *draws) {
  free(draws->latent);
  free(draws->log_density);
  *draws = (rb_network_draws){0};
}

rb_status rb_network_draws_create(rb_context *ctx, rb_posterior *network,
                                  const rb_exact_problem *problem, int64_t count,
                                  rb_network_draws *draws) {
  rb_status status = RB_OK;
  const int D = problem->model->dim;
  float *theta = NULL;
  *draws = (rb_network_draws){.count = count};
  RB_TRY(RB_ALLOCATE(ctx, draws->latent, count * D));
  RB_TRY(RB_ALLOCATE(ctx, draws->log_density, count));
  RB_TRY(RB_ALLOCATE(ctx, theta, count * D));
  RB_TRY(network->sample(network, ctx, problem->seed, problem->purpose, (int64_t)problem->item, 1,
                         problem->x, count, theta, draws->log_density));
  for (int64_t i = 0; i < count * D; ++i) draws->latent[i] = (double)theta[i];
cleanup:
  free(theta);
  if (status != RB_OK) rb_network_draws_free(draws);
  return status;
}

rb_status rb_refine_distances(rb_context *ctx, const rb_model *model, const rb_network_draws *draws,
                              const rb_exact_result *exact, double *c2st, double *wasserstein) {
  rb_status status = RB_OK;
  const int D = model->dim;
  const int64_t equal = draws->count < exact->draws ? draws->count : exact->draws;
  double *theta = NULL, *spread = NULL;
  RB_TRY(RB_ALLOCATE(ctx, theta, draws->count * D));
  RB_TRY(RB_ALLOCATE(ctx, spread, equal * D));
  rb_model_from_latent(model, draws->count, draws->latent, theta);
  // Exact draws come in an order (resampled ones with copies together): take them evenly.
  for (int64_t i = 0; i < equal; ++i) {
    memcpy(&spread[i * D], &exact->theta[i * exact->draws / equal * D], (size_t)D * sizeof *spread);
  }
  RB_TRY(rb_c2st(ctx, D, equal, theta, spread, c2st));
  RB_TRY(rb_wasserstein(ctx, D, draws->count, theta, exact->draws, exact->theta, wasserstein));
cleanup:
  free(theta);
  free(spread);
  return status;
}

static double share_below(const double *value, int64_t stride, int64_t count, double x) {
  int64_t below = 0;
  for (int64_t i = 0; i < count; ++i) below += value[i * stride] < x;
  return (double)below / (double)count;
}

static void moments(int dim, int64_t count, const double *value, double *mean, double *sd) {
  for (int d = 0; d < dim; ++d) {
    double sum = 0.0, squares = 0.0;
    for (int64_t i = 0; i < count; ++i) sum += value[i * dim + d];
    mean[d] = sum / (double)count;
    for (int64_t i = 0; i < count; ++i) squares += pow(value[i * dim + d] - mean[d], 2.0);
    sd[d] = sqrt(squares / (double)(count - 1));
  }
}

/* What is known of how the exact posterior was found. */
static void fill_method(const rb_exact_result *r, rb_refined *out) {
  out->method = r->method;
  out->reliable = r->reliable;
  out->evidence_valid = r->evidence_valid;
  out->efficiency = r->importance.efficiency;
  out->khat = r->importance.khat;
  out->log_evidence = r->log_evidence;
  out->log_evidence_se = r->log_evidence_se;
  out->rhat = r->chains.rhat;
  out->bulk_ess = r->chains.bulk_ess;
  out->tail_ess = r->chains.tail_ess;
  out->acceptance = r->acceptance;
  out->evaluations = (double)r->evaluations;
}

/* @param log_posterior of the truth, without the evidence */
static void fill_exact(const rb_model *model, const rb_exact_result *r, const double *latent,
                       double log_posterior, rb_refined *out) {
  double log_prior, mean = 0.0;
  model->log_prior(model, 1, latent, &log_prior);
  moments(model->dim, r->draws, r->theta, out->exact_mean, out->exact_sd);
  for (int d = 0; d < model->dim; ++d) {
    out->exact_below[d] = share_below(r->latent + d, model->dim, r->draws, latent[d]);
  }
  out->exact_below_log_posterior = share_below(r->log_posterior, 1, r->draws, log_posterior);
  out->exact_below_log_likelihood =
      share_below(r->log_likelihood, 1, r->draws, log_posterior - log_prior);
  if (!r->evidence_valid) return;
  for (int64_t i = 0; i < r->draws; ++i) mean += r->log_posterior[i] / (double)r->draws;
  out->exact_loss = r->log_evidence - log_posterior - rb_model_log_scale(model);
  out->exact_entropy = r->log_evidence - mean - rb_model_log_scale(model);
}

/* Shares of the network's draws with a lower posterior density, and likelihood, than the truth. */
static rb_status rank_network(rb_context *ctx, const rb_model *model, const rb_network_draws *draws,
                              const rb_exact_result *r, const double *latent, double log_posterior,
                              rb_refined *out) {
  rb_status status = RB_OK;
  double *log_likelihood = NULL, log_prior;
  RB_TRY(RB_ALLOCATE(ctx, log_likelihood, draws->count));
  model->log_prior(model, draws->count, draws->latent, log_likelihood);
  for (int64_t i = 0; i < draws->count; ++i) {  // outside the prior: -inf - -inf
    const bool inside = r->given_log_posterior[i] > -INFINITY;
    log_likelihood[i] = inside ? r->given_log_posterior[i] - log_likelihood[i] : -INFINITY;
  }
  model->log_prior(model, 1, latent, &log_prior);
  out->network_below_log_posterior =
      share_below(r->given_log_posterior, 1, draws->count, log_posterior);
  out->network_below_log_likelihood =
      share_below(log_likelihood, 1, draws->count, log_posterior - log_prior);
cleanup:
  free(log_likelihood);
  return status;
}

/* @param network with latent draws, or with raw ones, which are compared with the clipped truth */
static rb_status fill_network(rb_context *ctx, const rb_posterior *network,
                              const rb_network_draws *draws, const rb_exact_result *r,
                              const double *latent, double log_posterior, rb_refined *out) {
  rb_status status = RB_OK;
  const rb_model *model = network->model;
  const int D = model->dim;
  const double *truth = network->latent ? latent : out->truth;
  double *theta = NULL;
  RB_TRY(RB_ALLOCATE(ctx, theta, draws->count * D));
  memcpy(theta, draws->latent, (size_t)(draws->count * D) * sizeof *theta);
  if (network->latent) rb_model_from_latent(model, draws->count, theta, theta);
  moments(D, draws->count, theta, out->network_mean, out->network_sd);
  for (int d = 0; d < D; ++d) {
    out->network_below[d] = share_below(draws->latent + d, D, draws->count, truth[d]);
  }
  out->network_inside = 1.0 - share_below(r->given_log_posterior, 1, draws->count, -DBL_MAX);
  out->network_efficiency = r->network.efficiency;
  out->network_khat = r->network.khat;
  RB_TRY(rank_network(ctx, model, draws, r, latent, log_posterior, out));
cleanup:
  free(theta);
  return status;
}

rb_status rb_refine_kl(rb_context *ctx, const rb_exact_problem *problem, rb_posterior *network,
                       const rb_exact_result *exact, double *kl) {
  rb_status status = RB_OK;
  double *log_density = NULL, sum = 0.0;
  RB_TRY(RB_ALLOCATE(ctx, log_density, exact->draws));
  RB_TRY(
      network->log_density(network, ctx, 1, problem->x, exact->draws, exact->latent, log_density));
  for (int64_t i = 0; i < exact->draws; ++i) {
    sum += exact->log_posterior[i] - exact->log_evidence - log_density[i];
  }
  *kl = sum / (double)exact->draws;
cleanup:
  free(log_density);
  return status;
}

void rb_refined_forget(rb_refined *out) {
  double *const value = (double *)(void *)out;
  for (size_t k = 0; k < sizeof *out / sizeof *value; ++k) value[k] = NAN;
  out->done = 1.0;
  out->failed = out->reliable = out->evidence_valid = out->clipped = 0.0;
}

/* Everything about a data set. What needs an exact posterior that is not reliable, or an evidence
 * that is not valid, stays NaN. */
static rb_status compare(rb_context *ctx, const rb_exact_problem *problem, rb_posterior *network,
                         const rb_network_draws *draws, const rb_exact_result *r,
                         const double *latent, rb_refined *out) {
  rb_status status = RB_OK;
  const rb_model *model = problem->model;
  double log_posterior, network_log_density;
  fill_method(r, out);
  RB_TRY(rb_exact_log_posterior(ctx, problem, latent, &log_posterior));
  if (r->reliable) fill_exact(model, r, latent, log_posterior, out);
  if (network == NULL) goto cleanup;
  RB_TRY(fill_network(ctx, network, draws, r, latent, log_posterior, out));
  RB_TRY(network->log_density(network, ctx, 1, problem->x, 1, latent, &network_log_density));
  out->network_loss = -network_log_density - rb_model_log_scale(model);
  if (r->evidence_valid) RB_TRY(rb_refine_kl(ctx, problem, network, r, &out->network_kl));
  if (r->reliable) {
    RB_TRY(rb_refine_distances(ctx, model, draws, r, &out->c2st, out->wasserstein));
  }
cleanup:
  return status;
}

rb_status rb_refine_item(rb_context *ctx, const rb_model *model, rb_posterior *network,
                         const rb_exact_settings *settings, uint64_t seed, rb_purpose purpose,
                         int64_t item, rb_refined *out) {
  rb_status status = RB_OK;
  const int D = model->dim;
  rb_exact_problem problem = {model, NULL, seed, purpose, (uint64_t)item};
  rb_network_draws draws = {0};
  rb_exact_result r = {0};
  double latent[RB_MAX_PARAMETERS];
  float *x = NULL;
  rb_refined_forget(out);
  RB_TRY(RB_ALLOCATE(ctx, x, model->channels * model->length));
  problem.x = x;
  RB_TRY(rb_model_draw(model, ctx, seed, purpose, item, 1, out->truth, latent, x));
  for (int d = 0; d < D; ++d) out->clipped = latent[d] != out->truth[d] ? 1.0 : out->clipped;
  out->activity = model->activity != NULL ? model->activity(model, x) : 0.0;
  if (network != NULL) {
    RB_TRY(rb_network_draws_create(ctx, network, &problem, settings->draws, &draws));
    RB_TRY(
        rb_exact_refine(ctx, &problem, settings, draws.count, draws.latent, draws.log_density, &r));
  } else {  // the truth is a draw from the posterior: the best of starts
    RB_TRY(rb_exact_refine(ctx, &problem, settings, 1, latent, NULL, &r));
  }
  RB_TRY(compare(ctx, &problem, network, &draws, &r, latent, out));
cleanup:
  free(x);
  rb_network_draws_free(&draws);
  rb_exact_result_free(&r);
  return status;
}
