#include "rb_test.h"
#include "rheobase/base/memory.h"
#include "rheobase/parallel/gradient_sum.h"

enum { N = 1000, MICRO_BATCHES = 12 };

static const int64_t all_in_one = N;

static rb_real element(int micro_batch, int i) {
  return (rb_real)(sin(i * 0.37 + micro_batch) * exp(-(i % 30)));
}

/* Micro-batches dealt to the ranks give the bits of one rank that adds them all. */
static void same_bits_on_any_number_of_ranks(void **state) {
  (void)state;
  rb_gradient_sum all, dealt;
  assert_all_ok(rb_gradient_sum_create(&test_context, 1, &all_in_one, MICRO_BATCHES, &all));
  assert_all_ok(rb_gradient_sum_create(&test_context, 1, &all_in_one, MICRO_BATCHES, &dealt));
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
  const int64_t size[2] = {1, 2};
  assert_all_ok(rb_gradient_sum_create(&test_context, 2, size, 4, &sum));
  const rb_real fine[3] = {1, -2, 3}, loss[1] = {1}, infinite_loss[1] = {(rb_real)INFINITY};
  const rb_real nan[3] = {1, (rb_real)NAN, 3}, infinite[3] = {(rb_real)-INFINITY, 0, 0};
  const rb_real large[3] = {0, 0, -40000}, large_loss[1] = {5e6F};
  rb_gradient_sum_clear(&sum);
  if (test_context.rank == test_context.size - 1) {
    rb_gradient_sum_add(&sum, nan, loss, 1);
    rb_gradient_sum_add(&sum, infinite, loss, 1);
    rb_gradient_sum_add(&sum, fine, infinite_loss, 1);
    rb_gradient_sum_add(&sum, large, loss, 1);
    rb_gradient_sum_add(&sum, fine, large_loss, 1);
    rb_gradient_sum_add(&sum, fine, loss, 1);
  }
  rb_gradient_sum_raise(&sum, RB_FLAG_STOP);
  rb_gradient_sum_reduce(&test_context, &sum);
  rb_real gradient[3];
  const double total = rb_gradient_sum_get(&sum, gradient);
  assert_all_true(rb_gradient_sum_flag(&sum, RB_FLAG_NONFINITE) == 3 &&
                  rb_gradient_sum_flag(&sum, RB_FLAG_OVERFLOW) == 2 &&
                  rb_gradient_sum_flag(&sum, RB_FLAG_STOP) == test_context.size &&
                  rb_gradient_sum_flag(&sum, RB_FLAG_CHECKPOINT) == 0);
  assert_all_true(total == 1.0 && gradient[1] == -2);
  rb_gradient_sum_destroy(&sum);
}

/* A finite number whose sum over the micro-batches might not be is refused as well. */
static void flags_what_may_become_infinite(void **state) {
  (void)state;
  if (sizeof(rb_real) > sizeof(float)) return;
  rb_gradient_sum sum;
  assert_all_ok(rb_gradient_sum_create(&test_context, 1, &(int64_t){1}, 4, &sum));
  const rb_real near[1] = {1e38F}, within[1] = {8e37F}, loss[1] = {1};
  rb_gradient_sum_add(&sum, near, loss, 1);
  rb_gradient_sum_add(&sum, within, loss, 1);
  assert_all_true(rb_gradient_sum_flag(&sum, RB_FLAG_NONFINITE) == 1 &&
                  rb_gradient_sum_flag(&sum, RB_FLAG_OVERFLOW) == 1);
  rb_gradient_sum_destroy(&sum);
}

enum { BLOCKS = 3, BLOCK = 4, ALL = BLOCKS * BLOCK };

/* Element i of a micro-batch, whose middle block has spikes of many sizes. */
static rb_real spiked(int micro_batch, int i) {
  static const double spike[MICRO_BATCHES] = {1, 1e5, 1e9, 1, -3e20, 1e35, 7, 1e5, 1, 1, 2e8, 7e4};
  const double size = 1 + 0.5 * sin(i * 0.37 + micro_batch);
  return (rb_real)(size * (i / BLOCK == 1 ? spike[micro_batch] : 1));
}

static void add_spiked(rb_gradient_sum *sum, bool dealt) {
  for (int m = 0; m < MICRO_BATCHES; ++m) {
    if (dealt && m % test_context.size != test_context.rank) continue;
    rb_real gradient[ALL], loss[1] = {m == 4 ? (rb_real)1e9 : (rb_real)0.5};
    for (int i = 0; i < ALL; ++i) gradient[i] = spiked(m, i);
    rb_gradient_sum_add(sum, gradient, loss, 1);
  }
}

/* Beyond the bounds: the second sum is right to the last bits of the largest element, the blocks
 * without a spike keep their resolution, and all that on any number of ranks. */
static void widens_what_is_too_small(void **state) {
  (void)state;
  const int64_t size[BLOCKS] = {BLOCK, BLOCK, BLOCK};
  rb_gradient_sum alone, dealt;
  rb_context self;
  assert_all_ok(rb_context_create(&self, MPI_COMM_SELF));
  assert_all_ok(rb_gradient_sum_create(&self, BLOCKS, size, MICRO_BATCHES, &alone));
  assert_all_ok(rb_gradient_sum_create(&test_context, BLOCKS, size, MICRO_BATCHES, &dealt));
  for (int pass = 0; pass < 2; ++pass) {
    if (pass > 0) {
      rb_gradient_sum_widen(&self, &alone);
      rb_gradient_sum_widen(&test_context, &dealt);
    }
    add_spiked(&alone, false);
    add_spiked(&dealt, true);
    rb_gradient_sum_reduce(&self, &alone);
    rb_gradient_sum_reduce(&test_context, &dealt);
    assert_all_true(rb_gradient_sum_flag(&dealt, RB_FLAG_OVERFLOW) == (pass == 0 ? 7 : 0) &&
                    rb_gradient_sum_flag(&alone, RB_FLAG_OVERFLOW) == (pass == 0 ? 7 : 0));
  }
  rb_real one[ALL], many[ALL];
  const double loss_one = rb_gradient_sum_get(&alone, one);
  const double loss_many = rb_gradient_sum_get(&dealt, many);
  assert_all_true(loss_one == loss_many && memcmp(one, many, sizeof one) == 0);
  assert_all_true(loss_one == 1e9 + 0.5 * (MICRO_BATCHES - 1));
  bool right = true;
  for (int i = 0; i < ALL; ++i) {
    double sum = 0;
    for (int m = 0; m < MICRO_BATCHES; ++m) sum += (double)spiked(m, i);
    right = right && fabs((double)one[i] - sum) <= 1e-7 * fabs(sum) + 2e-11;
  }
  assert_all_true(right);
  rb_gradient_sum_destroy(&alone);
  rb_gradient_sum_destroy(&dealt);
  rb_context_destroy(&self);
}

/* The largest batch of the smallest micro-batches, all losses near the bound: no integer wraps. */
static void holds_the_largest_batch(void **state) {
  (void)state;
  enum { MANY = 65536 };
  rb_gradient_sum sum;
  assert_all_ok(rb_gradient_sum_create(&test_context, 1, &(int64_t){1}, MANY, &sum));
  // Near the first bounds, and at a widened one.
  const double size[2][2] = {{32000, 4000000}, {2097152 * 0.999, 4000000}};
  for (int pass = 0; pass < 2; ++pass) {
    const rb_real gradient[1] = {(rb_real)size[pass][0]}, loss[1] = {(rb_real)size[pass][1]};
    rb_gradient_sum_clear(&sum);
    if (pass == 1) {
      rb_gradient_sum_add(&sum, gradient, loss, 1);
      rb_gradient_sum_widen(&test_context, &sum);
    }
    for (int m = test_context.rank; m < MANY; m += test_context.size) {
      rb_gradient_sum_add(&sum, gradient, loss, 1);
    }
    rb_gradient_sum_reduce(&test_context, &sum);
    rb_real total[1];
    const double losses = rb_gradient_sum_get(&sum, total);
    assert_all_true(losses == 4000000.0 * MANY &&
                    total[0] == (rb_real)((double)gradient[0] * MANY));
  }
  rb_gradient_sum_destroy(&sum);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(same_bits_on_any_number_of_ranks),
    cmocka_unit_test(flags_what_cannot_be_summed), cmocka_unit_test(flags_what_may_become_infinite),
    cmocka_unit_test(widens_what_is_too_small), cmocka_unit_test(holds_the_largest_batch)};
RB_TEST_MAIN(tests)
