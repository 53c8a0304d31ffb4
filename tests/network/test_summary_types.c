/* The table of summary networks: each row is complete, and their settings do not collide. */
#include "rb_test.h"
#include "rheobase/network/summary_type.h"

static void rows_are_complete(void **state) {
  (void)state;
  int types = 0;
  for (; rb_summary_types[types] != NULL; ++types) {
    const rb_summary_type *type = rb_summary_types[types];
    assert_true(type->series || type->features != NULL);
    assert_true(type->settings >= 0 && type->settings <= RB_SUMMARY_ROWS);
    assert_true(type->create && type->destroy && type->layout && type->initialise &&
                type->forward && type->backward && type->flops);
    type->destroy(NULL);
  }
  assert_int_equal(types, RB_SUMMARY_TYPES);
}

/* The choices of network.summary.type, in order, are the rows' own names. */
static void choices_are_the_names(void **state) {
  (void)state;
  char expected[512] = "";
  for (const rb_summary_type *const *type = rb_summary_types; *type != NULL; ++type) {
    strcat(strcat(expected, "|"), (*type)->name);
  }
  assert_string_equal(rb_summary_names, expected);
}

static void settings_are_brought_once(void **state) {
  (void)state;
  const char *path[RB_SUMMARY_TYPES * RB_SUMMARY_ROWS];
  int paths = 0;
  for (const rb_summary_type *const *type = rb_summary_types; *type != NULL; ++type) {
    for (int i = 0; i < (*type)->settings; ++i) {
      const rb_setting *row = &(*type)->setting[i];
      assert_memory_equal(row->path, "network.summary.", strlen("network.summary."));
      assert_non_null(row->help);
      assert_true(row->offset + row->size <= sizeof(rb_summary_settings));
      for (int k = 0; k < paths; ++k) assert_string_not_equal(row->path, path[k]);
      path[paths++] = row->path;
    }
  }
  assert_true(paths > 0);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(rows_are_complete),
                                          cmocka_unit_test(choices_are_the_names),
                                          cmocka_unit_test(settings_are_brought_once)};

RB_TEST_MAIN(tests)
