#include "joint_quantities.h"

#include "rheobase/random/distributions.h"

static const rb_quantity quantities[RB_JOINT_COUNT] = {
    [RB_JOINT_TARP] = {"tarp", "1", "distance to a reference point that depends on the data"},
    [RB_JOINT_PROJECTION] = {"projection", "1", "projection onto a rough estimate from the data"},
    [RB_JOINT_PRODUCT] = {"product", "1", "sum of products of pairs of parameters' deviations"},
    [RB_JOINT_LOG_DENSITY] = {"log_density", "1", "the posterior's own log density"},
};

const rb_quantity *rb_joint_quantities(void) { return quantities; }

void rb_joint_reference_make(const rb_rough_estimate *estimate, const rb_model *model,
                             rb_stream stream, const float *x, rb_joint_reference *reference) {
  double rough[RB_MAX_PARAMETERS], noise[RB_MAX_PARAMETERS];
  rb_rough_estimate_apply(estimate, model, x, rough);
  rb_stream_normals(stream, 0, model->dim, noise);
  for (int d = 0; d < model->dim; ++d) {
    const double sd = estimate->prior_sd[d];
    reference->point[d] = rough[d] + estimate->residual_sd[d] * noise[d];
    reference->direction[d] = (rough[d] - estimate->prior_mean[d]) / sd;
    reference->scale[d] = sd;
  }
}

void rb_joint_evaluate(const rb_joint_reference *reference, int dim, const double *theta,
                       double *value) {
  double sum = 0, squares = 0, projection = 0;
  for (int d = 0; d < dim; ++d) {
    const double u = (theta[d] - reference->point[d]) / reference->scale[d];
    sum += u;
    squares += u * u;
    projection += u * reference->direction[d];
  }
  value[RB_JOINT_TARP] = squares;  // ranks need no square root
  value[RB_JOINT_PROJECTION] = projection;
  value[RB_JOINT_PRODUCT] = (sum * sum - squares) / 2;
}
