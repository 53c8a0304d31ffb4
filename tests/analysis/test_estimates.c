#include "rb_test.h"
#include "rheobase/density.h"
#include "rheobase/predictive.h"

static void density_integrates_to_one(void **state) {
  (void)state;
  const double x[5] = {-1, 0.5, 0.7, 2, 2.1};
  double grid[RB_DENSITY_POINTS], density[RB_DENSITY_POINTS], sum = 0;
  const double bandwidth = rb_scott_bandwidth(5, x);
  rb_density_grid(5, x, bandwidth, grid);
  assert_near(grid[0], -1 - 3 * bandwidth, 1e-15);
  assert_near(grid[RB_DENSITY_POINTS - 1], 2.1 + 3 * bandwidth, 1e-15);
  rb_density(5, x, bandwidth, RB_DENSITY_POINTS, grid, density);
  for (int i = 0; i < RB_DENSITY_POINTS; ++i) sum += density[i] * (grid[1] - grid[0]);
  assert_near(sum, 1, 2e-3);  // 3 bandwidths leave 0.1% outside
  const double at = 0.3, one[2] = {0, 0};
  double value = 0;
  rb_density(2, one, 0.5, 1, &at, &value);  // one Gaussian of sd 0.5
  assert_near(value, exp(-0.18) / (0.5 * sqrt(2 * acos(-1))), 1e-15);
}

static void predictive_check_by_hand(void **state) {
  (void)state;
  enum { K = 21, L = 2 };
  float replicate[K][L];
  int64_t spikes[K];
  for (int k = 0; k < K; ++k) {
    replicate[k][0] = (float)((k * 5) % K);  // 0..20 in some order
    replicate[k][1] = -60;
    spikes[k] = k;
  }
  double low[L], median[L], high[L];
  assert_all_ok(rb_predictive_band(&test_context, K, L, &replicate[0][0], low, median, high));
  assert_near(low[0], 1, 1e-14);
  assert_near(median[0], 10, 0);
  assert_near(high[0], 19, 1e-14);
  const double observed[L] = {12, -61};
  rb_predictive_check check =
      rb_predictive_compare(L, observed, low, median, high, K, spikes, 6, 0);
  assert_near(check.voltage_coverage, 0.5, 0);
  assert_near(check.spike_count_percentile, 7.0 / K, 1e-15);
  assert_near(check.subthreshold_deviation_mV, 1, 0);  // only the second sample is below 0
  check = rb_predictive_compare(L, observed, low, median, high, K, spikes, 6, -100);
  assert_true(isnan(check.subthreshold_deviation_mV));
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(density_integrates_to_one),
                                          cmocka_unit_test(predictive_check_by_hand)};
RB_TEST_MAIN(tests)
