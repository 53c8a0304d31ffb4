#include "rb_test.h"
#include "rheobase/parallel/exact_sum.h"

static void exact_where_doubles_round(void **state) {
  (void)state;
  rb_exact_sum sum = {0};
  rb_exact_sum_add(&sum, 1e300);
  rb_exact_sum_add(&sum, 1.0);
  rb_exact_sum_add(&sum, 0x1p-1074);
  rb_exact_sum_add(&sum, -1e300);
  rb_exact_sum_add(&sum, -1.0);
  assert_true(rb_exact_sum_value(&sum) == 0x1p-1074);
  rb_exact_sum_add(&sum, -0x1p-1073);
  assert_true(rb_exact_sum_value(&sum) == -0x1p-1074);
}

static void rounds_once_to_even(void **state) {
  (void)state;
  rb_exact_sum tie = {0};
  rb_exact_sum_add(&tie, 1.0);
  rb_exact_sum_add(&tie, 0x1p-53);
  assert_true(rb_exact_sum_value(&tie) == 1.0);
  rb_exact_sum_add(&tie, 0x1p-200);
  assert_true(rb_exact_sum_value(&tie) == 1.0 + 0x1p-52);
  rb_exact_sum large = {0};
  for (int i = 0; i < 1000; ++i) rb_exact_sum_add(&large, 0.1);
  // 0.1 is 0x1.999999999999ap-4; a thousand of them, rounded once:
  assert_true(rb_exact_sum_value(&large) == (double)(1000.0L * (long double)0.1));
}

static void keeps_non_finite_terms(void **state) {
  (void)state;
  rb_exact_sum sum = {0};
  rb_exact_sum_add(&sum, INFINITY);
  rb_exact_sum_add(&sum, 1.0);
  assert_true(rb_exact_sum_value(&sum) == INFINITY);
  rb_exact_sum_add(&sum, -INFINITY);
  assert_true(isnan(rb_exact_sum_value(&sum)));
}

static double term(int i) { return ldexp(sin(i), i % 80 - 40); }

static void same_bits_on_any_number_of_ranks(void **state) {
  (void)state;
  const int n = 5000;
  rb_exact_sum all = {0}, mine = {0}, halves[2] = {{{0}, 0, 0, 0, 0}, {{0}, 0, 0, 0, 0}};
  for (int i = 0; i < n; ++i) {
    rb_exact_sum_add(&all, term(i));
    rb_exact_sum_add(&halves[i % 2], term(n - 1 - i));
    if (i % test_context.size == test_context.rank) rb_exact_sum_add(&mine, term(i));
  }
  rb_exact_sum_reduce(&test_context, &mine, 1);
  rb_exact_sum_merge(&halves[0], &halves[1]);
  assert_all_true(rb_exact_sum_value(&mine) == rb_exact_sum_value(&all));
  assert_all_true(rb_exact_sum_value(&halves[0]) == rb_exact_sum_value(&all));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(exact_where_doubles_round), cmocka_unit_test(rounds_once_to_even),
    cmocka_unit_test(keeps_non_finite_terms), cmocka_unit_test(same_bits_on_any_number_of_ranks)};
RB_TEST_MAIN(tests)
