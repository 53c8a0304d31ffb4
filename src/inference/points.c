#include "points.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/base/memory.h"
#include "rheobase/random/distributions.h"
#include "target.h"

enum { PRIOR_DRAWS = 128, START_ATTEMPTS = 8 };
static const double START_JITTER = 0.03;  // of the prior's sd

void rb_points_free(rb_points *p) {
  free(p->latent);
  free(p->log_target);
  free(p->log_ratio);
  free(p->weight);
  *p = (rb_points){0};
}

rb_status rb_points_allocate(rb_context *ctx, int dim, int64_t count, rb_points *p) {
  rb_status status = RB_OK;
  p->count = count;
  RB_TRY(RB_ALLOCATE(ctx, p->latent, count * dim));
  RB_TRY(RB_ALLOCATE(ctx, p->log_target, count));
  RB_TRY(RB_ALLOCATE(ctx, p->log_ratio, count));
  RB_TRY(RB_ALLOCATE(ctx, p->weight, count));
cleanup:
  return status;
}

void rb_points_thin(int dim, int64_t rows, const double *latent, const double *log_target,
                    rb_points *p) {
  for (int64_t i = 0; i < p->count; ++i) {
    const int64_t row = i * rows / p->count;
    memcpy(&p->latent[i * dim], &latent[row * dim], (size_t)dim * sizeof *latent);
    p->log_target[i] = log_target[row];
    p->weight[i] = 1.0 / (double)p->count;
  }
}

void rb_points_resample(const rb_exact_problem *problem, int use, const rb_points *points,
                        int64_t count, int64_t *index) {
  const int64_t from = points->count;
  const double *weight = points->weight;
  const double u = rb_stream_uniform(rb_target_stream(problem, RB_RANDOM_PICKS, use), 0);
  double sum = 0.0, cumulated = weight[0];
  for (int64_t i = 0; i < from; ++i) sum += weight[i];
  int64_t k = 0;
  for (int64_t i = 0; i < count; ++i) {
    const double position = ((double)i + u) / (double)count * sum;
    while (position > cumulated && k < from - 1) cumulated += weight[++k];
    index[i] = k;
  }
}

void rb_points_temper(int64_t count, const double *value, double enough, double *weight) {
  double largest = -INFINITY, low = 0.0, high = 1.0;
  for (int64_t i = 0; i < count; ++i) largest = fmax(largest, value[i]);
  for (int iteration = 0; iteration < 40; ++iteration) {
    const double power = iteration == 0 ? 1.0 : 0.5 * (low + high);
    double sum = 0.0, squares = 0.0;
    for (int64_t i = 0; i < count; ++i) {
      weight[i] = value[i] > -INFINITY ? exp(power * (value[i] - largest)) : 0.0;
      sum += weight[i];
      squares += weight[i] * weight[i];
    }
    if (sum * sum / squares >= enough) {
      low = power;
      if (iteration == 0) return;
    } else {
      high = power;
    }
  }
}

/* Draws of the prior with their target, and their standard deviations. */
static rb_status draw_prior(rb_context *ctx, const rb_exact_problem *problem, rb_points *p,
                            double *sd) {
  rb_status status = RB_OK;
  const rb_model *model = problem->model;
  const int D = model->dim;
  const double n = (double)p->count;
  double *theta = NULL;
  RB_TRY(RB_ALLOCATE(ctx, theta, p->count * D));
  RB_TRY(model->draw_prior(model, ctx, problem->seed, RB_FOR_EXACT, 0, p->count, theta, p->latent));
  RB_TRY(rb_target_evaluate(ctx, problem, p->count, p->latent, p->log_target));
  for (int d = 0; d < D; ++d) {
    double mean = 0.0, squares = 0.0;
    for (int64_t i = 0; i < p->count; ++i) mean += p->latent[i * D + d] / n;
    for (int64_t i = 0; i < p->count; ++i) squares += pow(p->latent[i * D + d] - mean, 2.0);
    sd[d] = sqrt(squares / n);
  }
cleanup:
  free(theta);
  return status;
}

/* Copies of one point are neighbours in `index`: they are dealt to both halves of the ensemble and
 * moved a little apart; less where a step would leave what is possible. */
static rb_status deal(rb_context *ctx, const rb_exact_problem *problem, int use, int walkers,
                      const rb_points *from, const int64_t *index, const double *sd, double *walker,
                      int64_t *evaluations) {
  rb_status status = RB_OK;
  const int D = problem->model->dim;
  const rb_stream normals = rb_target_stream(problem, RB_RANDOM_POSTERIOR_DRAWS, use);
  for (int w = 0; w < walkers; ++w) {
    double *at = &walker[(w / 2 + (w % 2) * (walkers / 2)) * D];
    double z[RB_MAX_PARAMETERS], jitter = START_JITTER, log_target = -INFINITY;
    rb_stream_normals(normals, (int64_t)w * D, D, z);
    for (int attempt = 0; attempt < START_ATTEMPTS && !(log_target > -INFINITY); ++attempt) {
      for (int d = 0; d < D; ++d) at[d] = from->latent[index[w] * D + d] + jitter * sd[d] * z[d];
      RB_TRY(rb_target_evaluate(ctx, problem, 1, at, &log_target));
      ++*evaluations;
      jitter *= 0.25;
    }
    if (!(log_target > -INFINITY)) {
      memcpy(at, &from->latent[index[w] * D], (size_t)D * sizeof *at);
    }
  }
cleanup:
  return status;
}

/* Walkers start at the better ones of the given points, or of draws of the prior where these are
 * better still. */
rb_status rb_points_choose_starts(rb_context *ctx, const rb_exact_problem *problem, int use,
                                  const rb_points *given, int walkers, double *walker,
                                  int64_t *evaluations) {
  rb_status status = RB_OK;
  const int D = problem->model->dim;
  const int64_t count = given->count;
  double sd[RB_MAX_PARAMETERS];
  rb_points prior = {0}, all = {0};
  int64_t *index = NULL;
  RB_TRY(RB_ALLOCATE(ctx, index, walkers));
  RB_TRY(rb_points_allocate(ctx, D, PRIOR_DRAWS, &prior));
  RB_TRY(rb_points_allocate(ctx, D, count + PRIOR_DRAWS, &all));
  RB_TRY(draw_prior(ctx, problem, &prior, sd));
  *evaluations += PRIOR_DRAWS;
  memcpy(all.latent, given->latent, (size_t)(count * D) * sizeof *all.latent);
  memcpy(all.latent + count * D, prior.latent, (size_t)(PRIOR_DRAWS * D) * sizeof *all.latent);
  memcpy(all.log_target, given->log_target, (size_t)count * sizeof *all.log_target);
  memcpy(all.log_target + count, prior.log_target, PRIOR_DRAWS * sizeof *all.log_target);
  rb_points_temper(all.count, all.log_target, fmin(walkers, 0.5 * (double)count), all.weight);
  rb_points_resample(problem, use, &all, walkers, index);
  RB_TRY(deal(ctx, problem, use, walkers, &all, index, sd, walker, evaluations));
cleanup:
  rb_points_free(&prior);
  rb_points_free(&all);
  free(index);
  return status;
}
