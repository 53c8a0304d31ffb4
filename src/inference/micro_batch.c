#include "micro_batch.h"

#include <math.h>
#include <string.h>

#include "rheobase/base/memory.h"
#include "rheobase/model/draw.h"

rb_status rb_micro_batch_create(rb_context *ctx, int dim, rb_shape shape, int size,
                                rb_micro_batch *batch) {
  rb_status status = RB_OK;
  *batch = (rb_micro_batch){.size = size, .dim = dim, .shape = shape};
  RB_TRY(RB_ALLOCATE(ctx, batch->x, size * rb_shape_row(shape)));
  RB_TRY(RB_ALLOCATE(ctx, batch->theta, (int64_t)size * dim));
  RB_TRY(RB_ALLOCATE(ctx, batch->weight, size));
  RB_TRY(RB_ALLOCATE(ctx, batch->log_det, size));
  RB_TRY(RB_ALLOCATE(ctx, batch->loss, size));
cleanup:
  return status;
}

rb_status rb_micro_batch_create_online(rb_context *ctx, const rb_view *view, int size,
                                       rb_micro_batch *batch) {
  rb_status status = RB_OK;
  const rb_model *model = view->model;
  const rb_shape shape = rb_view_shape(view);
  RB_TRY(rb_micro_batch_create(ctx, model->dim, shape, size, batch));
  batch->view = *view;
  RB_TRY(RB_ALLOCATE(ctx, batch->drawn, 2 * (int64_t)size * model->dim));
  RB_TRY(RB_ALLOCATE(ctx, batch->simulated, size * model->channels * model->length));
  RB_TRY(RB_ALLOCATE(ctx, batch->seen, size * rb_shape_row(shape)));
  RB_TRY(RB_ALLOCATE(ctx, batch->centring, (int64_t)size * rb_view_centring(view)));
cleanup:
  return status;
}

void rb_micro_batch_destroy(rb_micro_batch *batch) {
  free(batch->x);
  free(batch->theta);
  free(batch->weight);
  free(batch->log_det);
  free(batch->loss);
  free(batch->drawn);
  free(batch->simulated);
  free(batch->seen);
  free(batch->centring);
  *batch = (rb_micro_batch){0};
}

/* Standardises theta (D) and x into a row. */
static void set_row(rb_micro_batch *batch, int row, const rb_standardisation *standardisation,
                    const double *theta, double log_det, const float *x, double weight) {
  const int D = batch->dim;
  rb_standardise_theta(standardisation, D, 1, theta, batch->theta + (int64_t)row * D);
  rb_standardise_x(standardisation, batch->shape, x, batch->x + row * rb_shape_row(batch->shape));
  batch->weight[row] = (rb_real)weight;
  batch->log_det[row] = (rb_real)log_det;
}

/* Zeros after the rows, and what concerns all rows at once. */
static void finish(rb_micro_batch *batch, const rb_standardisation *standardisation, int rows) {
  const int D = batch->dim;
  const int64_t samples = rb_shape_row(batch->shape);
  const size_t padding = (size_t)(batch->size - rows);
  batch->rows = rows;
  memset(batch->x + rows * samples, 0, padding * (size_t)samples * sizeof(rb_real));
  memset(batch->theta + (int64_t)rows * D, 0, padding * (size_t)D * sizeof(rb_real));
  memset(batch->weight + rows, 0, padding * sizeof(rb_real));
  rb_standardise_finish(standardisation, batch->shape, batch->size, batch->x);
}

void rb_micro_batch_gather(rb_micro_batch *batch, const rb_standardisation *standardisation,
                           const rb_dataset *dataset, const int64_t *indices, int64_t first,
                           int rows, double weight) {
  const int64_t samples = rb_shape_row(dataset->shape);
  for (int row = 0; row < rows; ++row) {
    const int64_t i = indices != NULL ? indices[row] : first + row;
    set_row(batch, row, standardisation, dataset->theta + i * dataset->dim, dataset->log_det[i],
            dataset->x + i * samples, weight);
  }
  finish(batch, standardisation, rows);
}

int rb_micro_batch_losses(rb_micro_batch *batch, double shift) {
  int counted = 0;
  for (int row = 0; row < batch->rows; ++row) {
    const double minus_log_q = (double)batch->loss[row], log_det = (double)batch->log_det[row];
    const bool clipped = isnan(log_det);
    batch->loss[row] = (rb_real)(clipped ? 0 * minus_log_q : minus_log_q + log_det + shift);
    counted += !clipped;
  }
  return counted;
}

rb_status rb_micro_batch_simulate(rb_context *ctx, rb_micro_batch *batch,
                                  const rb_standardisation *standardisation, uint64_t seed,
                                  int64_t first, int rows, double weight) {
  rb_status status = RB_OK;
  const rb_view *view = &batch->view;
  const rb_model *model = view->model;
  const int D = model->dim, numbers = rb_view_centring(view);
  const int64_t samples = rb_shape_row(batch->shape);
  double *theta = batch->drawn, *latent = theta + (int64_t)batch->size * D;
  RB_TRY(rb_model_draw(model, ctx, seed, RB_FOR_TRAINING, first, rows, theta, latent,
                       batch->simulated));
  RB_TRY(rb_view_observe(view, ctx, rows, batch->simulated, batch->seen, batch->centring));
  for (int row = 0; row < rows; ++row) {
    const int64_t at = (int64_t)row * D;
    const double log_det = rb_view_truth(view, batch->centring + (int64_t)row * numbers, theta + at,
                                         latent + at, theta + at);
    set_row(batch, row, standardisation, theta + at, log_det, batch->seen + row * samples, weight);
  }
  finish(batch, standardisation, rows);
cleanup:
  return status;
}
