#include <hdf5.h>
#include <unistd.h>

#include "app/verify/verify.h"
#include "changed_copy.h"
#include "rheobase/io/hdf5_file.h"

static char path[64];

static void set_attribute(hid_t file, const char *name, const char *value) {
  if (value == NULL) return;
  const hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
  assert_true(H5Tset_size(type, strlen(value) + 1) >= 0);
  const hid_t attribute = H5Acreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
  assert_true(attribute >= 0 && H5Awrite(attribute, type, value) >= 0);
  H5Aclose(attribute);
  H5Sclose(space);
  H5Tclose(type);
}

/* A file with these root attributes and groups of these paths ("" for none). */
static void make_file(const char *form, const char *model, const char *const objects[2]) {
  const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t properties = H5Pcreate(H5P_LINK_CREATE);
  assert_true(file >= 0 && H5Pset_create_intermediate_group(properties, 1) >= 0);
  set_attribute(file, "form", form);
  set_attribute(file, "model", model);
  for (int i = 0; i < 2 && objects[i] != NULL; ++i) {
    H5Gclose(H5Gcreate2(file, objects[i], properties, H5P_DEFAULT, H5P_DEFAULT));
  }
  H5Pclose(properties);
  H5Fclose(file);
}

/* The forms found, joined by commas; after a failure its message. */
static void find_forms(size_t size, char *text) {
  rb_file *file = NULL;
  const rb_verify_form *form[RB_VERIFY_FORMS];
  int count = 0;
  assert_int_equal(rb_file_open_foreign(&test_context, path, &file), RB_OK);
  text[0] = '\0';
  if (rb_verify_forms_of(&test_context, file, path, &count, form) != RB_OK) {
    (void)snprintf(text, size, "%s", test_context.error.message);
    rb_error_clear(&test_context);
  }
  for (int i = 0; i < count; ++i) {
    (void)snprintf(text + strlen(text), size - strlen(text), "%s,", form[i]->name);
  }
  rb_file_close(&file);
}

/* Attributes decide where there are some; a model's form needs its model, the program's own do
 * not; without attributes each form that has its object in the file is found. */
static void a_file_says_what_it_is(void **state) {
  (void)state;
  static const struct {
    const char *form, *model, *objects[2], *forms;
  } cases[] = {
      {"network", NULL, {NULL}, "network,"},
      {"network", "lif", {"current", NULL}, "network,"},
      {"simulator", "lif", {"weights", NULL}, "simulator,"},
      {"likelihood", "lif", {NULL}, "likelihood,"},
      {NULL, NULL, {"weights", NULL}, "network,"},
      {NULL, NULL, {"some_case/current", NULL}, "simulator,"},
      {NULL, "lif", {"some_case/current", NULL}, "simulator,"},
      {NULL, NULL, {"truncnorm", "quantile_levels"}, "truncated_normals,prior,"},
      {NULL, NULL, {"a/estimates", "b/subthreshold_deviation_mV"}, "diagnostics,predictive,"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    char text[RB_MESSAGE_SIZE];
    make_file(cases[i].form, cases[i].model, cases[i].objects);
    find_forms(sizeof text, text);
    assert_string_equal(text, cases[i].forms);
  }
}

static void what_is_unknown_is_refused_with_what_is_known(void **state) {
  (void)state;
  static const struct {
    const char *form, *model, *objects[2], *words;
  } cases[] = {
      {NULL, NULL, {NULL}, "h5: none of the reference files known"},
      {NULL, "linear_gaussian", {"current", NULL}, "h5: none of the reference files known"},
      {"simulator", NULL, {"current", NULL}, "(form = simulator, model = not said): none of"},
      {"simulator", "hh", {"current", NULL}, "(form = simulator, model = hh): none of"},
      {"absent", "lif", {"current", NULL}, "(form = absent, model = lif): none of"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    char text[RB_MESSAGE_SIZE];
    make_file(cases[i].form, cases[i].model, cases[i].objects);
    find_forms(sizeof text, text);
    assert_non_null(strstr(text, cases[i].words));
    assert_non_null(
        strstr(text, "(network, diagnostics, truncated_normals, statistics, simulator, "));
  }
}

static void a_changed_truncated_normal_is_found(void **state) {
  (void)state;
  char original[512];
  (void)snprintf(original, sizeof original, "%s/prior.h5", getenv("RB_TEST_DATA"));
  rb_verify_report report = {0};
  assert_int_equal(rb_verify_truncated_normals(&test_context, original, &report), RB_OK);
  assert_int_equal(report.count, 2);
  assert_true(rb_verify_passed(&report));
  rb_verify_report_free(&report);
  copy_file(original, path);
  change_value(path, "truncnorm/logpdf_at_x", 1e-7);
  assert_int_equal(rb_verify_truncated_normals(&test_context, path, &report), RB_OK);
  assert_true(report.row[0].passed);
  assert_false(report.row[1].passed);
  rb_verify_report_free(&report);
}

static int set_up(void **state) {
  (void)state;
  (void)snprintf(path, sizeof path, "verify_forms_%d.h5", (int)getpid());
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  return unlink(path);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_file_says_what_it_is),
    cmocka_unit_test(what_is_unknown_is_refused_with_what_is_known),
    cmocka_unit_test(a_changed_truncated_normal_is_found)};
RB_TEST_MAIN_WITH(tests, set_up, tear_down)
