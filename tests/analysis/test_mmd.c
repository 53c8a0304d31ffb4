#include "rb_test.h"
#include "rheobase/analysis/mmd.h"
#include "rheobase/random/distributions.h"

enum { DIM = 3, M = 200 };

/* Standard normal vectors, moved by `shift`. */
static double *sample(int stream, int64_t count, double shift) {
  double *x = calloc((size_t)(count * DIM), sizeof *x);
  rb_stream_normals(rb_stream_make(4, RB_FOR_TESTS, RB_RANDOM_PICKS, 0, (uint64_t)stream), 0,
                    count * DIM, x);
  for (int64_t i = 0; i < count * DIM; ++i) x[i] += shift;
  return x;
}

/* Two points at distance d: k(x,x) + k(y,y) - 2 k(x,y) = 2 (11 - sum s / (s + d^2)). */
static void two_points_by_hand(void **state) {
  (void)state;
  const double x[DIM] = {0, 0, 0}, y[DIM] = {1, 2, 2};
  double sum = 0;
  for (int s = 0; s < 11; ++s) {
    const double scale = pow(10, -6 + 1.2 * s);
    sum += scale / (scale + 9);
  }
  assert_near(rb_mmd(DIM, 1, x, 1, y), 2 * (11 - sum), 1e-12);
  assert_near(rb_mmd(DIM, 1, x, 1, x), 0, 1e-12);
}

static void comparison_equals_the_plain_formula(void **state) {
  (void)state;
  enum { N = 20 };
  double *x = sample(1, N, 0.5), *pool = sample(2, M, 0), *reference = sample(3, M, 0);
  rb_mmd_test test;
  assert_all_ok(rb_mmd_compare(&test_context, 45, DIM, N, x, M, pool, reference, &test));
  assert_all_true(fabs(test.mmd - rb_mmd(DIM, N, x, M, reference)) < 1e-10);
  // A null, picked again by hand: places that are taken are left out when counting.
  double picked[N * DIM];
  int left[M];
  const rb_stream stream = rb_stream_make(45, RB_FOR_MISSPECIFICATION, RB_RANDOM_NULLS, 0, 7);
  for (int i = 0; i < M; ++i) left[i] = i;
  for (int i = 0; i < N; ++i) {
    const int64_t j = rb_stream_integer(stream, (uint32_t)i, M - i);
    memcpy(picked + (ptrdiff_t)i * DIM, pool + (ptrdiff_t)left[i + j] * DIM, DIM * sizeof(double));
    left[i + j] = left[i];
  }
  assert_all_true(fabs(test.null[7] - rb_mmd(DIM, N, picked, M, reference)) < 1e-5);
  free(x);
  free(pool);
  free(reference);
}

/* 20 sets from the reference's distribution: p below 0.05 in at most 9 (binomial tail 1e-7 at the
 * nominal rate); sets moved by two standard deviations always have the smallest possible p. */
static void rejects_at_its_rate_and_where_it_should(void **state) {
  (void)state;
  enum { SETS = 20, N = 15 };
  double *pool = sample(2, M, 0), *reference = sample(3, M, 0);
  int rejected = 0, detected = 0;
  for (int s = 0; s < SETS; ++s) {
    double *same = sample(100 + s, N, 0), *moved = sample(100 + s, N, 2);
    rb_mmd_test test;
    assert_all_ok(rb_mmd_compare(&test_context, 45, DIM, N, same, M, pool, reference, &test));
    rejected += test.p < 0.05;
    if (s % 10 == 0) {
      assert_all_ok(rb_mmd_compare(&test_context, 45, DIM, N, moved, M, pool, reference, &test));
      detected += test.p < 0.01;
    }
    free(same);
    free(moved);
  }
  assert_all_true(rejected <= 9 && detected == SETS / 10);
  free(pool);
  free(reference);
}

/* Sets that are not small beside the pool are no closer to the reference than their nulls: of 20 p
 * at least one is below 1/2, and one above (tail 2e-6). */
static void large_sets_are_like_their_nulls(void **state) {
  (void)state;
  enum { SETS = 20, N = 100 };
  double *pool = sample(2, M, 0), *reference = sample(3, M, 0);
  int below = 0;
  for (int s = 0; s < SETS; ++s) {
    double *same = sample(100 + s, N, 0);
    rb_mmd_test test;
    assert_all_ok(rb_mmd_compare(&test_context, 45, DIM, N, same, M, pool, reference, &test));
    below += test.p < 0.5;
    free(same);
  }
  assert_all_true(below > 0 && below < SETS);
  free(pool);
  free(reference);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(two_points_by_hand),
                                          cmocka_unit_test(comparison_equals_the_plain_formula),
                                          cmocka_unit_test(rejects_at_its_rate_and_where_it_should),
                                          cmocka_unit_test(large_sets_are_like_their_nulls)};
RB_TEST_MAIN(tests)
