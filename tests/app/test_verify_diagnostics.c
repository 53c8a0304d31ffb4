#include <hdf5.h>
#include <unistd.h>

#include "app/verify/verify.h"
#include "changed_copy.h"

static const char *data_path(char *path, size_t size) {
  (void)snprintf(path, size, "%s/diagnostics.h5", getenv("RB_TEST_DATA"));
  return path;
}

static void print_failures(const rb_verify_report *report) {
  for (int64_t i = 0; i < report->count; ++i) {
    const rb_verify_row *row = &report->row[i];
    if (!row->passed) print_error("%s: %.3g > %.3g\n", row->name, row->error, row->tolerance);
  }
}

static void every_statistic_of_the_file_agrees(void **state) {
  (void)state;
  char path[512];
  rb_verify_report report = {0};
  assert_all_ok(rb_verify_diagnostics(&test_context, data_path(path, sizeof path), &report));
  print_failures(&report);
  assert_true(rb_verify_passed(&report));
  assert_int_equal(report.count, 3 * 31 + 5);
  rb_verify_report_free(&report);
}

/* A wrong number anywhere in the file is found, and named. */
static void a_changed_value_is_found(void **state) {
  (void)state;
  static const struct {
    const char *object, *row;
    double change;
  } changes[] = {
      {"calibrated/ranks", "calibrated/ranks", 1},
      {"calibrated/fractional_ranks", "calibrated/fractional_ranks", 1e-5},
      {"calibrated/histogram_counts", "calibrated/histogram_counts", 1},
      {"calibrated/histogram_edges", "calibrated/histogram_edges", 1e-3},
      {"calibrated/binomial_interval_99", "calibrated/binomial_interval_99", 1},
      {"calibrated/median", "calibrated/median", 1e-3},
      {"calibrated/credible_interval_95", "calibrated/credible_interval_95", 1e-3},
      {"calibrated/correlation_r", "calibrated/correlation_r", 1e-5},
      {"calibrated/rmse/None", "calibrated/rmse/None", 1e-5},
      {"calibrated/rmse/iqr", "calibrated/rmse/iqr", 1e-5},
      {"calibrated/rmse/prior_mean_of_50", "calibrated/rmse/prior (deviations)", 0.2},
      {"calibrated/posterior_contraction", "calibrated/posterior_contraction", 1e-5},
      {"calibrated/posterior_z_score", "calibrated/posterior_z_score", 1e-5},
      {"calibrated/coverage/empirical", "calibrated/coverage/empirical", 1e-3},
      {"calibrated/calibration_error", "calibrated/calibration_error", 1e-5},
      {"calibrated/gamma", "calibrated/gamma", 1e-5},
      {"calibrated/log_gamma", "calibrated/log_gamma (deviations)", 2},
      {"calibrated/ecdf/z", "calibrated/ecdf/z", 1e-5},
      {"calibrated/ecdf/lower", "calibrated/ecdf/gamma (common)", 0.1},
      {"biased/ecdf/upper", "biased/ecdf/gamma (common)", -0.1},
      {"calibrated/kde/x", "calibrated/kde/x", 1e-3},
      {"calibrated/kde/density", "calibrated/kde/density", 1e-5},
      {"overconfident/estimates", "overconfident/credible_interval_95", 1000},
      {"ppc/band_5", "ppc/band_5", 1e-3},
      {"ppc/voltage_coverage", "ppc/voltage_coverage", 1e-5},
      {"ppc/spike_count_percentile", "ppc/spike_count_percentile", 1e-5},
  };
  char original[512], path[64];
  data_path(original, sizeof original);
  (void)snprintf(path, sizeof path, "changed_diagnostics_%d.h5", (int)getpid());
  const size_t count = sizeof changes / sizeof *changes;
  copy_file(original, path);
  for (size_t i = 0; i < count; ++i) change_value(path, changes[i].object, changes[i].change);
  rb_verify_report report = {0};
  assert_all_ok(rb_verify_diagnostics(&test_context, path, &report));
  for (size_t i = 0; i < count; ++i) {
    bool found = false;
    for (int64_t r = 0; r < report.count; ++r) {
      found |= !report.row[r].passed && strcmp(report.row[r].name, changes[i].row) == 0;
    }
    if (!found) print_error("%s: the change was not noticed\n", changes[i].object);
    assert_true(found);
  }
  rb_verify_report_free(&report);
  unlink(path);
}

static void another_file_is_refused(void **state) {
  (void)state;
  char path[64];
  (void)snprintf(path, sizeof path, "foreign_%d.h5", (int)getpid());
  H5Fclose(H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
  rb_verify_report report = {0};
  assert_int_equal(rb_verify_diagnostics(&test_context, path, &report), RB_ERR_FORMAT);
  rb_error_clear(&test_context);
  unlink(path);
  assert_int_equal(rb_verify_diagnostics(&test_context, "absent.h5", &report), RB_ERR_FILE);
  rb_error_clear(&test_context);
  rb_verify_report_free(&report);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(every_statistic_of_the_file_agrees),
                                          cmocka_unit_test(a_changed_value_is_found),
                                          cmocka_unit_test(another_file_is_refused)};
RB_TEST_MAIN(tests)
