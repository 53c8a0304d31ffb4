#include "rheobase/inference/mixture_posterior.h"

#include <math.h>
#include <string.h>

#include "rheobase/base/memory.h"

typedef struct mixture_state {
  int count;
  rb_posterior *member;  // (count) borrowed
} mixture_state;

/* Picks a member for every draw. @param pick (count, S) @param share (count, members) draws of each
 * member */
static void pick_members(const mixture_state *state, uint64_t seed, rb_purpose purpose,
                         int64_t first, int64_t count, int64_t S, int16_t *pick, int64_t *share) {
  for (int64_t i = 0; i < count; ++i) {
    const rb_stream stream =
        rb_stream_make(seed, purpose, RB_RANDOM_MEMBERS, 0, (uint64_t)(first + i));
    for (int64_t s = 0; s < S; ++s) {
      pick[i * S + s] = (int16_t)rb_stream_integer(stream, (uint32_t)s, state->count);
      ++share[i * state->count + pick[i * S + s]];
    }
  }
}

/* Puts a member's draws where it was picked. @param made (count, most, D) */
static void place(int member, int64_t count, int64_t S, int64_t most, int D, const int16_t *pick,
                  const float *made, float *theta) {
  for (int64_t i = 0; i < count; ++i) {
    const float *next = made + i * most * D;
    for (int64_t s = 0; s < S; ++s) {
      if (pick[i * S + s] != member) continue;
      memcpy(theta + (i * S + s) * D, next, (size_t)D * sizeof *theta);
      next += D;
    }
  }
}

/* Log densities of draws, which are given in single precision. */
static rb_status densities_of_draws(rb_posterior *self, rb_context *ctx, int64_t count,
                                    const float *x, int64_t S, const float *theta, double *out) {
  rb_status status = RB_OK;
  const int64_t values = count * S * self->model->dim;
  double *wide = NULL;
  RB_TRY(RB_ALLOCATE(ctx, wide, values));
  for (int64_t k = 0; k < values; ++k) wide[k] = (double)theta[k];
  RB_TRY(self->log_density(self, ctx, count, x, S, wide, out));
cleanup:
  free(wide);
  return status;
}

static rb_status sample(rb_posterior *self, rb_context *ctx, uint64_t seed, rb_purpose purpose,
                        int64_t first, int64_t count, const float *x, int64_t S, float *theta,
                        double *log_density) {
  rb_status status = RB_OK;
  mixture_state *state = self->state;
  const int D = self->model->dim;
  int16_t *pick = NULL;
  int64_t *share = NULL;
  float *made = NULL;
  RB_TRY(RB_ALLOCATE(ctx, pick, count * S));
  RB_TRY(RB_ALLOCATE(ctx, share, count * state->count));
  RB_TRY(RB_ALLOCATE(ctx, made, count * S * D));
  pick_members(state, seed, purpose, first, count, S, pick, share);
  for (int m = 0; m < state->count; ++m) {
    rb_posterior *member = &state->member[m];
    int64_t most = 0;  // all data sets get as many draws as the one that needs most of them
    for (int64_t i = 0; i < count; ++i) {
      if (share[i * state->count + m] > most) most = share[i * state->count + m];
    }
    if (most == 0) continue;
    RB_TRY(member->sample(member, ctx, seed, purpose, first, count, x, most, made, NULL));
    place(m, count, S, most, D, pick, made, theta);
  }
  if (log_density != NULL) {
    RB_TRY(densities_of_draws(self, ctx, count, x, S, theta, log_density));
  }
cleanup:
  free(pick);
  free(share);
  free(made);
  return status;
}

/* log mean exp of `count` values, `stride` apart. */
static double log_mean_exp(int count, int64_t stride, const double *value) {
  double largest = -INFINITY, sum = 0;
  for (int m = 0; m < count; ++m) largest = fmax(largest, value[m * stride]);
  if (!isfinite(largest)) return largest;
  for (int m = 0; m < count; ++m) sum += exp(value[m * stride] - largest);
  return largest + log(sum / count);
}

static rb_status log_density(rb_posterior *self, rb_context *ctx, int64_t count, const float *x,
                             int64_t per, const double *theta, double *out) {
  rb_status status = RB_OK;
  mixture_state *state = self->state;
  const int64_t rows = count * per;
  double *each = NULL;  // (members, rows)
  RB_TRY(RB_ALLOCATE(ctx, each, state->count * rows));
  for (int m = 0; m < state->count; ++m) {
    rb_posterior *member = &state->member[m];
    RB_TRY(member->log_density(member, ctx, count, x, per, theta, each + m * rows));
  }
  for (int64_t row = 0; row < rows; ++row) {
    out[row] = log_mean_exp(state->count, rows, each + row);
  }
cleanup:
  free(each);
  return status;
}

static void destroy(rb_posterior *self) {
  free(self->state);
  self->state = NULL;
}

rb_status rb_mixture_posterior_create(rb_context *ctx, int count, rb_posterior *member,
                                      rb_posterior *posterior) {
  rb_status status = RB_OK;
  mixture_state *state = NULL;
  bool has_density = true;
  for (int m = 0; m < count; ++m) has_density = has_density && member[m].log_density != NULL;
  RB_TRY(RB_ALLOCATE(ctx, state, 1));
  *state = (mixture_state){count, member};
  *posterior = (rb_posterior){.name = "mixture",
                              .model = member->model,
                              .state = state,
                              .latent = member->latent,
                              .sample = sample,
                              .log_density = has_density ? log_density : NULL,
                              .destroy = destroy};
cleanup:
  return status;
}
