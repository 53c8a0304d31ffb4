#include "rheobase/model/support.h"

#include <math.h>
#include <string.h>

static void copy(const rb_model *model, int64_t count, const double *from, double *to,
                 double *log_det) {
  if (to != from) memcpy(to, from, (size_t)(count * model->dim) * sizeof *to);
  if (log_det != NULL) memset(log_det, 0, (size_t)count * sizeof *log_det);
}

void rb_model_from_latent(const rb_model *model, int64_t count, const double *latent,
                          double *theta) {
  if (model->from_latent == NULL) {
    copy(model, count, latent, theta, NULL);
  } else {
    model->from_latent(model, count, latent, theta);
  }
}

void rb_model_from_support(const rb_model *model, int64_t count, const double *phi, double *latent,
                           double *log_det) {
  if (model->from_support == NULL) {
    copy(model, count, phi, latent, log_det);
  } else {
    model->from_support(model, count, phi, latent, log_det);
  }
}

void rb_model_to_support(const rb_model *model, int64_t count, const double *latent, double *phi,
                         double *log_det) {
  if (model->to_support == NULL) {
    copy(model, count, latent, phi, log_det);
  } else {
    model->to_support(model, count, latent, phi, log_det);
  }
}

double rb_model_log_scale(const rb_model *model) {
  double sum = 0.0;
  for (int d = 0; model->scale != NULL && d < model->dim; ++d) sum += log(model->scale[d]);
  return sum;
}
