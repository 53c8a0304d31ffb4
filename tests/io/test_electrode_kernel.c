/* The response of an electrode, from a simulated cell behind one. */
#include <math.h>

#include "rb_test.h"
#include "rheobase/io/electrode_kernel.h"

enum { SAMPLES = 60000, LAGS = 50 };
static const double STEP = 0.1, TAU = 20, RESISTANCE = 120;

static double potential[SAMPLES], current[SAMPLES], membrane[SAMPLES];

/* Of the current k samples ago, in MOhm: a peak that is too low, as an amplifier makes it, and a
 * tail. */
static double response(int k) { return k == 0 ? 0 : k == 1 ? -4 : 3 * exp(-0.2 * (k - 2)); }

/* Uniform in [-1, 1]. */
static double noise(void) {
  static uint32_t random = 1;
  random = random * 1664525U + 1013904223U;
  return (double)random / 2147483648.0 - 1;
}

/* A current of 40 pA that changes within 3 ms, a cell, its electrode and noise of 0.05 mV. */
static void simulate(void) {
  const double keep = exp(-STEP / TAU);
  double I = 0, V = 0;
  for (int n = 0; n < SAMPLES; ++n) {
    I = 0.967 * I + 17.7 * noise();
    current[n] = 7 + I;
    membrane[n] = -60 + V;  // the current of a sample moves the next one
    V = keep * V + 1e-3 * (1 - keep) * RESISTANCE * current[n];
    potential[n] = membrane[n] + 0.09 * noise();
    for (int k = 0; k < LAGS; ++k) potential[n] += 1e-3 * response(k) * current[n > k ? n - k : 0];
  }
}

static rb_recorded_sweep recorded(void) {
  return (rb_recorded_sweep){
      .number = 3,
      .native_interval_ms = STEP,
      .steps = {.dt_ms = STEP, .steps = SAMPLES, .voltage_mV = potential, .current_pA = current}};
}

static void correction_is_refused(rb_sweep *sweep, const rb_correction *c, const char *words) {
  assert_int_equal(rb_sweep_correct(&test_context, sweep, c), RB_ERR_USAGE);
  assert_non_null(strstr(test_context.error.message, words));
  rb_error_clear(&test_context);
}

static void what_it_was_made_of(void **state) {
  (void)state;
  simulate();
  rb_recorded_sweep sweep[2] = {recorded(), recorded()};
  sweep[0].steps.steps = SAMPLES / 2;  // two parts
  sweep[1].steps.steps -= SAMPLES / 2;
  sweep[1].steps.voltage_mV += SAMPLES / 2;
  sweep[1].steps.current_pA += SAMPLES / 2;
  sweep[0].delay_ms = sweep[1].delay_ms = 0.3;
  const rb_recorded recording = {2, sweep};
  rb_electrode_kernel kernel;
  assert_all_ok(rb_electrode_kernel_estimate(&test_context, "elec.h5", &recording, &kernel));
  assert_int_equal(kernel.lags, LAGS);
  assert_near(kernel.delay_ms, 0.3, 0);
  kernel.delay_ms = 0;
  double sum = 0;
  for (int k = 0; k < LAGS; ++k) {
    assert_near(kernel.lag_MOhm[k], response(k), 0.15);
    sum += response(k);
  }
  assert_near(kernel.resistance_MOhm, sum, 0.5);
  assert_near(kernel.cell_MOhm, RESISTANCE, 2);
  assert_near(kernel.cell_tau_ms, TAU, 0.5);
  assert_true(kernel.r_squared > 0.98);

  static double trace[SAMPLES];
  memcpy(trace, potential, sizeof trace);
  rb_sweep corrected = {.source = "cell",
                        .name = "one",
                        .interval_ms = STEP,
                        .samples = SAMPLES,
                        .voltage_mV = trace,
                        .current_pA = current};
  const rb_correction c = {.electrode = &kernel};
  assert_near(rb_correction_resistance(&c), kernel.resistance_MOhm, 0);
  assert_all_ok(rb_sweep_correct(&test_context, &corrected, &c));
  double before = 0, after = 0;
  for (int n = 0; n < SAMPLES; ++n) {
    before += pow(potential[n] - membrane[n], 2) / SAMPLES;
    after += pow(trace[n] - membrane[n], 2) / SAMPLES;
  }
  assert_true(sqrt(before) > 0.4 && sqrt(after) < 0.06);
  kernel.delay_ms = 2 * STEP;
  correction_is_refused(&corrected, &c, "by 0 ms and in the recording of --electrode by 0.2 ms");
  kernel.delay_ms = 0;
  corrected.interval_ms = 2 * STEP;
  correction_is_refused(&corrected, &c, "they have to be sampled alike");
  corrected.bridge_balance_MOhm = 12;  // then nothing is taken off
  assert_all_ok(rb_sweep_correct(&test_context, &corrected, &c));
  free(corrected.warnings);
  rb_electrode_kernel_free(&kernel);
}

static void all_refused(int64_t sweeps, rb_recorded_sweep *sweep, const char *words) {
  const rb_recorded recording = {sweeps, sweep};
  rb_electrode_kernel kernel;
  assert_int_equal(rb_electrode_kernel_estimate(&test_context, "elec.h5", &recording, &kernel),
                   RB_ERR_NUMERIC);
  assert_non_null(strstr(test_context.error.message, words));
  rb_error_clear(&test_context);
  rb_electrode_kernel_free(&kernel);
}

static void refused(rb_recorded_sweep sweep, const char *words) { all_refused(1, &sweep, words); }

static void what_tells_nothing(void **state) {
  (void)state;
  static double other[SAMPLES];
  simulate();
  rb_recorded_sweep sweep = recorded();
  sweep.steps.spikes = 1;
  refused(sweep, "elec.h5: sweep 3 has spikes");
  sweep = recorded();
  sweep.series_resistance_MOhm = 10;
  refused(sweep, "has series resistance taken off already");
  sweep = recorded();
  sweep.bridge_balance_MOhm = 12;
  refused(sweep, "sweep 3 was recorded with the bridge balanced");
  sweep = recorded();
  sweep.native_interval_ms = STEP / 2;
  refused(sweep, "has steps that are not its samples: import it without --dt");
  rb_recorded_sweep both[2] = {recorded(), recorded()};
  both[1].delay_ms = STEP;
  all_refused(2, both, "has its current shifted by another delay than the first");
  sweep = recorded();
  sweep.steps.steps = 11999;
  refused(sweep, "is shorter than 1200 ms");
  sweep = recorded();
  sweep.steps.current_pA = other;  // 0
  refused(sweep, "does not tell one lag from another");
  for (int n = 0; n < SAMPLES; ++n) other[n] = 10 * noise();
  refused(sweep, "no electrode with a passive cell");
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(what_it_was_made_of),
                                          cmocka_unit_test(what_tells_nothing)};
RB_TEST_MAIN(tests)
