#include "rb_test.h"
#include "rheobase/gradient_sum.h"
#include "rheobase/memory.h"

enum { N = 1000, MICRO_BATCHES = 12 };

static rb_real element(int micro_batch, int i) {
  return (rb_real)(sin(i * 0.37 + micro_batch) * exp(-(i % 30)));
}

/* Micro-batches dealt to the ranks give the bits of one rank that adds them all. */
static void same_bits_on_any_number_of_ranks(void **state) {
  (void)state;
  rb_gradient_sum all, dealt;
  assert_all_ok(rb_gradient_sum_create(&test_context, N, MICRO_BATCHES, &all));
  assert_all_ok(rb_gradient_sum_create(&test_context, N, MICRO_BATCHES, &dealt));
  double expected[N] = {0};
  for (int m = 0; m < MICRO_BATCHES; ++m) {
    rb_real gradient[N], loss[2] = {(rb_real)(m * 0.1), (rb_real)-3.25};
    for (int i = 0; i < N; ++i) gradient[i] = element(m, i);
    for (int i = 0; i < N; ++i) expected[i] += (double)gradient[i];
    rb_gradient_sum_add(&all, gradient, loss, 2);
    if (m % test_context.size == test_context.rank) rb_gradient_sum_add(&dealt, gradient, loss, 2);
  }
  rb_gradient_sum_reduce(&test_context, &dealt);
  rb_real one[N], many[N];
  const double loss_one = rb_gradient_sum_get(&all, one);
  const double loss_many = rb_gradient_sum_get(&dealt, many);
  bool equal = loss_one == loss_many && memcmp(one, many, sizeof one) == 0;
  bool close = fabs(loss_one - (0.1 * 66 - 3.25 * MICRO_BATCHES)) < 1e-5;
  for (int i = 0; i < N; ++i) {
    close = close && fabs((double)one[i] - expected[i]) <= 1e-7 * fabs(expected[i]) + 2e-11;
  }
  assert_all_true(equal);
  assert_all_true(close);
  rb_gradient_sum_destroy(&all);
  rb_gradient_sum_destroy(&dealt);
}

static void flags_what_cannot_be_summed(void **state) {
  (void)state;
  rb_gradient_sum sum;
  assert_all_ok(rb_gradient_sum_create(&test_context, 3, 1, &sum));
  const rb_real fine[3] = {1, -2, 3}, loss[1] = {1};
  const rb_real nan[3] = {1, (rb_real)NAN, 3}, infinite[3] = {(rb_real)-INFINITY, 0, 0};
  const rb_real large[3] = {0, 0, -40000};
  rb_gradient_sum_clear(&sum);
  if (test_context.rank == test_context.size - 1) {
    rb_gradient_sum_add(&sum, nan, loss, 1);
    rb_gradient_sum_add(&sum, infinite, loss, 1);
    rb_gradient_sum_add(&sum, large, loss, 1);
    rb_gradient_sum_add(&sum, fine, loss, 1);
  }
  rb_gradient_sum_raise(&sum, RB_FLAG_STOP);
  rb_gradient_sum_reduce(&test_context, &sum);
  rb_real gradient[3];
  const double total = rb_gradient_sum_get(&sum, gradient);
  assert_all_true(rb_gradient_sum_flag(&sum, RB_FLAG_NONFINITE) == 2 &&
                  rb_gradient_sum_flag(&sum, RB_FLAG_OVERFLOW) == 1 &&
                  rb_gradient_sum_flag(&sum, RB_FLAG_STOP) == test_context.size &&
                  rb_gradient_sum_flag(&sum, RB_FLAG_CHECKPOINT) == 0);
  assert_all_true(total == 1.0 && gradient[1] == -2);
  rb_gradient_sum_destroy(&sum);
}

/* The largest batch of the smallest micro-batches, all losses near the bound: no integer wraps. */
static void holds_the_largest_batch(void **state) {
  (void)state;
  enum { MANY = 65536 };
  rb_gradient_sum sum;
  assert_all_ok(rb_gradient_sum_create(&test_context, 1, MANY, &sum));
  const rb_real gradient[1] = {32000}, loss[1] = {4000000};
  for (int m = test_context.rank; m < MANY; m += test_context.size) {
    rb_gradient_sum_add(&sum, gradient, loss, 1);
  }
  rb_gradient_sum_reduce(&test_context, &sum);
  rb_real total[1];
  const double losses = rb_gradient_sum_get(&sum, total);
  assert_all_true(losses == 4000000.0 * MANY && total[0] == (rb_real)(32000.0 * MANY));
  rb_gradient_sum_destroy(&sum);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(same_bits_on_any_number_of_ranks),
                                          cmocka_unit_test(flags_what_cannot_be_summed),
                                          cmocka_unit_test(holds_the_largest_batch)};
RB_TEST_MAIN(tests)
