#include "rb_test.h"
#include "rheobase/base/verify_report.h"

static void a_row_passes_within_its_tolerance(void **state) {
  (void)state;
  rb_verify_report report = {0};
  assert_false(rb_verify_passed(&report));  // nothing checked is nothing proved
  for (int i = 0; i < 200; ++i) {
    assert_int_equal(rb_verify_add(&test_context, &report, "exact", 0.0, 0.0), RB_OK);
  }
  assert_true(rb_verify_passed(&report));
  assert_int_equal(report.count, 200);
  assert_int_equal(rb_verify_add(&test_context, &report, "too large", 2e-9, 1e-9), RB_OK);
  assert_false(report.row[200].passed);
  assert_string_equal(report.row[200].name, "too large");
  assert_false(rb_verify_passed(&report));
  rb_verify_report_free(&report);
  assert_int_equal(report.count, 0);
}

static void nan_never_passes(void **state) {
  (void)state;
  rb_verify_report report = {0};
  assert_int_equal(rb_verify_add(&test_context, &report, "nan", NAN, INFINITY), RB_OK);
  assert_false(rb_verify_passed(&report));
  rb_verify_report_free(&report);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(a_row_passes_within_its_tolerance),
                                          cmocka_unit_test(nan_never_passes)};
RB_TEST_MAIN(tests)
