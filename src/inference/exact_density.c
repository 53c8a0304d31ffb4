#include <math.h>
#include <stdlib.h>

#include "rheobase/base/memory.h"
#include "rheobase/inference/exact.h"
#include "rheobase/model/support.h"
#include "target.h"

rb_status rb_exact_log_posterior(rb_context *ctx, const rb_exact_problem *problem,
                                 const double *latent, double *log_posterior) {
  return rb_target_evaluate(ctx, problem, 1, latent, log_posterior);
}

rb_status rb_exact_plausibility(rb_context *ctx, const rb_exact_problem *problem,
                                const double *latent, double *score) {
  enum { REPLICATES = 64 };
  rb_status status = RB_OK;
  const rb_model *model = problem->model;
  const int64_t samples = model->channels * model->length;
  double theta[RB_MAX_PARAMETERS], value[REPLICATES + 1], mean = 0.0, squares = 0.0;
  float *x = NULL;
  const char *reason = NULL;
  rb_model_from_latent(model, 1, latent, theta);
  if (!model->accepts(model, theta, &reason)) {
    return RB_FAIL(ctx, RB_ERR_NUMERIC, "the parameters cannot be simulated: %s", reason);
  }
  RB_TRY(RB_ALLOCATE(ctx, x, samples));
  for (int i = 0; i <= REPLICATES; ++i) {
    const float *data = i < REPLICATES ? x : problem->x;
    if (i < REPLICATES) {
      RB_TRY(model->simulate(model, ctx, problem->seed, RB_FOR_EXACT, i, 1, theta, x));
    }
    RB_TRY(model->log_likelihood(model, ctx, data, 1, theta, &value[i], NULL));
  }
  for (int i = 0; i < REPLICATES; ++i) mean += value[i] / REPLICATES;
  for (int i = 0; i < REPLICATES; ++i) squares += pow(value[i] - mean, 2.0);
  *score = (value[REPLICATES] - mean) / sqrt(squares / (REPLICATES - 1));
cleanup:
  free(x);
  return status;
}
