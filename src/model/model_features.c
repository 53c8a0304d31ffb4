#include <stdio.h>

#include "rheobase/model/feature_source.h"
#include "rheobase/model/model_type.h"

static int count_features(const rb_model *model) {
  return model->features != NULL ? model->features->count : 0;
}

static void name_feature(const rb_model *model, int f, char *text) {
  (void)snprintf(text, RB_FEATURE_NAME, "%s", model->features->feature[f].name);
}

static rb_status compute(const rb_model *model, rb_context *ctx, int64_t count, const float *x,
                         float *out, double *centring) {
  return model->features->compute(model, ctx, count, x, out, centring);
}

static int centring_numbers(const rb_model *model) {
  return model->features != NULL ? model->features->centring : 0;
}

static void centre(const rb_model *model, const double *centring, int64_t count,
                   const double *latent, double *psi, double *log_det) {
  model->features->centre(model, centring, count, latent, psi, log_det);
}

static void uncentre(const rb_model *model, const double *centring, int64_t count,
                     const double *psi, double *latent, double *log_det) {
  model->features->uncentre(model, centring, count, psi, latent, log_det);
}

const rb_feature_source rb_model_features = {.what = "features of its own",
                                             .prepare = rb_model_add_features,
                                             .count = count_features,
                                             .name = name_feature,
                                             .compute = compute,
                                             .least_deviation = 1e-4,
                                             .centring = centring_numbers,
                                             .centre = centre,
                                             .uncentre = uncentre};
