#ifndef RB_TEST_CALIBRATION_FIXTURE_H
#define RB_TEST_CALIBRATION_FIXTURE_H

#include "gaussian_posterior.h"
#include "rb_test.h"
#include "rheobase/analysis/calibration.h"

enum { D = GAUSSIAN_DIM, LENGTH = 12, SEED = 45 };
static const rb_test_set set = {"sbc", RB_FOR_SBC, 500, 99};
enum { TARP = D, PROJECTION, PRODUCT, DENSITY, QUANTITIES };

static double sign_of_slope(const rb_model *model, const float *x) {
  double mean[D], covariance[D * D];
  rb_linear_gaussian_posterior(model, x, mean, covariance);
  return mean[1] > 0 ? 2 : 1;
}

static void make_model(rb_model *model) {
  assert_all_ok(rb_linear_gaussian_model(&test_context, LENGTH, 2, 0.8, model));
  model->activity = sign_of_slope;
}

/* Calibrates a posterior with errors on data sets of a model. */
static void calibrate_model(const rb_model *model, gaussian_errors errors, rb_records *records,
                            rb_calibration *result) {
  rb_test_loop *loop = NULL;
  rb_posterior posterior = gaussian_posterior(model, &errors);
  assert_all_ok(rb_test_loop_create(&test_context, &posterior, SEED, &set, 16, &loop));
  assert_all_ok(rb_test_loop_records(&test_context, loop, true, records));
  while (records->done < set.datasets) {
    assert_all_ok(rb_test_loop_round(&test_context, loop, records));
  }
  rb_test_loop_destroy(loop);
  assert_all_ok(
      rb_calibration_compute(&test_context, records, SEED, set.purpose, &posterior, 0, result));
}

static inline void calibrate(gaussian_errors errors, rb_records *records, rb_calibration *result) {
  rb_model model;
  make_model(&model);
  calibrate_model(&model, errors, records, result);
  model.destroy(&model);
}

#endif
