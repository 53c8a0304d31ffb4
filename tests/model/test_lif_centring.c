#include "model/lif/centring.h"
#include "rb_test.h"

enum { D = RB_LIF_DIM };
static const rb_lif_estimate estimates[] = {
    {-74, -50, -72, 2.3, -55, -70, 0.1, 0.3, 0.3, 0.04, 0.2, 1.5},
    {-66, -45, -65.2, 1.7, -50.2, -75, 0.05, 0.2, 0.1, 0.03, 0.1, 0.4},
    {-60, -71, -62, 3.5, -70, -1e6, 0, 0, 0, 0, 0, 0},  // out of range
    {-72, -55, -70, 2.3, -55, -40, 2, 3, 2, 0.2, 2, 5}};
enum { ESTIMATES = sizeof estimates / sizeof *estimates };

static rb_lif_centring make(int i, double I_mean) {
  return rb_lif_centring_make(I_mean, &estimates[i]);
}

static rb_model model;

static void draw(int64_t item, double *latent) {
  double theta[D];
  assert_int_equal(model.draw_prior(&model, &test_context, 1, RB_FOR_TESTS, item, 1, theta, latent),
                   RB_OK);
}

static void the_maps_are_inverse(void **state) {
  (void)state;
  for (int i = 0; i < 200; ++i) {
    const rb_lif_centring c = make(i % ESTIMATES, i % 3 ? 200 : -10);
    double latent[D], psi[D], back[D], forward = 0, backward = 0;
    draw(i, latent);
    rb_lif_centre(&c, latent, psi, &forward);
    rb_lif_uncentre(&c, psi, back, &backward);
    for (int d = 0; d < D; ++d) assert_near(back[d], latent[d], 1e-9);
    assert_near(forward, -backward, 1e-6);
  }
}

/* Determinant of d psi / d latent by central differences and elimination. */
static double numerical_log_det(const rb_lif_centring *c, const double *latent) {
  double J[D][D];
  for (int j = 0; j < D; ++j) {
    double up[D], down[D], above[D], below[D];
    memcpy(up, latent, sizeof up);
    memcpy(down, latent, sizeof down);
    const double h = 1e-6;
    up[j] += h;
    down[j] -= h;
    rb_lif_centre(c, up, above, NULL);
    rb_lif_centre(c, down, below, NULL);
    for (int i = 0; i < D; ++i) J[i][j] = (above[i] - below[i]) / (2 * h);
  }
  double sum = 0;
  for (int k = 0; k < D; ++k) {
    int pivot = k;
    for (int i = k + 1; i < D; ++i) {
      if (fabs(J[i][k]) > fabs(J[pivot][k])) pivot = i;
    }
    for (int j = 0; j < D; ++j) {
      const double keep = J[k][j];
      J[k][j] = J[pivot][j];
      J[pivot][j] = keep;
    }
    sum += log(fabs(J[k][k]));
    for (int i = k + 1; i < D; ++i) {
      const double factor = J[i][k] / J[k][k];
      for (int j = k; j < D; ++j) J[i][j] -= factor * J[k][j];
    }
  }
  return sum;
}

static void the_determinant_is_that_of_differences(void **state) {
  (void)state;
  for (int i = 0; i < 100; ++i) {
    const rb_lif_centring c = make(i % ESTIMATES, i % 3 ? 200 : -10);
    double latent[D], psi[D], log_det = 0;
    draw(i, latent);
    rb_lif_centre(&c, latent, psi, &log_det);
    assert_near(log_det, numerical_log_det(&c, latent), 1e-4);
  }
}

/* Any point of R^6 is a possible parameter vector. */
static void the_image_is_the_support(void **state) {
  (void)state;
  for (int i = 0; i < 2000; ++i) {
    const rb_lif_centring c = make(i % ESTIMATES, 200);
    double psi[D], latent[D], log_density = 0;
    for (uint32_t d = 0; d < D; ++d) {
      psi[d] = 40 * rb_stream_uniform(
                        rb_stream_make(1, RB_FOR_TESTS, RB_RANDOM_NULLS, 0, (uint64_t)i), d) -
               20;
    }
    rb_lif_uncentre(&c, psi, latent, NULL);
    model.log_prior(&model, 1, latent, &log_density);
    assert_true(isfinite(log_density));
  }
}

/* Mean and sd of a normal distribution above a bound, by sums over fine steps. */
static void above(double mean, double sd, double bound, double *out_mean, double *out_sd) {
  enum { STEPS = 200000 };
  const double h = (fmax(mean, bound) + 12 * sd - bound) / STEPS;
  double mass = 0, first = 0, second = 0;
  for (int k = 0; k < STEPS; ++k) {
    const double x = (k + 0.5) * h, z = (bound + x - mean) / sd, z0 = fmax((bound - mean) / sd, 0);
    const double p = exp(0.5 * (z0 * z0 - z * z));
    mass += p;
    first += p * x;
    second += p * x * x;
  }
  *out_mean = bound + first / mass;
  *out_sd = sqrt(second / mass - first / mass * (first / mass));
}

/* E_L is centred on the normal estimate cut off at V_init + 0.5. */
static void E_L_is_cut_off_at_V_init(void **state) {
  (void)state;
  const double low = -71.5, width = -60 - low, sd = 1.2;
  for (int k = 0; k < 6; ++k) {
    const double estimate_mean = (double[]){-66, -69, -71, -72, -74, -78}[k];
    const rb_lif_estimate e = {-74, -50, -72, 2.3,  -55, estimate_mean,
                               0.1, 0.3, 0.3, 0.04, 0.2, sd};
    const rb_lif_centring c = rb_lif_centring_make(200, &e);
    double mean, spread;
    above(estimate_mean, sd, low, &mean, &spread);
    const double share = fmax((mean - low) / width, 0.02);
    assert_near(c.location[RB_LIF_E_L], log(share / (1 - share)), 1e-4);
    assert_near(c.scale[RB_LIF_E_L], spread / (width * share * (1 - share)), 1e-4);
  }
}

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

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(the_maps_are_inverse, set_up, tear_down),
    cmocka_unit_test_setup_teardown(the_determinant_is_that_of_differences, set_up, tear_down),
    cmocka_unit_test_setup_teardown(the_image_is_the_support, set_up, tear_down),
    cmocka_unit_test(E_L_is_cut_off_at_V_init)};
RB_TEST_MAIN(tests)
