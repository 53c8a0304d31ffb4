/* What a network sees of the neuron through the filter bank: the same online and stored, and a
 * posterior in centred coordinates whose draws stay inside the prior. */
#include "inference/micro_batch.h"
#include "rb_test.h"
#include "rheobase/flow_posterior.h"
#include "rheobase/lif.h"
#include "rheobase/memory.h"
#include "rheobase/support.h"

enum { D = RB_LIF_DIM, N = 12, FEATURES = 64 };

static rb_model model;
static rb_dataset dataset;

static rb_view centred(void) {
  return (rb_view){.model = &model, .expert = true, .coordinates = RB_COORDINATES_CENTRED};
}

static int set_up(void **state) {
  (void)state;
  rb_lif_settings settings = rb_lif_defaults();
  settings.T_ms = 60;
  if (rb_lif_model(&test_context, &settings, &model) != RB_OK) return -1;
  if (rb_lif_add_expert(&test_context, &model) != RB_OK) return -1;
  if (rb_dataset_create(&test_context, &model, N, &dataset) != RB_OK) return -1;
  if (model.draw_prior(&model, &test_context, 3, RB_FOR_TRAINING, 0, N, dataset.theta,
                       dataset.latent) != RB_OK) {
    return -1;
  }
  return model.simulate(&model, &test_context, 3, RB_FOR_TRAINING, 0, N, dataset.theta,
                        dataset.x) == RB_OK
             ? 0
             : -1;
}

static int tear_down(void **state) {
  (void)state;
  rb_dataset_destroy(&dataset);
  model.destroy(&model);
  return 0;
}

static rb_standardisation arbitrary(void) {
  rb_standardisation s = {{0}, {0}, {0}, {0}};
  for (int d = 0; d < D; ++d) s.theta_std[d] = 0.3;
  for (int c = 0; c < RB_MAX_FEATURES; ++c) s.x_std[c] = 3;
  return s;
}

/* A data set simulated for a batch is what the stored one becomes, bit for bit. */
static void online_and_stored_agree(void **state) {
  (void)state;
  const rb_view view = centred();
  const rb_standardisation s = arbitrary();
  rb_micro_batch online, stored;
  assert_all_ok(rb_view_check(&test_context, &view));
  assert_int_equal(rb_view_channels(&view), FEATURES);
  assert_int_equal(rb_view_length(&view), 1);
  assert_all_ok(rb_micro_batch_create(&test_context, &view, N + 2, &online));
  assert_all_ok(rb_micro_batch_create(&test_context, &view, N + 2, &stored));
  assert_all_ok(rb_micro_batch_simulate(&test_context, &online, &s, 3, 0, N, 0.5));
  assert_all_ok(rb_dataset_see(&test_context, &view, &dataset));
  assert_int_equal(dataset.channels, FEATURES);
  assert_int_equal(dataset.length, 1);
  rb_micro_batch_gather(&stored, &s, &dataset, NULL, 0, N, 0.5);
  assert_memory_equal(online.x, stored.x, (N + 2) * FEATURES * sizeof(rb_real));
  assert_memory_equal(online.theta, stored.theta, (N + 2) * D * sizeof(rb_real));
  assert_memory_equal(online.weight, stored.weight, (N + 2) * sizeof(rb_real));
  assert_true(online.x[0] != online.x[FEATURES]);
  rb_micro_batch_destroy(&online);
  rb_micro_batch_destroy(&stored);
}

/* The Jacobian is triangular in some order of the parameters: its diagonal gives the determinant.
 */
static void determinants_have_one_sign(void **state) {
  (void)state;
  const rb_view view = centred();
  const double step = 1e-5;
  float seen[FEATURES];
  double *centring = NULL, mean = 0, total = 0;
  assert_all_ok(RB_ALLOCATE(&test_context, centring, rb_view_centring(&view)));
  for (int i = 0; i < N; ++i) {
    double psi[D], back[D], to = 0, from = 0, sum = 0;
    const double *latent = dataset.latent + (int64_t)i * D;
    assert_all_ok(rb_view_observe(&view, &test_context, 1,
                                  dataset.x + i * model.channels * model.length, seen, centring));
    rb_view_to(&view, centring, 1, latent, psi, &to);
    rb_view_from(&view, centring, 1, psi, back, &from);
    for (int d = 0; d < D; ++d) {
      double up[D], down[D];
      memcpy(up, psi, sizeof up);
      memcpy(down, psi, sizeof down);
      up[d] += step;
      down[d] -= step;
      rb_view_from(&view, centring, 1, up, up, NULL);
      rb_view_from(&view, centring, 1, down, down, NULL);
      sum += log(fabs((up[d] - down[d]) / (2 * step)));
      assert_near(back[d], latent[d], 1e-9);
    }
    assert_near(to, from, 1e-6);
    assert_near(to, sum, 1e-4);
    total += to;
  }
  assert_all_ok(rb_dataset_log_det(&test_context, &view, &dataset, &mean));
  assert_near(mean, total / N, 1e-10);
  const rb_view support = {&model, false, RB_COORDINATES_SUPPORT}, raw = {.model = &model};
  total = 0;
  for (int i = 0; i < N; ++i) {
    double phi[D], log_det;
    rb_model_to_support(&model, 1, dataset.latent + (int64_t)i * D, phi, &log_det);
    total += log_det;
  }
  assert_all_ok(rb_dataset_log_det(&test_context, &support, &dataset, &mean));
  assert_near(mean, total / N, 1e-10);
  assert_all_ok(rb_dataset_log_det(&test_context, &raw, &dataset, &mean));
  assert_true(mean == 0.0);
  free(centring);
}

static const rb_network_settings network = {
    .summary = {.type = RB_SUMMARY_EXPERT, .summary_dim = 6, .mlp_layers = 1, .mlp_widths = {8}},
    .density = RB_DENSITY_AUTOREGRESSIVE,
    .mixture = {.components = 3, .mlp_layers = 1, .mlp_widths = {8}}};

/* Draws lie in the support, carry their density, and do not depend on the grouping. */
static void posterior_of_a_centred_network(void **state) {
  (void)state;
  enum { S = 50 };
  rb_estimator *estimator = NULL;
  rb_posterior posterior;
  const rb_standardisation s = arbitrary();
  const int64_t size = model.channels * model.length;
  static float draws[N * S * D], alone[S * D];
  static double values[N * S * D], density[N * S], again[N * S], prior[N * S];
  assert_all_ok(rb_estimator_create(&test_context, &network, 1, FEATURES, D, 8, &estimator));
  assert_all_ok(rb_estimator_initialise(&test_context, estimator, 1, 0));
  assert_all_ok(rb_flow_posterior_create(&test_context, &model, RB_COORDINATES_CENTRED, estimator,
                                         &s, 8, 0, &posterior));
  assert_true(posterior.latent);
  assert_all_ok(posterior.sample(&posterior, &test_context, 5, RB_FOR_SBC, 0, N, dataset.x, S,
                                 draws, density));
  for (int k = 0; k < N * S * D; ++k) values[k] = (double)draws[k];
  assert_all_ok(posterior.log_density(&posterior, &test_context, N, dataset.x, S, values, again));
  model.log_prior(&model, (int64_t)N * S, values, prior);
  int far = 0;
  for (int i = 0; i < N * S; ++i) {
    assert_true(isfinite(prior[i]));
    far += !(fabs(density[i] - again[i]) < 1e-2);
  }
  assert_true(far < N * S / 20);  // draws are floats, which do not resolve the closest to a bound
  for (int i = 0; i < N; ++i) {
    assert_all_ok(posterior.sample(&posterior, &test_context, 5, RB_FOR_SBC, i, 1,
                                   dataset.x + i * size, S, alone, NULL));
    assert_memory_equal(alone, draws + (int64_t)i * S * D, sizeof alone);
  }
  posterior.destroy(&posterior);
  rb_estimator_destroy(estimator);
}

static void expect_refused(rb_view view, const char *word) {
  assert_int_equal(rb_view_check(&test_context, &view), RB_ERR_SETTING);
  assert_non_null(strstr(test_context.error.message, word));
  rb_error_clear(&test_context);
}

static void impossible_views_are_refused(void **state) {
  (void)state;
  rb_model plain = model;
  plain.expert = NULL;
  expect_refused((rb_view){&plain, true, RB_COORDINATES_RAW}, "no expert");
  expect_refused((rb_view){&model, false, RB_COORDINATES_CENTRED}, "centred");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(online_and_stored_agree, set_up, tear_down),
    cmocka_unit_test_setup_teardown(determinants_have_one_sign, set_up, tear_down),
    cmocka_unit_test_setup_teardown(posterior_of_a_centred_network, set_up, tear_down),
    cmocka_unit_test_setup_teardown(impossible_views_are_refused, set_up, tear_down)};
RB_TEST_MAIN(tests)
