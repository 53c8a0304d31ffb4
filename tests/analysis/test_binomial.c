#include "rb_test.h"
#include "rheobase/analysis/binomial.h"

/* Against sums of the probabilities, by recurrence from the mode. */
static void tails_are_sums_of_probabilities(void **state) {
  (void)state;
  enum { N = 400 };
  for (double p = 0.003; p < 1; p += 0.0831) {
    double probability[N + 1], total = 0;
    const int mode = (int)((N + 1) * p);
    probability[mode] = 1;
    for (int k = mode; k > 0; --k) {
      probability[k - 1] = probability[k] * k * (1 - p) / ((N - k + 1) * p);
    }
    for (int k = mode; k < N; ++k) {
      probability[k + 1] = probability[k] * (N - k) * p / ((k + 1) * (1 - p));
    }
    for (int k = 0; k <= N; ++k) total += probability[k];
    double lower = 0, upper = 0;
    for (int k = 0; k <= N; ++k) {
      lower += probability[k] / total;
      upper += probability[N - k] / total;
      if (lower > 1e-290) assert_near(rb_binomial_lower(k, N, p) / lower, 1, 1e-9);
      if (upper > 1e-290) assert_near(rb_binomial_upper(N - k, N, p) / upper, 1, 1e-9);
    }
  }
}

static void ends_are_exact(void **state) {
  (void)state;
  assert_near(rb_binomial_lower(-1, 10, 0.3), 0, 0);
  assert_near(rb_binomial_lower(10, 10, 0.3), 1, 0);
  assert_near(rb_binomial_upper(0, 10, 0.3), 1, 0);
  assert_near(rb_binomial_upper(11, 10, 0.3), 0, 0);
  assert_near(rb_binomial_lower(9, 10, 1), 0, 0);
  assert_near(rb_binomial_upper(10, 10, 1), 1, 0);
}

/* Where GSL gives up, at the centre of millions of trials, both tails are still near one half. */
static void millions_of_trials_work(void **state) {
  (void)state;
  const int64_t n = 100000000;
  for (int64_t k = n / 2 - 20000; k <= n / 2 + 20000; k += 500) {
    const double z = ((double)k + 0.5 - (double)n / 2) / 5000;
    assert_near(rb_binomial_lower(k, n, 0.5), 0.5 * erfc(-z / sqrt(2)), 1e-5);
    assert_near(rb_binomial_lower(k, n, 0.5) + rb_binomial_upper(k + 1, n, 0.5), 1, 1e-6);
  }
}

static void quantiles_invert_the_distribution(void **state) {
  (void)state;
  const double q[] = {1e-9, 0.001, 0.005, 0.3, 0.5, 0.975, 0.995, 1 - 1e-9};
  const int64_t n[] = {1, 7, 250, 1000000};
  for (int i = 0; i < 8; ++i) {
    for (int j = 0; j < 4; ++j) {
      for (double p = 1e-5; p < 1; p += 0.0999) {
        const int64_t k = rb_binomial_quantile(q[i], n[j], p);
        assert_true(rb_binomial_lower(k, n[j], p) >= q[i]);
        assert_true(rb_binomial_lower(k - 1, n[j], p) < q[i]);
      }
    }
  }
  int64_t low = 0, high = 0;
  rb_binomial_interval(0.99, 400, 0.1, &low, &high);  // scipy: 25, 56
  assert_int_equal(low, 25);
  assert_int_equal(high, 56);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(tails_are_sums_of_probabilities), cmocka_unit_test(ends_are_exact),
    cmocka_unit_test(millions_of_trials_work), cmocka_unit_test(quantiles_invert_the_distribution)};
RB_TEST_MAIN(tests)
