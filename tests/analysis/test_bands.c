#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>

#include "rb_test.h"
#include "rheobase/analysis/bands.h"
#include "rheobase/analysis/binomial.h"
#include "rheobase/base/memory.h"
#include "rheobase/base/quantile.h"

enum { MOST_RANKS = 1000 };  // S + 1

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

/* Counts N ranks that are uniform on 0..S: one by one, or many at once by the multinomial
 * distribution of their numbers. */
static void count_uniform_ranks(const gsl_rng *rng, int64_t N, int64_t S, int64_t *count) {
  enum { ONE_BY_ONE = 1000 };
  double share[MOST_RANKS];
  unsigned number[MOST_RANKS];
  for (int64_t r = 0; r <= S; ++r) {
    share[r] = 1;
    count[r] = 0;
  }
  for (int64_t i = 0; i < N && N <= ONE_BY_ONE; ++i) {
    ++count[gsl_rng_uniform_int(rng, (unsigned long)S + 1)];
  }
  if (N <= ONE_BY_ONE) return;
  gsl_ran_multinomial(rng, (size_t)S + 1, (unsigned)N, share, number);
  for (int64_t r = 0; r <= S; ++r) count[r] = number[r];
}

/* How many of `samples` leave the 95% band anywhere; that is where gamma is below its quantile. */
static int count_leaving(uint16_t sub, int64_t N, int64_t S, int samples) {
  double z[MOST_RANKS], lower[MOST_RANKS], upper[MOST_RANKS], gamma = 0;
  int64_t count[MOST_RANKS], below[MOST_RANKS];
  rb_rank_points(S, z);
  assert_all_ok(
      rb_null_quantile(&test_context, stream_of(sub), rb_gamma, N, S + 1, z, 0.05, &gamma));
  rb_band_at(gamma, N, S + 1, z, lower, upper);
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  assert_non_null(rng);
  int left = 0;
  bool agree = true;
  for (int m = 0; m < samples; ++m) {
    count_uniform_ranks(rng, N, S, count);
    rb_ranks_below(S, count, below);
    bool inside = true;
    for (int64_t k = 0; k <= S; ++k) {
      const double ecdf = (double)below[k] / (double)N;
      inside &= ecdf >= lower[k] && ecdf <= upper[k];
    }
    agree &= inside == (rb_gamma(N, S + 1, z, below) >= gamma);
    left += !inside;
  }
  gsl_rng_free(rng);
  assert_all_true(agree);
  return left;
}

/* Calibrated ranks leave the band as often as promised, however many data sets and draws. Each
 * share has the error of SAMPLES repetitions, and that of as many behind the null quantile: four
 * deviations of both; and of their mean. */
static void bands_are_left_in_one_of_twenty(void **state) {
  (void)state;
  enum { SAMPLES = RB_NULL_SAMPLES, SIZES = 9 };
  static const int64_t sizes[SIZES][2] = {{10, 9},      {50, 99},       {100, 19},
                                          {200, 100},   {1000, 100},    {1000, 999},
                                          {20000, 100}, {1000000, 100}, {1000000, 999}};
  const double deviation = sqrt(0.05 * 0.95 * 2 / SAMPLES);
  double sum = 0;
  for (int i = 0; i < SIZES; ++i) {
    const int left = count_leaving((uint16_t)(10 + i), sizes[i][0], sizes[i][1], SAMPLES);
    assert_near((double)left / SAMPLES, 0.05, 4 * deviation);
    sum += (double)left / SAMPLES;
  }
  assert_near(sum / SIZES, 0.05, 4 * deviation / sqrt(SIZES));
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

static const struct CMUnitTest tests[] = {cmocka_unit_test(gamma_of_one_point_is_a_p_value),
                                          cmocka_unit_test(gamma_is_the_smallest_of_all_points),
                                          cmocka_unit_test(nulls_are_those_of_uniform_samples),
                                          cmocka_unit_test(bands_are_left_in_one_of_twenty),
                                          cmocka_unit_test(null_quantile_does_not_depend_on_ranks)};
RB_TEST_MAIN(tests)
