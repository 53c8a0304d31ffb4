#include "rb_test.h"
#include "rheobase/analysis/density.h"
#include "rheobase/analysis/predictive.h"

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
  enum { K = 21, L = 2, STRIDE = 3 };
  float replicate[K][STRIDE];
  double spikes[K][2];
  for (int k = 0; k < K; ++k) {
    replicate[k][0] = (float)((k * 5) % K);  // 0..20 in some order
    replicate[k][1] = -60;
    replicate[k][2] = NAN;  // of another channel
    spikes[k][0] = k;
    spikes[k][1] = NAN;
  }
  double low[L], median[L], high[L];
  assert_all_ok(
      rb_predictive_band(&test_context, K, L, &replicate[0][0], NULL, STRIDE, low, median, high));
  assert_near(low[0], 1, 1e-14);
  assert_near(median[0], 10, 0);
  assert_near(high[0], 19, 1e-14);
  const float observed[L] = {12, -61};
  assert_near(rb_predictive_coverage(L, observed, NULL, low, high), 0.5, 0);
  assert_near(rb_predictive_percentile(K, &spikes[0][0], 2, 6), 7.0 / K, 1e-15);
  assert_near(rb_predictive_tail(K, &spikes[0][0], 2, 6), 7.0 / K, 1e-15);
  assert_near(rb_predictive_tail(K, &spikes[0][0], 2, K - 1), 1.0 / K, 1e-15);
  for (int k = 0; k < K; ++k) spikes[k][0] = 6;  // nothing is extreme
  assert_near(rb_predictive_tail(K, &spikes[0][0], 2, 6), 1, 1e-15);
}

/* What a mask hides has no part in a band, nor in how much lies inside. */
static void masked_samples_are_left_out(void **state) {
  (void)state;
  enum { K = 20, L = 3 };
  float replicate[K][L], mask[K][L];
  for (int k = 0; k < K; ++k) {
    for (int t = 0; t < L; ++t) {
      mask[k][t] = t == 2 || (t == 1 && k % 2 == 1);
      replicate[k][t] = mask[k][t] > 0 ? 0.0F : (float)(-60 - k);
    }
  }
  double low[L], median[L], high[L];
  assert_all_ok(
      rb_predictive_band(&test_context, K, L, &replicate[0][0], &mask[0][0], L, low, median, high));
  assert_near(median[0], -69.5, 1e-14);
  assert_near(median[1], -69, 1e-14);  // of -60, -62, ..., -78
  assert_near(high[1], -60.9, 1e-12);
  assert_true(isnan(low[2]) && isnan(median[2]) && isnan(high[2]));
  const float observed[L] = {-50, -70, -70}, hidden[L] = {1, 0, 0}, all[L] = {1, 1, 1};
  assert_near(rb_predictive_coverage(L, observed, NULL, low, high), 0.5, 0);
  assert_near(rb_predictive_coverage(L, observed, hidden, low, high), 1, 0);
  assert_true(isnan(rb_predictive_coverage(L, observed, all, low, high)));
}

/* Two channels, of which one is binary, and two statistics. */
static void summarise_two(const rb_model *model, const float *x, double *out) {
  out[0] = (double)x[0];
  out[1] = (double)x[model->length];
}

static rb_status compare_first(const rb_model *model, rb_context *ctx, const float *x,
                               const double *median, int64_t S, const double *theta, double *out) {
  (void)model;
  (void)ctx;
  out[0] = (double)x[0] - median[0] + theta[S - 1];
  return RB_OK;
}

static void predictive_of_a_model(void **state) {
  (void)state;
  enum { K = 11, C = 2, L = 2 };
  static const rb_channel channels[C] = {{.quantity = {"u", "1", "continuous"}},
                                         {.quantity = {"events", "1", "events"}, .binary = true}};
  const rb_model model = {.channels = C,
                          .channel = channels,
                          .length = L,
                          .summaries = 2,
                          .summarise = summarise_two,
                          .checks = 1,
                          .compare = compare_first};
  float x[C * L] = {7, 100, 1, 0}, replicate[K * C * L];
  for (int k = 0; k < K; ++k) {
    const float row[C * L] = {(float)k, (float)-k, (float)(k % 2), 0};
    memcpy(replicate + k * C * L, row, sizeof row);
  }
  const double theta[2] = {5, 30};
  rb_predictive p;
  assert_all_ok(rb_predictive_create(&test_context, &model, x, K, replicate, 2, theta, &p));
  assert_near(p.median[0], 5, 0);
  assert_near(p.median[1], -5, 0);
  assert_near(p.low[0], 0.5, 1e-14);
  assert_near(p.coverage[0], 0.5, 0);
  assert_near(p.observed[1], 1, 0);
  assert_near(p.percentile[0], 8.0 / K, 1e-15);
  assert_near(p.percentile[1], 1, 0);
  assert_near(p.check[0], 7 - 5 + 30, 0);
  rb_predictive_free(&p);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(density_integrates_to_one), cmocka_unit_test(predictive_check_by_hand),
    cmocka_unit_test(masked_samples_are_left_out), cmocka_unit_test(predictive_of_a_model)};
RB_TEST_MAIN(tests)
