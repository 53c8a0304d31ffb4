/* AdamW against a hand computation, and the learning rate's schedule. */
#include "gradient_check.h"
#include "rheobase/network/adamw.h"

static const double EPS = sizeof(rb_real) == sizeof(double) ? 1e-15 : 2e-7;

static rb_parameters two_tensors(void) {
  rb_parameters p = {0};
  int index = -1;
  assert_all_ok(rb_parameters_add(&test_context, &p, "a", 2, (int64_t[]){2, 2}, &index));
  assert_int_equal(index, 0);
  assert_all_ok(rb_parameters_add(&test_context, &p, "b/c", 1, (int64_t[]){1}, &index));
  assert_int_equal(index, 1);
  assert_all_ok(rb_parameters_allocate(&test_context, &p));
  return p;
}

static void test_table(void **state) {
  (void)state;
  rb_parameters p = two_tensors();
  int index = 0;
  assert_int_equal(p.count, 5);
  assert_ptr_equal(rb_parameters_at(&p, 1), p.value + 4);
  assert_int_equal(rb_parameters_find(&p, "b/c"), 1);
  assert_int_equal(rb_parameters_find(&p, "b"), -1);
  // After the allocation, or twice the same name: refused.
  assert_int_equal(rb_parameters_add(&test_context, &p, "d", 1, (int64_t[]){1}, &index),
                   RB_ERR_INTERNAL);
  rb_error_clear(&test_context);
  rb_parameters_free(&p);
}

/* Two steps; tensor a (norm 5) is clipped to 1.5, tensor b (norm 1) is not. */
static void test_steps(void **state) {
  (void)state;
  rb_parameters p = two_tensors();
  const rb_real g[5] = {3, 0, -4, 0, 1};
  const double start[5] = {1, -1, 2, 0.5, -0.25};
  rb_real m[5] = {0}, v[5] = {0};
  for (int i = 0; i < 5; ++i) p.value[i] = (rb_real)start[i];
  const rb_adamw adamw = rb_adamw_make(0.1, 1.5);
  double w[5], dm[5] = {0}, dv[5] = {0};
  memcpy(w, start, sizeof w);
  for (int step = 0; step < 2; ++step) {
    const double lr = 0.01 * (step + 1);
    assert_near(rb_adamw_step(&adamw, step, lr, &p, g, m, v), sqrt(26.0), 1e-12);
    for (int i = 0; i < 5; ++i) {
      const double c = (double)g[i] * (i < 4 ? 0.3 : 1);
      dm[i] = 0.9 * dm[i] + 0.1 * c;
      dv[i] = 0.999 * dv[i] + 0.001 * c * c;
      w[i] *= 1 - 0.1 * lr;
      w[i] -= lr * sqrt(1 - pow(0.999, step + 1)) / (1 - pow(0.9, step + 1)) * dm[i] /
              (sqrt(dv[i]) + 1e-7);
      assert_near((double)p.value[i], w[i], 4 * EPS * fabs(start[i]));
      assert_near((double)m[i], dm[i], 4 * EPS);
      assert_near((double)v[i], dv[i], 4 * EPS);
    }
  }
  rb_parameters_free(&p);
}

/* The whole gradient (norm 10) is brought to 5 before a tensor's bound is looked at. */
static void test_global_clipping(void **state) {
  (void)state;
  rb_parameters p = two_tensors();
  const rb_real g[5] = {6, 0, 0, 0, 8};
  for (int k = 0; k < 2; ++k) {
    rb_real m[5] = {0}, v[5] = {0};
    rb_adamw adamw = rb_adamw_make(0, k == 0 ? 0 : 3.5);
    adamw.clip_global = 5;
    assert_near(rb_adamw_step(&adamw, 0, 0.01, &p, g, m, v), 10, 1e-12);
    assert_near((double)m[0], 0.1 * 3, 4 * EPS);
    assert_near((double)m[4], 0.1 * (k == 0 ? 4 : 3.5), 4 * EPS);
  }
  rb_parameters_free(&p);
}

static void test_plain_adam(void **state) {
  (void)state;
  rb_parameters p = two_tensors();
  rb_real g[5] = {0}, m[5] = {0}, v[5] = {0};
  for (int i = 0; i < 5; ++i) p.value[i] = 1;
  g[4] = 1000;  // no clipping: the first step is about the learning rate, whatever the gradient
  const rb_adamw adam = rb_adamw_make(0, 0);
  assert_near(rb_adamw_step(&adam, 0, 0.01, &p, g, m, v), 1000, 1e-9);
  assert_near((double)p.value[4], 1 - 0.01 * sqrt(1000) / (sqrt(1000) + 1e-7), 4 * EPS);
  assert_true(p.value[0] == 1);  // no gradient, no decay
  g[2] = (rb_real)NAN;
  assert_true(isnan(rb_adamw_step(&adam, 1, 0.01, &p, g, m, v)));
  rb_parameters_free(&p);
}

static void test_schedule(void **state) {
  (void)state;
  // 200 steps, 5 % of them warm-up
  assert_near(rb_learning_rate(RB_SCHEDULE_COSINE, 5e-4, 0.05, 200, 0), 5e-5, 1e-18);
  assert_near(rb_learning_rate(RB_SCHEDULE_COSINE, 5e-4, 0.05, 200, 1), 9.5e-5, 1e-18);
  assert_near(rb_learning_rate(RB_SCHEDULE_COSINE, 5e-4, 0.05, 200, 10), 5e-4, 1e-18);
  assert_near(rb_learning_rate(RB_SCHEDULE_COSINE, 5e-4, 0.05, 200, 105), 2.5e-4, 1e-18);
  assert_near(rb_learning_rate(RB_SCHEDULE_COSINE, 5e-4, 0.05, 200, 200), 0, 1e-18);
  assert_near(rb_learning_rate(RB_SCHEDULE_COSINE, 5e-4, 0.05, 200, 300), 0, 1e-18);
  assert_near(rb_learning_rate(RB_SCHEDULE_COSINE, 5e-4, 0.05, 19, 0), 5e-4,
              1e-18);  // int(0.95): no warm-up
  // The same warm-up, and then the highest rate to the end.
  assert_near(rb_learning_rate(RB_SCHEDULE_CONSTANT, 5e-4, 0.05, 200, 0), 5e-5, 1e-18);
  assert_near(rb_learning_rate(RB_SCHEDULE_CONSTANT, 5e-4, 0.05, 200, 1), 9.5e-5, 1e-18);
  for (int64_t step = 10; step <= 200; ++step) {
    assert_true(rb_learning_rate(RB_SCHEDULE_CONSTANT, 5e-4, 0.05, 200, step) == 5e-4);
  }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_table),           cmocka_unit_test(test_steps),
    cmocka_unit_test(test_global_clipping), cmocka_unit_test(test_plain_adam),
    cmocka_unit_test(test_schedule),
};

RB_TEST_MAIN(tests)
