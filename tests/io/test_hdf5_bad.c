#include <hdf5.h>
#include <unistd.h>

#include "expect.h"
#include "hdf5_fixture.h"
#include "rb_test.h"

/* Missing, truncated, foreign, damaged and lying files: an error that says so, no crash. */

static char *read_bytes(const char *path, size_t *size) {
  FILE *stream = fopen(path, "rb");
  assert_non_null(stream);
  (void)fseek(stream, 0, SEEK_END);
  *size = (size_t)ftell(stream);
  rewind(stream);
  char *bytes = malloc(*size);
  assert_int_equal(fread(bytes, 1, *size, stream), *size);
  (void)fclose(stream);
  return bytes;
}

static void write_bytes(const char *path, const char *bytes, size_t size) {
  FILE *stream = fopen(path, "wb");
  assert_int_equal(fwrite(bytes, 1, size, stream), size);
  (void)fclose(stream);
}

static rb_status open_fixture(const char *path) {
  rb_file *file = NULL;
  const rb_status status = rb_file_open(&test_context, path, "fixture", 3, &file);
  rb_file_close(&file);
  return status;
}

static void files_that_are_not_ours(void **state) {
  (void)state;
  rb_file *file = NULL;
  EXPECT_FAILURE(open_fixture("absent.h5"), RB_ERR_FILE, "absent.h5: cannot be read: No such file");
  EXPECT_FAILURE(open_fixture("."), RB_ERR_FILE, ".: is a folder");
  write_bytes("bad_text.h5", "not HDF5", 8);
  EXPECT_FAILURE(open_fixture("bad_text.h5"), RB_ERR_FORMAT, "not a whole HDF5 file");
  write_bytes("bad_empty.h5", "", 0);
  EXPECT_FAILURE(open_fixture("bad_empty.h5"), RB_ERR_FORMAT, "not a whole HDF5 file");
  H5Fclose(H5Fcreate("bad_foreign.h5", H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
  EXPECT_FAILURE(open_fixture("bad_foreign.h5"), RB_ERR_FORMAT, "no attribute schema");
  assert_int_equal(write_fixture(&test_context, "bad_good.h5"), RB_OK);
  EXPECT_FAILURE(rb_file_open(&test_context, "bad_good.h5", "posterior", 3, &file), RB_ERR_FORMAT,
                 "holds 'fixture', but 'posterior'");
  EXPECT_FAILURE(rb_file_open(&test_context, "bad_good.h5", "fixture", 2, &file), RB_ERR_FORMAT,
                 "has version 3");
}

static void arrays_that_do_not_fit(void **state) {
  (void)state;
  rb_file *file = NULL;
  float data[200];
  const int64_t wrong[2] = {5, 3};
  const int64_t right[2] = {5, 2};
  assert_int_equal(rb_file_open(&test_context, "bad_good.h5", "fixture", 3, &file), RB_OK);
  EXPECT_FAILURE(rb_file_read(&test_context, file, "missing", RB_F32, false, 2, right, data),
                 RB_ERR_FORMAT, "missing");
  EXPECT_FAILURE(rb_file_read(&test_context, file, "recovery", RB_F32, false, 2, right, data),
                 RB_ERR_FORMAT, "not an array");
  EXPECT_FAILURE(rb_file_read(&test_context, file, "recovery/rank", RB_F32, false, 2, wrong, data),
                 RB_ERR_FORMAT, "recovery/rank has shape (5, 2) where (5, 3)");
  EXPECT_FAILURE(rb_file_read(&test_context, file, "voltage", RB_I64, false, 2, right, data),
                 RB_ERR_FORMAT, "holds floating-point numbers where int64");
  EXPECT_FAILURE(rb_file_read(&test_context, file, "parameter", RB_F64, false, 1, right, data),
                 RB_ERR_FORMAT, "holds strings");
  int64_t value = 0;
  EXPECT_FAILURE(rb_file_get_int(&test_context, file, "", "schema", &value), RB_ERR_FORMAT,
                 "not one whole number");
  char *text = NULL;
  EXPECT_FAILURE(rb_file_get_string(&test_context, file, "", "schema_version", &text),
                 RB_ERR_FORMAT, "is not a text");
  int64_t count = 0;
  char **names = NULL;
  EXPECT_FAILURE(rb_file_read_strings(&test_context, file, "voltage", &count, &names),
                 RB_ERR_FORMAT, "not a text");
  EXPECT_FAILURE(rb_file_read_text(&test_context, file, "parameter", &text), RB_ERR_FORMAT,
                 "parameter is not one text");
  EXPECT_FAILURE(rb_file_list(&test_context, file, "nowhere", &count, &names), RB_ERR_FORMAT,
                 "missing");
  rb_file_close(&file);
}

static void values_that_are_not_numbers(void **state) {
  (void)state;
  rb_file *file = NULL;
  double values[6] = {1, 2, 3, 4, NAN, 6};
  const rb_field field = {"x", RB_F64, "3,2", "1", "x", false};
  const int64_t shape[2] = {3, 2};
  assert_int_equal(rb_file_create(&test_context, "bad_nan.h5", "fixture", 3, &file), RB_OK);
  assert_int_equal(rb_file_write(&test_context, file, &field, values), RB_OK);
  assert_int_equal(rb_file_commit(&test_context, &file), RB_OK);
  assert_int_equal(rb_file_open(&test_context, "bad_nan.h5", "fixture", 3, &file), RB_OK);
  assert_int_equal(rb_file_read(&test_context, file, "x", RB_F64, false, 2, shape, values), RB_OK);
  EXPECT_FAILURE(rb_file_read(&test_context, file, "x", RB_F64, true, 2, shape, values),
                 RB_ERR_FORMAT, "not a number in row 2");
  rb_file_close(&file);
}

// A file of a few hundred bytes that claims terabytes.
static void sizes_are_bounded(void **state) {
  (void)state;
  const hsize_t extent[2] = {1000000, 1000000};
  const hsize_t chunk[2] = {1000, 1000};
  const hid_t id = H5Fcreate("bad_huge.h5", H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t space = H5Screate_simple(2, extent, NULL);
  const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_chunk(list, 2, chunk);
  H5Dclose(H5Dcreate2(id, "x", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, list, H5P_DEFAULT));
  H5Pclose(list);
  H5Sclose(space);
  H5Fclose(id);
  rb_file *file = NULL;
  void *data = NULL;
  int64_t shape[2];
  assert_int_equal(rb_file_open_foreign(&test_context, "bad_huge.h5", &file), RB_OK);
  EXPECT_FAILURE(rb_file_read_new(&test_context, file, "x", RB_F64, false, 2, shape, &data),
                 RB_ERR_FORMAT, "(1000000, 1000000) was never wholly written");
  assert_null(data);
  rb_file_close(&file);
}

// A text data set without an element, as h5py writes its Empty.
static void no_text_is_not_one(void **state) {
  (void)state;
  const hid_t id = H5Fcreate("bad_none.h5", H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t space = H5Screate(H5S_NULL);
  const hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, H5T_VARIABLE);
  H5Dclose(H5Dcreate2(id, "host", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  H5Tclose(type);
  H5Sclose(space);
  H5Fclose(id);
  rb_file *file = NULL;
  char *text = NULL;
  assert_int_equal(rb_file_open_foreign(&test_context, "bad_none.h5", &file), RB_OK);
  EXPECT_FAILURE(rb_file_read_text(&test_context, file, "host", &text), RB_ERR_FORMAT,
                 "host is not one text");
  assert_null(text);
  rb_file_close(&file);
}

/* Reads everything; @return whether all is as it was written. */
static rb_status read_everything(const char *path, bool *same) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  void *data[4] = {0};
  int64_t shape[RB_FILE_MAX_RANK];
  int64_t count = 0;
  char **names = NULL;
  double loss = 0;
  RB_TRY(rb_file_open(&test_context, path, "fixture", 3, &file));
  RB_TRY(rb_file_read_new(&test_context, file, "voltage", RB_F32, true, 2, shape, &data[0]));
  RB_TRY(rb_file_read_new(&test_context, file, "spike", RB_U8, true, 2, shape, &data[1]));
  RB_TRY(rb_file_read_new(&test_context, file, "recovery/rank", RB_I64, true, 2, shape, &data[2]));
  RB_TRY(rb_file_read_new(&test_context, file, "time", RB_F64, true, 1, shape, &data[3]));
  RB_TRY(rb_file_read(&test_context, file, "loss", RB_F64, true, 0, NULL, &loss));
  RB_TRY(rb_file_read_strings(&test_context, file, "parameter", &count, &names));
  *same = loss == -2.5 && count == 2 && strcmp(names[0], "V_th") == 0;
  for (int64_t i = 0; *same && i < items * length; ++i) {
    *same = ((float *)data[0])[i] == voltage_of(i / length, i % length) &&
            ((uint8_t *)data[1])[i] == spike_of(i / length, i % length);
  }
cleanup:
  for (int i = 0; i < 4; ++i) free(data[i]);
  free(names);
  rb_file_close(&file);
  return status;
}

// Any single flipped bit is either harmless or an error: wrong data are never read.
static void flipped_bits_are_found(void **state) {
  (void)state;
  size_t size = 0;
  char *bytes = read_bytes("bad_good.h5", &size);
  int found = 0;
  int wrong = 0;
  for (size_t at = 0; at < size; at += 61) {
    bytes[at] = (char)(bytes[at] ^ (1 << at % 8));
    write_bytes("bad_bit.h5", bytes, size);
    bytes[at] = (char)(bytes[at] ^ (1 << at % 8));
    bool same = false;
    if (read_everything("bad_bit.h5", &same) != RB_OK) {
      ++found;
    } else if (!same) {
      print_error("byte %zu of %zu\n", at, size);
      ++wrong;
    }
    rb_error_clear(&test_context);
  }
  free(bytes);
  print_message("%d of %zu flipped bits found\n", found, size / 61);
  assert_true(found > 10);
  assert_int_equal(wrong, 0);
}

static void truncated_files_are_found(void **state) {
  (void)state;
  size_t size = 0;
  char *bytes = read_bytes("bad_good.h5", &size);
  for (size_t keep = 0; keep < size; keep += size / 50) {
    write_bytes("bad_cut.h5", bytes, keep);
    bool same = false;
    assert_int_equal(read_everything("bad_cut.h5", &same), RB_ERR_FORMAT);
    rb_error_clear(&test_context);
  }
  free(bytes);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(files_that_are_not_ours),     cmocka_unit_test(arrays_that_do_not_fit),
    cmocka_unit_test(values_that_are_not_numbers), cmocka_unit_test(sizes_are_bounded),
    cmocka_unit_test(no_text_is_not_one),          cmocka_unit_test(flipped_bits_are_found),
    cmocka_unit_test(truncated_files_are_found)};
RB_TEST_MAIN(tests)
