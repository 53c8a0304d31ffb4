#include "rheobase/inference/flow_posterior.h"
#include "training_fixture.h"

enum { DATA_SETS = 5, DRAWS = 7, D = 3 };

static const rb_training_settings settings = {.mode = RB_OFFLINE,
                                              .simulations = 200,
                                              .validation = DATA_SETS,
                                              .epochs = 1,
                                              .batch_size = 64,
                                              .micro_batch = 16,
                                              .learning_rate = 2e-3,
                                              .clip_norm = 1.5,
                                              .checkpoint_minutes = 60};

static rb_status save_nothing(rb_context *ctx, rb_training *training, void *owner) {
  (void)ctx;
  (void)training;
  (void)owner;
  return RB_OK;
}

/* Draws of one data set do not depend on how data sets are grouped into calls, and the density of a
 * draw is what log_density gives for it. */
static void draws_and_their_densities_agree(void **state) {
  (void)state;
  fixture f;
  assert_all_ok(fixture_create(&test_context, &settings, &f));
  assert_all_ok(rb_train(&test_context, &f.train, &f.data, save_nothing, save_nothing, NULL));
  rb_posterior posterior;
  assert_all_ok(rb_flow_posterior_create(&test_context, &f.model, false, f.estimator,
                                         &f.train.standardisation, 4, 0, &posterior));
  static float theta[DATA_SETS * DRAWS * D], again[DRAWS * D];
  static double density[DATA_SETS * DRAWS], recomputed[DATA_SETS * DRAWS];
  static double as_double[DATA_SETS * DRAWS * D];
  const float *x = f.validation.x;
  assert_all_ok(posterior.sample(&posterior, &test_context, 5, RB_FOR_SBC, 10, DATA_SETS, x, DRAWS,
                                 theta, density));
  const float *x3 = x + 3 * f.model.channels * f.model.length;
  assert_all_ok(
      posterior.sample(&posterior, &test_context, 5, RB_FOR_SBC, 13, 1, x3, DRAWS, again, NULL));
  for (int k = 0; k < DRAWS * D; ++k) {
    assert_near((double)again[k], (double)theta[3 * DRAWS * D + k], 1e-5);
  }
  for (int k = 0; k < DATA_SETS * DRAWS * D; ++k) as_double[k] = (double)theta[k];
  assert_all_ok(
      posterior.log_density(&posterior, &test_context, DATA_SETS, x, DRAWS, as_double, recomputed));
  for (int k = 0; k < DATA_SETS * DRAWS; ++k) assert_near(density[k], recomputed[k], 1e-3);
  assert_true(theta[0] != theta[D] && theta[0] != theta[DRAWS * D]);
  posterior.destroy(&posterior);
  fixture_destroy(&f);
}

/* The density is per unit of the parameters: its integral over a wide grid is 1. */
static void density_integrates_to_one(void **state) {
  (void)state;
  enum { SIDE = 48 };
  fixture f;
  assert_all_ok(fixture_create(&test_context, &settings, &f));
  for (int d = 0; d < D; ++d) f.train.standardisation.theta_std[d] = 0.5 * (d + 1);
  rb_posterior posterior;
  assert_all_ok(rb_flow_posterior_create(&test_context, &f.model, false, f.estimator,
                                         &f.train.standardisation, 16, 0, &posterior));
  double *grid = malloc(sizeof(double) * SIDE * SIDE * SIDE * D);
  double *density = malloc(sizeof(double) * SIDE * SIDE * SIDE);
  const double side[D] = {6, 12, 18};  // 12 sd
  for (int k = 0; k < SIDE * SIDE * SIDE; ++k) {
    const int at[D] = {k % SIDE, k / SIDE % SIDE, k / SIDE / SIDE};
    for (int d = 0; d < D; ++d) {
      grid[k * D + d] =
          f.train.standardisation.theta_mean[d] + side[d] * ((at[d] + 0.5) / SIDE - 0.5);
    }
  }
  assert_all_ok(posterior.log_density(&posterior, &test_context, 1, f.validation.x,
                                      (int64_t)SIDE * SIDE * SIDE, grid, density));
  double integral = 0;
  for (int k = 0; k < SIDE * SIDE * SIDE; ++k) integral += exp(density[k]);
  integral *= side[0] * side[1] * side[2] / ((double)SIDE * SIDE * SIDE);
  assert_near(integral, 1.0, 1e-3);
  free(grid);
  free(density);
  posterior.destroy(&posterior);
  fixture_destroy(&f);
}

/* A map for the linear-Gaussian model, which has none: latent = sinh(phi). */
static void from_sinh(const rb_model *model, int64_t count, const double *phi, double *latent,
                      double *log_det) {
  for (int64_t i = 0; i < count; ++i) {
    double sum = 0;
    for (int d = 0; d < model->dim; ++d) {
      sum += log(cosh(phi[i * D + d]));
      latent[i * D + d] = sinh(phi[i * D + d]);
    }
    if (log_det != NULL) log_det[i] = sum;
  }
}

static void to_sinh(const rb_model *model, int64_t count, const double *latent, double *phi,
                    double *log_det) {
  for (int64_t i = 0; i < count; ++i) {
    double sum = 0;
    for (int d = 0; d < model->dim; ++d) {
      phi[i * D + d] = asinh(latent[i * D + d]);
      sum += log(cosh(phi[i * D + d]));
    }
    if (log_det != NULL) log_det[i] = sum;
  }
}

/* In support coordinates the draws are mapped, and the density is one of the latent values. */
static void support_coordinates(void **state) {
  (void)state;
  enum { SIDE = 40, S = 400 };
  fixture f;
  assert_all_ok(fixture_create(&test_context, &settings, &f));
  f.model.from_support = from_sinh;
  f.model.to_support = to_sinh;
  rb_posterior posterior;
  for (int d = 0; d < D; ++d) {
    f.train.standardisation.theta_mean[d] = 0.3 * d;
    f.train.standardisation.theta_std[d] = 0.2;
  }
  assert_all_ok(rb_flow_posterior_create(&test_context, &f.model, true, f.estimator,
                                         &f.train.standardisation, 16, 0, &posterior));
  assert_true(posterior.latent);
  static float theta[S * D];
  static double as_double[S * D], density[S], recomputed[S];
  assert_all_ok(posterior.sample(&posterior, &test_context, 5, RB_FOR_SBC, 0, 1, f.validation.x, S,
                                 theta, density));
  double mean[D] = {0};
  for (int k = 0; k < S * D; ++k) {
    as_double[k] = (double)theta[k];
    mean[k % D] += as_double[k] / S;
  }
  // An untrained flow is near N(mean, std^2) in phi.
  for (int d = 0; d < D; ++d) assert_near(asinh(mean[d]), 0.3 * d, 0.2);
  assert_all_ok(posterior.log_density(&posterior, &test_context, 1, f.validation.x, S, as_double,
                                      recomputed));
  for (int k = 0; k < S; ++k) assert_near(density[k], recomputed[k], 1e-3);
  static double grid[SIDE * SIDE * SIDE * D], value[SIDE * SIDE * SIDE];
  double volume = 1, integral = 0;
  double low[D], high[D];
  for (int d = 0; d < D; ++d) {
    low[d] = sinh(0.3 * d - 1.2);
    high[d] = sinh(0.3 * d + 1.2);
    volume *= (high[d] - low[d]) / SIDE;
  }
  for (int k = 0; k < SIDE * SIDE * SIDE; ++k) {
    const int at[D] = {k % SIDE, k / SIDE % SIDE, k / SIDE / SIDE};
    for (int d = 0; d < D; ++d) {
      grid[k * D + d] = low[d] + (high[d] - low[d]) * (at[d] + 0.5) / SIDE;
    }
  }
  assert_all_ok(posterior.log_density(&posterior, &test_context, 1, f.validation.x,
                                      (int64_t)SIDE * SIDE * SIDE, grid, value));
  for (int k = 0; k < SIDE * SIDE * SIDE; ++k) integral += volume * exp(value[k]);
  assert_near(integral, 1.0, 2e-3);
  posterior.destroy(&posterior);
  fixture_destroy(&f);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(draws_and_their_densities_agree),
                                          cmocka_unit_test(density_integrates_to_one),
                                          cmocka_unit_test(support_coordinates)};
RB_TEST_MAIN(tests)
