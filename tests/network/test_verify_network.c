/* The network against reference files: outputs, inverse, gradients and training trajectories. */
#include <hdf5.h>
#include <unistd.h>

#include "app/verify/verify.h"
#include "rb_test.h"
#include "rheobase/base/real.h"

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

/* A copy of a reference file, to be damaged. */
static void copy_reference(char path[4096]) {
  char from[4096], block[65536];
  size_t bytes = 0;
  (void)snprintf(from, sizeof from, "%s/network_lstm.h5", getenv("RB_TEST_DATA"));
  (void)snprintf(path, 4096, "verify_network_%d.h5", (int)getpid());
  FILE *in = fopen(from, "rb"), *out = fopen(path, "wb");
  assert_true(in != NULL && out != NULL);
  while ((bytes = fread(block, 1, sizeof block, in)) > 0) {
    assert_int_equal(fwrite(block, 1, bytes, out), bytes);
  }
  (void)fclose(in);
  assert_int_equal(fclose(out), 0);
}

/* One weight of a gate's bias off by 0.01 is noticed in outputs and gradients. */
static void test_wrong_weight(void **state) {
  (void)state;
  char path[4096];
  float bias[48];
  rb_verify_report report = {0};
  copy_reference(path);
  const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
  const hid_t data = H5Dopen2(file, "weights/summary/recurrent_forward/bias", H5P_DEFAULT);
  assert_true(H5Dread(data, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, bias) >= 0);
  bias[3] += 0.01f;
  assert_true(H5Dwrite(data, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, bias) >= 0);
  H5Dclose(data);
  H5Fclose(file);
  assert_all_ok(rb_verify_network(&test_context, path, &report));
  assert_false(rb_verify_passed(&report));
  for (int64_t i = 0; i < report.count; ++i) {
    if (strncmp(report.row[i].name, "outputs/summary", 15) == 0 ||
        strncmp(report.row[i].name, "gradients", 9) == 0) {
      assert_false(report.row[i].passed);
    }
  }
  rb_verify_report_free(&report);
  (void)remove(path);
}

/* A file without one of the objects is refused, with its name. */
static void test_incomplete_file(void **state) {
  (void)state;
  const char *const objects[] = {
      "weights/summary/conv_0/bias",          "inputs/theta", "outputs/loss",
      "gradients/flow/layer_1/actnorm/scale", "inverse/z",    "trajectory/x"};
  for (size_t i = 0; i < sizeof objects / sizeof *objects; ++i) {
    char path[4096];
    rb_verify_report report = {0};
    copy_reference(path);
    const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    assert_true(H5Ldelete(file, objects[i], H5P_DEFAULT) >= 0);
    H5Fclose(file);
    assert_int_equal(rb_verify_network(&test_context, path, &report), RB_ERR_FORMAT);
    assert_non_null(strstr(test_context.error.message, objects[i]));
    rb_error_clear(&test_context);
    rb_verify_report_free(&report);
    (void)remove(path);
  }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_small),
    cmocka_unit_test(test_variant),
    cmocka_unit_test(test_lstm),
    cmocka_unit_test(test_wrong_weight),
    cmocka_unit_test(test_incomplete_file),
};

RB_TEST_MAIN(tests)
