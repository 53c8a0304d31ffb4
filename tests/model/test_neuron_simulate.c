#include "model/neuron/run.h"
#include "neuron_setup.h"
#include "rheobase/random/distributions.h"

static const char *const names[] = {"adex", "izhikevich", "hodgkin_huxley", "gif", "adaptive_lif"};
enum { NEURONS = sizeof names / sizeof *names };

/* Noise of both kinds, several spikes, samples of three steps. */
static const char *const settings[NEURONS] = {
    "simulator = { T_ms = 50.0; I_std = 100.0; tref_ms = 1.0; };"
    "stimulus = ({ type = \"constant\"; amplitude = 700; });"
    "recording = { sample_ms = 0.3; channels = [\"voltage\", \"spikes\", \"spike_count\"]; };",
    "simulator = { T_ms = 50.05; I_std = 50.0; };"
    "stimulus = ({ type = \"constant\"; amplitude = 500; });"
    "recording = { sample_ms = 0; channels = [\"spikes\", \"voltage\"]; };",
    "simulator = { T_ms = 30.0; I_std = 0.5; };"
    "stimulus = ({ type = \"constant\"; amplitude = 6; });"
    "recording = { sample_ms = 0.075; };",
    "simulator = { T_ms = 50.0; I_std = 20.0; tref_ms = 2.0; };"
    "stimulus = ({ type = \"constant\"; amplitude = 600; });"
    "recording = { sample_ms = 0.1; noise_mV = 0; };",
    "simulator = { T_ms = 50.0; tref_ms = 1.0; };"
    "stimulus = ({ type = \"constant\"; amplitude = 700; });"
    "recording = { sample_ms = 0.6; channels = [\"spike_count\", \"voltage\", \"spikes\"]; };"};

/* One data set by its definition: scalar streams, the trace, samples, noise, rounding. */
static int by_definition(const rb_model *model, uint64_t seed, rb_purpose purpose, int64_t item,
                         const double *theta, float *x) {
  const rb_neuron_state *s = neuron_state(model);
  const int64_t L = s->length;
  double *work = calloc((size_t)(4 * L), sizeof *work), final[RB_NEURON_VARIABLES];
  uint8_t *spikes = calloc((size_t)L, 1);
  double *current = work, *uniform = work + L, *v = work + 2 * L, *noise = work + 3 * L;
  rb_stream_normals(rb_stream_make(seed, purpose, RB_RANDOM_PROCESS_NOISE, 0, (uint64_t)item), 0, L,
                    current);
  for (int64_t k = 0; k < L; ++k)
    current[k] = s->current[k] + rb_neuron_noise(s, theta, 0) * current[k];
  for (int64_t k = 1; k < L; ++k) {
    uniform[k] = rb_stream_uniform(
        rb_stream_make(seed, purpose, RB_RANDOM_EVENTS, 0, (uint64_t)item), (uint32_t)(k - 1));
  }
  const double *const currents[] = {current}, *const uniforms[] = {uniform};
  const rb_neuron_traces traces = {1, theta, currents, uniforms, v, spikes, final};
  assert_int_equal(rb_neuron_run_traces(model, &test_context, &traces), RB_OK);
  rb_stream_normals(rb_stream_make(seed, purpose, RB_RANDOM_OBSERVATION_NOISE, 0, (uint64_t)item),
                    0, s->samples, noise);
  memset(x, 0, (size_t)(model->channels * s->samples) * sizeof *x);
  int count = 0;
  for (int64_t j = 0; j < s->samples; ++j) {
    x[s->at[RB_NEURON_VOLTAGE] * s->samples + j] =
        (float)(v[j * s->every] + rb_neuron_voltage_sd(s, theta) * noise[j]);
  }
  for (int64_t k = 0; k < L; ++k) {
    const int64_t j = k / s->every;
    if (!spikes[k]) continue;
    ++count;
    x[s->at[RB_NEURON_SPIKES] * s->samples + j] = 1;
    if (s->at[RB_NEURON_SPIKE_COUNT] >= 0) x[s->at[RB_NEURON_SPIKE_COUNT] * s->samples + j] += 1;
  }
  free(work);
  free(spikes);
  return count;
}

/* Data sets first .. first+count-1 in one call, by the kernel of the context's instruction set. */
static int compare(const rb_model *model, int64_t first, int64_t count) {
  const size_t size = (size_t)(model->channels * model->length);
  double *theta = calloc((size_t)(count * model->dim), sizeof *theta);
  float *x = calloc((size_t)count * size, sizeof *x), *expected = calloc(size, sizeof *expected);
  assert_true(theta != NULL && x != NULL && expected != NULL);
  assert_int_equal(
      model->draw_prior(model, &test_context, 45, RB_FOR_TESTS, first, count, theta, NULL), RB_OK);
  assert_int_equal(model->simulate(model, &test_context, 45, RB_FOR_TESTS, first, count, theta, x),
                   RB_OK);
  int spikes = 0;
  const rb_isa isa = test_context.isa;
  for (int64_t i = 0; i < count; ++i) {
    test_context.isa = RB_ISA_PORTABLE;
    spikes += by_definition(model, 45, RB_FOR_TESTS, first + i, &theta[i * model->dim], expected);
    test_context.isa = isa;
    assert_memory_equal(&x[(size_t)i * size], expected, size * sizeof *x);
  }
  free(theta);
  free(x);
  free(expected);
  return spikes;
}

static void kernels_and_groupings_give_the_same(void **state) {
  (void)state;
  const rb_isa chosen = test_context.isa;
  for (int n = 0; n < NEURONS; ++n) {
    rb_model model;
    assert_neuron(names[n], settings[n], &model);
    for (int isa = 0; isa <= (int)rb_cpu_best_isa(); ++isa) {
      test_context.isa = (rb_isa)isa;
      assert_true(compare(&model, 0, 20) >= 10);
      for (int64_t count = 1; count < 20; count += 9) (void)compare(&model, 100, count);
      (void)compare(&model, (int64_t)1 << 33, 2);  // items beyond 32 bits
    }
    model.destroy(&model);
  }
  test_context.isa = chosen;
}

static void expect_failure(const char *name, const char *text, const char *words) {
  rb_model model;
  assert_int_equal(neuron_model(name, text, &model), RB_ERR_SETTING);
  if (strstr(test_context.error.message, words) == NULL) {
    print_error("'%s' lacks '%s'\n", test_context.error.message, words);
    fail();
  }
  rb_error_clear(&test_context);
}

static void bad_settings_are_named(void **state) {
  (void)state;
  expect_failure("adex", "simulator = { peak_mV = \"V_T\"; };", "simulator.peak_mV = \"V_T\" must");
  expect_failure("adex", "simulator = { v0_mV = 1e3; };",
                 "v0_mV = 1000 is out of range [-200, 200] mV");
  expect_failure("adex", "simulator = { dt_ms = 1e-5; };", "make 1e+08 time steps");
  expect_failure("gif", "recording = { sample_ms = 0.25; };",
                 "0.25 is no multiple of simulator.dt");
  expect_failure("gif", "recording = { channels = [\"voltge\"]; };",
                 "\"voltge\" is given twice, or none");
  expect_failure("gif", "recording = { channels = [\"spikes\", \"spikes\"]; };", "is given twice");
  expect_failure("gif", "recording = { channels = []; };", "recording.channels: none is given");
  expect_failure("izhikevich", "simulator = { tref_ms = 1; };",
                 "unknown setting simulator.tref_ms");
  expect_failure("hodgkin_huxley", "simulator = { lambda0_per_ms = 1; };", "unknown setting");
}

static void refused(const char *name, const char *text, int d, double value, const char *words) {
  rb_model model;
  double theta[RB_NEURON_PARAMETERS];
  const char *reason = "";
  assert_neuron(name, text, &model);
  assert_int_equal(model.draw_prior(&model, &test_context, 1, RB_FOR_TESTS, 0, 1, theta, NULL),
                   RB_OK);
  assert_true(model.accepts(&model, theta, &reason));
  theta[d] = value;
  assert_false(model.accepts(&model, theta, &reason));
  if (strstr(reason, words) == NULL) {
    print_error("'%s' lacks '%s'\n", reason, words);
    fail();
  }
  model.destroy(&model);
}

static void bad_parameters_are_named(void **state) {
  (void)state;
  refused("adex", "", 0, 0, "C = 0 must be above 0");
  refused("adex", "", 0, (double)NAN, "C = nan is no number");
  refused("adex", "", 8, 1e10, "b = 1e+10 is no number up to 1e+09");
  refused("adex", "", 4, -1, "Delta_T = -1 must be 0 or at least 1e-09");
  refused("adex", "", 4, 1e-300, "Delta_T = 1e-300 must be 0 or at least 1e-09");
  refused("adaptive_lif", "", 0, 1e-300, "C = 1e-300 must be at least 1e-09");
  refused("adex", "", 5, 0, "V_r = 0 must be below the voltage of a spike");
  refused("adex", "", 0, 0.1, "C = 0.1 and g_L");
  refused("adex", "", 6, 0.05, "tau_w = 0.05 must be above simulator.dt_ms = 0.1");
  refused("izhikevich", "", 5, 10, "a = 10: simulator.dt_ms = 0.1 must be below 1/a = 0.1");
  refused("izhikevich", "", 0, 0.5, "C = 0.5 and k");
  refused("izhikevich", "", 3, -90, "v_t = -90 must be above v_r");
  refused("izhikevich", "", 4, -60, "v_peak = -60 must be above v_t");
  refused("izhikevich", "", 7, 60, "c = 60 must be below v_peak");
  refused("hodgkin_huxley", "", 2, -1, "g_K = -1 must not be negative");
  refused("hodgkin_huxley", "", 6, 90, "E_K = 90 must be below E_Na");
  refused("hodgkin_huxley", "", 8, 300, "V_T = 300 must be within");
  refused("adaptive_lif", "", 4, 0, "V_reset = 0 must be below V_th");
  refused("adaptive_lif", "", 5, -1, "I_std = -1 must not be negative");
  refused("adaptive_lif", "", 1, 0.2, "tau_m = 0.2 must be above simulator.dt_ms = 0.2");
  refused("gif", "", 9, 0, "tau_eta2 = 0 must be above 0");
  refused("gif", "", 1, 1e5, "must be below C/g_L");
}

/* Whatever an accepted neuron is given, its voltage is a number within the clip and, of the last
 * one, the noise that is its own parameter. */
static void nothing_becomes_nan(void **state) {
  (void)state;
  for (int n = 0; n < NEURONS; ++n) {
    rb_model model;
    const bool noisy = n == NEURONS - 1;
    char text[300];
    (void)snprintf(
        text, sizeof text,
        "simulator = { T_ms = 20.0; };"
        "stimulus = ({ type = \"step\"; onset = 0; offset = 10; amplitude = 1e9; },"
        "            { type = \"step\"; onset = 10; offset = 20; amplitude = -1e9; });%s",
        noisy ? "" : "recording = { noise_mV = 0; };");
    assert_neuron(names[n], text, &model);
    enum { COUNT = 16 };
    double theta[COUNT * RB_NEURON_PARAMETERS];
    float x[COUNT * 2 * 1000];
    assert_int_equal(
        model.draw_prior(&model, &test_context, 1, RB_FOR_TESTS, 0, COUNT, theta, NULL), RB_OK);
    assert_int_equal(model.simulate(&model, &test_context, 1, RB_FOR_TESTS, 0, COUNT, theta, x),
                     RB_OK);
    for (int64_t i = 0; i < COUNT * model.channels * model.length; ++i) {
      assert_true(fabsf(x[i]) <= (noisy ? 215 : 200));
    }
    model.destroy(&model);
  }
}

/* Parameters where a model's arithmetic may fail. */
static const double extremes[] = {0,   5e-324, 1e-310,  1e-300, 1e-20, 1.1e-9, 1e-3,
                                  199, 1e9,    -1e-300, -1e-9,  -199,  -1e9,   (double)NAN};
enum { EXTREMES = sizeof extremes / sizeof *extremes, FEW_SAMPLES = 2 * 40 };

/* Simulates, looks at and weighs one data set. */
static void expect_numbers(const rb_model *model, const double *theta) {
  float x[FEW_SAMPLES];
  uint8_t found[16];
  double log_likelihood = 0;
  assert_int_equal(model->simulate(model, &test_context, 1, RB_FOR_TESTS, 0, 1, theta, x), RB_OK);
  for (int t = 0; t < FEW_SAMPLES; ++t) assert_true(isfinite(x[t]));
  assert_int_equal(model->find_oddities(model, &test_context, 1, RB_FOR_TESTS, 0, 1, theta, found),
                   RB_OK);
  if (model->log_likelihood == NULL) return;
  assert_int_equal(model->log_likelihood(model, &test_context, x, 1, theta, &log_likelihood, NULL),
                   RB_OK);
  assert_true(log_likelihood <= (double)INFINITY);
}

/* Two parameters of a draw of the prior are replaced by all pairs of extremes.
 * @return how many are accepted */
static uint64_t try_extremes(const rb_model *model, const double *draw, int d, int e) {
  double theta[RB_NEURON_PARAMETERS];
  uint64_t accepted = 0;
  memcpy(theta, draw, (size_t)model->dim * sizeof *theta);
  for (int k = 0; k < EXTREMES * EXTREMES; ++k) {
    theta[d] = extremes[k / EXTREMES];
    theta[e] = extremes[k % EXTREMES];
    if (!model->accepts(model, theta, NULL)) continue;
    ++accepted;
    expect_numbers(model, theta);
  }
  return accepted;
}

/* Whatever is accepted, however strange, makes no NaN. */
static void accepted_extremes_make_numbers(void **state) {
  (void)state;
  for (int n = 0; n < NEURONS; ++n) {
    rb_model model;
    double draw[RB_NEURON_PARAMETERS];
    uint64_t accepted = 0;
    assert_neuron(names[n],
                  "simulator = { T_ms = 4.0; dt_ms = 0.1; };"
                  "stimulus = ({ type = \"step\"; onset = 1; offset = 4; amplitude = 900; });"
                  "recording = { sample_ms = 0.1; };",
                  &model);
    assert_int_equal(model.channels * model.length, FEW_SAMPLES);
    assert_int_equal(model.draw_prior(&model, &test_context, 1, RB_FOR_TESTS, 0, 1, draw, NULL),
                     RB_OK);
    for (int d = 0; d < model.dim; ++d) {
      for (int e = 0; e < d; ++e) accepted += try_extremes(&model, draw, d, e);
    }
    assert_true(accepted > 100);
    model.destroy(&model);
  }
}

/* What is found in one simulation, as letters: silent, spontaneous, fast, blocked, clipped. */
static void expect_oddities(const char *name, const char *parts, const double *theta,
                            const char *expected) {
  enum { ODDITIES = 5 };
  char text[400], letters[ODDITIES + 1] = "";
  uint8_t found[ODDITIES];
  rb_model model;
  (void)snprintf(text, sizeof text, "simulator = { T_ms = 300.0; }; stimulus = (%s);", parts);
  assert_neuron(name, text, &model);
  assert_int_equal(model.oddities, ODDITIES);
  assert_int_equal(model.find_oddities(&model, &test_context, 1, RB_FOR_TESTS, 0, 1, theta, found),
                   RB_OK);
  for (int o = 0; o < ODDITIES; ++o) letters[o] = found[o] ? model.oddity[o].name[0] : '-';
  assert_string_equal(letters, expected);
  model.destroy(&model);
}

static void what_is_out_of_the_ordinary_is_found(void **state) {
  (void)state;
#define STEP(amplitude) "{ type = \"step\"; onset = 100; offset = 300; amplitude = " amplitude "; }"
  double adex[] = {200, 12, -70, -50, 2, -60, 120, 2, 40};
  expect_oddities("adex", STEP("500"), adex, "-----");
  expect_oddities("adex", STEP("20"), adex, "s----");
  expect_oddities("adex", STEP("-1e6"), adex, "s---c");
  expect_oddities("adex", STEP("1e6"), adex, "--f--");  // 200 mV on the way to a reset
  adex[2] = -40;
  expect_oddities("adex", STEP("500"), adex, "-s---");
  const double cell[] = {1, 45, 5, 0.07, 0.1, 53, -95, -70, -60, 600};
  expect_oddities("hodgkin_huxley", STEP("4"), cell, "-----");
  expect_oddities("hodgkin_huxley", STEP("100"), cell, "---b-");
  expect_oddities("hodgkin_huxley", STEP("1e6"), cell, "---bc");
}

static void an_area_turns_picoamperes_into_densities(void **state) {
  (void)state;
  rb_model model;
  assert_neuron("hodgkin_huxley",
                "simulator = { area_um2 = 15393.804002589986; I_std = 10.0; };"
                "stimulus = ({ type = \"constant\"; amplitude = 500; });",
                &model);
  assert_near(neuron_state(&model)->current[100], 3.2480599, 1e-6);
  assert_near(neuron_state(&model)->current_sd, 10 * 3.2480599 / 500, 1e-8);
  model.destroy(&model);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(kernels_and_groupings_give_the_same),
    cmocka_unit_test(bad_settings_are_named),
    cmocka_unit_test(bad_parameters_are_named),
    cmocka_unit_test(nothing_becomes_nan),
    cmocka_unit_test(accepted_extremes_make_numbers),
    cmocka_unit_test(what_is_out_of_the_ordinary_is_found),
    cmocka_unit_test(an_area_turns_picoamperes_into_densities)};
RB_TEST_MAIN(tests)
