#include "model/lif/lif.h"
#include "rb_test.h"

static void default_table_is_the_notebook(void **state) {
  (void)state;
  const rb_lif_settings settings = rb_lif_defaults();
  rb_model model;
  assert_int_equal(rb_lif_model(&test_context, &settings, &model), RB_OK);
  assert_int_equal(model.length, 1000);
  assert_int_equal(model.dim, 6);
  assert_int_equal(model.channels, 2);
  static const char *const names[] = {"V_th", "tau_m", "g_L", "V_reset", "V_init", "E_L"};
  for (int d = 0; d < 6; ++d) assert_string_equal(model.parameters[d].name, names[d]);
  assert_string_equal(model.channel[1].quantity.name, "spikes");
  assert_true(model.channel[1].binary && !model.channel[0].binary);
  model.destroy(&model);
}

static void steps_are_those_of_numpy_arange(void **state) {
  (void)state;
  // len(numpy.arange(0, T, dt))
  static const struct {
    double T, dt;
    int64_t steps;
  } grids[] = {{200, 0.2, 1000}, {50, 0.05, 1000}, {200, 1, 200},  {1, 0.3, 4},
               {0.3, 0.1, 3},    {0.7, 0.1, 7},    {1.1, 0.1, 11}, {2.1, 0.7, 4}};
  for (size_t i = 0; i < sizeof grids / sizeof *grids; ++i) {
    rb_lif_settings settings = rb_lif_defaults();
    settings.T_ms = grids[i].T;
    settings.dt_ms = grids[i].dt;
    assert_int_equal(rb_lif_steps(&settings), grids[i].steps);
  }
}

static void refuse(rb_lif_settings settings, const char *word) {
  rb_model model;
  assert_int_equal(rb_lif_model(&test_context, &settings, &model), RB_ERR_SETTING);
  assert_non_null(strstr(test_context.error.message, word));
  rb_error_clear(&test_context);
}

static void wrong_settings_are_named(void **state) {
  (void)state;
  static const double short_trace[3] = {1, 2, 3};
  static double trace[1000];
  trace[17] = NAN;
  rb_lif_settings s = rb_lif_defaults();
  s.T_ms = 0;
  refuse(s, "T_ms");
  s = rb_lif_defaults();
  s.dt_ms = -1;
  refuse(s, "dt_ms");
  s.dt_ms = NAN;
  refuse(s, "dt_ms");
  s.dt_ms = 1e-9;
  refuse(s, "time steps");
  s.dt_ms = 200;
  refuse(s, "time steps");
  s = rb_lif_defaults();
  s.tref_ms = -0.1;
  refuse(s, "tref_ms");
  s = rb_lif_defaults();
  s.I_mean_pA = INFINITY;
  refuse(s, "I_mean_pA");
  s = rb_lif_defaults();
  s.I_std_pA = -1;
  refuse(s, "I_std_pA");
  s = rb_lif_defaults();
  s.noise_mV = NAN;
  refuse(s, "noise_mV");
  s = rb_lif_defaults();
  s.current_count = 3;
  s.current_pA = short_trace;
  refuse(s, "3 samples");
  s.current_count = 1000;
  s.current_pA = trace;
  refuse(s, "sample 17");
}

static void impossible_parameters_are_refused(void **state) {
  (void)state;
  const rb_lif_settings settings = rb_lif_defaults();
  rb_model model;
  assert_int_equal(rb_lif_model(&test_context, &settings, &model), RB_OK);
  const double good[6] = {-55, 10, 10, -72, -70, -68};
  const char *reason = NULL;
  assert_true(model.accepts(&model, good, &reason));
  assert_null(reason);
  static const struct {
    int index;
    double value;
    const char *word;
  } bad[] = {{RB_LIF_TAU_M, 0, "tau_m"},
             {RB_LIF_G_L, -1, "g_L"},
             {RB_LIF_V_RESET, -55, "V_th"},
             {RB_LIF_E_L, NAN, "finite"}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
    double theta[6];
    memcpy(theta, good, sizeof theta);
    theta[bad[i].index] = bad[i].value;
    assert_false(model.accepts(&model, theta, NULL));
    assert_false(model.accepts(&model, theta, &reason));
    assert_non_null(strstr(reason, bad[i].word));
    float x[2000];
    assert_int_equal(model.simulate(&model, &test_context, 1, RB_FOR_TESTS, 0, 1, theta, x),
                     RB_ERR_INTERNAL);
    rb_error_clear(&test_context);
  }
  model.destroy(&model);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(default_table_is_the_notebook),
                                          cmocka_unit_test(steps_are_those_of_numpy_arange),
                                          cmocka_unit_test(wrong_settings_are_named),
                                          cmocka_unit_test(impossible_parameters_are_refused)};
RB_TEST_MAIN(tests)
