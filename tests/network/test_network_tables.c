/* The tables of summary networks and densities: each row is complete, and settings do not collide.
 */
#include "rb_test.h"
#include "rheobase/network/density_type.h"
#include "rheobase/network/summary_type.h"

enum { PATHS = RB_SUMMARY_TYPES * RB_SUMMARY_ROWS + RB_DENSITY_TYPES * RB_DENSITY_ROWS };

static void summaries_are_complete(void **state) {
  (void)state;
  int types = 0;
  char names[512] = "";
  size_t used = 0;
  for (; rb_summary_types[types] != NULL; ++types) {
    const rb_summary_type *type = rb_summary_types[types];
    assert_true(type->series || type->features != NULL);
    assert_true(type->create && type->destroy && type->layout && type->initialise &&
                type->forward && type->backward && type->flops);
    type->destroy(NULL);
    used += (size_t)snprintf(names + used, sizeof names - used, "|%s", type->name);
  }
  assert_int_equal(types, RB_SUMMARY_TYPES);
  assert_string_equal(rb_summary_names, names);  // the choices, in order
}

static void densities_are_complete(void **state) {
  (void)state;
  int types = 0;
  char names[512] = "";
  size_t used = 0;
  for (; rb_density_types[types] != NULL; ++types) {
    const rb_density_type *type = rb_density_types[types];
    assert_true(type->create && type->destroy && type->layout && type->initialise &&
                type->gradient && type->log_density && type->prepare && type->sample &&
                type->flops);
    type->destroy(NULL);
    used += (size_t)snprintf(names + used, sizeof names - used, "|%s", type->name);
  }
  assert_int_equal(types, RB_DENSITY_TYPES);
  assert_string_equal(rb_density_names, names);
}

/* Notes the paths of rows, of which none may have come before. */
static void note_rows(const rb_setting *row, int rows, size_t size, const char **path, int *paths) {
  for (int i = 0; i < rows; ++i) {
    assert_memory_equal(row[i].path, "network.", strlen("network."));
    assert_non_null(row[i].help);
    assert_true(row[i].offset + row[i].size <= size);
    for (int k = 0; k < *paths; ++k) assert_string_not_equal(row[i].path, path[k]);
    path[(*paths)++] = row[i].path;
  }
}

static void settings_are_brought_once(void **state) {
  (void)state;
  const char *path[PATHS];
  int paths = 0;
  for (const rb_summary_type *const *type = rb_summary_types; *type != NULL; ++type) {
    assert_in_range((*type)->settings, 0, RB_SUMMARY_ROWS);
    note_rows((*type)->setting, (*type)->settings, sizeof(rb_summary_settings), path, &paths);
  }
  for (const rb_density_type *const *type = rb_density_types; *type != NULL; ++type) {
    assert_in_range((*type)->settings, 0, RB_DENSITY_ROWS);
    note_rows((*type)->setting, (*type)->settings, sizeof(rb_network_settings), path, &paths);
  }
  assert_true(paths > 0);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(summaries_are_complete),
                                          cmocka_unit_test(densities_are_complete),
                                          cmocka_unit_test(settings_are_brought_once)};

RB_TEST_MAIN(tests)
