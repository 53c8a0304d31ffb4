#include "rb_test.h"
#include "rheobase/analysis/diagnostics.h"
#include "rheobase/analysis/recovery.h"
#include "rheobase/base/quantile.h"
#include "rheobase/random/philox.h"

static void five_draws_by_hand(void **state) {
  (void)state;
  const double sorted[5] = {1, 2, 3, 5, 9};
  double work[6];
  rb_reduced_draws reduced;
  rb_reduce_draws(5, sorted, 4, work, &reduced);
  assert_int_equal(reduced.rank, 3);
  assert_near(reduced.mean, 4, 1e-15);
  assert_near(reduced.sd, sqrt(40.0 / 4), 1e-15);
  assert_near(reduced.rmse, sqrt(40.0 / 5), 1e-15);
  assert_near(reduced.median, 3, 0);
  assert_near(reduced.low, 1.1, 1e-15);
  assert_near(reduced.high, 8.6, 1e-14);
  // a tie is not below
  rb_reduce_draws(5, sorted, 3, work, &reduced);
  assert_int_equal(reduced.rank, 2);
}

/* Truths drawn like the draws lie in each interval exactly as often as stated: the highest-density
 * interval with probability m / (S + 1). The tolerance is six standard deviations. */
static void hpd_coverage_is_exact_under_calibration(void **state) {
  (void)state;
  enum { S = 19, N = 20000 };
  int64_t inside[RB_LEVELS] = {0};
  for (int i = 0; i < N; ++i) {
    const rb_stream stream = rb_stream_make(7, RB_FOR_TESTS, RB_RANDOM_NULLS, 0, (uint64_t)i);
    double draws[S], work[S + 1];
    // exponential: the shortest window lies at one end
    for (int s = 0; s < S; ++s) draws[s] = -log(rb_stream_uniform(stream, (uint32_t)s));
    rb_sort(S, draws);
    rb_reduced_draws reduced;
    rb_reduce_draws(S, draws, -log(rb_stream_uniform(stream, S)), work, &reduced);
    for (int a = 0; a < RB_LEVELS; ++a) inside[a] += reduced.hpd >> a & 1;
  }
  double alpha[RB_LEVELS];
  rb_coverage_levels(alpha);
  for (int a = 0; a < RB_LEVELS; ++a) {
    const double p = (double)rb_hpd_size(S, alpha[a]) / (S + 1);
    assert_near((double)inside[a] / N, p, 6 * sqrt(p * (1 - p) / N));
  }
}

/* Central intervals between interpolated quantiles of few draws cover less than their level. */
static void central_interval_of_few_draws(void **state) {
  (void)state;
  enum { N = 40000, S = 10 };
  int64_t inside[RB_LEVELS] = {0};
  for (int i = 0; i < N; ++i) {
    const rb_stream stream = rb_stream_make(8, RB_FOR_TESTS, RB_RANDOM_NULLS, 0, (uint64_t)i);
    double draws[S], work[S + 1];
    for (int s = 0; s < S; ++s) draws[s] = rb_stream_uniform(stream, (uint32_t)s);
    rb_sort(S, draws);
    rb_reduced_draws reduced;
    rb_reduce_draws(S, draws, rb_stream_uniform(stream, S), work, &reduced);
    for (int a = 0; a < RB_LEVELS; ++a) inside[a] += reduced.central >> a & 1;
  }
  double alpha[RB_LEVELS];
  rb_coverage_levels(alpha);
  for (int a = 0; a < RB_LEVELS; ++a) {
    const double p = rb_central_coverage(S, alpha[a]);
    assert_near((double)inside[a] / N, p, 5 * sqrt(p * (1 - p) / N));
    assert_true(alpha[a] - p > 0.15 * alpha[a]);
  }
}

static void prior_rmse_has_the_priors_spread(void **state) {
  (void)state;
  // truths -1 and 1: the error of a pick is 0 or 2 with equal probability, so rmse^2 is near 2
  const double truth[4] = {-1, 1, -1, 1};
  double rmse[4], part[2];
  const rb_stream stream = rb_stream_make(3, RB_FOR_TESTS, RB_RANDOM_NULLS, 0, 0);
  rb_prior_rmse(stream, 4, 1, truth, 10000, 0, 4, truth, rmse);
  for (int i = 0; i < 4; ++i) assert_near(rmse[i] * rmse[i], 2, 6 * 2 / sqrt(10000));
  rb_prior_rmse(stream, 4, 1, truth, 10000, 2, 2, truth + 2, part);  // any part alone
  assert_memory_equal(part, rmse + 2, sizeof part);
  // the same picks for every parameter: ten times the truths, ten times the errors
  const double both[8] = {-1, -10, 1, 10, -1, -10, 1, 10};
  double errors[8];
  rb_prior_rmse(stream, 4, 2, both, 10000, 0, 4, both, errors);
  for (int i = 0; i < 4; ++i) {
    assert_near(errors[2 * i], rmse[i], 0);
    assert_near(errors[2 * i + 1], 10 * rmse[i], 1e-12);
  }
}

static void quantiles_are_numpys(void **state) {
  (void)state;
  const double sorted[4] = {0, 1, 4, 4};
  assert_near(rb_quantile_of_sorted(4, sorted, 0), 0, 0);
  assert_near(rb_quantile_of_sorted(4, sorted, 1), 4, 0);
  assert_near(rb_quantile_of_sorted(4, sorted, 0.5), 2.5, 0);
  assert_near(rb_quantile_of_sorted(4, sorted, 0.9), 4, 0);  // between equals: no rounding
  double x[3] = {5, NAN, 1};
  assert_true(isnan(rb_median(3, x)));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(five_draws_by_hand), cmocka_unit_test(central_interval_of_few_draws),
    cmocka_unit_test(hpd_coverage_is_exact_under_calibration),
    cmocka_unit_test(prior_rmse_has_the_priors_spread), cmocka_unit_test(quantiles_are_numpys)};
RB_TEST_MAIN(tests)
