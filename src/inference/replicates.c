#include "rheobase/inference/replicates.h"

#include <inttypes.h>

#include "rheobase/base/memory.h"
#include "rheobase/model/draw.h"

enum { MAX_TRIES = 1000 };

/* Picks the draw of replicate k. @param attempt how many have been tried; moves on */
static rb_status pick(rb_context *ctx, const rb_model *model, uint64_t seed, int64_t S,
                      const float *draws, int64_t k, uint32_t *attempt, rb_replicates *replicates) {
  const int D = model->dim;
  double *theta = replicates->theta + k * D;
  const rb_stream stream = rb_stream_make(seed, RB_FOR_PREDICTIVE, RB_RANDOM_PICKS, 0, (uint64_t)k);
  const char *reason = "invalid simulations";
  while (*attempt < MAX_TRIES) {
    const int64_t s = rb_stream_integer(stream, (*attempt)++, S);
    for (int d = 0; d < D; ++d) theta[d] = (double)draws[s * D + d];
    if (model->accepts(model, theta, &reason)) return RB_OK;
    replicates->refused += 1;
  }
  return RB_FAIL(
      ctx, RB_ERR_NUMERIC,
      "the simulator refused %d posterior draws in a row (%s): the posterior is not usable",
      MAX_TRIES, reason);
}

/* Simulates replicate k, from another draw where that is invalid. */
static rb_status make_one(rb_context *ctx, const rb_model *model, uint64_t seed, const float *x,
                          int64_t S, const float *draws, int64_t k, rb_replicates *replicates) {
  rb_status status = RB_OK;
  uint32_t attempt = 0;
  int64_t tried = 0;
  for (bool valid = false; !valid;) {
    RB_TRY(pick(ctx, model, seed, S, draws, k, &attempt, replicates));
    RB_TRY(rb_model_attempt(model, ctx, seed, RB_FOR_PREDICTIVE, rb_model_stand_in(k, tried++), 1,
                            replicates->theta + k * model->dim, x,
                            replicates->x + k * model->channels * model->length, &valid));
    replicates->refused += !valid;
  }
cleanup:
  return status;
}

rb_status rb_replicates_create(rb_context *ctx, const rb_model *model, uint64_t seed,
                               const float *x, int64_t S, const float *draws, int64_t K,
                               rb_replicates *replicates) {
  rb_status status = RB_OK;
  *replicates = (rb_replicates){.count = K};
  RB_TRY(RB_ALLOCATE(ctx, replicates->theta, K * model->dim));
  RB_TRY(RB_ALLOCATE(ctx, replicates->x, K * model->channels * model->length));
  for (int64_t k = 0; k < K; ++k) {
    uint32_t attempt = 0;
    if (model->skips) {
      RB_TRY(make_one(ctx, model, seed, x, S, draws, k, replicates));
    } else {
      RB_TRY(pick(ctx, model, seed, S, draws, k, &attempt, replicates));
    }
  }
  if (model->skips) return RB_OK;
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
