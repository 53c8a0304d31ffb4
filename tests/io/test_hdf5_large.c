/* Arrays larger than one call of parallel HDF5 takes are written whole. */
#include <unistd.h>

#include "rb_test.h"
#include "rheobase/base/memory.h"
#include "rheobase/io/hdf5_file.h"

enum { COLUMNS = 3 };
static const int64_t ROWS = ((INT64_C(1) << 30) + (INT64_C(1) << 20)) / COLUMNS;  // above 1 GiB

static uint8_t value_at(int64_t i) { return (uint8_t)((i >> 16) * 37); }

static void more_than_a_gibibyte(void **state) {
  (void)state;
  static const rb_field field = {"bytes", RB_U8, "row,column", "1", "bytes", false};
  char path[64];
  rb_file *file = NULL;
  uint8_t *bytes = NULL;
  const int64_t shape[2] = {ROWS, COLUMNS};
  (void)snprintf(path, sizeof path, "/tmp/rb_large_%d.h5", (int)getpid());
  MPI_Bcast(path, sizeof path, MPI_CHAR, 0, test_context.comm);
  if (test_context.rank == 0) assert_non_null(bytes = malloc((size_t)(ROWS * COLUMNS)));
  for (int64_t i = 0; bytes != NULL && i < ROWS * COLUMNS; ++i) bytes[i] = value_at(i);
  assert_all_ok(rb_file_create(&test_context, path, "large", 1, &file));
  assert_all_ok(rb_file_dimension(&test_context, file, "row", ROWS));
  assert_all_ok(rb_file_dimension(&test_context, file, "column", COLUMNS));
  assert_all_ok(rb_file_write(&test_context, file, &field, bytes));
  assert_all_ok(rb_file_commit(&test_context, &file));
  int64_t wrong = 0;
  if (test_context.rank == 0) {
    memset(bytes, 0, (size_t)(ROWS * COLUMNS));
    assert_int_equal(rb_file_open_one(&test_context, path, "large", 1, &file), RB_OK);
    assert_int_equal(rb_file_read(&test_context, file, "bytes", RB_U8, false, 2, shape, bytes),
                     RB_OK);
    for (int64_t i = 0; i < ROWS * COLUMNS; ++i) wrong += bytes[i] != value_at(i);
    rb_file_close(&file);
    (void)unlink(path);
  }
  assert_all_true(wrong == 0);
  free(bytes);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(more_than_a_gibibyte)};
RB_TEST_MAIN(tests)
