#include "changed_copy.h"
#include "model/hodgkin_huxley/verify_hh7.h"
#include "model/neuron/verify.h"
#include "rb_test.h"

/* Parts of the reference files, as they are and with one number changed. */

static const char *const copy = "neuron_verify_copy.h5";

static void get(const char *name) {
  char path[1024];
  (void)snprintf(path, sizeof path, "%s/%s", getenv("RB_TEST_DATA"), name);
  copy_file(path, copy);
}

typedef rb_status (*verify_function)(rb_context *, const char *, rb_verify_report *);

/* The copy passes but for the row whose name ends in `words` (NULL: it passes whole). */
static void expect(verify_function verify, int64_t rows, const char *words) {
  rb_verify_report report = {0};
  const rb_status status = verify(&test_context, copy, &report);
  if (status != RB_OK) print_error("%s\n", test_context.error.message);
  assert_int_equal(status, RB_OK);
  assert_int_equal(report.count, rows);
  int failed = 0;
  for (int64_t i = 0; i < report.count; ++i) {
    const rb_verify_row *row = &report.row[i];
    if (row->passed) continue;
    ++failed;
    if (words == NULL || strstr(row->name, words) == NULL) {
      print_error("%s: %g > %g\n", row->name, row->error, row->tolerance);
      fail();
    }
  }
  assert_int_equal(failed, words != NULL);
  rb_verify_report_free(&report);
}

static void trajectories_of_other_programs_are_met(void **state) {
  (void)state;
  get("neuron_adex.h5");
  expect(rb_neuron_verify_trajectories, 6, NULL);
  get("neuron_izhikevich.h5");
  expect(rb_neuron_verify_trajectories, 14, NULL);
  get("neuron_hodgkin_huxley.h5");
  expect(rb_neuron_verify_trajectories, 6, NULL);
  get("neuron_gif.h5");
  expect(rb_neuron_verify_trajectories, 7, NULL);
}

static void a_changed_trajectory_is_noticed(void **state) {
  (void)state;
  get("neuron_adex.h5");
  change_value(copy, "full_resolution/voltage", 1e-6);
  expect(rb_neuron_verify_trajectories, 6, "full_resolution voltage");
  get("neuron_adex.h5");
  change_value(copy, "refractory_fixed_peak/spike_index", 1);
  expect(rb_neuron_verify_trajectories, 6, "refractory_fixed_peak spikes");
  get("neuron_izhikevich.h5");
  change_value(copy, "main/voltage_in_order", 1e-13);
  expect(rb_neuron_verify_trajectories, 14, "main voltage in order");
  get("neuron_gif.h5");
  change_value(copy, "short_refractory/final_state", 1e-3);
  expect(rb_neuron_verify_trajectories, 7, "short_refractory last state");
  get("neuron_adex.h5");
  change_element(copy, "full_resolution/final_state", 1, 1e-3);  // w
  expect(rb_neuron_verify_trajectories, 6, "full_resolution last state");
  get("neuron_gif.h5");
  change_value(copy, "likelihood/log_likelihood", 1e-5);
  expect(rb_neuron_verify_trajectories, 7, "likelihood log likelihood");
}

static void observations_have_their_likelihood(void **state) {
  (void)state;
  get("neuron_hh7.h5");
  expect(rb_hh_verify_hh7, 3, NULL);
  change_value(copy, "hh7/posterior_0/log_likelihood", 1e-5);
  expect(rb_hh_verify_hh7, 3, "draws of posterior 0");
  get("neuron_hh7.h5");
  change_value(copy, "hh7/voltage", 1e-5);
  expect(rb_hh_verify_hh7, 3, "voltage");
}

/* Sets an attribute of a group to another text. */
static void change_text(const char *group, const char *name, const char *text) {
  const hid_t file = H5Fopen(copy, H5F_ACC_RDWR, H5P_DEFAULT);
  const hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
  const hid_t object = H5Gopen2(file, group, H5P_DEFAULT);
  assert_true(H5Tset_size(type, H5T_VARIABLE) >= 0 && H5Adelete(object, name) >= 0);
  const hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
  assert_true(H5Awrite(attribute, type, &text) >= 0);
  H5Aclose(attribute);
  H5Gclose(object);
  H5Sclose(space);
  H5Tclose(type);
  H5Fclose(file);
}

static void expect_refused(const char *words) {
  rb_verify_report report = {0};
  assert_true(rb_neuron_verify_trajectories(&test_context, copy, &report) != RB_OK);
  if (strstr(test_context.error.message, words) == NULL) {
    print_error("'%s' lacks '%s'\n", test_context.error.message, words);
    fail();
  }
  rb_error_clear(&test_context);
  rb_verify_report_free(&report);
}

static void settings_that_are_null_have_their_default(void **state) {
  (void)state;
  get("neuron_adex.h5");
  change_text("full_resolution", "settings",
              "{\"peak_mV\": null, \"tref_ms\": 0, \"v0_mV\": null}");
  change_text("refractory_fixed_peak", "settings",
              "{\"tref_ms\": 2, \"I_std\": null, \"peak_mV\": 0, \"v0_mV\": -65}");
  expect(rb_neuron_verify_trajectories, 6, NULL);
}

static void what_is_not_of_the_form_is_refused(void **state) {
  (void)state;
  get("neuron_adex.h5");
  change_text("full_resolution", "parameters", "C g_L E_L V_T Delta_T V_r tau_w a q");
  expect_refused("adex has no parameter q");
  get("neuron_adex.h5");
  change_text("full_resolution", "parameters", "C g_L E_L V_T");
  expect_refused("full_resolution/theta: its last dimension is not that of 4 parameters");
  get("neuron_adex.h5");
  change_text("refractory_fixed_peak", "settings", "{\"tref_ms\": 2.0, \"pek_mV\": 0.0}");
  expect_refused("simulator.pek_mV; did you mean simulator.peak_mV");
  get("neuron_adex.h5");
  change_value(copy, "full_resolution/theta", -1e10);
  expect_refused("full_resolution/theta, vector 1: Delta_T = -1e+10 is no number up to 1e+09");
  get("neuron_adex.h5");
  change_value(copy, "full_resolution/spike_offset", 1000);
  expect_refused("spike_offset does not divide");
  get("neuron_adex.h5");
  change_element(copy, "full_resolution/spike_count", 2, 1);
  expect_refused("full_resolution/spike_count: trace 2 has");
  get("neuron_adex.h5");
  change_element(copy, "full_resolution/sensitivity", 1, NAN);
  expect_refused("full_resolution/sensitivity: trace 1 has nan");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(trajectories_of_other_programs_are_met),
    cmocka_unit_test(a_changed_trajectory_is_noticed),
    cmocka_unit_test(observations_have_their_likelihood),
    cmocka_unit_test(settings_that_are_null_have_their_default),
    cmocka_unit_test(what_is_not_of_the_form_is_refused)};
RB_TEST_MAIN(tests)
