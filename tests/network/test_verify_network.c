/* The network against reference files: outputs, inverse, gradients and training trajectories. */
#include "app/verify.h"
#include "rb_test.h"
#include "rheobase/real.h"

static void check_file(const char *name) {
  char path[4096];
  rb_verify_report report = {0};
  (void)snprintf(path, sizeof path, "%s/%s", getenv("RB_TEST_DATA"), name);
  const rb_status status = rb_verify_network(&test_context, path, &report);
  for (int64_t i = 0; i < report.count; ++i) {
    const rb_verify_row *row = &report.row[i];
    print_message("%-80s %9.2e %9.2e %s\n", row->name, row->error, row->tolerance,
                  row->passed ? "passed" : "FAILED");
  }
  assert_all_ok(status);
  assert_true(rb_verify_passed(&report));
  assert_true(report.count >= 10);
  // The library linked computes in the type this test was compiled for.
  assert_true((sizeof(rb_real) == sizeof(double)) == (report.row[0].tolerance < 1e-5));
  rb_verify_report_free(&report);
}

static void test_small(void **state) {
  (void)state;
  check_file("network_small.h5");
}

static void test_variant(void **state) {
  (void)state;
  check_file("network_variant.h5");
}

static void test_lstm(void **state) {
  (void)state;
  check_file("network_lstm.h5");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_small),
    cmocka_unit_test(test_variant),
    cmocka_unit_test(test_lstm),
};

RB_TEST_MAIN(tests)
