#include "model/expression.h"
#include "rb_test.h"

static const char *const names[] = {"E_L", "V_init", "tau_m"};
static double values[3] = {-70, -75, 10};

static double value_of(const char *text, uint32_t uses) {
  rb_expression *e = NULL;
  assert_int_equal(rb_expression_create(&test_context, "x", text, 3, names, values, &e), RB_OK);
  const double value = rb_expression_value(e);
  assert_int_equal(rb_expression_uses(e), uses);
  rb_expression_free(e);
  return value;
}

static void values_of_expressions(void **state) {
  (void)state;
  assert_true(value_of("min(E_L - 0.5, -65)", 1) == fmin(-70 - 0.5, -65));
  assert_true(value_of("1e-3", 0) == 1e-3);
  assert_true(value_of("-55.1", 0) == -55.1);
  assert_true(value_of("exp(ln(tau_m)) > 9 ? V_init : E_L", 7) == -75);
  assert_true(value_of("2*tau_m^2 - tau_m/4", 4) == 197.5);
  assert_true(isinf(value_of("1/(tau_m-10)", 4)));
}

static void values_of_now(void **state) {
  (void)state;
  rb_expression *e = NULL;
  assert_int_equal(rb_expression_create(&test_context, "x", "E_L+1", 3, names, values, &e), RB_OK);
  assert_true(rb_expression_value(e) == -69);
  values[0] = -60;
  assert_true(rb_expression_value(e) == -59);
  values[0] = -70;
  rb_expression_free(e);
}

static void refused(const char *text, const char *sentence) {
  rb_expression *e = NULL;
  assert_int_equal(rb_expression_create(&test_context, "x", text, 3, names, values, &e),
                   RB_ERR_SETTING);
  assert_null(e);
  if (strstr(test_context.error.message, sentence) == NULL) {
    print_error("%s\n", test_context.error.message);
    fail();
  }
  assert_ptr_equal(strstr(test_context.error.message, "x = \""), test_context.error.message);
  test_context.error.code = RB_OK;
}

static void what_is_wrong(void **state) {
  (void)state;
  refused("E_K - 1", "refers to E_K, which is unknown; did you mean E_L?");
  refused("qqqqqqq", "refers to qqqqqqq, which is unknown");
  refused("E_L = 3", "assigns");
  refused("E_L += 3", "assigns");
  refused("min(E_L", "is not understood from character");
  refused("", "is not understood");
  refused("1, 2", "is not one number");
  refused("\"text\"", "");
  refused("E_L V_init", "is not understood from character 5 on");
  assert_true(values[0] == -70);
}

static void names_of_parameters(void **state) {
  (void)state;
  assert_true(rb_expression_name_is_valid("tau_m") && rb_expression_name_is_valid("g2"));
  assert_false(rb_expression_name_is_valid("2g"));
  assert_false(rb_expression_name_is_valid(""));
  assert_false(rb_expression_name_is_valid("_pi"));
  assert_false(rb_expression_name_is_valid("tau m"));
  assert_false(rb_expression_name_is_valid("tau-m"));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(values_of_expressions), cmocka_unit_test(values_of_now),
    cmocka_unit_test(what_is_wrong), cmocka_unit_test(names_of_parameters)};
RB_TEST_MAIN(tests)
