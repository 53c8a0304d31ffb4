#include "rb_test.h"
#include "rheobase/parallel/agree.h"

static void success_is_agreed(void **state) {
  (void)state;
  assert_all_true(rb_agree(&test_context, RB_OK) == RB_OK);
}

static void lowest_failing_rank_is_reported_everywhere(void **state) {
  (void)state;
  rb_status status = RB_OK;
  if (test_context.rank > 0 || test_context.size == 1) {
    status = RB_FAIL(&test_context, RB_ERR_FILE, "rank %d cannot", test_context.rank);
  }
  status = rb_agree(&test_context, status);
  const int lowest = test_context.size == 1 ? 0 : 1;
  char expected[64];
  (void)snprintf(expected, sizeof expected, "rank %d cannot", lowest);
  assert_all_true(status == RB_ERR_FILE && test_context.error.rank == lowest &&
                  strcmp(test_context.error.message, expected) == 0);
  rb_error_clear(&test_context);
}

/* Of dealt work, the lowest item counts, whoever had it. */
static void lowest_failing_item_is_reported_everywhere(void **state) {
  (void)state;
  assert_all_true(rb_agree_first(&test_context, RB_OK, 0) == RB_OK);
  rb_status status = RB_OK;
  const int last = test_context.size - 1;
  if (test_context.rank > 0 || test_context.size == 1) {
    status = RB_FAIL(&test_context, RB_ERR_FILE, "rank %d cannot", test_context.rank);
  }
  status = rb_agree_first(&test_context, status, 10 - test_context.rank);
  char expected[64];
  (void)snprintf(expected, sizeof expected, "rank %d cannot", last);
  assert_all_true(status == RB_ERR_FILE && test_context.error.rank == last &&
                  strcmp(test_context.error.message, expected) == 0);
  rb_error_clear(&test_context);
}

static void first_record_wins(void **state) {
  (void)state;
  assert_int_equal(RB_FAIL(&test_context, RB_ERR_FILE, "first\nline"), RB_ERR_FILE);
  assert_int_equal(RB_FAIL(&test_context, RB_ERR_MEMORY, "second"), RB_ERR_MEMORY);
  assert_string_equal(test_context.error.message, "first line");
  rb_error_clear(&test_context);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(success_is_agreed),
    cmocka_unit_test(lowest_failing_rank_is_reported_everywhere),
    cmocka_unit_test(lowest_failing_item_is_reported_everywhere),
    cmocka_unit_test(first_record_wins)};
RB_TEST_MAIN(tests)
