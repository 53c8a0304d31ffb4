#include "rb_test.h"
#include "rheobase/analysis/ranks.h"

static void bins_divide_the_ranks_where_they_can(void **state) {
  (void)state;
  assert_int_equal(rb_rank_bins(1000, 99), 20);    // 100 = 20 x 5
  assert_int_equal(rb_rank_bins(1000, 999), 20);   // 1000 = 20 x 50
  assert_int_equal(rb_rank_bins(1000, 1000), 13);  // 1001 = 13 x 77
  assert_int_equal(rb_rank_bins(1000, 100), 10);   // 101 is prime
  assert_int_equal(rb_rank_bins(60, 99), 10);      // five expected per bin
  assert_int_equal(rb_rank_bins(3, 99), 1);
  assert_int_equal(rb_rank_bins(1000, 1), 2);
}

static void bins_hold_every_rank_once(void **state) {
  (void)state;
  for (int64_t S = 1; S < 40; ++S) {
    for (int bins = 1; bins <= S + 1; ++bins) {
      int64_t count[40], binned[40], sum = 0;
      for (int64_t r = 0; r <= S; ++r) count[r] = r + 1;
      rb_rank_bin(S, count, bins, binned);
      for (int b = 0; b < bins; ++b) {
        const int64_t width = rb_rank_bin_first(S, bins, b + 1) - rb_rank_bin_first(S, bins, b);
        assert_true(width == (S + 1) / bins || width == (S + 1) / bins + 1);
        sum += binned[b];
      }
      assert_int_equal(sum, (S + 1) * (S + 2) / 2);
    }
  }
}

/* 4 degrees of freedom: P(X > x) = (1 + x/2) exp(-x/2). */
static void chi_square_is_that_of_the_counts(void **state) {
  (void)state;
  const int64_t binned[5] = {10, 14, 6, 13, 7};  // expected 10: x = (0 + 16 + 16 + 9 + 9) / 10 = 5
  assert_near(rb_rank_chi_square_p(49, 5, binned), (1 + 2.5) * exp(-2.5), 1e-12);
  // unequal bins: ranks 0..4 in 2 bins of 2 and 3; expected 20 and 30; x = 1/20 + 1/30
  const int64_t unequal[2] = {21, 29};
  assert_near(rb_rank_chi_square_p(4, 2, unequal), erfc(sqrt((1.0 / 20 + 1.0 / 30) / 2)), 1e-12);
}

/* Distance of 2500 values in rank 0 or 1 of two: D = 0.02; lambda = (50 + .12 + .0022) D. */
static void kolmogorov_smirnov_is_the_known_series(void **state) {
  (void)state;
  const int64_t count[2] = {1300, 1200};
  const double lambda = (50 + 0.12 + 0.11 / 50) * 0.02;
  double p = 0;
  for (int k = 1; k < 20; ++k) p += (k % 2 == 1 ? 2 : -2) * exp(-2 * k * k * lambda * lambda);
  assert_near(rb_rank_ks_p(1, count), p, 1e-12);
  assert_near(p, 0.267389043943777, 1e-12);  // scipy.special.kolmogorov(1.002444)
  const int64_t uniform[4] = {5, 5, 5, 5};
  assert_near(rb_rank_ks_p(3, uniform), 1, 0);
}

static void coverage_counts_ranks_between(void **state) {
  (void)state;
  const int64_t odd[4] = {1, 2, 3, 4};  // S = 3
  double width[3];
  int64_t covered[3];
  rb_rank_coverage(3, odd, width, covered);
  assert_int_equal(covered[0], 10);
  assert_near(width[0], 1, 0);
  assert_int_equal(covered[1], 5);
  assert_near(width[1], 0.5, 0);
  const int64_t even[5] = {1, 2, 3, 4, 5};  // S = 4
  rb_rank_coverage(4, even, width, covered);
  assert_int_equal(covered[0], 15);
  assert_int_equal(covered[1], 9);
  assert_int_equal(covered[2], 3);
  assert_near(width[2], 0.2, 1e-15);
}

static void numpy_histogram_of_equal_ranks(void **state) {
  (void)state;
  const int64_t ranks[10] = {[7] = 3};
  int64_t count[10];
  double edge[11];
  rb_rank_histogram(9, ranks, 10, count, edge);
  assert_near(edge[0], 6.5, 0);
  assert_near(edge[10], 7.5, 0);
  assert_int_equal(count[5], 3);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(bins_divide_the_ranks_where_they_can),
                                          cmocka_unit_test(bins_hold_every_rank_once),
                                          cmocka_unit_test(chi_square_is_that_of_the_counts),
                                          cmocka_unit_test(kolmogorov_smirnov_is_the_known_series),
                                          cmocka_unit_test(coverage_counts_ranks_between),
                                          cmocka_unit_test(numpy_histogram_of_equal_ranks)};
RB_TEST_MAIN(tests)
