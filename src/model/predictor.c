#include "rheobase/model/predictor.h"

#include <math.h>
#include <stdlib.h>

#include "rheobase/model/prior.h"

double rb_predictor_expected(double probability) {
  if (!(probability > 0)) return 0;
  return probability < 1 ? fmin(-log1p(-probability), RB_PREDICTOR_SURE) : RB_PREDICTOR_SURE;
}

rb_status rb_predictor_run(const rb_model *model, rb_context *ctx, const rb_stimulated *given,
                           uint64_t seed, int64_t first, int64_t count, const double *theta,
                           const double *level, double *response, uint8_t *event) {
  rb_status status = RB_OK;
  double *all = NULL;
  RB_TRY(rb_prior_complete_new(ctx, model->prior, count, theta, &all));
  RB_TRY(model->predictor->run(model->core, ctx, given, seed, first, count, all, level, response,
                               event));
cleanup:
  free(all);
  return status;
}

rb_status rb_predictor_follow(const rb_model *model, rb_context *ctx, const rb_stimulated *given,
                              int64_t count, const double *theta, double *response,
                              double *expected) {
  rb_status status = RB_OK;
  double *all = NULL;
  if (model->predictor->follow == NULL) {
    for (int64_t i = 0; i < count * given->length; ++i) response[i] = expected[i] = NAN;
    return RB_OK;
  }
  RB_TRY(rb_prior_complete_new(ctx, model->prior, count, theta, &all));
  RB_TRY(model->predictor->follow(model->core, ctx, given, count, all, response, expected));
cleanup:
  free(all);
  return status;
}

rb_status rb_predictor_recordings(const rb_model *model, rb_context *ctx, const float *x,
                                  rb_recordings *r) {
  *r = (rb_recordings){0};
  if (model->predictor->recordings == NULL) return RB_OK;
  return model->predictor->recordings(model->core, ctx, x, r);
}

void rb_recordings_free(rb_recordings *r) {
  free(r->recording);
  free(r->stimulus);
  free(r->response);
  free(r->event);
  *r = (rb_recordings){0};
}
