#include "rheobase/view.h"

#include <string.h>

#include "rheobase/agree.h"
#include "rheobase/exact_sum.h"
#include "rheobase/memory.h"
#include "rheobase/partition.h"
#include "rheobase/support.h"

rb_status rb_view_check(rb_context *ctx, const rb_view *view) {
  const rb_expert *expert = view->model->expert;
  const bool features = view->summary != RB_SUMMARY_RECURRENT;
  if (features && expert == NULL) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "the model %s has no expert summaries", view->model->name);
  }
  if (view->coordinates != RB_COORDINATES_CENTRED) return RB_OK;
  if (!features || expert->centring == 0) {
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "centred parameters need expert summaries of a model that can centre");
  }
  return RB_OK;
}

rb_shape rb_view_shape(const rb_view *view) {
  const rb_model *model = view->model;
  rb_shape shape = {0};
  if (view->summary != RB_SUMMARY_EXPERT) {
    shape.channels = model->channels;
    shape.length = model->length;
  }
  if (view->summary != RB_SUMMARY_RECURRENT) shape.features = model->expert->features;
  return shape;
}

int rb_view_centring(const rb_view *view) {
  return view->summary != RB_SUMMARY_RECURRENT ? view->model->expert->centring : 0;
}

bool rb_view_latent(const rb_view *view) { return view->coordinates != RB_COORDINATES_RAW; }

rb_status rb_view_observe(const rb_view *view, rb_context *ctx, int64_t count, const float *x,
                          float *seen, double *centring) {
  const rb_model *model = view->model;
  const rb_shape shape = rb_view_shape(view);
  const int64_t series = rb_shape_series(shape), row = rb_shape_row(shape), F = shape.features;
  if (F > 0) {
    const rb_status status = model->expert->compute(model, ctx, count, x, seen, centring);
    if (status != RB_OK) return status;
  }
  // The features now stand side by side at the beginning. From the last data set on they move
  // behind its series; those of the data sets before it are never in the way.
  for (int64_t i = count - 1; i >= 0 && series > 0; --i) {
    memmove(seen + i * row + series, seen + i * F, (size_t)F * sizeof *seen);
    memcpy(seen + i * row, x + i * series, (size_t)series * sizeof *seen);
  }
  return RB_OK;
}

static void keep(int64_t count, int D, const double *from, double *to, double *log_det) {
  if (to != from) memcpy(to, from, (size_t)(count * D) * sizeof *to);
  if (log_det != NULL) memset(log_det, 0, (size_t)count * sizeof *log_det);
}

void rb_view_to(const rb_view *view, const double *centring, int64_t count, const double *values,
                double *phi, double *log_det) {
  const rb_model *model = view->model;
  switch (view->coordinates) {
    case RB_COORDINATES_SUPPORT:
      rb_model_to_support(model, count, values, phi, log_det);
      break;
    case RB_COORDINATES_CENTRED:
      model->expert->centre(model, centring, count, values, phi, log_det);
      break;
    default:
      keep(count, model->dim, values, phi, log_det);
  }
}

void rb_view_from(const rb_view *view, const double *centring, int64_t count, const double *phi,
                  double *values, double *log_det) {
  const rb_model *model = view->model;
  switch (view->coordinates) {
    case RB_COORDINATES_SUPPORT:
      rb_model_from_support(model, count, phi, values, log_det);
      break;
    case RB_COORDINATES_CENTRED:
      model->expert->uncentre(model, centring, count, phi, values, log_det);
      break;
    default:
      keep(count, model->dim, phi, values, log_det);
  }
}

/* Fills this rank's share of `seen` from the data set it was made of. */
static rb_status see_share(rb_context *ctx, const rb_view *view, const rb_dataset *from,
                           rb_dataset *seen) {
  rb_status status = RB_OK;
  const int D = from->dim, numbers = rb_view_centring(view);
  const int64_t samples = rb_shape_row(from->shape), row = rb_shape_row(seen->shape);
  double *centring = NULL;
  int64_t first = 0, count = 0;
  rb_dataset_share(ctx, from, &first, &count);
  RB_TRY(RB_ALLOCATE(ctx, centring, count * numbers));
  RB_TRY(rb_view_observe(view, ctx, count, from->x + first * samples, seen->x + first * row,
                         centring));
  const double *values = rb_view_latent(view) ? from->latent : from->theta;
  for (int64_t i = 0; i < count; ++i) {
    rb_view_to(view, centring + i * numbers, 1, values + (first + i) * D,
               seen->theta + (first + i) * D, NULL);
  }
  memcpy(seen->latent + first * D, from->latent + first * D, (size_t)(count * D) * sizeof(double));
cleanup:
  free(centring);
  return status;
}

rb_status rb_dataset_log_det(rb_context *ctx, const rb_view *view, const rb_dataset *dataset,
                             double *mean) {
  enum { CHUNK = 32 };
  rb_status status = RB_OK;
  const int64_t samples = rb_shape_row(dataset->shape);
  const int D = dataset->dim, numbers = rb_view_centring(view);
  const rb_partition partition =
      rb_partition_make(ctx, dataset->count, rb_partition_fit(dataset->count, CHUNK, 1, ctx->size));
  rb_exact_sum sum = {{0}, 0, 0, 0, 0};
  double *centring = NULL, phi[RB_MAX_PARAMETERS], log_det;
  float *seen = NULL;
  RB_TRY(RB_ALLOCATE(ctx, centring, CHUNK * numbers));
  RB_TRY(RB_ALLOCATE(ctx, seen, CHUNK * rb_shape_row(rb_view_shape(view))));
  for (int64_t round = 0; round < partition.rounds && rb_view_latent(view); ++round) {
    const rb_range range = rb_partition_round(&partition, round);
    if (range.count == 0) continue;
    if (numbers > 0) {
      RB_TRY(rb_view_observe(view, ctx, range.count, dataset->x + range.first * samples, seen,
                             centring));
    }
    for (int64_t i = 0; i < range.count; ++i) {
      rb_view_to(view, centring + i * numbers, 1, dataset->latent + (range.first + i) * D, phi,
                 &log_det);
      rb_exact_sum_add(&sum, log_det);
    }
  }
cleanup:
  free(centring);
  free(seen);
  status = rb_agree(ctx, status);
  if (status != RB_OK) return status;
  rb_exact_sum_reduce(ctx, &sum, 1);
  *mean = rb_exact_sum_value(&sum) / (double)dataset->count;
  return RB_OK;
}

rb_status rb_dataset_see(rb_context *ctx, const rb_view *view, rb_dataset *dataset) {
  rb_status status = RB_OK;
  rb_dataset seen = {.window = MPI_WIN_NULL};
  if (view->summary == RB_SUMMARY_RECURRENT) {
    if (rb_view_latent(view)) rb_dataset_to_support(ctx, view->model, dataset);
    return RB_OK;
  }
  RB_TRY(rb_dataset_allocate(ctx, dataset->dim, rb_view_shape(view), dataset->count, &seen));
  RB_TRY(rb_agree(ctx, see_share(ctx, view, dataset, &seen)));
  rb_dataset_fence(ctx, &seen);
  rb_dataset_destroy(dataset);
  *dataset = seen;
  seen = (rb_dataset){.window = MPI_WIN_NULL};
cleanup:
  rb_dataset_destroy(&seen);
  return status;
}
