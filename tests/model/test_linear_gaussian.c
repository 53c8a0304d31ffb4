#include "model/linear_gaussian/linear_gaussian.h"
#include "rb_test.h"

enum { D = RB_LINEAR_GAUSSIAN_DIM, L = 20 };

static double log_joint(const rb_model *model, const double *theta, const float *x) {
  double log_density = 0;
  model->log_prior(model, 1, theta, &log_density);
  return log_density + rb_linear_gaussian_log_likelihood(model, theta, x);
}

/* Gradient and curvature of log prior + log likelihood, by differences (exact for a parabola). */
static void check_posterior(const rb_model *model, const float *x) {
  double mean[D], covariance[D * D], curvature[D][D];
  rb_linear_gaussian_posterior(model, x, mean, covariance);
  const double h = 0.5;
  for (int i = 0; i < D; ++i) {
    for (int j = 0; j < D; ++j) {
      double sum = 0;
      for (int corner = 0; corner < 4; ++corner) {
        double theta[D];
        memcpy(theta, mean, sizeof theta);
        theta[i] += corner & 1 ? h : -h;
        theta[j] += corner & 2 ? h : -h;
        sum += (corner == 0 || corner == 3 ? 1 : -1) * log_joint(model, theta, x);
      }
      curvature[i][j] = -sum / (4 * h * h);
    }
    double up[D], down[D];
    memcpy(up, mean, sizeof up);
    memcpy(down, mean, sizeof down);
    up[i] += h;
    down[i] -= h;
    assert_near(log_joint(model, up, x) - log_joint(model, down, x), 0, 1e-9);
  }
  for (int i = 0; i < D; ++i) {
    for (int j = 0; j < D; ++j) {
      double product = 0;
      for (int k = 0; k < D; ++k) product += covariance[i * D + k] * curvature[k][j];
      assert_near(product, i == j, 1e-8);
    }
  }
}

static void posterior_is_the_normalised_joint_density(void **state) {
  (void)state;
  for (int channels = 1; channels <= 2; ++channels) {
    rb_model model;
    assert_int_equal(rb_linear_gaussian_model(&test_context, L, channels, 0.7, &model), RB_OK);
    double theta[5 * D], latent[5 * D];
    float x[5 * 2 * L];
    assert_int_equal(model.draw_prior(&model, &test_context, 1, RB_FOR_TESTS, 0, 5, theta, latent),
                     RB_OK);
    assert_memory_equal(theta, latent, sizeof theta);
    assert_int_equal(model.simulate(&model, &test_context, 1, RB_FOR_TESTS, 0, 5, theta, x), RB_OK);
    for (int i = 0; i < 5; ++i) check_posterior(&model, &x[i * channels * L]);
    model.destroy(&model);
  }
}

/* The truth's distance from the posterior, over many data sets, is chi-squared of 3 degrees:
 * mean 3, variance 6; within 5.5 standard errors (4e-8). */
static void the_truth_is_a_posterior_draw(void **state) {
  (void)state;
  enum { N = 4000 };
  rb_model model;
  assert_int_equal(rb_linear_gaussian_model(&test_context, L, 2, 0.7, &model), RB_OK);
  double sum = 0, theta[D];
  float x[2 * L];
  for (int i = 0; i < N; ++i) {
    assert_int_equal(model.draw_prior(&model, &test_context, 2, RB_FOR_TESTS, i, 1, theta, NULL),
                     RB_OK);
    assert_int_equal(model.simulate(&model, &test_context, 2, RB_FOR_TESTS, i, 1, theta, x), RB_OK);
    double mean[D], covariance[D * D], at_mean = 0, at_truth = 0;
    rb_linear_gaussian_posterior(&model, x, mean, covariance);
    at_mean = log_joint(&model, mean, x);
    at_truth = log_joint(&model, theta, x);
    sum += 2 * (at_mean - at_truth) / N;
  }
  assert_near(sum, 3, 5.5 * sqrt(6.0 / N));
  model.destroy(&model);
}

static void wrong_use_is_refused(void **state) {
  (void)state;
  rb_model model;
  assert_int_equal(rb_linear_gaussian_model(&test_context, L, 3, 1, &model), RB_ERR_SETTING);
  rb_error_clear(&test_context);
  assert_int_equal(rb_linear_gaussian_model(&test_context, L, 1, 0, &model), RB_ERR_SETTING);
  rb_error_clear(&test_context);
  assert_int_equal(rb_linear_gaussian_model(&test_context, L, 1, 1, &model), RB_OK);
  const double theta[D] = {0, NAN, 0};
  const char *reason = NULL;
  assert_false(model.accepts(&model, theta, &reason));
  assert_non_null(reason);
  model.destroy(&model);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(posterior_is_the_normalised_joint_density),
    cmocka_unit_test(the_truth_is_a_posterior_draw), cmocka_unit_test(wrong_use_is_refused)};
RB_TEST_MAIN(tests)
