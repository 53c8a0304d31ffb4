#include "target.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/base/memory.h"
#include "rheobase/base/signals.h"
#include "rheobase/model/support.h"

/* Vectors between two looks for a request to stop: some milliseconds of a costly one. */
enum { VECTORS_AT_ONCE = 32 };

static rb_status likelihoods(rb_context *ctx, const rb_exact_problem *problem, int64_t count,
                             const double *theta, double *value) {
  rb_status status = RB_OK;
  const rb_model *model = problem->model;
  for (int64_t first = 0; first < count; first += VECTORS_AT_ONCE) {
    const int64_t left = count - first, some = left < VECTORS_AT_ONCE ? left : VECTORS_AT_ONCE;
    if (rb_signals_asked(ctx)) {
      RB_TRY(RB_FAIL(ctx, RB_STOPPED,
                     "stopped by a signal while an exact posterior was computed; start again to go "
                     "on"));
    }
    RB_TRY(model->log_likelihood(model, ctx, problem->x, some, &theta[first * model->dim],
                                 &value[first], NULL));
  }
cleanup:
  return status;
}

rb_status rb_target_evaluate(rb_context *ctx, const rb_exact_problem *problem, int64_t count,
                             const double *latent, double *log_target) {
  rb_status status = RB_OK;
  const rb_model *model = problem->model;
  const int D = model->dim;
  double *theta = NULL, *value = NULL;
  int64_t possible = 0;
  RB_TRY(RB_ALLOCATE(ctx, theta, count * D));
  RB_TRY(RB_ALLOCATE(ctx, value, count));
  model->log_prior(model, count, latent, log_target);
  // The likelihood is only asked for inside the prior.
  for (int64_t i = 0; i < count; ++i) {
    if (!isfinite(log_target[i])) log_target[i] = -INFINITY;
    if (log_target[i] == -INFINITY) continue;
    memcpy(&theta[possible++ * D], &latent[i * D], (size_t)D * sizeof *theta);
  }
  rb_model_from_latent(model, possible, theta, theta);
  RB_TRY(likelihoods(ctx, problem, possible, theta, value));
  for (int64_t i = 0, k = 0; i < count; ++i) {
    if (log_target[i] == -INFINITY) continue;
    log_target[i] = isfinite(value[k]) ? log_target[i] + value[k] : -INFINITY;
    ++k;
  }
cleanup:
  free(theta);
  free(value);
  return status;
}

rb_stream rb_target_stream(const rb_exact_problem *problem, rb_random_kind kind, int use) {
  const uint16_t sub = (uint16_t)((int)problem->purpose << 8 | use);
  return rb_stream_make(problem->seed, RB_FOR_EXACT, kind, sub, problem->item);
}
