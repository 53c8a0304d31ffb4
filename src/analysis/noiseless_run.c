#include "noiseless_run.h"

#include <math.h>
#include <string.h>

#include "rheobase/base/memory.h"

enum { LEVELS = RB_NOISELESS_ROWS, RUNS = RB_NOISELESS_ROWS };
/* Levels of the log hazard. */
static const double LOWEST = -6, BETWEEN = 0.25;
/* Runs with noise have numbers of their own, behind those of all that are scored. */
static const int64_t OWN_RUNS = INT64_C(1) << 40;

static void fill_levels(double level[LEVELS]) {
  for (int k = 0; k < LEVELS; ++k) level[k] = exp(LOWEST + BETWEEN * k);
}

/* The mean coincidence factor of runs with one; two without events coincide wholly. */
static double coincidence(const rb_noiseless *n, const rb_train *run, const uint8_t *event) {
  const int64_t T = n->given->length;
  const double step = n->model->axis_step, lasts = (double)(T - n->first) * step;
  const rb_train own = rb_train_of_events(T, event, n->first, step, n->time);
  double sum = 0;
  for (int r = 0; r < RUNS; ++r) {
    const bool silent = run[r].count == 0 && own.count == 0;
    sum += silent ? 1 : rb_coincidence_factor(run[r], own, lasts, n->precision);
  }
  return sum / RUNS;
}

/* The best run of one vector of parameters. @param level (LEVELS) @param theta (D) */
static rb_status choose(rb_context *ctx, const rb_noiseless *n, const double *level, int64_t number,
                        const double *theta, uint8_t *event) {
  rb_status status = RB_OK;
  const int64_t T = n->given->length;
  const int D = n->model->dim;
  rb_train run[RUNS];
  double *times = NULL, *row = NULL, best = -INFINITY;
  int64_t chosen = LEVELS - 1;
  RB_TRY(RB_ALLOCATE(ctx, row, LEVELS * D));
  for (int k = 0; k < LEVELS; ++k) memcpy(row + k * D, theta, (size_t)D * sizeof *row);
  RB_TRY(rb_predictor_run(n->model, ctx, n->given, n->seed, OWN_RUNS + number * RUNS, RUNS, row,
                          NULL, n->response, n->event));
  RB_TRY(rb_trains_of_events(ctx, RUNS, T, n->event, n->first, n->model->axis_step, run, &times));
  RB_TRY(rb_predictor_run(n->model, ctx, n->given, n->seed, 0, LEVELS, row, level, n->response,
                          n->event));
  for (int64_t k = LEVELS - 1; k >= 0; --k) {
    const double gamma = coincidence(n, run, n->event + k * T);
    if (!(gamma > best)) continue;
    best = gamma;
    chosen = k;
  }
  memcpy(event, n->event + chosen * T, (size_t)T);
cleanup:
  free(times);
  free(row);
  return status;
}

rb_status rb_noiseless_run(rb_context *ctx, const rb_noiseless *n, int64_t count,
                           const double *theta, uint8_t *event) {
  rb_status status = RB_OK;
  double level[LEVELS];
  fill_levels(level);
  if (!n->model->predictor->drawn) {
    return rb_predictor_run(n->model, ctx, n->given, n->seed, 0, count, theta, level, n->response,
                            event);
  }
  for (int64_t i = 0; i < count; ++i) {
    RB_TRY(choose(ctx, n, level, n->number + i, theta + i * n->model->dim,
                  event + i * n->given->length));
  }
cleanup:
  return status;
}
