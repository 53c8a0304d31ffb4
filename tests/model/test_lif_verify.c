#include <hdf5.h>
#include <unistd.h>

#include "model/lif/verify.h"
#include "rb_test.h"

/* All functions on reduced copies of the reference files, as they are and with one number
 * changed. */

typedef rb_status (*verify_function)(rb_context *, const char *, rb_verify_report *);

static char scratch[256];

static int set_up(void **state) {
  (void)state;
  const char *folder = getenv("TMPDIR");
  (void)snprintf(scratch, sizeof scratch, "%s/rb_verify_XXXXXX", folder ? folder : "/tmp");
  const int descriptor = mkstemp(scratch);
  return descriptor < 0 ? -1 : close(descriptor);
}

static int tear_down(void **state) {
  (void)state;
  return remove(scratch);
}

static void copy_to_scratch(const char *path) {
  FILE *from = fopen(path, "rb"), *to = fopen(scratch, "wb");
  assert_true(from != NULL && to != NULL);
  char buffer[65536];
  size_t n = 0;
  while ((n = fread(buffer, 1, sizeof buffer, from)) > 0) {
    assert_int_equal(fwrite(buffer, 1, n, to), n);
  }
  assert_int_equal(fclose(from) + fclose(to), 0);
}

/* Multiplies the last entry of a dataset of scratch by `factor`. */
static void corrupt(const char *dataset, double factor) {
  const hid_t file = H5Fopen(scratch, H5F_ACC_RDWR, H5P_DEFAULT);
  const hid_t data = H5Dopen2(file, dataset, H5P_DEFAULT);
  const hid_t space = H5Dget_space(data);
  const hssize_t count = H5Sget_simple_extent_npoints(space);
  assert_true(file >= 0 && data >= 0 && count > 0);
  double *values = calloc((size_t)count, sizeof *values);
  assert_non_null(values);
  assert_true(H5Dread(data, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
  values[count - 1] = values[count - 1] == 0 ? 1 : values[count - 1] * factor;
  assert_true(H5Dwrite(data, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
  free(values);
  H5Sclose(space);
  H5Dclose(data);
  H5Fclose(file);
}

static void check_reference(verify_function verify, const char *name, int64_t rows) {
  char path[512];
  (void)snprintf(path, sizeof path, "%s/%s", getenv("RB_TEST_DATA"), name);
  copy_to_scratch(path);
  rb_verify_report report = {0};
  const rb_status status = verify(&test_context, scratch, &report);
  if (status != RB_OK) print_error("%s\n", test_context.error.message);
  assert_int_equal(status, RB_OK);
  for (int64_t i = 0; i < report.count; ++i) {
    const rb_verify_row *row = &report.row[i];
    if (!row->passed) print_error("%s: %g > %g\n", row->name, row->error, row->tolerance);
  }
  assert_true(rb_verify_passed(&report));
  assert_int_equal(report.count, rows);
  rb_verify_report_free(&report);
}

/* After corrupt(): exactly `count` rows fail, and their names contain the words in turn. */
static void check_noticed(verify_function verify, int count, const char *const *words) {
  rb_verify_report report = {0};
  assert_int_equal(verify(&test_context, scratch, &report), RB_OK);
  int failed = 0;
  for (int64_t i = 0; i < report.count; ++i) {
    if (report.row[i].passed) continue;
    assert_true(failed < count);
    assert_non_null(strstr(report.row[i].name, words[failed++]));
  }
  assert_int_equal(failed, count);
  rb_verify_report_free(&report);
}

static void lif_reference(void **state) {
  (void)state;
  check_reference(rb_lif_verify_simulator, "lif.h5", 8 * 4);
}

static void lif_corruption_is_noticed(void **state) {
  (void)state;
  static const char *const words[] = {"coarse_step spikes", "wild_and_clipped voltage"};
  corrupt("coarse_step/spikes", 0);  // the last sample has no spike
  corrupt("wild_and_clipped/voltage", 1 + 1e-15);
  check_noticed(rb_lif_verify_simulator, 2, words);
}

static void prior_reference(void **state) {
  (void)state;
  check_reference(rb_lif_verify_prior, "prior.h5", 6 + 6 + 1 + 6);
}

static void prior_corruption_is_noticed(void **state) {
  (void)state;
  static const char *const words[] = {"mean E_L", "sd E_L", "quantiles E_L"};
  corrupt("mean", 1.001);
  corrupt("std", 1.01);
  corrupt("quantiles", 1.005);
  check_noticed(rb_lif_verify_prior, 3, words);
}

static void predictive_reference(void **state) {
  (void)state;
  check_reference(rb_lif_verify_predictive, "diagnostics.h5", 1);
}

static void predictive_corruption_is_noticed(void **state) {
  (void)state;
  static const char *const words[] = {"ppc/subthreshold_deviation_mV"};
  corrupt("ppc/subthreshold_deviation_mV", 1 + 1e-5);
  check_noticed(rb_lif_verify_predictive, 1, words);
}

static void likelihood_reference(void **state) {
  (void)state;
  check_reference(rb_lif_verify_likelihood, "likelihood.h5", 2);
}

static void likelihood_corruption_is_noticed(void **state) {
  (void)state;
  static const char *const words[] = {"log likelihood"};
  corrupt("log_likelihood", 1 + 2e-6);
  check_noticed(rb_lif_verify_likelihood, 1, words);
}

static void other_files_are_refused(void **state) {
  (void)state;
  rb_verify_report report = {0};
  assert_int_equal(rb_lif_verify_simulator(&test_context, "/nonexistent.h5", &report), RB_ERR_FILE);
  rb_error_clear(&test_context);
  char path[512];
  (void)snprintf(path, sizeof path, "%s/prior.h5", getenv("RB_TEST_DATA"));
  assert_int_equal(rb_lif_verify_simulator(&test_context, path, &report), RB_ERR_FORMAT);
  rb_error_clear(&test_context);
  (void)snprintf(path, sizeof path, "%s/lif.h5", getenv("RB_TEST_DATA"));
  assert_int_equal(rb_lif_verify_prior(&test_context, path, &report), RB_ERR_FORMAT);
  rb_error_clear(&test_context);
  rb_verify_report_free(&report);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(lif_reference),          cmocka_unit_test(lif_corruption_is_noticed),
    cmocka_unit_test(prior_reference),        cmocka_unit_test(prior_corruption_is_noticed),
    cmocka_unit_test(likelihood_reference),   cmocka_unit_test(likelihood_corruption_is_noticed),
    cmocka_unit_test(predictive_reference),   cmocka_unit_test(predictive_corruption_is_noticed),
    cmocka_unit_test(other_files_are_refused)};
RB_TEST_MAIN_WITH(tests, set_up, tear_down)
