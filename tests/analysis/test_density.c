#include "rb_test.h"
#include "rheobase/analysis/density.h"

/* A density estimate integrates to one, also of values that are all the same. */

static double integral(int64_t n, const double *x) {
  double grid[RB_DENSITY_POINTS], density[RB_DENSITY_POINTS], sum = 0;
  const double bandwidth = rb_scott_bandwidth(n, x);
  rb_density_grid(n, x, bandwidth, grid);
  rb_density(n, x, bandwidth, RB_DENSITY_POINTS, grid, density);
  for (int i = 1; i < RB_DENSITY_POINTS; ++i) {
    sum += 0.5 * (density[i] + density[i - 1]) * (grid[i] - grid[i - 1]);
  }
  return sum;
}

static void integrates_to_one(void **state) {
  (void)state;
  const double spread[] = {-3, -1, 0, 2, 2.5, 7};
  const double same[] = {-54.25, -54.25, -54.25}, zero[] = {0, 0}, tiny[] = {1e-300, 1e-300};
  // Three bandwidths beyond the ends hold all but 0.1% of the mass.
  assert_true(fabs(integral(6, spread) - 1) < 3e-3);
  assert_true(fabs(integral(3, same) - 1) < 3e-3);
  assert_true(fabs(integral(2, zero) - 1) < 3e-3);
  assert_true(fabs(integral(2, tiny) - 1) < 3e-3);
}

static void is_scotts(void **state) {
  (void)state;
  const double x[] = {1, 2, 3, 4};  // standard deviation sqrt(5 / 3)
  assert_true(fabs(rb_scott_bandwidth(4, x) - pow(4, -0.2) * sqrt(5.0 / 3)) < 1e-15);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(integrates_to_one),
                                          cmocka_unit_test(is_scotts)};
RB_TEST_MAIN(tests)
