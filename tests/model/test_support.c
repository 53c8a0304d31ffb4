#include "model/lif/lif.h"
#include "rb_test.h"
#include "rheobase/model/support.h"

enum { D = RB_LIF_DIM, COUNT = 200 };

static rb_model model;

static int set_up(void **state) {
  (void)state;
  const rb_lif_settings settings = rb_lif_defaults();
  return rb_lif_model(&test_context, &settings, &model) == RB_OK ? 0 : -1;
}

static int tear_down(void **state) {
  (void)state;
  model.destroy(&model);
  return 0;
}

static void round_trip(void **state) {
  (void)state;
  static double theta[COUNT * D], latent[COUNT * D], phi[COUNT * D], back[COUNT * D];
  double to[COUNT], from[COUNT];
  assert_int_equal(
      model.draw_prior(&model, &test_context, 3, RB_FOR_TESTS, 0, COUNT, theta, latent), RB_OK);
  rb_model_to_support(&model, COUNT, latent, phi, to);
  rb_model_from_support(&model, COUNT, phi, back, from);
  for (int i = 0; i < COUNT * D; ++i) assert_near(back[i], latent[i], 1e-11);
  for (int i = 0; i < COUNT; ++i) assert_near(from[i], to[i], 1e-8);
  rb_model_from_latent(&model, COUNT, back, back);  // in place
  for (int i = 0; i < COUNT * D; ++i) assert_near(back[i], theta[i], 1e-11);
  rb_model_from_support(&model, COUNT, phi, phi, NULL);
  for (int i = 0; i < COUNT * D; ++i) assert_near(phi[i], latent[i], 1e-11);
}

/* Any point of R^6 gives a possible parameter vector. */
static void images_lie_in_the_prior(void **state) {
  (void)state;
  for (uint32_t i = 0; i < 500; ++i) {
    double phi[D], latent[D], theta[D], log_prior;
    for (uint32_t d = 0; d < D; ++d) {
      const rb_stream s = rb_stream_make(5, RB_FOR_TESTS, RB_RANDOM_PRIOR, 0, i);
      phi[d] = 24.0 * (rb_stream_uniform(s, d) - 0.5);
    }
    rb_model_from_support(&model, 1, phi, latent, NULL);
    rb_model_from_latent(&model, 1, latent, theta);
    assert_true(model.in_support(&model, theta));
    assert_true(model.accepts(&model, theta, NULL));
    model.log_prior(&model, 1, latent, &log_prior);
    assert_true(log_prior > -INFINITY);
  }
}

/* log |d latent / d phi| against the determinant of a matrix of central differences. */
static void log_determinant(void **state) {
  (void)state;
  static const double phi[D] = {0.3, 2.2, 2.4, -0.7, 1.1, -0.4};
  double jacobian[D][D], log_det, sum = 0.0;
  for (int j = 0; j < D; ++j) {
    double up[D], down[D];
    memcpy(up, phi, sizeof up);
    memcpy(down, phi, sizeof down);
    up[j] += 1e-5;
    down[j] -= 1e-5;
    rb_model_from_support(&model, 1, up, up, NULL);
    rb_model_from_support(&model, 1, down, down, NULL);
    for (int i = 0; i < D; ++i) jacobian[i][j] = (up[i] - down[i]) / 2e-5;
  }
  for (int c = 0; c < D; ++c) {  // elimination; the matrix is triangular up to order
    for (int r = c + 1; r < D; ++r) {
      const double factor = jacobian[r][c] / jacobian[c][c];
      for (int j = c; j < D; ++j) jacobian[r][j] -= factor * jacobian[c][j];
    }
    sum += log(fabs(jacobian[c][c]));
  }
  double latent[D];
  rb_model_from_support(&model, 1, phi, latent, &log_det);
  assert_near(log_det, sum, 1e-7);
}

static void identities_without_maps(void **state) {
  (void)state;
  const rb_model plain = {.dim = 2};
  const double latent[4] = {1, 2, 3, 4};
  double out[4], log_det[2] = {7, 7};
  rb_model_to_support(&plain, 2, latent, out, log_det);
  assert_memory_equal(out, latent, sizeof out);
  assert_true(log_det[0] == 0.0 && log_det[1] == 0.0);
  rb_model_from_support(&plain, 2, out, out, log_det);
  rb_model_from_latent(&plain, 2, out, out);
  assert_memory_equal(out, latent, sizeof out);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(round_trip, set_up, tear_down),
    cmocka_unit_test_setup_teardown(images_lie_in_the_prior, set_up, tear_down),
    cmocka_unit_test_setup_teardown(log_determinant, set_up, tear_down),
    cmocka_unit_test(identities_without_maps)};
RB_TEST_MAIN(tests)
