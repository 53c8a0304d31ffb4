#include "rheobase/inference/view.h"

#include <math.h>
#include <string.h>

#include "rheobase/base/memory.h"
#include "rheobase/model/prior.h"
#include "rheobase/model/support.h"

rb_status rb_view_check(rb_context *ctx, const rb_view *view) {
  const rb_feature_source *features = view->summary->features;
  if (features != NULL && features->count(view->model) == 0) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "the model %s has no %s", view->model->name,
                   features->what);
  }
  if (view->coordinates == RB_COORDINATES_CENTRED && rb_view_centring(view) == 0) {
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "centred parameters need features of a model that can centre");
  }
  return RB_OK;
}

rb_shape rb_view_shape(const rb_view *view) {
  const rb_model *model = view->model;
  const rb_summary_type *summary = view->summary;
  rb_shape shape = {0};
  if (summary->series) {
    shape.channels = model->channels;
    shape.length = model->length;
  }
  if (summary->features != NULL) shape.features = summary->features->count(model);
  return shape;
}

int rb_view_centring(const rb_view *view) {
  const rb_feature_source *features = view->summary->features;
  return features != NULL && features->centring != NULL ? features->centring(view->model) : 0;
}

bool rb_view_latent(const rb_view *view) { return view->coordinates != RB_COORDINATES_RAW; }

rb_status rb_view_observe(const rb_view *view, rb_context *ctx, int64_t count, const float *x,
                          float *seen, double *centring) {
  const rb_model *model = view->model;
  const rb_shape shape = rb_view_shape(view);
  const int64_t series = rb_shape_series(shape), row = rb_shape_row(shape), F = shape.features;
  if (F > 0) {
    const rb_status status = view->summary->features->compute(model, ctx, count, x, seen, centring);
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

/* Coordinates that the prior's table alone gives; NULL where they come from elsewhere. */
static const rb_prior_coordinates *const of_prior[RB_COORDINATES_COUNT] = {
    [RB_COORDINATES_PROBIT] = &rb_prior_probit,
    [RB_COORDINATES_STRAIGHT] = &rb_prior_straight,
    [RB_COORDINATES_LOG] = &rb_prior_log};

void rb_view_to(const rb_view *view, const double *centring, int64_t count, const double *values,
                double *phi, double *log_det) {
  const rb_model *model = view->model;
  const rb_prior_coordinates *own = of_prior[view->coordinates];
  if (own != NULL) {
    own->to(model->prior, count, values, phi, log_det);
  } else if (view->coordinates == RB_COORDINATES_SUPPORT) {
    rb_model_to_support(model, count, values, phi, log_det);
  } else if (view->coordinates == RB_COORDINATES_CENTRED) {
    view->summary->features->centre(model, centring, count, values, phi, log_det);
  } else {
    keep(count, model->dim, values, phi, log_det);
  }
}

void rb_view_from(const rb_view *view, const double *centring, int64_t count, const double *phi,
                  double *values, double *log_det) {
  const rb_model *model = view->model;
  const rb_prior_coordinates *own = of_prior[view->coordinates];
  if (own != NULL) {
    own->from(model->prior, count, phi, values, log_det);
  } else if (view->coordinates == RB_COORDINATES_SUPPORT) {
    rb_model_from_support(model, count, phi, values, log_det);
  } else if (view->coordinates == RB_COORDINATES_CENTRED) {
    view->summary->features->uncentre(model, centring, count, phi, values, log_det);
  } else {
    keep(count, model->dim, phi, values, log_det);
  }
}

double rb_view_truth(const rb_view *view, const double *centring, const double *theta,
                     const double *latent, double *phi) {
  bool clipped = false;
  double log_det;
  for (int d = 0; d < view->model->dim; ++d) clipped = clipped || theta[d] != latent[d];
  rb_view_to(view, centring, 1, rb_view_latent(view) ? latent : theta, phi, &log_det);
  return clipped ? (double)NAN : log_det;
}

rb_status rb_dataset_see(rb_context *ctx, const rb_view *view, const rb_dataset *from,
                         int64_t first, rb_dataset *seen) {
  rb_status status = RB_OK;
  const int D = from->dim, numbers = rb_view_centring(view);
  const int64_t samples = rb_shape_row(from->shape), row = rb_shape_row(seen->shape);
  double *centring = NULL;
  int64_t mine = 0, count = 0;
  rb_dataset_share(ctx, from, &mine, &count);
  RB_TRY(RB_ALLOCATE(ctx, centring, count * numbers));
  RB_TRY(rb_view_observe(view, ctx, count, from->x + mine * samples, seen->x + (first + mine) * row,
                         centring));
  for (int64_t i = 0; i < count; ++i) {
    const double *theta = from->theta + (mine + i) * D, *latent = from->latent + (mine + i) * D;
    const int64_t to = first + mine + i;
    seen->log_det[to] =
        rb_view_truth(view, centring + i * numbers, theta, latent, seen->theta + to * D);
  }
cleanup:
  free(centring);
  return status;
}
