#include "rb_test.h"
#include "rheobase/bands.h"
#include "rheobase/binomial.h"
#include "rheobase/memory.h"
#include "rheobase/quantile.h"

static rb_stream stream_of(uint16_t sub) {
  return rb_stream_make(11, RB_FOR_TESTS, RB_RANDOM_NULLS, sub, 0);
}

/* One point at 1/2: gamma is the two-sided binomial p-value 2 min(P(X <= R), P(X >= R)). */
static void gamma_of_one_point_is_a_p_value(void **state) {
  (void)state;
  const double z = 0.5;
  int64_t below = 1;
  assert_near(rb_gamma(4, 1, &z, &below), 2 * 5.0 / 16, 1e-15);
  below = 4;
  assert_near(rb_gamma(4, 1, &z, &below), 2 * 1.0 / 16, 1e-15);
  below = 2;
  assert_near(rb_gamma(4, 1, &z, &below), 2 * 11.0 / 16, 1e-15);
}

/* Points are passed over by a bound on their tails; the result is that of evaluating all. */
static void gamma_is_the_smallest_of_all_points(void **state) {
  (void)state;
  enum { K = 40 };
  for (int m = 0; m < 300; ++m) {
    rb_stream stream = stream_of(6);
    stream.item = (uint64_t)m;
    const int64_t N = 1 + m % 7 * 23;
    double z[K], smallest = 1;
    int64_t below[K] = {0};
    rb_rank_points(K - 1, z);
    const double power = 0.3 + 2 * rb_stream_uniform(stream, 0);  // mostly far from uniform
    for (int64_t i = 0; i < N; ++i) {
      const double u = pow(rb_stream_uniform(stream, (uint32_t)i + 1), power);
      for (int k = 0; k < K; ++k) below[k] += u <= z[k];
    }
    for (int k = 0; k < K; ++k) {
      smallest = fmin(smallest, rb_binomial_lower(below[k], N, z[k]));
      smallest = fmin(smallest, rb_binomial_upper(below[k], N, z[k]));
    }
    assert_near(rb_gamma(N, K, z, below), 2 * smallest, 0);
  }
}

/* The multinomial way against N uniform values, as the definition says: two samples of gamma from
 * one distribution. Their empirical distributions differ by at most D with probability
 * 1 - 2 exp(-n D^2), here 1 - 2e-7 (two samples of n = 2000, D = 0.09). */
static void nulls_are_those_of_uniform_samples(void **state) {
  (void)state;
  enum { N = 60, S = 24, SAMPLES = 2000 };
  double z[S + 1], *fast = NULL, *slow = NULL;
  rb_rank_points(S, z);
  assert_all_ok(RB_ALLOCATE(&test_context, fast, SAMPLES));
  assert_all_ok(RB_ALLOCATE(&test_context, slow, SAMPLES));
  assert_all_ok(
      rb_null_sample(&test_context, stream_of(0), rb_gamma, N, S + 1, z, 0, SAMPLES, fast));
  for (int m = 0; m < SAMPLES; ++m) {
    rb_stream stream = stream_of(1);
    stream.item = (uint64_t)m;
    int64_t count[S + 1] = {0}, below[S + 1];
    for (int i = 0; i < N; ++i) {
      ++count[(int)(rb_stream_uniform(stream, (uint32_t)i) * (S + 1))];
    }
    rb_ranks_below(S, count, below);
    slow[m] = rb_gamma(N, S + 1, z, below);
  }
  rb_sort(SAMPLES, fast);
  rb_sort(SAMPLES, slow);
  double distance = 0;
  for (int i = 0, j = 0; i < SAMPLES; ++i) {
    while (j < SAMPLES && slow[j] <= fast[i]) ++j;
    if (i == SAMPLES - 1 || fast[i + 1] > fast[i]) {
      distance = fmax(distance, fabs((i + 1.0) / SAMPLES - (double)j / SAMPLES));
    }
  }
  assert_true(distance < 0.09);
  free(fast);
  free(slow);
}

/* Uniform samples stay inside the 95% band as often as promised: 1000 of them, six deviations. */
static void bands_hold_simultaneously(void **state) {
  (void)state;
  enum { N = 200, SAMPLES = 1000 };
  const int64_t K = rb_band_points(N);
  double z[N], lower[N], upper[N], gamma = 0;
  assert_int_equal(K, N);
  rb_band_z(K, z);
  assert_all_ok(rb_null_quantile(&test_context, stream_of(2), rb_gamma, N, K, z, 0.05, &gamma));
  assert_true(gamma > 0 && gamma < 0.05);
  rb_band_at(gamma, N, K, z, lower, upper);
  int held = 0;
  for (int m = 0; m < SAMPLES; ++m) {
    rb_stream stream = stream_of(3);
    stream.item = (uint64_t)m;
    double u[N];
    for (int i = 0; i < N; ++i) u[i] = rb_stream_uniform(stream, (uint32_t)i);
    rb_sort(N, u);
    bool inside = true;
    for (int k = 0, below = 0; k < K; ++k) {
      while (below < N && u[below] <= z[k]) ++below;
      inside &= (double)below / N >= lower[k] && (double)below / N <= upper[k];
    }
    held += inside;
  }
  // the null quantile itself has a standard deviation of 0.007
  assert_near((double)held / SAMPLES, 0.95, 6 * sqrt(0.05 * 0.95 * 2 / 1000));
}

/* The same on any number of ranks: the value of one rank, recorded. */
static void null_quantile_does_not_depend_on_ranks(void **state) {
  (void)state;
  double z[11], gamma = 0, all[RB_NULL_SAMPLES];
  rb_rank_points(10, z);
  assert_all_ok(rb_null_quantile(&test_context, stream_of(4), rb_gamma, 30, 11, z, 0.05, &gamma));
  assert_all_ok(
      rb_null_sample(&test_context, stream_of(4), rb_gamma, 30, 11, z, 0, RB_NULL_SAMPLES, all));
  rb_sort(RB_NULL_SAMPLES, all);
  assert_all_true(gamma == rb_quantile_of_sorted(RB_NULL_SAMPLES, all, 0.05));
}

static void a_million_values_cost_no_more(void **state) {
  (void)state;
  double z[RB_MAX_BAND_POINTS], gamma[2];
  rb_band_z(RB_MAX_BAND_POINTS, z);
  assert_all_ok(rb_null_sample(&test_context, stream_of(5), rb_gamma, 1000000, RB_MAX_BAND_POINTS,
                               z, 0, 2, gamma));
  assert_true(gamma[0] > 0 && gamma[0] < 1 && gamma[1] > 0 && gamma[1] < 1);
}

static void ecdf_counts_fractional_ranks(void **state) {
  (void)state;
  const int64_t count[3] = {1, 2, 1};  // S = 2: fractional ranks 0, 1/2, 1
  const double z[4] = {1e-5, 0.4, 0.5, 1};
  double ecdf[4];
  rb_rank_ecdf(2, count, 4, z, ecdf);
  assert_near(ecdf[0], 0.25, 0);
  assert_near(ecdf[1], 0.25, 0);
  assert_near(ecdf[2], 0.75, 0);
  assert_near(ecdf[3], 1, 0);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(gamma_of_one_point_is_a_p_value),
                                          cmocka_unit_test(gamma_is_the_smallest_of_all_points),
                                          cmocka_unit_test(nulls_are_those_of_uniform_samples),
                                          cmocka_unit_test(bands_hold_simultaneously),
                                          cmocka_unit_test(null_quantile_does_not_depend_on_ranks),
                                          cmocka_unit_test(a_million_values_cost_no_more),
                                          cmocka_unit_test(ecdf_counts_fractional_ranks)};
RB_TEST_MAIN(tests)
