#include "rheobase/inference/linear_baseline.h"

#include <gsl/gsl_linalg.h>
#include <math.h>
#include <string.h>

#include "baseline.h"
#include "rheobase/base/memory.h"
#include "rheobase/random/distributions.h"

enum {
  TRIES_PER_DRAW = 1000,
  MASS_DRAWS = 4096,  // that estimate the mass inside the support
  BANK = 4096,        // prior draws to fall back on
  BATCH = 64,         // tries whose random numbers are made together
  // Sub-indices of the streams, apart from those of a network's draws.
  SUB_TRIES = 0xb000,
  SUB_PICKS = 0xb001,
  SUB_MASS = 0xb002
};
static const double LOG_SQRT_2PI = 0.91893853320467274178;

typedef struct baseline_state {
  const rb_baseline *baseline;
  double factor[RB_MAX_PARAMETERS * RB_MAX_PARAMETERS];  // (D, D) lower, covariance = F F^T
  double log_peak;                                       // log density of the Gaussian at its mean
  double *row;                                           // (features)
  double *mass;                                          // (MASS_DRAWS, D) deviations from the mean
  double *bank;                                          // (BANK, D) prior draws
  double *weight;                                        // (BANK) cumulative
  rb_baseline_leakage leakage;
} baseline_state;

void rb_baseline_destroy(rb_baseline *baseline) {
  if (baseline == NULL) return;
  rb_baseline_features_destroy(&baseline->features);
  rb_ridge_destroy(&baseline->ridge);
  free(baseline);
}

const rb_baseline_report *rb_baseline_get_report(const rb_baseline *baseline) {
  return &baseline->report;
}

const double *rb_baseline_covariance(const rb_baseline *baseline) { return baseline->covariance; }

void rb_baseline_mean_of(const rb_baseline *baseline, const float *x, double *row, double *mean) {
  rb_baseline_features_compute(&baseline->features, 1, x, row);
  rb_ridge_predict(&baseline->ridge, row, mean);
}

rb_status rb_baseline_mean(rb_context *ctx, const rb_baseline *baseline, int64_t count,
                           const float *x, double *mean) {
  rb_status status = RB_OK;
  double *row = NULL;
  RB_TRY(RB_ALLOCATE(ctx, row, baseline->features.count));
  for (int64_t i = 0; i < count; ++i) {
    rb_baseline_mean_of(baseline, x + i * baseline->features.row, row,
                        mean + i * baseline->model->dim);
  }
cleanup:
  free(row);
  return status;
}

/* out = F z. */
static void correlate(const baseline_state *state, int D, const double *z, double *out) {
  for (int d = 0; d < D; ++d) {
    double sum = 0;
    for (int e = 0; e <= d; ++e) sum += state->factor[d * D + e] * z[e];
    out[d] = sum;
  }
}

/* Log density of the Gaussian around `mean`, not truncated. */
static double gaussian(const baseline_state *state, int D, const double *mean,
                       const double *theta) {
  double z[RB_MAX_PARAMETERS], square = 0;
  for (int d = 0; d < D; ++d) {
    double rest = theta[d] - mean[d];
    for (int e = 0; e < d; ++e) rest -= state->factor[d * D + e] * z[e];
    z[d] = rest / state->factor[d * D + d];
    square += z[d] * z[d];
  }
  return state->log_peak - 0.5 * square;
}

/* Log of the Gaussian's mass inside the prior's support. */
static double log_mass(const baseline_state *state, const rb_model *model, const double *mean) {
  const int D = model->dim;
  int64_t inside = 0;
  for (int i = 0; i < MASS_DRAWS; ++i) {
    double theta[RB_MAX_PARAMETERS];
    for (int d = 0; d < D; ++d) theta[d] = mean[d] + state->mass[i * D + d];
    inside += model->in_support(model, theta);
  }
  return log(inside > 0 ? (double)inside / MASS_DRAWS : 0.5 / MASS_DRAWS);
}

/* Fills draws from `done` on with prior draws picked by the Gaussian's density. */
static void pick_from_prior(baseline_state *state, const rb_model *model, rb_stream stream,
                            const double *mean, int64_t done, int64_t draws, float *theta) {
  const int D = model->dim;
  double largest = -INFINITY, total = 0;
  for (int i = 0; i < BANK; ++i) {
    state->weight[i] = gaussian(state, D, mean, state->bank + (ptrdiff_t)i * D);
    largest = fmax(largest, state->weight[i]);
  }
  for (int i = 0; i < BANK; ++i) {
    total += exp(state->weight[i] - largest);
    state->weight[i] = total;
  }
  for (int64_t s = done; s < draws; ++s) {
    const double target = total * rb_stream_uniform(stream, (uint32_t)s);
    int low = 0, high = BANK - 1;  // first entry whose cumulative weight reaches the target
    while (low < high) {
      const int middle = (low + high) / 2;
      if (state->weight[middle] >= target) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    for (int d = 0; d < D; ++d) theta[s * D + d] = (float)state->bank[(ptrdiff_t)low * D + d];
  }
}

/* Draws of one data set by rejection. The draw is rounded to float before it is judged. */
static void sample_one(baseline_state *state, const rb_model *model, rb_stream stream,
                       rb_stream picks, const double *mean, int64_t draws, float *theta) {
  const int D = model->dim;
  int64_t done = 0, tries = 0;
  double z[BATCH * RB_MAX_PARAMETERS];
  while (done < draws && tries < draws * TRIES_PER_DRAW) {
    rb_stream_normals(stream, tries * D, (int64_t)BATCH * D, z);
    for (int k = 0; k < BATCH && done < draws; ++k) {
      double candidate[RB_MAX_PARAMETERS];
      correlate(state, D, z + (ptrdiff_t)k * D, candidate);
      for (int d = 0; d < D; ++d) candidate[d] = (double)(float)(mean[d] + candidate[d]);
      ++tries;
      if (!model->in_support(model, candidate)) continue;
      for (int d = 0; d < D; ++d) theta[done * D + d] = (float)candidate[d];
      ++done;
    }
  }
  state->leakage.tries += tries;
  state->leakage.inside += done;
  state->leakage.data_sets += 1;
  if (done == draws) return;
  state->leakage.given_up += 1;
  pick_from_prior(state, model, picks, mean, done, draws, theta);
}

static double density(const baseline_state *state, const rb_model *model, const double *mean,
                      double mass, const double *theta) {
  if (!model->in_support(model, theta)) return -INFINITY;
  return gaussian(state, model->dim, mean, theta) - mass;
}

static rb_status sample(rb_posterior *self, rb_context *ctx, uint64_t seed, rb_purpose purpose,
                        int64_t first, int64_t count, const float *x, int64_t draws, float *theta,
                        double *log_density) {
  (void)ctx;
  baseline_state *state = self->state;
  const rb_model *model = self->model;
  const int D = model->dim;
  for (int64_t i = 0; i < count; ++i) {
    double mean[RB_MAX_PARAMETERS];
    const uint64_t item = (uint64_t)(first + i);
    const rb_stream tries =
        rb_stream_make(seed, purpose, RB_RANDOM_POSTERIOR_DRAWS, SUB_TRIES, item);
    const rb_stream picks =
        rb_stream_make(seed, purpose, RB_RANDOM_POSTERIOR_DRAWS, SUB_PICKS, item);
    float *out = theta + i * draws * D;
    rb_baseline_mean_of(state->baseline, x + i * state->baseline->features.row, state->row, mean);
    sample_one(state, model, tries, picks, mean, draws, out);
    if (log_density == NULL) continue;
    const double mass = log_mass(state, model, mean);
    for (int64_t s = 0; s < draws; ++s) {
      double value[RB_MAX_PARAMETERS];
      for (int d = 0; d < D; ++d) value[d] = (double)out[s * D + d];
      log_density[i * draws + s] = density(state, model, mean, mass, value);
    }
  }
  return RB_OK;
}

static rb_status log_density(rb_posterior *self, rb_context *ctx, int64_t count, const float *x,
                             int64_t per, const double *theta, double *out) {
  (void)ctx;
  baseline_state *state = self->state;
  const rb_model *model = self->model;
  for (int64_t i = 0; i < count; ++i) {
    double mean[RB_MAX_PARAMETERS];
    rb_baseline_mean_of(state->baseline, x + i * state->baseline->features.row, state->row, mean);
    const double mass = log_mass(state, model, mean);
    for (int64_t k = i * per; k < (i + 1) * per; ++k) {
      out[k] = density(state, model, mean, mass, theta + k * model->dim);
    }
  }
  return RB_OK;
}

static void destroy(rb_posterior *self) {
  baseline_state *state = self->state;
  if (state == NULL) return;
  free(state->row);
  free(state->mass);
  free(state->bank);
  free(state->weight);
  free(state);
  self->state = NULL;
}

rb_baseline_leakage rb_baseline_get_leakage(const rb_posterior *posterior) {
  return ((const baseline_state *)posterior->state)->leakage;
}

/* Cholesky factor of the covariance and the density's constant. */
static rb_status factorise(rb_context *ctx, const rb_baseline *baseline, baseline_state *state) {
  const int D = baseline->model->dim;
  memcpy(state->factor, baseline->covariance, sizeof state->factor);
  // GSL's own handler would abort; a matrix that is not positive definite shows in its diagonal.
  gsl_error_handler_t *handler = gsl_set_error_handler_off();
  gsl_matrix_view view = gsl_matrix_view_array(state->factor, (size_t)D, (size_t)D);
  const int code = gsl_linalg_cholesky_decomp1(&view.matrix);
  (void)gsl_set_error_handler(handler);
  state->log_peak = -D * LOG_SQRT_2PI;
  for (int d = 0; d < D; ++d) {
    const double pivot = state->factor[d * D + d];
    if (code != 0 || !(pivot > 0)) {
      return RB_FAIL(ctx, RB_ERR_NUMERIC,
                     "baseline: the covariance of the validation residuals is singular: raise "
                     "training.validation");
    }
    state->log_peak -= log(pivot);
  }
  return RB_OK;
}

rb_status rb_baseline_posterior(rb_context *ctx, const rb_baseline *baseline, uint64_t seed,
                                rb_posterior *posterior) {
  rb_status status = RB_OK;
  const rb_model *model = baseline->model;
  const int D = model->dim;
  *posterior = (rb_posterior){.name = "baseline",
                              .model = model,
                              .sample = sample,
                              .log_density = log_density,
                              .destroy = destroy};
  baseline_state *state = NULL;
  RB_TRY(RB_ALLOCATE(ctx, state, 1));
  posterior->state = state;
  state->baseline = baseline;
  RB_TRY(RB_ALLOCATE(ctx, state->row, baseline->features.count));
  RB_TRY(RB_ALLOCATE(ctx, state->mass, (int64_t)MASS_DRAWS * D));
  RB_TRY(RB_ALLOCATE(ctx, state->bank, (int64_t)BANK * D));
  RB_TRY(RB_ALLOCATE(ctx, state->weight, BANK));
  RB_TRY(factorise(ctx, baseline, state));
  RB_TRY(model->draw_prior(model, ctx, seed, RB_FOR_TRAINING, 0, BANK, state->bank, NULL));
  const rb_stream stream = rb_stream_make(seed, RB_FOR_TRAINING, RB_RANDOM_FEATURES, SUB_MASS, 0);
  for (int i = 0; i < MASS_DRAWS; ++i) {
    double z[RB_MAX_PARAMETERS];
    rb_stream_normals(stream, (int64_t)i * D, D, z);
    correlate(state, D, z, state->mass + (ptrdiff_t)i * D);
  }
cleanup:
  if (status != RB_OK) destroy(posterior);
  return status;
}
