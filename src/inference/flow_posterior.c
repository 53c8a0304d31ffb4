#include "rheobase/inference/flow_posterior.h"

#include <math.h>
#include <string.h>

#include "rheobase/base/memory.h"
#include "rheobase/random/distributions.h"

typedef struct flow_state {
  rb_estimator *estimator;
  rb_standardisation standardisation;
  double log_jacobian;  // log |d standardised / d theta, or d phi|
  rb_view view;
  int batch;
  uint16_t member;
  int64_t capacity;   // rows of z, values and density
  float *seen;        // (batch, row) what the network sees
  double *centring;   // (batch, rb_view_centring)
  rb_real *x;         // (batch, row) standardised
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

/* The centring of data set i of the batch. */
static const double *centring_of(const flow_state *state, int64_t i) {
  return state->centring + i * rb_view_centring(&state->view);
}

/* What the network sees of up to `batch` data sets. */
static rb_status observe(flow_state *state, rb_context *ctx, int64_t count, const float *x) {
  return rb_view_observe(&state->view, ctx, count, x, state->seen, state->centring);
}

/* Puts 0, their mean, in place of a block's standardised features. @param x of one data set */
static void hide(rb_shape shape, const rb_feature_blocks *blocks, int block, rb_real *x) {
  rb_real *feature = x + rb_shape_series(shape);
  for (int f = 0; f < shape.features; ++f) {
    if (blocks->of[f] == block) feature[f] = 0;
  }
}

/* Summaries of what is seen; the rest of the batch is zeros.
 * @param blocks one of which is hidden; NULL: nothing is */
static void summarise_seen(flow_state *state, int64_t count, const rb_feature_blocks *blocks,
                           int hidden) {
  const rb_shape shape = rb_view_shape(&state->view);
  const int64_t samples = rb_shape_row(shape);
  for (int64_t i = 0; i < count; ++i) {
    rb_real *x = state->x + i * samples;
    rb_standardise_x(&state->standardisation, shape, state->seen + i * samples, x);
    if (blocks != NULL) hide(shape, blocks, hidden, x);
  }
  memset(state->x + count * samples, 0,
         (size_t)((state->batch - count) * samples) * sizeof *state->x);
  rb_standardise_finish(&state->standardisation, shape, state->batch, state->x);
  rb_estimator_summarise(state->estimator, state->batch, state->x, state->summary);
}

/* Summaries of up to `batch` data sets. */
static rb_status summarise(flow_state *state, rb_context *ctx, int64_t count, const float *x) {
  const rb_status status = observe(state, ctx, count, x);
  if (status == RB_OK) summarise_seen(state, count, NULL, 0);
  return status;
}

/* Log densities per unit of the parameters from those of standardised ones in state->density. */
static void per_unit(const flow_state *state, int64_t rows, double *log_density) {
  for (int64_t row = 0; row < rows; ++row) {
    log_density[row] = (double)state->density[row] + state->log_jacobian;
    if (rb_view_latent(&state->view)) log_density[row] -= state->log_det[row];
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

/* Draws of the data sets that were summarised. @param first of them within the purpose */
static void draw(flow_state *state, uint64_t seed, rb_purpose purpose, int64_t first, int64_t count,
                 int64_t draws, float *theta, double *log_density) {
  const int D = state->view.model->dim;
  const rb_standardisation *s = &state->standardisation;
  for (int64_t i = 0; i < count; ++i) {
    const rb_stream stream = rb_stream_make(seed, purpose, RB_RANDOM_POSTERIOR_DRAWS, state->member,
                                            (uint64_t)(first + i));
    fill_normals(stream, draws * D, state->z + i * draws * D);
  }
  rb_estimator_sample(state->estimator, (int)count, draws, state->summary, state->z, state->values,
                      log_density != NULL ? state->density : NULL);
  for (int64_t k = 0; k < count * draws * D; ++k) {
    state->phi[k] = (double)state->values[k] * s->theta_std[k % D] + s->theta_mean[k % D];
  }
  for (int64_t i = 0; i < count; ++i) {
    double *phi = state->phi + i * draws * D;
    rb_view_from(&state->view, centring_of(state, i), draws, phi, phi, state->log_det + i * draws);
  }
  for (int64_t k = 0; k < count * draws * D; ++k) theta[k] = (float)state->phi[k];
  if (log_density != NULL) per_unit(state, count * draws, log_density);
}

/* Log density of `per` vectors for each of the data sets that were summarised. */
static void judge(flow_state *state, int64_t count, int64_t per, const double *theta,
                  double *log_density) {
  const int D = state->view.model->dim;
  for (int64_t i = 0; i < count; ++i) {
    rb_view_to(&state->view, centring_of(state, i), per, theta + i * per * D,
               state->phi + i * per * D, state->log_det + i * per);
  }
  rb_standardise_theta(&state->standardisation, D, count * per, state->phi, state->values);
  densities(state, count, per, log_density);
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static rb_status sample(rb_posterior *self, rb_context *ctx, uint64_t seed, rb_purpose purpose,
                        int64_t first, int64_t count, const float *x, int64_t draws, float *theta,
                        double *log_density) {
  rb_status status = RB_OK;
  flow_state *state = self->state;
  const rb_model *model = self->model;
  const int D = model->dim;
  RB_TRY(reserve(ctx, state, D, least(count, state->batch) * draws));
  for (int64_t begin = 0; begin < count; begin += state->batch) {
    const int64_t here = least(count - begin, state->batch);
    RB_TRY(summarise(state, ctx, here, x + begin * model->channels * model->length));
    draw(state, seed, purpose, first + begin, here, draws, theta + begin * draws * D,
         log_density != NULL ? log_density + begin * draws : NULL);
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
  RB_TRY(reserve(ctx, state, D, least(count, state->batch) * per));
  for (int64_t begin = 0; begin < count; begin += state->batch) {
    const int64_t here = least(count - begin, state->batch);
    RB_TRY(summarise(state, ctx, here, x + begin * model->channels * model->length));
    judge(state, here, per, theta + begin * per * D, out + begin * per);
  }
cleanup:
  return status;
}

void rb_flow_posterior_blocks(const rb_posterior *posterior, rb_feature_blocks *blocks) {
  const rb_view *view = &((const flow_state *)posterior->state)->view;
  rb_feature_blocks_find(view->summary->features, view->model, blocks);
}

rb_status rb_flow_posterior_without(rb_posterior *posterior, rb_context *ctx, uint64_t seed,
                                    rb_purpose purpose, int64_t first, int64_t count,
                                    const float *x, const rb_feature_blocks *blocks, int64_t draws,
                                    const double *truth, float *theta, double *log_truth) {
  rb_status status = RB_OK;
  flow_state *state = posterior->state;
  const rb_model *model = posterior->model;
  const int D = model->dim;
  RB_TRY(reserve(ctx, state, D, least(count, state->batch) * draws));
  for (int64_t begin = 0; begin < count; begin += state->batch) {
    const int64_t here = least(count - begin, state->batch);
    RB_TRY(observe(state, ctx, here, x + begin * model->channels * model->length));
    for (int k = 0; k <= blocks->count; ++k) {
      const int64_t row = k * count + begin;
      summarise_seen(state, here, k > 0 ? blocks : NULL, k - 1);
      draw(state, seed, purpose, first + begin, here, draws, theta + row * draws * D, NULL);
      judge(state, here, 1, truth + begin * D, log_truth + row);
    }
  }
cleanup:
  return status;
}

static void destroy(rb_posterior *self) {
  flow_state *state = self->state;
  if (state == NULL) return;
  rb_standardisation_destroy(&state->standardisation);
  free(state->seen);
  free(state->centring);
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

rb_status rb_flow_posterior_create(rb_context *ctx, const rb_model *model,
                                   rb_coordinates coordinates, rb_estimator *estimator,
                                   const rb_standardisation *standardisation, int batch,
                                   uint16_t member, rb_posterior *posterior) {
  rb_status status = RB_OK;
  *posterior = (rb_posterior){.name = "network",
                              .model = model,
                              .latent = coordinates != RB_COORDINATES_RAW,
                              .sample = sample,
                              .log_density = log_density,
                              .destroy = destroy};
  flow_state *state = NULL;
  RB_TRY(RB_ALLOCATE(ctx, state, 1));
  posterior->state = state;
  state->estimator = estimator;
  RB_TRY(rb_standardisation_copy(ctx, rb_estimator_shape(estimator).features, standardisation,
                                 &state->standardisation));
  state->view = (rb_view){model, rb_estimator_summary_type(estimator), coordinates};
  RB_TRY(rb_view_check(ctx, &state->view));
  state->batch = batch;
  state->member = member;
  for (int d = 0; d < model->dim; ++d) state->log_jacobian -= log(standardisation->theta_std[d]);
  const int64_t seen = batch * rb_shape_row(rb_view_shape(&state->view));
  RB_TRY(RB_ALLOCATE(ctx, state->seen, seen));
  RB_TRY(RB_ALLOCATE(ctx, state->centring, (int64_t)batch * rb_view_centring(&state->view)));
  RB_TRY(RB_ALLOCATE(ctx, state->x, seen));
  RB_TRY(RB_ALLOCATE(ctx, state->summary, (int64_t)batch * rb_estimator_summary_dim(estimator)));
cleanup:
  if (status != RB_OK) destroy(posterior);
  return status;
}

int rb_flow_posterior_summary_dim(const rb_posterior *posterior) {
  const flow_state *state = posterior->state;
  const int features = rb_view_shape(&state->view).features;
  return features > 0 ? features : rb_estimator_summary_dim(state->estimator);
}

rb_status rb_flow_posterior_summarise(void *posterior, rb_context *ctx, int64_t count,
                                      const float *x, double *summary) {
  rb_status status = RB_OK;
  const rb_model *model = ((const rb_posterior *)posterior)->model;
  flow_state *state = ((rb_posterior *)posterior)->state;
  const int dim = rb_flow_posterior_summary_dim(posterior);
  const rb_shape shape = rb_view_shape(&state->view);
  // What the network has learned to keep of the model's features need not tell wrong assumptions.
  const bool features = shape.features > 0;
  const rb_real *shown = features ? state->x + rb_shape_series(shape) : state->summary;
  const int64_t stride = features ? rb_shape_row(shape) : dim;
  for (int64_t first = 0; first < count; first += state->batch) {
    const int64_t here = count - first < state->batch ? count - first : state->batch;
    RB_TRY(summarise(state, ctx, here, x + first * model->channels * model->length));
    for (int64_t k = 0; k < here * dim; ++k) {
      summary[first * dim + k] = (double)shown[k / dim * stride + k % dim];
    }
  }
cleanup:
  return status;
}
