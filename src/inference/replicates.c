#include "rheobase/inference/replicates.h"

#include <inttypes.h>

#include "rheobase/base/memory.h"

enum { MAX_TRIES = 1000 };

/* Picks the draw of replicate k. */
static rb_status pick(rb_context *ctx, const rb_model *model, uint64_t seed, int64_t S,
                      const float *draws, int64_t k, rb_replicates *replicates) {
  const int D = model->dim;
  double *theta = replicates->theta + k * D;
  const rb_stream stream = rb_stream_make(seed, RB_FOR_PREDICTIVE, RB_RANDOM_PICKS, 0, (uint64_t)k);
  const char *reason = "";
  for (uint32_t attempt = 0; attempt < MAX_TRIES; ++attempt) {
    const int64_t s = rb_stream_integer(stream, attempt, S);
    for (int d = 0; d < D; ++d) theta[d] = (double)draws[s * D + d];
    if (model->accepts(model, theta, &reason)) return RB_OK;
    replicates->refused += 1;
  }
  return RB_FAIL(
      ctx, RB_ERR_NUMERIC,
      "the simulator refused %d posterior draws in a row (%s): the posterior is not usable",
      MAX_TRIES, reason);
}

rb_status rb_replicates_create(rb_context *ctx, const rb_model *model, uint64_t seed,
                               const float *x, int64_t S, const float *draws, int64_t K,
                               rb_replicates *replicates) {
  rb_status status = RB_OK;
  *replicates = (rb_replicates){.count = K};
  RB_TRY(RB_ALLOCATE(ctx, replicates->theta, K * model->dim));
  RB_TRY(RB_ALLOCATE(ctx, replicates->x, K * model->channels * model->length));
  for (int64_t k = 0; k < K; ++k) RB_TRY(pick(ctx, model, seed, S, draws, k, replicates));
  if (model->simulate_given != NULL) {
    RB_TRY(model->simulate_given(model, ctx, seed, RB_FOR_PREDICTIVE, 0, K, replicates->theta, x,
                                 replicates->x));
  } else {
    RB_TRY(model->simulate(model, ctx, seed, RB_FOR_PREDICTIVE, 0, K, replicates->theta,
                           replicates->x));
  }
cleanup:
  if (status != RB_OK) rb_replicates_destroy(replicates);
  return status;
}

void rb_replicates_destroy(rb_replicates *replicates) {
  free(replicates->theta);
  free(replicates->x);
  replicates->theta = NULL;
  replicates->x = NULL;
}
