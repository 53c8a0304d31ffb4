#include "model/linear_gaussian/linear_gaussian.h"
#include "rb_test.h"
#include "rheobase/analysis/refinement.h"
#include "rheobase/random/distributions.h"

/* The linear-Gaussian model with a "network" that is its exact posterior, or that shifted by one
 * standard deviation of each parameter (of which KL is known). */

enum { D = RB_LINEAR_GAUSSIAN_DIM };

typedef struct known_posterior {
  double shift;  // in posterior sd
  bool clipped;  // of the model whose first parameter is clipped at BOUND, below all of its prior
} known_posterior;

static const double BOUND = -20;

static void clip(const rb_model *model, int64_t count, const double *latent, double *theta) {
  (void)model;
  if (theta != latent) memcpy(theta, latent, sizeof(double) * (size_t)(count * D));
  for (int64_t i = 0; i < count; ++i) theta[i * D] = fmin(theta[i * D], BOUND);
}

static rb_status (*draw_unclipped)(const rb_model *, rb_context *, uint64_t, rb_purpose, int64_t,
                                   int64_t, double *, double *);

static rb_status draw_clipped(const rb_model *model, rb_context *ctx, uint64_t seed,
                              rb_purpose purpose, int64_t first, int64_t count, double *theta,
                              double *latent) {
  const rb_status status = draw_unclipped(model, ctx, seed, purpose, first, count, theta, latent);
  clip(model, count, theta, theta);
  return status;
}

/* Data tell nothing of a latent value that is always clipped, and the others go with the bound. */
static void condition_on_bound(double *mean, double *covariance) {
  for (int i = 1; i < D; ++i) {
    const double slope = covariance[i * D] / covariance[0];
    mean[i] += slope * (BOUND - mean[0]);
    for (int j = 1; j < D; ++j) covariance[i * D + j] -= slope * covariance[j];
  }
  mean[0] = 0;
  covariance[0] = 1;
  for (int i = 1; i < D; ++i) covariance[i] = covariance[i * D] = 0;
}

/* Lower Cholesky factor. */
static void factorise(const double *covariance, double l[D][D]) {
  memset(l, 0, sizeof(double) * D * D);
  for (int j = 0; j < D; ++j) {
    for (int i = j; i < D; ++i) {
      double sum = covariance[i * D + j];
      for (int k = 0; k < j; ++k) sum -= l[i][k] * l[j][k];
      l[i][j] = i == j ? sqrt(sum) : sum / l[j][j];
    }
  }
}

static void describe(const rb_posterior *self, const float *x, double *mean, double l[D][D]) {
  double covariance[D * D];
  rb_linear_gaussian_posterior(self->model, x, mean, covariance);
  if (((const known_posterior *)self->state)->clipped) condition_on_bound(mean, covariance);
  factorise(covariance, l);
  for (int d = 0; d < D; ++d) {
    mean[d] += ((const known_posterior *)self->state)->shift * sqrt(covariance[d * D + d]);
  }
}

static rb_status log_density(rb_posterior *self, rb_context *ctx, int64_t count, const float *x,
                             int64_t per, const double *theta, double *value) {
  (void)ctx;
  assert_int_equal(count, 1);
  double mean[D], l[D][D];
  describe(self, x, mean, l);
  for (int64_t i = 0; i < per; ++i) {
    double z[D];
    value[i] = -0.5 * D * log(2.0 * M_PI);
    for (int d = 0; d < D; ++d) {
      z[d] = theta[i * D + d] - mean[d];
      for (int k = 0; k < d; ++k) z[d] -= l[d][k] * z[k];
      z[d] /= l[d][d];
      value[i] -= 0.5 * z[d] * z[d] + log(l[d][d]);
    }
  }
  return RB_OK;
}

static rb_status sample(rb_posterior *self, rb_context *ctx, uint64_t seed, rb_purpose purpose,
                        int64_t first, int64_t count, const float *x, int64_t draws, float *theta,
                        double *value) {
  assert_int_equal(count, 1);
  double mean[D], l[D][D], z[D], *as_double = malloc(sizeof(double) * (size_t)(draws * D));
  describe(self, x, mean, l);
  for (int64_t i = 0; i < draws; ++i) {
    rb_stream_normals(rb_stream_make(seed, purpose, RB_RANDOM_POSTERIOR_DRAWS, 0, (uint64_t)first),
                      i * D, D, z);
    for (int d = 0; d < D; ++d) {
      double sum = mean[d];
      for (int k = 0; k <= d; ++k) sum += l[d][k] * z[k];
      theta[i * D + d] = (float)sum;
      as_double[i * D + d] = (double)theta[i * D + d];
    }
  }
  const rb_status status = log_density(self, ctx, 1, x, draws, as_double, value);
  free(as_double);
  return status;
}

static rb_posterior make(const rb_model *model, known_posterior *state) {
  return (rb_posterior){.name = "known",
                        .model = model,
                        .state = state,
                        .sample = sample,
                        .log_density = log_density};
}

static void the_exact_posterior_as_network(void **state) {
  (void)state;
  enum { N = 40 };
  rb_model model;
  assert_int_equal(rb_linear_gaussian_model(&test_context, 20, 1, 0.5, &model), RB_OK);
  known_posterior right = {0};
  rb_posterior network = make(&model, &right);
  const rb_exact_settings settings = rb_exact_defaults();
  static rb_refined refined[N];
  for (int i = 0; i < N; ++i) {
    rb_refined *r = &refined[i];
    assert_int_equal(
        rb_refine_item(&test_context, &model, &network, &settings, 3, RB_FOR_TESTS, i, r), RB_OK);
    assert_true(r->done == 1.0 && r->reliable == 1.0 && r->method == RB_EXACT_NETWORK);
    assert_true(r->network_efficiency > 0.99 && r->network_inside == 1.0);
    assert_near(r->network_kl, 0.0, 1e-4);
    assert_near(r->network_loss, r->exact_loss, 1e-4);
    assert_near(r->c2st, 0.5, 0.06);
    for (int d = 0; d < D; ++d) {
      assert_near(r->network_mean[d], r->exact_mean[d], 0.02 * r->exact_sd[d]);
      assert_near(r->wasserstein[d], 0.0, 0.03 * r->exact_sd[d]);
      assert_near(r->network_below[d], r->exact_below[d], 0.03);
    }
    assert_near(r->network_below_log_posterior, r->exact_below_log_posterior, 0.03);
    assert_near(r->network_below_log_likelihood, r->exact_below_log_likelihood, 0.03);
  }
  rb_refinement_summary s;
  assert_int_equal(rb_refinement_summarise(&test_context, &model, settings.draws, N, refined, &s),
                   RB_OK);
  assert_true(s.datasets == N && s.reliable == N && s.methods[RB_EXACT_NETWORK] == N &&
              s.unclipped == N);
  // The entropy of the posterior does not depend on the data.
  double mean[D], covariance[D * D], l[D][D], entropy = 0.5 * D * (1.0 + log(2.0 * M_PI));
  float x[20] = {0};
  rb_linear_gaussian_posterior(&model, x, mean, covariance);
  factorise(covariance, l);
  for (int d = 0; d < D; ++d) entropy += log(l[d][d]);
  assert_near(s.floor, entropy, 0.02);
  assert_near(s.exact_loss, entropy, 1.0);  // 40 data sets: sd sqrt(3/2) / sqrt(40)
  for (int d = 0; d < D; ++d) {
    assert_near(s.exact_contraction[d], s.network_contraction[d], 0.02);
    assert_near(s.exact_r[d], s.network_r[d], 0.02);
    assert_near(s.exact_nrmse[d], s.network_nrmse[d], 0.03);
    assert_near(s.exact_z_score[d], s.network_z_score[d], 0.1);
    assert_near(s.exact_calibration_error[d], s.network_calibration_error[d], 0.06);
    assert_true(s.network_log_gamma[d] > -6.0 && s.exact_log_gamma[d] > -6.0);  // 1e-4 each
    assert_true(fabs(s.kl_low[d]) + fabs(s.kl_middle[d]) + fabs(s.kl_high[d]) < 1e-3);
  }
  assert_true(s.network_log_gamma_log_posterior > -6.0 && s.exact_log_gamma_log_posterior > -6.0);
  assert_true(s.network_log_gamma_log_likelihood > -6.0 && s.exact_log_gamma_log_likelihood > -6.0);
  assert_near(s.network_inside, 1.0, 1e-12);
  double in_regimes = 0.0;
  for (int g = 0; g < RB_REGIME_COUNT; ++g) in_regimes += s.regime_datasets[g];
  assert_near(in_regimes, N, 0.0);
  model.destroy(&model);
}

static void a_shifted_network(void **state) {
  (void)state;
  rb_model model;
  assert_int_equal(rb_linear_gaussian_model(&test_context, 20, 1, 0.5, &model), RB_OK);
  known_posterior shifted = {.shift = 1.0};
  rb_posterior network = make(&model, &shifted);
  rb_exact_settings settings = rb_exact_defaults();
  settings.least_efficiency = 0.6;
  rb_refined r;
  assert_int_equal(
      rb_refine_item(&test_context, &model, &network, &settings, 3, RB_FOR_TESTS, 0, &r), RB_OK);
  double mean[D], covariance[D * D], l[D][D], z[D], kl = 0.0;
  float x[20] = {0};
  rb_linear_gaussian_posterior(&model, x, mean, covariance);
  factorise(covariance, l);
  for (int d = 0; d < D; ++d) {  // KL = shift' covariance^-1 shift / 2
    z[d] = sqrt(covariance[d * D + d]);
    for (int k = 0; k < d; ++k) z[d] -= l[d][k] * z[k];
    z[d] /= l[d][d];
    kl += 0.5 * z[d] * z[d];
  }
  assert_true(r.method == RB_EXACT_ADAPTIVE && r.reliable == 1.0);
  assert_true(r.network_efficiency < 0.6);
  assert_near(r.network_kl, kl, 0.15 * kl);
  assert_true(r.c2st > 0.65);
  for (int d = 0; d < D; ++d) {
    const double sd = sqrt(covariance[d * D + d]);
    assert_near(r.wasserstein[d], sd, 0.1 * sd);
    assert_near(r.network_mean[d] - r.exact_mean[d], sd, 0.1 * sd);
  }
  model.destroy(&model);
}

/* Network and exact posterior are compared by one measure: moments and distances of values as the
 * simulator uses them, ranks and losses of latent ones. The exact posterior as network again. */
static void a_clipped_parameter(void **state) {
  (void)state;
  rb_model model;
  assert_int_equal(rb_linear_gaussian_model(&test_context, 20, 1, 0.5, &model), RB_OK);
  draw_unclipped = model.draw_prior;
  model.draw_prior = draw_clipped;
  model.from_latent = clip;
  known_posterior right = {.clipped = true};
  rb_posterior network = make(&model, &right);
  network.latent = true;
  const rb_exact_settings settings = rb_exact_defaults();
  rb_refined r;
  for (int i = 0; i < 5; ++i) {
    assert_int_equal(
        rb_refine_item(&test_context, &model, &network, &settings, 3, RB_FOR_TESTS, i, &r), RB_OK);
    assert_true(r.clipped == 1.0 && r.truth[0] == BOUND && r.method == RB_EXACT_NETWORK);
    assert_near(r.network_kl, 0.0, 1e-4);
    assert_near(r.network_loss, r.exact_loss, 1e-4);
    assert_near(r.network_mean[0], BOUND, 1e-9);
    assert_near(r.exact_mean[0], BOUND, 1e-9);
    assert_near(r.network_sd[0], 0, 1e-9);
    assert_near(r.exact_sd[0], 0, 1e-9);
    assert_near(r.wasserstein[0], 0, 1e-9);
    assert_true(r.network_below[0] > 0 && r.network_below[0] < 1);
    for (int d = 0; d < D; ++d) {
      assert_near(r.network_sd[d], r.exact_sd[d], 0.05 * r.exact_sd[d]);
      assert_near(r.network_below[d], r.exact_below[d], 0.03);
    }
  }
  model.destroy(&model);
}

/* Where the network is worst: made-up rows whose KL depends on activity and on a parameter. */
static void the_worst_regimes(void **state) {
  (void)state;
  enum { N = 90 };
  rb_model model;
  rb_refinement_summary s;
  static rb_refined refined[N];
  assert_int_equal(rb_linear_gaussian_model(&test_context, 20, 1, 0.5, &model), RB_OK);
  for (int i = 0; i < N; ++i) {
    refined[i] = (rb_refined){.activity = i / 30 * (1 + i % 30), .clipped = i % 30 == 0};
    refined[i].network_kl = i / 30 == 1 ? 5.0 : 1.0;
    refined[i].reliable = refined[i].evidence_valid = 1.0;
    refined[i].network_loss = refined[i].clipped > 0 ? 100.0 : i;
    for (int d = 0; d < D; ++d) refined[i].truth[d] = d == 0 ? i : (i * 7) % N;
  }
  assert_int_equal(rb_refinement_summarise(&test_context, &model, 100, N, refined, &s), RB_OK);
  assert_near(s.regime_datasets[RB_REGIME_NONE], 30, 0);
  assert_near(s.regime_datasets[RB_REGIME_LITTLE] + s.regime_datasets[RB_REGIME_MUCH], 60, 0);
  assert_true(s.regime_activity_high[RB_REGIME_LITTLE] < s.regime_activity_low[RB_REGIME_MUCH]);
  assert_near(s.regime_network_loss[RB_REGIME_NONE], 15.0, 1e-12);  // mean of 1 .. 29
  assert_near(s.regime_kl[RB_REGIME_NONE], 1.0, 0);
  assert_near(s.kl_low[0], 1.0, 0);
  assert_near(s.kl_middle[0], 5.0, 0);
  assert_near(s.kl_high[0], 1.0, 0);
  assert_near(s.kl_middle[1], 1.0, 0);  // the other parameters say nothing
  model.destroy(&model);
}

/* Whether network, adaptive proposal or MCMC: the same floor, loss and KL, within error. */
static void the_same_by_mcmc(void **state) {
  (void)state;
  enum { N = 6 };
  rb_model model;
  assert_int_equal(rb_linear_gaussian_model(&test_context, 20, 1, 0.5, &model), RB_OK);
  known_posterior shifted = {.shift = 0.5};
  rb_posterior network = make(&model, &shifted);
  static rb_refined refined[2][N];
  rb_refinement_summary s[2];
  for (int k = 0; k < 2; ++k) {
    rb_exact_settings settings = rb_exact_defaults();
    if (k == 1) settings.least_efficiency = 1.0;
    for (int i = 0; i < N; ++i) {
      assert_int_equal(rb_refine_item(&test_context, &model, &network, &settings, 3, RB_FOR_TESTS,
                                      i, &refined[k][i]),
                       RB_OK);
      assert_true(refined[k][i].evidence_valid == 1.0 &&
                  (refined[k][i].method == RB_EXACT_MCMC) == (k == 1));
    }
    assert_int_equal(
        rb_refinement_summarise(&test_context, &model, settings.draws, N, refined[k], &s[k]),
        RB_OK);
    assert_true(s[k].reliable == N && s[k].evidence_valid == N && s[k].unclipped == N);
  }
  // Of each data set: 2000 draws of -log p, which has a standard deviation of sqrt(D / 2), and the
  // error of the evidence.
  const double error = 5.0 * sqrt((0.5 * D / 2000 + 0.03 * 0.03) / N);
  assert_near(s[0].floor, s[1].floor, 2 * error);
  assert_near(s[0].exact_loss, s[1].exact_loss, error);
  assert_near(s[0].kl, s[1].kl, 4 * error);
  assert_near(s[0].network_loss, s[1].network_loss, 1e-12);
  model.destroy(&model);
}

/* A chain that has not converged says nothing, and what it would say is in no mean. */
static void what_is_not_known_counts_nowhere(void **state) {
  (void)state;
  enum { N = 8, UNRELIABLE = 2, INVALID = 4, FAILED = 6 };
  rb_model model;
  assert_int_equal(rb_linear_gaussian_model(&test_context, 20, 1, 0.5, &model), RB_OK);
  known_posterior shifted = {.shift = 1.0};
  rb_posterior network = make(&model, &shifted);
  rb_exact_settings settings = rb_exact_defaults(), hasty = settings;
  hasty.least_efficiency = 1.0;
  hasty.long_steps = 128;
  static rb_refined refined[N], valid[N];
  rb_refinement_summary all, alone;
  int64_t known = 0;
  for (int i = 0; i < N; ++i) {
    assert_int_equal(
        rb_refine_item(&test_context, &model, &network, i == UNRELIABLE ? &hasty : &settings, 3,
                       RB_FOR_TESTS, i, &refined[i]),
        RB_OK);
    if (i == INVALID) {
      refined[i].evidence_valid = 0.0;
      refined[i].exact_loss = refined[i].exact_entropy = refined[i].network_kl = NAN;
    }
    if (i == FAILED) refined[i] = (rb_refined){.done = 1, .failed = 1, .network_kl = 1e6};
    if (i != UNRELIABLE && i != INVALID && i != FAILED) valid[known++] = refined[i];
  }
  const rb_refined *r = &refined[UNRELIABLE];
  assert_true(r->method == RB_EXACT_MCMC && r->reliable == 0.0 && r->evidence_valid == 0.0);
  assert_true(isnan(r->exact_loss) && isnan(r->exact_entropy) && isnan(r->network_kl));
  assert_true(isnan(r->exact_mean[0]) && isnan(r->exact_below[0]) && isnan(r->c2st));
  assert_true(r->network_efficiency > 0 && isfinite(r->network_loss));
  assert_int_equal(rb_refinement_summarise(&test_context, &model, 2000, N, refined, &all), RB_OK);
  assert_int_equal(rb_refinement_summarise(&test_context, &model, 2000, known, valid, &alone),
                   RB_OK);
  assert_true(all.datasets == N && all.failed == 1 && all.reliable == N - 2 &&
              all.evidence_valid == N - 3 && all.unclipped == N - 3);
  assert_near(all.floor, alone.floor, 1e-12);
  assert_near(all.kl, alone.kl, 1e-12);
  assert_near(all.exact_loss, alone.exact_loss, 1e-12);
  assert_near(all.network_loss, alone.network_loss, 1e-12);
  assert_true(isfinite(all.exact_r[0]) && isfinite(all.c2st) && isfinite(all.floor_se));
  model.destroy(&model);
}

static void without_a_network(void **state) {
  (void)state;
  rb_model model;
  assert_int_equal(rb_linear_gaussian_model(&test_context, 20, 1, 0.5, &model), RB_OK);
  const rb_exact_settings settings = rb_exact_defaults();
  rb_refined r;
  assert_int_equal(rb_refine_item(&test_context, &model, NULL, &settings, 3, RB_FOR_TESTS, 1, &r),
                   RB_OK);
  assert_true(r.method == RB_EXACT_ADAPTIVE && r.reliable == 1.0 && r.efficiency > 0.5);
  assert_true(r.network_loss != r.network_loss && r.c2st != r.c2st);  // NaN
  assert_true(fabs(r.exact_loss) < 20.0);
  model.destroy(&model);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(the_exact_posterior_as_network),
                                          cmocka_unit_test(a_shifted_network),
                                          cmocka_unit_test(a_clipped_parameter),
                                          cmocka_unit_test(the_worst_regimes),
                                          cmocka_unit_test(the_same_by_mcmc),
                                          cmocka_unit_test(what_is_not_known_counts_nowhere),
                                          cmocka_unit_test(without_a_network)};
RB_TEST_MAIN(tests)
