#include "rheobase/flow_posterior.h"

#include <math.h>
#include <string.h>

#include "rheobase/distributions.h"
#include "rheobase/memory.h"
#include "rheobase/support.h"

typedef struct flow_state {
  rb_estimator *estimator;
  rb_standardisation standardisation;
  double log_jacobian;  // log |d standardised / d theta, or d phi|
  bool support;
  int batch;
  uint16_t member;
  int64_t capacity;   // rows of z, values and density
  rb_real *x;         // (batch, L, C)
  rb_real *summary;   // (batch, summary_dim)
  rb_real *repeated;  // (capacity, summary_dim) the summary of each row's data set
  rb_real *z;         // (capacity, D)
  rb_real *values;    // (capacity, D) standardised parameters
  rb_real *density;   // (capacity)
  double *phi;        // (capacity, D) support coordinates, or the parameters themselves
  double *log_det;    // (capacity)
} flow_state;

/* Standard normal numbers of the network's type. */
static void fill_normals(rb_stream stream, int64_t count, rb_real *out) {
#if RB_REAL_IS_DOUBLE
  rb_stream_normals(stream, 0, count, out);
#else
  rb_stream_normals_float(stream, 0, count, out);
#endif
}

/* Makes room for `rows` parameter vectors at once. */
static rb_status reserve(rb_context *ctx, flow_state *state, int D, int64_t rows) {
  rb_status status = RB_OK;
  if (rows <= state->capacity) return RB_OK;
  free(state->repeated);
  free(state->z);
  free(state->values);
  free(state->density);
  free(state->phi);
  free(state->log_det);
  state->phi = state->log_det = NULL;
  state->repeated = state->z = state->values = state->density = NULL;
  state->capacity = 0;
  RB_TRY(RB_ALLOCATE(ctx, state->repeated, rows * rb_estimator_summary_dim(state->estimator)));
  RB_TRY(RB_ALLOCATE(ctx, state->z, rows * D));
  RB_TRY(RB_ALLOCATE(ctx, state->values, rows * D));
  RB_TRY(RB_ALLOCATE(ctx, state->density, rows));
  RB_TRY(RB_ALLOCATE(ctx, state->phi, rows * D));
  RB_TRY(RB_ALLOCATE(ctx, state->log_det, rows));
  state->capacity = rows;
cleanup:
  return status;
}

/* Summaries of up to `batch` data sets; the rest of the batch is zeros. */
static void summarise(flow_state *state, const rb_model *model, int64_t count, const float *x) {
  const int64_t samples = model->channels * model->length;
  for (int64_t i = 0; i < count; ++i) {
    rb_standardise_x(&state->standardisation, model->channels, model->length, x + i * samples,
                     state->x + i * samples);
  }
  memset(state->x + count * samples, 0,
         (size_t)((state->batch - count) * samples) * sizeof *state->x);
  rb_estimator_summarise(state->estimator, state->batch, state->x, state->summary);
}

/* Log densities per unit of the parameters from those of standardised ones in state->density. */
static void per_unit(const flow_state *state, int64_t rows, double *log_density) {
  for (int64_t row = 0; row < rows; ++row) {
    log_density[row] = (double)state->density[row] + state->log_jacobian;
    if (state->support) log_density[row] -= state->log_det[row];
  }
}

/* Log density of count * per standardised vectors in state->values. */
static void densities(flow_state *state, int64_t count, int64_t per, double *log_density) {
  const int dim = rb_estimator_summary_dim(state->estimator);
  const int64_t rows = count * per;
  for (int64_t row = 0; row < rows; ++row) {
    memcpy(state->repeated + row * dim, state->summary + row / per * dim,
           (size_t)dim * sizeof(rb_real));
  }
  rb_estimator_log_density(state->estimator, (int)rows, state->values, state->repeated, NULL,
                           state->density);
  per_unit(state, rows, log_density);
}

static rb_status sample(rb_posterior *self, rb_context *ctx, uint64_t seed, rb_purpose purpose,
                        int64_t first, int64_t count, const float *x, int64_t draws, float *theta,
                        double *log_density) {
  rb_status status = RB_OK;
  flow_state *state = self->state;
  const rb_model *model = self->model;
  const int D = model->dim;
  const rb_standardisation *s = &state->standardisation;
  RB_TRY(reserve(ctx, state, D, (count < state->batch ? count : state->batch) * draws));
  for (int64_t begin = 0; begin < count; begin += state->batch) {
    const int64_t here = count - begin < state->batch ? count - begin : state->batch;
    summarise(state, model, here, x + begin * model->channels * model->length);
    for (int64_t i = 0; i < here; ++i) {
      const rb_stream stream = rb_stream_make(seed, purpose, RB_RANDOM_POSTERIOR_DRAWS,
                                              state->member, (uint64_t)(first + begin + i));
      fill_normals(stream, draws * D, state->z + i * draws * D);
    }
    rb_estimator_sample(state->estimator, (int)here, draws, state->summary, state->z, state->values,
                        log_density != NULL ? state->density : NULL);
    float *out = theta + begin * draws * D;
    for (int64_t k = 0; k < here * draws * D; ++k) {
      state->phi[k] = (double)state->values[k] * s->theta_std[k % D] + s->theta_mean[k % D];
    }
    if (state->support) {
      rb_model_from_support(model, here * draws, state->phi, state->phi, state->log_det);
    }
    for (int64_t k = 0; k < here * draws * D; ++k) out[k] = (float)state->phi[k];
    if (log_density != NULL) per_unit(state, here * draws, log_density + begin * draws);
  }
cleanup:
  return status;
}

static rb_status log_density(rb_posterior *self, rb_context *ctx, int64_t count, const float *x,
                             int64_t per, const double *theta, double *out) {
  rb_status status = RB_OK;
  flow_state *state = self->state;
  const rb_model *model = self->model;
  const int D = model->dim;
  RB_TRY(reserve(ctx, state, D, (count < state->batch ? count : state->batch) * per));
  for (int64_t begin = 0; begin < count; begin += state->batch) {
    const int64_t here = count - begin < state->batch ? count - begin : state->batch;
    summarise(state, model, here, x + begin * model->channels * model->length);
    const double *here_theta = theta + begin * per * D;
    if (state->support) {
      rb_model_to_support(model, here * per, here_theta, state->phi, state->log_det);
      here_theta = state->phi;
    }
    rb_standardise_theta(&state->standardisation, D, here * per, here_theta, state->values);
    densities(state, here, per, out + begin * per);
  }
cleanup:
  return status;
}

static void destroy(rb_posterior *self) {
  flow_state *state = self->state;
  if (state == NULL) return;
  free(state->x);
  free(state->summary);
  free(state->repeated);
  free(state->z);
  free(state->values);
  free(state->density);
  free(state->phi);
  free(state->log_det);
  free(state);
  self->state = NULL;
}

rb_status rb_flow_posterior_create(rb_context *ctx, const rb_model *model, bool support,
                                   rb_estimator *estimator,
                                   const rb_standardisation *standardisation, int batch,
                                   uint16_t member, rb_posterior *posterior) {
  rb_status status = RB_OK;
  *posterior = (rb_posterior){.name = "network",
                              .model = model,
                              .latent = support,
                              .sample = sample,
                              .log_density = log_density,
                              .destroy = destroy};
  flow_state *state = NULL;
  RB_TRY(RB_ALLOCATE(ctx, state, 1));
  posterior->state = state;
  state->estimator = estimator;
  state->standardisation = *standardisation;
  state->support = support;
  state->batch = batch;
  state->member = member;
  for (int d = 0; d < model->dim; ++d) posterior->log_scale += log(standardisation->theta_std[d]);
  state->log_jacobian = -posterior->log_scale;
  RB_TRY(RB_ALLOCATE(ctx, state->x, batch * model->length * model->channels));
  RB_TRY(RB_ALLOCATE(ctx, state->summary, (int64_t)batch * rb_estimator_summary_dim(estimator)));
cleanup:
  if (status != RB_OK) destroy(posterior);
  return status;
}

int rb_flow_posterior_summary_dim(const rb_posterior *posterior) {
  return rb_estimator_summary_dim(((const flow_state *)posterior->state)->estimator);
}

rb_status rb_flow_posterior_summarise(void *posterior, rb_context *ctx, int64_t count,
                                      const float *x, double *summary) {
  (void)ctx;
  const rb_model *model = ((const rb_posterior *)posterior)->model;
  flow_state *state = ((rb_posterior *)posterior)->state;
  const int dim = rb_estimator_summary_dim(state->estimator);
  for (int64_t first = 0; first < count; first += state->batch) {
    const int64_t here = count - first < state->batch ? count - first : state->batch;
    summarise(state, model, here, x + first * model->channels * model->length);
    for (int64_t k = 0; k < here * dim; ++k) summary[first * dim + k] = (double)state->summary[k];
  }
  return RB_OK;
}
