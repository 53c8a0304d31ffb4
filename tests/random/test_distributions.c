#include <gsl/gsl_integration.h>

#include "rb_test.h"
#include "rheobase/random/distributions.h"

static const rb_truncated_normal cases[] = {
    {-55, 2, -60, -50},  {-70, 2, -80, -71.3}, {-72, 2, -85, -79},   {-72, 2, -85, -65},
    {0, 1, 3, 4},        {0, 1, -40, -36},     {0, 1, 20, 25},       {0, 1, 50, 60},
    {0, 1, -200, -100},  {0, 1, 1e3, 1e3 + 1}, {0, 1, -1e-3, 1e-3},  {0, 1, 0, 1},
    {0, 1, 1, 1 + 1e-4}, {5, 0.01, 4.98, 5.5}, {-70, 2, -90, -60.5}, {0, 1, -1, 0}};
enum { CASES = sizeof cases / sizeof *cases };

static double density(double x, void *distribution) {
  return exp(rb_truncated_normal_log_density(*(const rb_truncated_normal *)distribution, x));
}

/* The density's integral up to the quantile of u is u: density against quantile, by quadrature. */
static void quantile_inverts_the_integral_of_the_density(void **state) {
  (void)state;
  static const double shares[] = {1e-9, 1e-3, 0.1, 0.5, 0.9, 0.999, 1 - 1e-9};
  gsl_integration_workspace *workspace = gsl_integration_workspace_alloc(1000);
  for (int c = 0; c < CASES; ++c) {
    rb_truncated_normal d = cases[c];
    for (size_t s = 0; s < sizeof shares / sizeof *shares; ++s) {
      const double x = rb_truncated_normal_quantile(d, shares[s]);
      assert_true(x >= d.low && x <= d.high);
      gsl_function f = {density, &d};
      double below = 0, above = 0, error = 0;
      // In pieces around the quantile, where the mass is.
      gsl_integration_qag(&f, d.low, x, 0, 1e-11, 1000, GSL_INTEG_GAUSS61, workspace, &below,
                          &error);
      gsl_integration_qag(&f, x, d.high, 0, 1e-11, 1000, GSL_INTEG_GAUSS61, workspace, &above,
                          &error);
      // A relative error of 1e-9 of x is one of |x| 1e-9 f(x) of the share.
      const double allowed = 2e-10 + 1e-9 * fabs(x) * density(x, &d);
      assert_near(below, shares[s], allowed);
      assert_near(above, 1 - shares[s], allowed);
    }
  }
  gsl_integration_workspace_free(workspace);
}

static void quantiles_are_monotone_and_inside(void **state) {
  (void)state;
  for (int c = 0; c < CASES; ++c) {
    double last = cases[c].low;
    for (int i = 0; i < 400; ++i) {
      const double x = rb_truncated_normal_quantile(cases[c], (i + 0.5) / 400);
      assert_true(x >= last && x <= cases[c].high);
      last = x;
    }
  }
}

static void density_is_nothing_outside(void **state) {
  (void)state;
  const rb_truncated_normal d = cases[0];
  assert_true(rb_truncated_normal_log_density(d, d.low - 1e-12) == -INFINITY);
  assert_true(rb_truncated_normal_log_density(d, d.high + 1e-12) == -INFINITY);
  assert_true(rb_truncated_normal_log_density(d, NAN) == -INFINITY);
  assert_true(isfinite(rb_truncated_normal_log_density(d, d.low)));
  assert_true(rb_log_normal_log_density(0, 1, 0) == -INFINITY);
  assert_true(rb_log_normal_log_density(0, 1, -1) == -INFINITY);
}

static void log_normal_is_the_exponential_of_a_normal(void **state) {
  (void)state;
  const double m = log(10), s = 0.2;
  assert_near(rb_log_normal_quantile(m, s, 0.5), 10, 1e-14);
  assert_near(rb_log_normal_quantile(m, s, 0.975), 10 * exp(0.2 * 1.959963984540054), 1e-12);
  // The closed form at x = 12: exp(-(ln 1.2)^2 / (2 s^2)) / (x s sqrt(2 pi))
  const double expected = exp(-log(1.2) * log(1.2) / 0.08) / (12 * 0.2 * sqrt(2 * M_PI));
  assert_near(rb_log_normal_log_density(m, s, 12), log(expected), 1e-14);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(quantile_inverts_the_integral_of_the_density),
    cmocka_unit_test(quantiles_are_monotone_and_inside),
    cmocka_unit_test(density_is_nothing_outside),
    cmocka_unit_test(log_normal_is_the_exponential_of_a_normal)};
RB_TEST_MAIN(tests)
