#include "rheobase/model/draw.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "rheobase/base/memory.h"
#include "rheobase/model/model_type.h"
#include "rheobase/model/replay.h"

/* What a simulator gives is checked: it fails where that is invalid, or skips it. */

static bool channel_is_valid(int64_t count, const float *x, bool binary) {
  int wrong = 0;  // without branches: this is read of every simulation
  if (binary) {
    for (int64_t t = 0; t < count; ++t) wrong |= !(x[t] == 0) & !(x[t] == 1);
  } else {
    for (int64_t t = 0; t < count; ++t) wrong |= !(fabsf(x[t]) <= FLT_MAX);
  }
  return wrong == 0;
}

int64_t rb_channel_first_invalid(int64_t length, const float *x, bool binary) {
  int64_t t = 0;
  while (t < length && channel_is_valid(1, &x[t], binary)) ++t;
  return t;
}

int rb_model_channel(const rb_model *model, rb_channel_role role) {
  for (int c = 0; c < model->channels; ++c) {
    if (model->channel[c].role == role) return c;
  }
  return -1;
}

bool rb_model_is_valid(const rb_model *model, const float *x) {
  bool valid = true;
  for (int c = 0; c < model->channels; ++c) {
    valid &= channel_is_valid(model->length, x + c * model->length, model->channel[c].binary);
  }
  return valid;
}

/* @param x (C, L) of an invalid simulation */
static rb_status refuse(rb_context *ctx, const rb_model *model, rb_purpose purpose, int64_t item,
                        const double *theta, const float *x) {
  int c = 0;
  while (channel_is_valid(model->length, x, model->channel[c].binary)) ++c, x += model->length;
  const rb_channel *channel = &model->channel[c];
  char text[RB_PARAMETERS_TEXT];
  const int64_t t = rb_channel_first_invalid(model->length, x, channel->binary);
  rb_model_parameters_text(model, theta, text);
  const rb_status status =
      RB_FAIL(ctx, RB_ERR_SIMULATOR,
              "the simulator gave %s = %g at sample %" PRId64 " of data set %" PRId64 " (%s)%s",
              channel->quantity.name, (double)x[t], t, item, text,
              channel->binary && isfinite(x[t]) ? "; a binary channel is 0 or 1" : "");
  double all[RB_PRIOR_ROWS];
  rb_prior_complete(model->prior, 1, theta, all);
  rb_replay_write(ctx, model->core, purpose, item, 1, all);
  return status;
}

/* Simulates, with the fixed parameters. @param given as of simulate_given; NULL: nothing */
static rb_status simulate_core(const rb_model *model, rb_context *ctx, uint64_t seed,
                               rb_purpose purpose, int64_t first, int64_t count,
                               const double *theta, const float *given, float *x) {
  rb_status status = RB_OK;
  double *all = NULL;
  if (model->dim < model->core->dim) {
    RB_TRY(rb_prior_complete_new(ctx, model->prior, count, theta, &all));
  }
  const rb_model *core = model->core;
  if (all != NULL) theta = all;
  if (given != NULL && core->simulate_given != NULL) {
    RB_TRY(core->simulate_given(core, ctx, seed, purpose, first, count, theta, given, x));
  } else {
    RB_TRY(core->simulate(core, ctx, seed, purpose, first, count, theta, x));
  }
cleanup:
  free(all);
  return status;
}

rb_status rb_model_simulate_given(const rb_model *model, rb_context *ctx, uint64_t seed,
                                  rb_purpose purpose, int64_t first, int64_t count,
                                  const double *theta, const float *given, float *x) {
  rb_status status = RB_OK;
  const int64_t row = model->channels * model->length;
  RB_TRY(simulate_core(model, ctx, seed, purpose, first, count, theta, given, x));
  for (int64_t i = 0; i < count; ++i) {
    if (rb_model_is_valid(model, x + i * row)) continue;
    RB_TRY(refuse(ctx, model, purpose, first + i, theta + i * model->dim, x + i * row));
  }
cleanup:
  return status;
}

rb_status rb_model_simulate(const rb_model *model, rb_context *ctx, uint64_t seed,
                            rb_purpose purpose, int64_t first, int64_t count, const double *theta,
                            float *x) {
  return rb_model_simulate_given(model, ctx, seed, purpose, first, count, theta, NULL, x);
}

rb_status rb_model_attempt(const rb_model *model, rb_context *ctx, uint64_t seed,
                           rb_purpose purpose, int64_t first, int64_t count, const double *theta,
                           const float *given, float *x, bool *valid) {
  rb_status status = RB_OK;
  const int64_t row = model->channels * model->length;
  if (!model->skips) {
    for (int64_t i = 0; i < count; ++i) valid[i] = true;
    return given != NULL && model->simulate_given != NULL
               ? model->simulate_given(model, ctx, seed, purpose, first, count, theta, given, x)
               : model->simulate(model, ctx, seed, purpose, first, count, theta, x);
  }
  for (int64_t i = 0; i < count; ++i) {
    valid[i] = model->accepts(model, theta + i * model->dim, NULL);
  }
  for (int64_t i = 0, run = 1; i < count; i += run, run = 1) {
    while (i + run < count && valid[i + run] == valid[i]) ++run;
    if (!valid[i]) continue;
    RB_TRY(simulate_core(model, ctx, seed, purpose, first + i, run, theta + i * model->dim, given,
                         x + i * row));
  }
  for (int64_t i = 0; i < count; ++i) {
    valid[i] = valid[i] && rb_model_is_valid(model, x + i * row);
  }
cleanup:
  return status;
}

rb_status rb_model_check_share(rb_context *ctx, const rb_model *model, int64_t tried,
                               int64_t invalid, bool all) {
  const double limit = model->skip_limit, n = (double)tried;
  // The four more are for few simulations, of which one may be invalid by chance.
  const double chance = all || limit == 0 ? 0 : 4 * sqrt(limit * (1 - limit) * n) + 4;
  if (!model->skips || (double)invalid <= limit * n + chance) return RB_OK;
  return RB_FAIL(ctx, RB_ERR_SIMULATOR,
                 "%" PRId64 " of %" PRId64 " simulations are invalid " RB_INVALID_MEANS
                 ": %.3g%%, and "
                 "simulation.invalid_limit allows %.3g%%; narrow the prior to where the simulator "
                 "works, or raise the limit",
                 invalid, tried, 100 * (double)invalid / n, 100 * limit);
}

/* Replaces an invalid simulation. @param theta (D) @param latent (D) or NULL @param x (C, L) */
static rb_status stand_in(const rb_model *model, rb_context *ctx, uint64_t seed, rb_purpose purpose,
                          int64_t item, double *theta, double *latent, float *x) {
  rb_status status = RB_OK;
  rb_tally *tally = &model->core->tally;
  bool valid = false;
  for (int64_t k = 1; !valid; ++k) {
    const int64_t other = rb_model_stand_in(item, k);
    ++tally->invalid;
    RB_TRY(rb_model_check_share(ctx, model, tally->tried, tally->invalid, false));
    RB_TRY(model->draw_prior(model, ctx, seed, purpose, other, 1, theta, latent));
    RB_TRY(rb_model_attempt(model, ctx, seed, purpose, other, 1, theta, NULL, x, &valid));
    ++tally->tried;
  }
cleanup:
  return status;
}

rb_status rb_model_draw(const rb_model *model, rb_context *ctx, uint64_t seed, rb_purpose purpose,
                        int64_t first, int64_t count, double *theta, double *latent, float *x) {
  rb_status status = RB_OK;
  bool *valid = NULL;
  const int D = model->dim;
  const int64_t row = model->channels * model->length;
  RB_TRY(model->draw_prior(model, ctx, seed, purpose, first, count, theta, latent));
  if (!model->skips) return model->simulate(model, ctx, seed, purpose, first, count, theta, x);
  RB_TRY(RB_ALLOCATE(ctx, valid, count));
  RB_TRY(rb_model_attempt(model, ctx, seed, purpose, first, count, theta, NULL, x, valid));
  model->core->tally.tried += count;
  for (int64_t i = 0; i < count; ++i) {
    if (valid[i]) continue;
    RB_TRY(stand_in(model, ctx, seed, purpose, first + i, theta + i * D,
                    latent != NULL ? latent + i * D : NULL, x + i * row));
  }
cleanup:
  free(valid);
  return status;
}
