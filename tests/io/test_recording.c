#include <unistd.h>

#include "rb_test.h"
#include "rheobase/io/electrode.h"
#include "rheobase/io/observation.h"
#include "rheobase/io/recording_checks.h"
#include "rheobase/io/recording_file.h"

/* From samples to steps: spikes, corrections, windows, blanking, resampling, the electrode. */

enum { N = 400 };
static double voltage[N], current[N];

/* A sweep that holds the two traces; its memory is theirs. */
static rb_sweep sweep_of(int64_t samples, double interval_ms) {
  return (rb_sweep){.samples = samples,
                    .interval_ms = interval_ms,
                    .voltage_mV = voltage,
                    .current_pA = current,
                    .source = "file",
                    .name = "sweep 0"};
}

static void fill(double *value, int64_t count, double with) {
  for (int64_t i = 0; i < count; ++i) value[i] = with;
}

/* A rise of 20 mV/ms from -60 mV at sample `at` that crosses -10 mV, then a fall to `low`. */
static void put_spike(int64_t at, double h, double low) {
  int64_t i = at;
  for (; - 60 + 20 * h * (double)(i - at) < 20; ++i) voltage[i] = -60 + 20 * h * (double)(i - at);
  for (int64_t k = 0; k < 5; ++k) voltage[i + k] = low;
}

static void crossings_and_onsets(void **state) {
  (void)state;
  rb_spikes spikes;
  const double h = 0.5;
  fill(voltage, N, -60);
  put_spike(10, h, -60);  // 10 mV a sample: crosses -10 at sample 15
  put_spike(30, h, -14);  // does not fall below -15
  put_spike(50, h, -16);
  voltage[100] = -10;  // equal to the threshold is a crossing
  assert_int_equal(rb_spikes_find(&test_context, &rb_spike_rule_default, h, N, voltage, &spikes),
                   RB_OK);
  assert_int_equal(spikes.count, 4);
  const int64_t crossing[] = {15, 35, 55, 100}, onset[] = {11, 31, 51, 99};  // 2 ms back at most
  for (int k = 0; k < 4; ++k) {
    assert_int_equal(spikes.crossing[k], crossing[k]);
    assert_int_equal(spikes.onset[k], onset[k]);
  }
  rb_spikes_free(&spikes);
}

static void dead_time_and_rearming(void **state) {
  (void)state;
  rb_spikes spikes;
  rb_spike_rule rule = rb_spike_rule_default;
  fill(voltage, N, -60);
  // up at 10; down to -14 and up at 20: not armed; down to -16 and up at 22, 12 samples after 10
  fill(voltage + 10, 8, 0);
  fill(voltage + 18, 2, -14);
  fill(voltage + 20, 1, 0);
  fill(voltage + 21, 1, -16);
  fill(voltage + 22, 3, 0);
  // 9 samples later, within the dead time of 1 ms, and again at 35
  fill(voltage + 25, 6, -60);
  fill(voltage + 31, 2, 0);
  fill(voltage + 35, 2, 0);
  assert_int_equal(rb_spikes_find(&test_context, &rule, 0.1, N, voltage, &spikes), RB_OK);
  assert_int_equal(spikes.count, 3);
  assert_int_equal(spikes.crossing[0], 10);
  assert_int_equal(spikes.crossing[1], 22);
  assert_int_equal(spikes.crossing[2], 35);
  rb_spikes_free(&spikes);
  rule.threshold_mV = 5;
  assert_int_equal(rb_spikes_find(&test_context, &rule, 0.1, N, voltage, &spikes), RB_OK);
  assert_int_equal(spikes.count, 0);
  rb_spikes_free(&spikes);
}

static const rb_stepping WHOLE = {.to_ms = INFINITY, .tref_ms = 2};

static void step(const rb_sweep *sweep, const rb_spikes *spikes, rb_stepping stepping,
                 rb_steps *steps) {
  const rb_status status = rb_sweep_step(&test_context, sweep, spikes, &stepping, steps);
  if (status != RB_OK) print_error("%s\n", test_context.error.message);
  assert_int_equal(status, RB_OK);
}

static void resampling(void **state) {
  (void)state;
  const rb_spikes none = {0};
  rb_steps steps;
  for (int i = 0; i < N; ++i) {
    voltage[i] = sin(0.7 * i) * 10 - 50;
    current[i] = cos(1.3 * i * i);
  }
  const rb_sweep sweep = sweep_of(N, 0.1);
  step(&sweep, &none, WHOLE, &steps);  // the samples themselves
  assert_int_equal(steps.steps, N);
  for (int i = 0; i < N; ++i) {
    assert_near(steps.voltage_mV[i], voltage[i], 1e-12);
    assert_near(steps.current_pA[i], current[i], 1e-12);
  }
  rb_steps_free(&steps);
  rb_stepping stepping = WHOLE;
  stepping.dt_ms = 0.2;
  step(&sweep, &none, stepping, &steps);
  assert_int_equal(steps.steps, N / 2);
  for (int n = 1; n < N / 2; ++n) {
    const double *v = voltage + 2 * n;
    assert_near(steps.voltage_mV[n], v[-1] / 4 + v[0] / 2 + v[1] / 4, 1e-12);
    assert_near(steps.current_pA[n], (current[2 * n] + current[2 * n + 1]) / 2, 1e-12);
  }
  assert_near(steps.voltage_mV[0], (voltage[0] + voltage[1] / 2) / 1.5, 1e-12);
  rb_steps_free(&steps);
  stepping.dt_ms = 0.25;  // no multiple, and the charge is kept
  step(&sweep, &none, stepping, &steps);
  double charge = 0, total = 0;
  for (int64_t n = 0; n < steps.steps; ++n) charge += 0.25 * steps.current_pA[n];
  for (int i = 0; i < N; ++i) total += 0.1 * current[i];
  assert_int_equal(steps.steps, 160);
  assert_near(charge, total, 1e-12);
  assert_near(steps.current_pA[1], (current[2] / 2 + current[3] + current[4]) / 2.5, 1e-12);
  // samples from 1.75 to 4.25: a quarter of 1, all of 2 and 3, a quarter of 4
  assert_near(steps.voltage_mV[1],
              (voltage[1] / 4 + voltage[2] + voltage[3] + voltage[4] / 4) / 2.5, 1e-12);
  rb_steps_free(&steps);
  stepping.dt_ms = 0.05;  // shorter than the samples
  step(&sweep, &none, stepping, &steps);
  assert_int_equal(steps.steps, 2 * N);
  assert_near(steps.current_pA[5], current[2], 1e-12);
  assert_near(steps.voltage_mV[4], voltage[2], 1e-12);
  rb_steps_free(&steps);
}

static void windows_and_blanking(void **state) {
  (void)state;
  int64_t onset[] = {95, 130, 299, 305}, crossing[] = {97, 131, 301, 306};
  const rb_spikes spikes = {4, crossing, onset};
  rb_steps steps;
  for (int i = 0; i < N; ++i) voltage[i] = current[i] = i;
  const rb_sweep sweep = sweep_of(N, 0.1);
  rb_stepping stepping = {.from_ms = 10, .to_ms = 30, .dt_ms = 0.2, .tref_ms = 2};
  step(&sweep, &spikes, stepping, &steps);
  assert_int_equal(steps.steps, 100);
  assert_near(steps.window_start_ms, 10, 0);
  assert_near(steps.current_pA[0], 100.5, 1e-12);
  assert_int_equal(steps.spikes, 2);  // the first began before the window, the last after it
  assert_near(steps.onset_ms[0], 3, 1e-9);
  assert_near(steps.crossing_ms[0], 3.1, 1e-9);
  assert_near(steps.onset_ms[1], 19.9, 1e-9);
  for (int n = 0; n < 100; ++n) {
    // the first spike is at step -3 and blanks 10 more; the others are at 15 and 99
    const bool masked = n <= 7 || (n >= 15 && n <= 25) || n == 99;
    assert_int_equal(steps.mask[n], masked);
    assert_int_equal(steps.spike[n], n == 15 || n == 99);
  }
  rb_steps_free(&steps);
  stepping = (rb_stepping){.from_ms = 40, .to_ms = INFINITY, .tref_ms = 2};
  assert_int_equal(rb_sweep_step(&test_context, &sweep, &spikes, &stepping, &steps), RB_ERR_USAGE);
  rb_steps_free(&steps);
  rb_error_clear(&test_context);
}

static void corrections(void **state) {
  (void)state;
  rb_correction c = {.junction_potential_mV = -12, .tap_MOhm = {1, 10, 2}, .current_offset_pA = 5};
  for (int i = 0; i < 4; ++i) {
    voltage[i] = -60;
    current[i] = 100 * i;
  }
  rb_sweep sweep = sweep_of(4, 0.1);
  assert_int_equal(rb_sweep_correct(&test_context, &sweep, &c), RB_OK);
  const double i0[] = {5, 105, 205, 305};
  for (int i = 0; i < 4; ++i) {
    const double next = i0[i < 3 ? i + 1 : 3], last = i0[i > 0 ? i - 1 : 0];
    assert_near(current[i], i0[i], 0);
    assert_near(voltage[i], -48 - 1e-3 * (next + 10 * i0[i] + 2 * last), 1e-12);
  }
  assert_near(rb_correction_resistance(&c), 13, 1e-12);
  c = (rb_correction){.delay_ms = 0.2};
  assert_int_equal(rb_sweep_correct(&test_context, &sweep, &c), RB_OK);
  assert_true(current[0] == 5 && current[1] == 5 && current[2] == 5 && current[3] == 105);
  c.delay_ms = -0.1;
  assert_int_equal(rb_sweep_correct(&test_context, &sweep, &c), RB_OK);
  assert_true(current[1] == 5 && current[2] == 105 && current[3] == 105);
  c.delay_ms = 1e9;
  assert_int_equal(rb_sweep_correct(&test_context, &sweep, &c), RB_ERR_USAGE);
  rb_error_clear(&test_context);
  assert_true(current[2] == 105 && current[3] == 105);
  c.delay_ms = 0.16;
  assert_int_equal(rb_sweep_correct(&test_context, &sweep, &c), RB_OK);
  assert_true(current[2] == 5 && current[3] == 5);
  assert_near(rb_correction_delay(&c, 0.1), 0.2, 1e-12);
  assert_non_null(strstr(sweep.warnings, "0.16 ms is not whole samples"));
  // a balanced bridge leaves nothing to take off
  c = (rb_correction){.tap_MOhm = {0, 10, 0}};
  sweep.bridge_balance_MOhm = 12;
  const double before = voltage[0];
  assert_int_equal(rb_sweep_correct(&test_context, &sweep, &c), RB_OK);
  assert_true(voltage[0] == before);
  assert_non_null(strstr(sweep.warnings, "12 MOhm of series resistance were balanced"));
  free(sweep.warnings);
}

/* A cell of 100 pF and 10 nS behind an electrode, under noise that changes within a sample. */
static void make_cell(int64_t samples, double h, const double *tap, double *v, double *i) {
  double membrane = -70;
  uint32_t random = 1;
  for (int64_t k = 0; k < samples; ++k) {
    random = random * 1664525U + 1013904223U;
    const double noise = (double)random / 4294967296.0 - 0.5;
    i[k] = (k > 0 ? 0.9 * i[k - 1] : 0) + 300 * noise;
  }
  for (int64_t k = 0; k < samples; ++k) {
    v[k] = membrane + 1e-3 * (tap[0] * i[k + 1 < samples ? k + 1 : k] + tap[1] * i[k] +
                              tap[2] * i[k > 0 ? k - 1 : 0]);
    membrane += h / 100 * (i[k] - 10 * (membrane + 70));
  }
}

static void the_electrode(void **state) {
  (void)state;
  enum { LONG = 20000 };
  static double v[LONG], i[LONG];
  const double tap[RB_TAPS] = {3, 8, 4};
  const rb_spikes none = {0};
  rb_sweep sweep = sweep_of(LONG, 0.1);
  rb_electrode e;
  make_cell(LONG, 0.1, tap, v, i);
  sweep.voltage_mV = v;
  sweep.current_pA = i;
  assert_int_equal(rb_electrode_estimate(&test_context, 1, &sweep, &none, &e), RB_OK);
  assert_true(e.known);
  assert_near(e.resistance_MOhm, 15, 0.15);
  for (int q = 0; q < RB_TAPS; ++q) assert_near(e.tap_MOhm[q], tap[q], 0.3);
  assert_near(e.capacitance_pF, 100, 2);
  assert_near(e.leak_nS, 10, 0.5);
  assert_true(e.capacitance_at_lag_pF[0] < 0.9 * e.capacitance_at_lag_pF[1] ||
              e.capacitance_at_lag_pF[0] > 1.1 * e.capacitance_at_lag_pF[1]);
  const rb_correction right = {.tap_MOhm = {3, 8, 4}};
  assert_int_equal(rb_sweep_correct(&test_context, &sweep, &right), RB_OK);
  assert_int_equal(rb_electrode_estimate(&test_context, 1, &sweep, &none, &e), RB_OK);
  assert_near(e.resistance_MOhm, 0, 0.15);
  assert_near(e.capacitance_at_lag_pF[0], 100, 2);
  assert_near(e.capacitance_at_lag_pF[1], 100, 2);
  for (int k = 0; k < LONG; ++k) i[k] = k / 5000 % 2 == 0 ? 0 : 100;  // steps tell nothing
  assert_int_equal(rb_electrode_estimate(&test_context, 1, &sweep, &none, &e), RB_OK);
  assert_false(e.known);
}

/* Whether a sweep, checked after a treatment, is warned of in these words. */
static bool warned_in_steps(rb_sweep sweep, const rb_stepping *stepping, const char *words) {
  rb_spikes spikes;
  rb_steps steps;
  rb_electrode electrode;
  assert_int_equal(rb_spikes_find(&test_context, &rb_spike_rule_default, sweep.interval_ms,
                                  sweep.samples, sweep.voltage_mV, &spikes),
                   RB_OK);
  step(&sweep, &spikes, *stepping, &steps);
  assert_int_equal(rb_electrode_estimate(&test_context, 1, &sweep, &spikes, &electrode), RB_OK);
  const rb_checked checked = {&spikes, &electrode, &steps, stepping};
  assert_int_equal(rb_sweep_check(&test_context, &sweep, &checked), RB_OK);
  const bool found = sweep.warnings != NULL && strstr(sweep.warnings, words) != NULL;
  const bool any = sweep.warnings != NULL;
  free(sweep.warnings);
  rb_spikes_free(&spikes);
  rb_steps_free(&steps);
  return *words == '\0' ? any : found;
}

/* The same after the default treatment. */
static bool warned(rb_sweep sweep, const char *words) {
  return warned_in_steps(sweep, &WHOLE, words);
}

/* A quiet trace with a little noise. */
static rb_sweep quiet(void) {
  for (int i = 0; i < N; ++i) {
    voltage[i] = -65 + 0.1 * sin(3.0 * i);
    current[i] = 2 * sin(5.0 * i);
  }
  return sweep_of(N, 0.1);
}

static void what_looks_wrong(void **state) {
  (void)state;
  assert_false(warned(quiet(), ""));
  rb_sweep sweep = quiet();
  for (int i = 0; i < N; ++i) voltage[i] += 50;
  assert_true(warned(sweep, "median potential outside -100..-35 mV: -1"));
  sweep = quiet();
  voltage[7] = 120;
  assert_true(warned(sweep, "potential outside -150..100 mV"));
  sweep = quiet();
  for (int i = 0; i < N; ++i) voltage[i] /= 1000;
  assert_true(warned(sweep, "no potential is larger than 0.0651 mV: are they in volts?"));
  sweep = quiet();
  for (int i = 0; i < N; ++i) current[i] /= 1000;
  assert_true(warned(sweep, "no current is larger than 0.002 pA: are they in nanoamperes?"));
  sweep = quiet();
  current[7] = -5001;
  assert_true(warned(sweep, "a current of 5001 pA, beyond 5 nA"));
  sweep = quiet();
  for (int i = 0; i < N; ++i) voltage[i] = -65 + 0.5 * (i % 3);
  assert_true(warned(sweep, "stored in steps of 0.5 mV"));
  sweep = quiet();
  for (int k = 0; k < 5; ++k) voltage[100 + k] += 12 - 4 * abs(k - 2);
  assert_true(warned(sweep, "1 narrow peak of 5 mV"));
  sweep = quiet();
  for (int k = 0; k < 4; ++k) {
    voltage[100 + 15 * k] = 20;
    for (int i = 0; i < 3; ++i) current[100 + 15 * k + i] = 100.0 * i;
  }
  assert_true(warned(sweep, "3 spikes in the steps that another one blanks"));
  assert_true(warned(sweep, "the current changes with the spikes"));
  sweep = quiet();
  for (int k = 0; k < 4; ++k) voltage[100 + 20 * k] = 20;  // at the last step that is blanked
  assert_true(warned(sweep, "3 spikes in the steps that another one blanks, 2 ms after it"));
  // steps of several samples: what is blanked ends with a step, not with tref
  const rb_stepping coarse = {.to_ms = INFINITY, .dt_ms = 0.5, .tref_ms = 2};
  for (int late = 0; late < 2; ++late) {  // steps of 0.5 ms: 20 and 24, or 20 and 25
    sweep = quiet();
    voltage[101] = voltage[late ? 126 : 125] = 20;  // onsets are a sample before
    assert_int_equal(warned_in_steps(sweep, &coarse, "1 spike in the steps"), !late);
  }
  sweep = quiet();
  voltage[N - 15] = 20;
  assert_true(warned(sweep, "a spike in the last 2 ms"));
}

static void sweeps_are_chosen(void **state) {
  (void)state;
  rb_recording recording = {.sweeps = 6};
  recording.sweep = calloc(6, sizeof *recording.sweep);
  assert_non_null(recording.sweep);
  for (int s = 0; s < 6; ++s) {
    recording.sweep[s].voltage_mV = calloc(1, sizeof(double));
    recording.sweep[s].samples = s;
  }
  static const char *const wrong[] = {"6", "-1", "1-", "2-1", "a", "", "1,,2", "0,1,0", "1 2"};
  for (size_t k = 0; k < sizeof wrong / sizeof *wrong; ++k) {
    rb_recording one = {.sweeps = 6, .sweep = calloc(6, sizeof *one.sweep)};
    for (int s = 0; s < 6; ++s) one.sweep[s].voltage_mV = calloc(1, sizeof(double));
    assert_int_equal(rb_recording_select(&test_context, &one, wrong[k]), RB_ERR_USAGE);
    rb_error_clear(&test_context);
    rb_recording_free(&one);
  }
  assert_int_equal(rb_recording_select(&test_context, &recording, "5,0,2-3"), RB_OK);
  const int64_t kept[] = {5, 0, 2, 3};
  assert_int_equal(recording.sweeps, 4);
  for (int k = 0; k < 4; ++k) assert_int_equal(recording.sweep[k].samples, kept[k]);
  rb_recording_free(&recording);
}

/* Writes the same sweep so many times. @param path (64) the caller removes it and its folder */
static void write_sweeps(int sweeps, const rb_steps *steps, const rb_sweep *sweep, char *path) {
  const rb_treatment treatment = {.rule = rb_spike_rule_default};
  char folder[] = "/tmp/rb_recording.XXXXXX";
  rb_file *file = NULL;
  assert_non_null(mkdtemp(folder));
  (void)snprintf(path, 64, "%s/recording.h5", folder);
  assert_int_equal(
      rb_file_create(&test_context, path, RB_RECORDING_SCHEMA, RB_RECORDING_VERSION, &file), RB_OK);
  for (int s = 0; s < sweeps; ++s) {
    assert_int_equal(rb_recording_write_sweep(&test_context, file, s, sweep, steps, &treatment),
                     RB_OK);
  }
  assert_int_equal(rb_file_commit(&test_context, &file), RB_OK);
}

static void remove_file(char *path) {
  (void)unlink(path);
  *strrchr(path, '/') = '\0';
  (void)rmdir(path);
}

static void many_sweeps_are_written(void **state) {
  (void)state;
  enum { SWEEPS = 300 };
  const rb_spikes none = {0};
  char path[64];
  rb_file *file = NULL;
  rb_steps steps;
  fill(voltage, 10, -65);
  const rb_sweep sweep = sweep_of(10, 0.1);
  step(&sweep, &none, WHOLE, &steps);
  write_sweeps(SWEEPS, &steps, &sweep, path);
  assert_int_equal(
      rb_file_open_one(&test_context, path, RB_RECORDING_SCHEMA, RB_RECORDING_VERSION, &file),
      RB_OK);
  assert_true(rb_file_has(file, "sweeps/0299/spike_number"));
  rb_file_close(&file);
  rb_steps_free(&steps);
  remove_file(path);
}

static void a_sweep_is_an_observation(void **state) {
  (void)state;
  static const rb_column columns[] = {
      {.name = "voltage_mV", .other = "voltage", .unit = "mV"},
      {.name = "spike", .other = "spikes", .unit = "1", .binary = true}};
  const rb_sampling sampling = {
      .name = "time_ms", .unit = "ms", .step = 0.1, .length = 20, .remedy = ""};
  int64_t onset[] = {5}, crossing[] = {6}, length = 0;
  const rb_spikes spikes = {1, crossing, onset};
  char path[64];
  float *x = NULL;
  rb_steps steps;
  for (int i = 0; i < 20; ++i) voltage[i] = -65 + i;
  const rb_sweep sweep = sweep_of(20, 0.1);
  step(&sweep, &spikes, WHOLE, &steps);
  write_sweeps(1, &steps, &sweep, path);
  assert_int_equal(rb_observation_read(&test_context, path, 2, columns, &sampling, &length, &x),
                   RB_OK);
  assert_int_equal(length, 20);
  for (int i = 0; i < 20; ++i) {
    assert_near(x[i], -65 + i, 0);
    assert_near(x[20 + i], i == 5, 0);
  }
  free(x);
  remove_file(path);
  write_sweeps(2, &steps, &sweep, path);
  assert_int_equal(rb_observation_read(&test_context, path, 2, columns, &sampling, &length, &x),
                   RB_ERR_FORMAT);
  assert_non_null(strstr(test_context.error.message, "holds several sweeps where one is needed"));
  rb_error_clear(&test_context);
  rb_steps_free(&steps);
  remove_file(path);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(crossings_and_onsets),
                                          cmocka_unit_test(dead_time_and_rearming),
                                          cmocka_unit_test(resampling),
                                          cmocka_unit_test(windows_and_blanking),
                                          cmocka_unit_test(corrections),
                                          cmocka_unit_test(the_electrode),
                                          cmocka_unit_test(what_looks_wrong),
                                          cmocka_unit_test(sweeps_are_chosen),
                                          cmocka_unit_test(many_sweeps_are_written),
                                          cmocka_unit_test(a_sweep_is_an_observation)};
RB_TEST_MAIN(tests)
