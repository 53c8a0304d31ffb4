#include <unistd.h>

#include "neuron_setup.h"

enum { L = 1000 };
static const double dt = 0.1;

/* The current of the stimulus in parentheses, T = 100 ms, dt = 0.1 ms. */
static void sum_of(const char *parts, double *current) {
  char text[1024];
  rb_neuron_settings settings;
  const rb_model_type *type = NULL;
  (void)snprintf(text, sizeof text, "simulator = { T_ms = 100.0; }; stimulus = (%s);", parts);
  const rb_status status = neuron_settings("adex", text, &settings, &type);
  if (status != RB_OK) print_error("%s\n", test_context.error.message);
  assert_int_equal(status, RB_OK);
  rb_stimulus_sum(&settings.stimulus, dt, L, current);
  rb_neuron_unload(&settings);
}

static void parts_follow_their_formulas(void **state) {
  (void)state;
  double I[L];
  sum_of("{ type = \"constant\"; amplitude = 2.5; }", I);
  assert_true(I[0] == 2.5 && I[L - 1] == 2.5);
  sum_of("{ type = \"step\"; onset = 10.04; offset = 20.06; amplitude = 3; }", I);
  assert_true(I[99] == 0 && I[100] == 3 && I[200] == 3 && I[201] == 0);
  sum_of("{ type = \"ramp\"; onset = 10; offset = 20; start = -1; end = 1; }", I);
  assert_true(I[99] == 0 && I[100] == -1 && I[150] == 0 && I[200] == 0);
  assert_near(I[125], -0.5, 1e-15);
  sum_of(
      "{ type = \"sinusoid\"; onset = 10; offset = 90; amplitude = 4; frequency = 25; "
      "phase = 0.5; }",
      I);
  for (int k = 100; k < 900; ++k) {
    assert_near(I[k], 4 * sin(2 * M_PI * 25 * (k - 100) * 1e-4 + 0.5), 1e-13);
  }
  assert_true(I[99] == 0 && I[900] == 0);
  sum_of("{ type = \"chirp\"; onset = 20; offset = 100; amplitude = 2; from = 5; to = 105; }", I);
  for (int k = 200; k < L; ++k) {
    const double t = (k - 200) * 1e-4;
    assert_near(I[k], 2 * sin(2 * M_PI * (5 * t + 100 * t * t / (2 * 0.08))), 1e-13);
  }
}

static void parts_are_added(void **state) {
  (void)state;
  double I[L];
  sum_of(
      "{ type = \"constant\"; amplitude = 1; },"
      "{ type = \"step\"; onset = 0; offset = 50; amplitude = 2; },"
      "{ type = \"step\"; onset = 40; offset = 100; amplitude = 4; }",
      I);
  assert_true(I[0] == 3 && I[399] == 3 && I[400] == 7 && I[499] == 7 && I[500] == 5);
  sum_of("", I);
  assert_true(I[0] == 0 && I[L - 1] == 0);
}

/* Mean, sd and correlation of frozen noise over many seeds: tau = 2 ms, so about 48 independent
 * values each; 5 standard errors. */
static void frozen_noise_has_its_moments(void **state) {
  (void)state;
  enum { SEEDS = 400 };
  double mean = 0, square = 0, product = 0, I[L], again[L];
  for (int seed = 1; seed <= SEEDS; ++seed) {
    char text[128];
    (void)snprintf(text, sizeof text, "{ type = \"ou\"; mean = 10; sd = 3; tau = 2; seed = %d; }",
                   seed);
    sum_of(text, I);
    for (int k = 0; k + 20 < L; ++k) {
      mean += I[k] / (SEEDS * (L - 20));
      square += (I[k] - 10) * (I[k] - 10) / (SEEDS * (L - 20));
      product += (I[k] - 10) * (I[k + 20] - 10) / (SEEDS * (L - 20));
    }
    if (seed > 1) continue;
    sum_of(text, again);
    assert_memory_equal(I, again, sizeof I);
  }
  const double error = 5 / sqrt(SEEDS * 24.0);
  assert_near(mean, 10, 3 * error);
  assert_near(square / 9, 1, 1.5 * error);
  assert_near(product / 9, exp(-1), 1.5 * error);
}

static void a_trace_is_read_and_held(void **state) {
  (void)state;
  double I[L];
  FILE *stream = fopen("stimulus_trace.csv", "w");
  for (int i = 0; i < 220; ++i) (void)fprintf(stream, "%d\n", 100 + i);
  (void)fclose(stream);
  sum_of(
      "{ type = \"trace\"; file = \"stimulus_trace.csv\"; sample_ms = 0.5; },"
      "{ type = \"constant\"; amplitude = 0.25; }",
      I);
  for (int k = 0; k < L; ++k) assert_true(I[k] == 100 + k / 5 + 0.25);
  (void)unlink("stimulus_trace.csv");
}

static void white_noise_adds_to_the_neurons_own(void **state) {
  (void)state;
  rb_model model;
  assert_neuron("adex", "simulator = { I_std = 3.0; }; stimulus = ({ type = \"white\"; sd = 4; });",
                &model);
  assert_near(neuron_state(&model)->current_sd, 5, 1e-15);
  assert_null(model.log_likelihood);
  model.destroy(&model);
}

static void bad_parts_are_named(void **state) {
  (void)state;
  static const struct {
    const char *part, *words;
  } bad[] = {
      {"{ amplitude = 1; }", "part 1 needs a type, one of constant|step"},
      {"{ type = \"stp\"; }", "type = \"stp\" is unknown; choose one of constant|step"},
      {"{ type = \"constant\"; amplitud = 1; }",
       "unknown setting amplitud; did you mean amplitude"},
      {"{ type = \"constant\"; amplitude = \"1\"; }", "amplitude must be a number"},
      {"{ type = \"constant\"; amplitude = 2e9; }", "amplitude = 2000000000 is out of range"},
      {"{ type = \"step\"; onset = 1; amplitude = 1; }", "part 1, a step, needs offset"},
      {"{ type = \"step\"; onset = 1; offset = 2; amplitude = 1; tau = 1; }",
       "part 1, a step, has no tau"},
      {"{ type = \"constant\"; amplitude = 1; }, { type = \"step\"; onset = 5; offset = 4; "
       "amplitude = 1; }",
       "part 2, a step, ends at 4 ms, before its onset"},
      {"{ type = \"step\"; onset = 5; offset = 100.1; amplitude = 1; }",
       "lasts to 100.1 ms, beyond the end of the simulation at 100 ms"},
      {"{ type = \"step\"; onset = -5; offset = 100; amplitude = 1; }",
       "begins at onset = -5 ms, before 0"},
      {"{ type = \"ou\"; mean = 1; sd = 1; tau = 0; }", "has tau = 0; it must be above 0"},
      {"{ type = \"ou\"; mean = 1; sd = -1; tau = 1; }", "has sd = -1"},
      {"{ type = \"sinusoid\"; onset = 1; offset = 2; amplitude = 1; frequency = 5001; }",
       "has frequency = 5001 Hz; steps of 0.1 ms can follow 0 to 5000 Hz"},
      {"{ type = \"trace\"; }", "needs a file"},
      {"{ type = \"constant\"; amplitude = 1; file = \"x\"; }", "has no file"},
      {"{ type = \"constant\"; amplitude = 1; seed = 2; }", "has no seed"},
      {"5", "stimulus must be a list of groups"}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
    char text[512];
    rb_neuron_settings settings;
    const rb_model_type *type = NULL;
    (void)snprintf(text, sizeof text, "simulator = { T_ms = 100.0; }; stimulus = (%s);",
                   bad[i].part);
    assert_int_equal(neuron_settings("adex", text, &settings, &type), RB_ERR_SETTING);
    if (strstr(test_context.error.message, bad[i].words) == NULL) {
      print_error("'%s' lacks '%s'\n", test_context.error.message, bad[i].words);
      fail();
    }
    rb_error_clear(&test_context);
  }
}

static void a_bad_trace_is_named(void **state) {
  (void)state;
  rb_neuron_settings settings;
  const rb_model_type *type = NULL;
  FILE *stream = fopen("stimulus_short.csv", "w");
  for (int i = 0; i < 199; ++i) (void)fprintf(stream, "%d\n", 100 + i);
  (void)fclose(stream);
#define TRACE(interval)                                                                            \
  "simulator = { T_ms = 100.0; }; stimulus = ({ type = \"trace\"; file = \"stimulus_short.csv\"; " \
  "sample_ms = " interval "; });"
  assert_int_equal(neuron_settings("adex", TRACE("0.5"), &settings, &type), RB_ERR_SETTING);
  assert_non_null(strstr(test_context.error.message, "has 199 samples; 200 are needed"));
  rb_error_clear(&test_context);
  rb_neuron_unload(&settings);
  assert_int_equal(neuron_settings("adex", TRACE("0.25"), &settings, &type), RB_ERR_SETTING);
  assert_non_null(strstr(test_context.error.message, "0.25, which is no multiple of dt_ms = 0.1"));
  rb_error_clear(&test_context);
  rb_neuron_unload(&settings);
  assert_int_equal(neuron_settings("hodgkin_huxley", TRACE("10.0"), &settings, &type),
                   RB_ERR_SETTING);
  assert_non_null(strstr(test_context.error.message, "is in pA: give the membrane's"));
  rb_error_clear(&test_context);
  rb_neuron_unload(&settings);
  (void)unlink("stimulus_short.csv");
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(parts_follow_their_formulas),
                                          cmocka_unit_test(parts_are_added),
                                          cmocka_unit_test(frozen_noise_has_its_moments),
                                          cmocka_unit_test(a_trace_is_read_and_held),
                                          cmocka_unit_test(white_noise_adds_to_the_neurons_own),
                                          cmocka_unit_test(bad_parts_are_named),
                                          cmocka_unit_test(a_bad_trace_is_named)};
RB_TEST_MAIN(tests)
