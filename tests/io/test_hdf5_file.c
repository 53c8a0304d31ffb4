#include <hdf5.h>
#include <unistd.h>

#include "hdf5_fixture.h"
#include "rb_test.h"

static void name_file(char *path, size_t size, const char *stem) {
  (void)snprintf(path, size, "%s_%d.h5", stem, test_context.size);
}

static void what_was_written_is_read(void **state) {
  (void)state;
  char path[64];
  rb_file *file = NULL;
  name_file(path, sizeof path, "hdf5_file");
  assert_all_ok(write_fixture(&test_context, path));
  assert_all_ok(rb_file_open(&test_context, path, "fixture", 3, &file));
  float *voltage = NULL;
  int64_t shape[2];
  assert_all_ok(
      rb_file_read_new(&test_context, file, "voltage", RB_F32, true, 2, shape, (void **)&voltage));
  double spike[2 * LENGTH];
  const int64_t expected[2] = {-1, LENGTH};
  assert_all_ok(
      rb_file_read_rows(&test_context, file, "spike", RB_F64, true, 2, expected, 51, 2, spike));
  bool same = shape[0] == items && shape[1] == length;
  for (int64_t i = 0; same && i < items * length; ++i) {
    same = voltage[i] == voltage_of(i / length, i % length);
  }
  for (int64_t i = 0; same && i < 2 * length; ++i) {
    same = spike[i] == spike_of(51 + i / length, i % length);
  }
  free(voltage);
  assert_all_true(same);
  rb_file_close(&file);
  assert_all_true(file == NULL);
}

static void arrays_of_rank_0_are_read(void **state) {
  (void)state;
  char path[64];
  rb_file *file = NULL;
  name_file(path, sizeof path, "hdf5_file");
  assert_all_ok(rb_file_open(&test_context, path, "fixture", 3, &file));
  int64_t rank[10] = {0};
  const int64_t expected[2] = {5, 2};
  assert_all_ok(
      rb_file_read(&test_context, file, "recovery/rank", RB_I64, false, 2, expected, rank));
  double loss = 0;
  assert_all_ok(rb_file_read(&test_context, file, "loss", RB_F64, true, 0, NULL, &loss));
  int64_t count = 0;
  char **names = NULL;
  assert_all_ok(rb_file_read_strings(&test_context, file, "parameter", &count, &names));
  assert_all_true(rank[9] == 1009 && loss == -2.5 && count == 2 && strcmp(names[1], "tau_m") == 0);
  free(names);
  float *none = NULL;
  int64_t shape[2] = {-1, -1};
  assert_all_ok(
      rb_file_read_new(&test_context, file, "nothing", RB_F32, true, 2, shape, (void **)&none));
  assert_all_true(shape[0] == 0 && shape[1] == length);
  free(none);
  rb_file_close(&file);
}

static void last_rows_are_read(void **state) {
  (void)state;
  static const struct {
    const char *path;
    int rank;
    int64_t count;
    double last;
  } cases[] = {{"recovery/rank", 2, 2, 1009}, {"time", -1, LENGTH, 0}, {"loss", 0, 1, -2.5}};
  char path[64];
  rb_file *file = NULL;
  name_file(path, sizeof path, "hdf5_file");
  assert_all_ok(rb_file_open(&test_context, path, "fixture", 3, &file));
  for (size_t k = 0; k < sizeof cases / sizeof *cases; ++k) {
    int64_t count = 0;
    double *row = NULL;
    assert_all_ok(
        rb_file_read_last_row(&test_context, file, cases[k].path, cases[k].rank, &count, &row));
    assert_all_true(count == cases[k].count);
    assert_all_true(k == 1 ? row[1] > row[0] : row[count - 1] == cases[k].last);
    free(row);
  }
  int64_t count = 0;
  double *row = NULL;
  static const char *const refused[] = {"nothing", "recovery/rank"};  // empty; of another rank
  for (int k = 0; k < 2; ++k) {
    assert_all_true(rb_file_read_last_row(&test_context, file, refused[k], k == 0 ? 2 : 1, &count,
                                          &row) == RB_ERR_FORMAT);
    assert_all_true(row == NULL);
    rb_error_clear(&test_context);
  }
  rb_file_close(&file);
}

static void attributes_and_names_are_read(void **state) {
  (void)state;
  char path[64];
  rb_file *file = NULL;
  name_file(path, sizeof path, "hdf5_file");
  assert_all_ok(rb_file_open(&test_context, path, "fixture", 3, &file));
  int64_t draws = 0;
  double noise = 0;
  char *unit = NULL;
  assert_all_ok(rb_file_get_int(&test_context, file, "recovery", "draws", &draws));
  assert_all_ok(rb_file_get_double(&test_context, file, "voltage", "noise", &noise));
  assert_all_ok(rb_file_get_string(&test_context, file, "voltage", "units", &unit));
  assert_all_true(draws == 100 && noise == 0.1 && strcmp(unit, "mV") == 0);
  free(unit);
  assert_all_true(rb_file_has_attribute(file, "", "schema") &&
                  !rb_file_has_attribute(file, "", "scheme") && rb_file_has(file, "recovery") &&
                  rb_file_is_group(file, "recovery") && !rb_file_is_group(file, "voltage") &&
                  !rb_file_has(file, "no/such/thing"));
  int64_t count = 0;
  char **names = NULL;
  assert_all_ok(rb_file_list(&test_context, file, "recovery", &count, &names));
  static const char *const expected[] = {"covariance", "dataset", "parameter", "parameter_2",
                                         "rank"};
  assert_all_true(count == 5);
  for (int i = 0; i < 5; ++i) assert_all_true(strcmp(names[i], expected[i]) == 0);
  free(names);
  rb_file_close(&file);
}

static void an_aborted_file_leaves_the_old_one(void **state) {
  (void)state;
  char path[64];
  char temporary[80];
  rb_file *file = NULL;
  name_file(path, sizeof path, "hdf5_file");
  (void)snprintf(temporary, sizeof temporary, "%s.tmp", path);
  assert_all_ok(rb_file_create(&test_context, path, "other", 1, &file));
  rb_file_abort(&test_context, &file);
  assert_all_true(file == NULL && (test_context.rank != 0 || access(temporary, F_OK) != 0));
  assert_all_ok(rb_file_open(&test_context, path, "fixture", 3, &file));
  rb_file_close(&file);
}

/* Rows that a rank writes in a round fill whole chunks, however long they are: 4 MiB hold 209 rows
 * of 5000 numbers, 52 of 20000, 2 of 400000. */
static void chunks_divide_the_rows_of_a_round(void **state) {
  (void)state;
  static const struct {
    int64_t rows, numbers, chunk;
  } cases[] = {{256, 4096, 256}, {256, 5000, 128}, {100, 20000, 50}, {7, 400000, 1}};
  for (size_t k = 0; k < sizeof cases / sizeof *cases; ++k) {
    const rb_field field = {"long", RB_F32, "row,number", "1", "long rows", false};
    char path[64];
    rb_file *file = NULL;
    hsize_t chunk[2] = {0};
    name_file(path, sizeof path, "hdf5_long_rows");
    assert_all_ok(rb_file_create(&test_context, path, "fixture", 1, &file));
    assert_all_ok(rb_file_dimension(&test_context, file, "row", cases[k].rows + 3));
    assert_all_ok(rb_file_dimension(&test_context, file, "number", cases[k].numbers));
    assert_all_ok(rb_file_create_field(&test_context, file, &field, cases[k].rows));
    assert_all_ok(rb_file_commit(&test_context, &file));
    const hid_t id = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    const hid_t array = H5Dopen2(id, "long", H5P_DEFAULT);
    const hid_t list = H5Dget_create_plist(array);
    assert_all_true(H5Pget_chunk(list, 2, chunk) == 2);
    assert_all_true((int64_t)chunk[0] == cases[k].chunk && (int64_t)chunk[1] == cases[k].numbers);
    H5Pclose(list);
    H5Dclose(array);
    H5Fclose(id);
    MPI_Barrier(test_context.comm);
    if (test_context.rank == 0) unlink(path);
  }
}

// Runs last: expects failures, agreed by all ranks.
static void failures_are_agreed(void **state) {
  (void)state;
  rb_file *file = NULL;
  rb_status status = rb_file_create(&test_context, "no_such_folder/x.h5", "fixture", 1, &file);
  assert_all_true(status == RB_ERR_FILE && file == NULL &&
                  strstr(test_context.error.message, "No such file or directory") != NULL);
  rb_error_clear(&test_context);

  char path[64];
  name_file(path, sizeof path, "hdf5_failures");
  assert_all_ok(rb_file_create(&test_context, path, "fixture", 1, &file));
  assert_all_ok(rb_file_dimension(&test_context, file, "dataset", 4));
  assert_all_ok(rb_file_dimension(&test_context, file, "time", LENGTH));
  status = rb_file_create_field(&test_context, file, &rank_field, 0);
  assert_all_true(status == RB_ERR_INTERNAL &&
                  strstr(test_context.error.message, "parameter was not declared") != NULL);
  rb_error_clear(&test_context);
  assert_all_ok(rb_file_create_field(&test_context, file, &voltage_field, 0));
  // The last rank alone cannot declare a dimension.
  const bool last = test_context.rank == test_context.size - 1;
  status = rb_file_dimension(&test_context, file, "row", last ? -1 : 4);
  assert_all_true(status == RB_ERR_INTERNAL);
  rb_error_clear(&test_context);
  // The last rank alone asks for rows that are not there.
  const float rows[5 * LENGTH] = {0};
  status =
      rb_file_write_rows(&test_context, file, &voltage_field, last ? 4 : 0, last ? 1 : 0, rows);
  assert_all_true(status == RB_ERR_INTERNAL);
  rb_error_clear(&test_context);
  status = rb_file_create_field(&test_context, file, &voltage_field, 0);  // a second time
  assert_all_true(status == RB_ERR_FILE);
  rb_error_clear(&test_context);
  rb_file_abort(&test_context, &file);
  assert_all_true(access(path, F_OK) != 0);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(what_was_written_is_read),
                                          cmocka_unit_test(arrays_of_rank_0_are_read),
                                          cmocka_unit_test(last_rows_are_read),
                                          cmocka_unit_test(attributes_and_names_are_read),
                                          cmocka_unit_test(an_aborted_file_leaves_the_old_one),
                                          cmocka_unit_test(chunks_divide_the_rows_of_a_round),
                                          cmocka_unit_test(failures_are_agreed)};
RB_TEST_MAIN(tests)
