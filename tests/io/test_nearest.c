#include "rb_test.h"
#include "rheobase/io/nearest.h"

static void distances(void **state) {
  (void)state;
  assert_int_equal(rb_edit_distance("", ""), 0);
  assert_int_equal(rb_edit_distance("", "abc"), 3);
  assert_int_equal(rb_edit_distance("kitten", "sitting"), 3);
  assert_int_equal(rb_edit_distance("epohcs", "epochs"), 1);  // a swap
  assert_int_equal(rb_edit_distance("T_MS", "t_ms"), 0);
  assert_int_equal(rb_edit_distance("flaw", "lawn"), 2);
}

static void nearest_of_a_struct_array(void **state) {
  (void)state;
  static const struct {
    int other;
    const char *name;
  } rows[] = {{0, "epochs"}, {0, NULL}, {0, "batch_size"}, {0, "seed"}};
  assert_string_equal(rb_nearest("epoch", &rows[0].name, sizeof *rows, 4), "epochs");
  assert_string_equal(rb_nearest("batchsize", &rows[0].name, sizeof *rows, 4), "batch_size");
  assert_string_equal(rb_nearest("sed", &rows[0].name, sizeof *rows, 4), "seed");
  assert_null(rb_nearest("temperature", &rows[0].name, sizeof *rows, 4));
  assert_null(rb_nearest("", &rows[0].name, sizeof *rows, 4));
  static const char *const letters[] = {"a", "ab"};
  assert_null(rb_nearest("c", letters, sizeof *letters, 1));
  assert_string_equal(rb_nearest("A", letters, sizeof *letters, 2), "a");
  assert_string_equal(rb_nearest("cb", letters, sizeof *letters, 2), "ab");
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(distances),
                                          cmocka_unit_test(nearest_of_a_struct_array)};
RB_TEST_MAIN(tests)
