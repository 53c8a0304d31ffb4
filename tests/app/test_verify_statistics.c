/* Event statistics by another program, and what `rheobase verify` makes of files that differ. */
#include <unistd.h>

#include "app/verify/verify.h"
#include "changed_copy.h"

enum { BLOCKS = 9 };
static char original[512], copy[64];

static void verify(const char *path, rb_verify_report *report) {
  assert_int_equal(rb_verify_statistics(&test_context, path, report), RB_OK);
}

static void another_program_agrees(void **state) {
  (void)state;
  rb_verify_report report = {0};
  verify(original, &report);
  assert_int_equal(report.count, BLOCKS);
  assert_true(rb_verify_passed(&report));
  rb_verify_report_free(&report);
}

static void a_changed_number_is_found(void **state) {
  (void)state;
  rb_verify_report report = {0};
  copy_file(original, copy);
  change_value(copy, "statistics", 1e-3);
  verify(copy, &report);
  int failed = 0;
  for (int64_t i = 0; i < report.count; ++i) failed += !report.row[i].passed;
  assert_int_equal(failed, 1);
  rb_verify_report_free(&report);
}

/* Writes recordings of T samples with so many numbers, all 0. */
static void write_file(hsize_t T, hsize_t events, hsize_t count) {
  const char *const names[] = {"voltage", "events", "statistics"};
  const hsize_t columns[] = {T, events, count};
  const hid_t file = H5Fcreate(copy, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  for (int i = 0; i < 3; ++i) {
    float *zeros = calloc(2 * columns[i] + 1, sizeof *zeros);
    const hid_t space = H5Screate_simple(2, (hsize_t[]){2, columns[i]}, NULL);
    const hid_t array =
        H5Dcreate2(file, names[i], H5T_NATIVE_FLOAT, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Dwrite(array, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, zeros) >= 0);
    H5Dclose(array);
    H5Sclose(space);
    free(zeros);
  }
  H5Fclose(file);
}

/* Recordings of another length have the numbers of their own, or those of the usual one. */
static void recordings_of_any_length(void **state) {
  (void)state;
  rb_verify_report report = {0};
  write_file(300, 300, 507);
  verify(copy, &report);
  assert_int_equal(report.count, BLOCKS);
  rb_verify_report_free(&report);
  write_file(5000, 5000, 507);
  verify(copy, &report);
  assert_int_equal(report.count, BLOCKS);
  rb_verify_report_free(&report);
}

static void other_shapes_are_refused(void **state) {
  (void)state;
  const hsize_t shape[][3] = {{300, 300, 500}, {300, 299, 507}, {0, 0, 507}};
  for (size_t i = 0; i < sizeof shape / sizeof *shape; ++i) {
    rb_verify_report report = {0};
    write_file(shape[i][0], shape[i][1], shape[i][2]);
    assert_int_equal(rb_verify_statistics(&test_context, copy, &report), RB_ERR_FORMAT);
    rb_error_clear(&test_context);
    rb_verify_report_free(&report);
  }
}

static int set_up(void **state) {
  (void)state;
  (void)snprintf(original, sizeof original, "%s/statistics.h5", getenv("RB_TEST_DATA"));
  (void)snprintf(copy, sizeof copy, "verify_statistics_%d.h5", (int)getpid());
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  return unlink(copy);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(another_program_agrees), cmocka_unit_test(a_changed_number_is_found),
    cmocka_unit_test(recordings_of_any_length), cmocka_unit_test(other_shapes_are_refused)};
RB_TEST_MAIN_WITH(tests, set_up, tear_down)
