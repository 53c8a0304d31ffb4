#include <gsl/gsl_integration.h>
#include <gsl/gsl_statistics_double.h>

#include "model/lif/lif.h"
#include "rb_test.h"
#include "rheobase/random/distributions.h"

enum { D = RB_LIF_DIM, N = 200000 };
static rb_model model;
static double theta[N * D], latent[N * D], column[N];

static int set_up(void **state) {
  (void)state;
  const rb_lif_settings settings = rb_lif_defaults();
  if (rb_lif_model(&test_context, &settings, &model) != RB_OK) return -1;
  return model.draw_prior(&model, &test_context, 45, RB_FOR_TESTS, 0, N, theta, latent) == RB_OK
             ? 0
             : -1;
}

static int tear_down(void **state) {
  (void)state;
  model.destroy(&model);
  return 0;
}

/* Known shares of the clipped parameters: P(tau < 5) = Phi(-ln 2 / 0.2) = 2.65e-4 and so on. */
static void clips_put_mass_on_the_ends(void **state) {
  (void)state;
  int tau_low = 0, tau_high = 0, g_low = 0, g_high = 0;
  for (int i = 0; i < N; ++i) {
    const double tau = theta[i * D + RB_LIF_TAU_M], g = theta[i * D + RB_LIF_G_L];
    const double latent_tau = latent[i * D + RB_LIF_TAU_M], latent_g = latent[i * D + RB_LIF_G_L];
    assert_true(tau == fmin(fmax(latent_tau, 5), 20) && g == fmin(fmax(latent_g, 5), 15));
    for (int d = 0; d < D; ++d) {
      if (d == RB_LIF_TAU_M || d == RB_LIF_G_L) continue;
      assert_true(theta[i * D + d] == latent[i * D + d]);
    }
    tau_low += tau == 5;
    tau_high += tau == 20;
    g_low += g == 5;
    g_high += g == 15;
  }
  const double octave = 0.5 * erfc(log(2) / 0.2 * M_SQRT1_2);
  const double half = 0.5 * erfc(log(1.5) / 0.2 * M_SQRT1_2);
  assert_near(tau_low, N * octave, 6 * sqrt(N * octave));
  assert_near(tau_high, N * octave, 6 * sqrt(N * octave));
  assert_near(g_low, N * octave, 6 * sqrt(N * octave));
  assert_near(g_high, N * half, 6 * sqrt(N * half));
}

static void draws_do_not_depend_on_grouping(void **state) {
  (void)state;
  double one[D], other[D];
  for (int i = 0; i < 50; ++i) {
    assert_int_equal(model.draw_prior(&model, &test_context, 45, RB_FOR_TESTS, i * 7, 1, one, NULL),
                     RB_OK);
    assert_memory_equal(one, &theta[(size_t)i * 7 * D], sizeof one);
    assert_int_equal(
        model.draw_prior(&model, &test_context, 45, RB_FOR_TRAINING, i * 7, 1, other, NULL), RB_OK);
    for (int d = 0; d < D; ++d) assert_true(other[d] != one[d] || d == RB_LIF_G_L);
  }
}

static void draws_lie_in_the_support(void **state) {
  (void)state;
  double log_density = 0;
  for (int i = 0; i < N; ++i) {
    assert_true(model.in_support(&model, &theta[(size_t)i * D]));
    assert_true(model.accepts(&model, &theta[(size_t)i * D], NULL));
    if (i % 10 != 0) continue;
    model.log_prior(&model, 1, &latent[(size_t)i * D], &log_density);
    assert_true(isfinite(log_density));
  }
}

static void outside_the_support_there_is_no_density(void **state) {
  (void)state;
  const double inside[D] = {-55, 10, 10, -75, -72, -70};
  double log_density = 0;
  static const struct {
    int index;
    double value;
    bool latent_too;
  } outside[] = {
      {RB_LIF_V_TH, -60.001, true},  {RB_LIF_V_TH, -49.999, true},   {RB_LIF_E_L, -75.001, true},
      {RB_LIF_E_L, -59.999, true},   {RB_LIF_V_INIT, -70.499, true}, {RB_LIF_V_INIT, -80.001, true},
      {RB_LIF_V_RESET, -72.4, true}, {RB_LIF_V_RESET, -85.01, true}, {RB_LIF_E_L, -71.6, true},
      {RB_LIF_V_INIT, -74.6, true},  {RB_LIF_TAU_M, 4.99, false},    {RB_LIF_TAU_M, 20.01, false},
      {RB_LIF_G_L, 4.99, false},     {RB_LIF_G_L, 15.01, false},     {RB_LIF_TAU_M, -1, true},
      {RB_LIF_E_L, NAN, true},       {RB_LIF_E_L, -300, true},       {RB_LIF_V_INIT, -90, true}};
  assert_true(model.in_support(&model, inside));
  for (size_t i = 0; i < sizeof outside / sizeof *outside; ++i) {
    double point[D];
    memcpy(point, inside, sizeof point);
    point[outside[i].index] = outside[i].value;
    assert_false(model.in_support(&model, point));
    assert_true(model.outside_support(&model, point) != 0);
    model.log_prior(&model, 1, point, &log_density);
    assert_true(outside[i].latent_too ? log_density == -INFINITY : isfinite(log_density));
  }
}

/* Which parameter lies outside: bounds move with the parameters they depend on. */
static void parameters_outside_are_told_apart(void **state) {
  (void)state;
  enum { V_TH = 1, TAU_M = 2, G_L = 4, V_RESET = 8, V_INIT = 16 };
  const double none[D] = {-55, 10, 10, -75, -72, -70}, some[D] = {-61, 21, 10, -75, -72, -70};
  const double bounds[D] = {-55, 10, 16, -71, -71.2, -71};  // E_L and V_init move the bounds
  assert_int_equal(model.outside_support(&model, none), 0);
  assert_int_equal(model.outside_support(&model, some), V_TH | TAU_M);
  assert_int_equal(model.outside_support(&model, bounds), G_L | V_RESET | V_INIT);
}

enum { NODES = 40 };

static double density_at(const double *point) {
  double log_density = 0;
  model.log_prior(&model, 1, point, &log_density);
  return exp(log_density);
}

/* Integral over the three parameters `index`, by Gauss-Legendre quadrature, the others as in
 * `point`; the potentials' upper bounds move with their parents'. */
static double integral(const gsl_integration_glfixed_table *table, const int index[3], int depth,
                       double *point) {
  if (depth == 3) return density_at(point);
  static const double low[D] = {-60, 3, 3, -85, -80, -75};
  const double high[D] = {
      -50, 30, 30, fmin(point[RB_LIF_V_INIT] - 0.5, -65), fmin(point[RB_LIF_E_L] - 0.5, -65), -60};
  double sum = 0;
  for (size_t i = 0; i < NODES; ++i) {
    double weight = 0;
    gsl_integration_glfixed_point(low[index[depth]], high[index[depth]], i, &point[index[depth]],
                                  &weight, table);
    sum += weight * integral(table, index, depth + 1, point);
  }
  return sum;
}

/* The potentials' chain and the other three parameters are independent: p(a, b) = p(a, b0)
 * p(a0, b) / p(a0, b0), so two integrals of three dimensions give the one of six. */
static void density_integrates_to_one(void **state) {
  (void)state;
  static const double point[D] = {-54, 9, 11, -76, -73, -70}, other[D] = {-56, 8, 7, -79, -74, -69};
  const double mixed[2][D] = {{-54, 9, 11, -79, -74, -69}, {-56, 8, 7, -76, -73, -70}};
  assert_near(density_at(mixed[0]) * density_at(mixed[1]) / density_at(point) / density_at(other),
              1, 1e-12);
  static const int chain[3] = {RB_LIF_E_L, RB_LIF_V_INIT, RB_LIF_V_RESET};
  static const int rest[3] = {RB_LIF_V_TH, RB_LIF_TAU_M, RB_LIF_G_L};
  gsl_integration_glfixed_table *table = gsl_integration_glfixed_table_alloc(NODES);
  double moving[D];
  memcpy(moving, point, sizeof moving);
  const double over_chain = integral(table, chain, 0, moving);
  memcpy(moving, point, sizeof moving);
  const double over_rest = integral(table, rest, 0, moving);
  gsl_integration_glfixed_table_free(table);
  assert_near(over_chain * over_rest / density_at(point), 1, 1e-5);
}

/* The draws follow the density: E[1/p over a box] = volume of the box, per parent-dependent part.
 */
static void draws_follow_the_density(void **state) {
  (void)state;
  static const double low[D] = {-57, 8, 8, -77, -75, -72}, high[D] = {-53, 12, 12, -75.5, -73, -70};
  double volume = 1, sum = 0, squares = 0;
  for (int d = 0; d < D; ++d) volume *= high[d] - low[d];
  for (int i = 0; i < N; ++i) {
    const double *point = &latent[(size_t)i * D];
    bool inside = true;
    for (int d = 0; d < D; ++d) inside = inside && point[d] >= low[d] && point[d] <= high[d];
    if (!inside) continue;
    double log_density = 0;
    model.log_prior(&model, 1, point, &log_density);
    const double weight = exp(-log_density) / volume;
    sum += weight / N;
    squares += weight * weight / N;
  }
  const double error = sqrt((squares - sum * sum) / N);
  assert_true(error < 0.05);
  assert_near(sum, 1, 5.5 * error);
}

static void only_the_chain_of_potentials_correlates(void **state) {
  (void)state;
  static double other[N];
  for (int a = 0; a < D; ++a) {
    for (int b = 0; b < a; ++b) {
      for (int i = 0; i < N; ++i) {
        column[i] = theta[(size_t)i * D + (size_t)a];
        other[i] = theta[(size_t)i * D + (size_t)b];
      }
      const double r = gsl_stats_correlation(column, 1, other, 1, N);
      const bool chained = b >= RB_LIF_V_RESET;
      if (chained) {
        assert_true(r > 0.1);
      } else {
        assert_near(r, 0, 5.5 / sqrt(N));
      }
    }
  }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(clips_put_mass_on_the_ends),
    cmocka_unit_test(draws_do_not_depend_on_grouping),
    cmocka_unit_test(draws_lie_in_the_support),
    cmocka_unit_test(outside_the_support_there_is_no_density),
    cmocka_unit_test(parameters_outside_are_told_apart),
    cmocka_unit_test(density_integrates_to_one),
    cmocka_unit_test(draws_follow_the_density),
    cmocka_unit_test(only_the_chain_of_potentials_correlates)};
RB_TEST_MAIN_WITH(tests, set_up, tear_down)
