/* The level above which a run without noise has an event, by the recordings of a data set. */
#include "../model/neuron_setup.h"
#include "rheobase/analysis/event_scores.h"
#include "rheobase/analysis/recording_prediction.h"

enum { STEPS = 10000, RECORDINGS = 2, TOTAL = STEPS * RECORDINGS, CHANNELS = 3 };  // of 2 s
enum { LEVELS = 32, FIRST = 1000 };

#define STUDY(channels)                                                   \
  "simulator = { T_ms = 2000.0; dt_ms = 0.2; tref_ms = 2.0; };"           \
  "stimulus = ({ type = \"ou\"; mean = 250.0; sd = 200.0; tau = 5.0; });" \
  "recording = { sample_ms = 0.2; channels = [" channels                  \
  ", \"current\"]; };"                                                    \
  "data_set = { recordings = [2, 2]; };"
static const char settings[] = STUDY("\"voltage\", \"spikes\"");
static const char unseen[] = STUDY("\"voltage\"");

static const double fires[14] = {100, 10, -65, -55, -47, 1.5, 60, 15, 15, 150, 8, 10, 1.5, 120};

static float x[CHANNELS * TOTAL];
static double response[STEPS], times[2][STEPS];
static uint8_t event[STEPS];

static double level_of(int k) { return exp(-6 + 0.25 * k); }

/* Mean coincidence factor of runs at a level with the recordings. */
static double coincidence(const rb_model *model, const double *theta, double level) {
  rb_recordings r = {0};
  double sum = 0;
  assert_all_ok(rb_predictor_recordings(model, &test_context, x, &r));
  assert_int_equal(r.count, RECORDINGS);
  for (int k = 0; k < RECORDINGS; ++k) {
    const rb_stimulated *given = &r.recording[k];
    const rb_train recorded = rb_train_of_events(STEPS, given->event, FIRST, 0.2, times[0]);
    assert_all_ok(
        rb_predictor_run(model, &test_context, given, 1, 0, 1, theta, &level, response, event));
    const rb_train run = rb_train_of_events(STEPS, event, FIRST, 0.2, times[1]);
    sum += rb_coincidence_factor(recorded, run, (STEPS - FIRST) * 0.2, 2) / RECORDINGS;
  }
  rb_recordings_free(&r);
  return sum;
}

/* Makes the recorded events those of runs at a level. @return how many */
static int record_runs(const rb_model *model, const double *theta, double level) {
  rb_recordings r = {0};
  float *events = x + neuron_state(model)->at[RB_NEURON_SPIKES] * TOTAL;
  int count = 0;
  assert_all_ok(rb_predictor_recordings(model, &test_context, x, &r));
  for (int k = 0; k < RECORDINGS; ++k) {
    assert_all_ok(rb_predictor_run(model, &test_context, &r.recording[k], 1, 0, 1, theta, &level,
                                   response, event));
    for (int n = 0; n < STEPS; ++n) {
      events[k * STEPS + n] = event[n];
      count += event[n];
    }
  }
  rb_recordings_free(&r);
  return count;
}

/* The level is the highest of those that coincide best, and follows what was recorded. */
static void coincides_best(void **state) {
  (void)state;
  rb_model model;
  double level = 0, before = 0;
  assert_neuron("gif", settings, &model);
  assert_all_ok(model.simulate(&model, &test_context, 5, RB_FOR_TESTS, 0, 1, fires, x));
  for (int recorded = 10; recorded < 30; recorded += 9) {
    assert_true(record_runs(&model, fires, level_of(recorded)) > 40);
    assert_all_ok(rb_prediction_level(&test_context, &model, x, 1, fires, &level));
    const double best = coincidence(&model, fires, level);
    assert_true(best > 0.95 && coincidence(&model, fires, level_of(recorded)) <= best);
    for (int k = 0; k < LEVELS; ++k) {
      const double other = coincidence(&model, fires, level_of(k));
      assert_true(level_of(k) > level ? other < best : other <= best);
    }
    assert_true(level > 3 * before);
    before = level;
  }
  model.destroy(&model);
}

/* Several draws have one level, which coincides best on average. */
static void of_all_draws(void **state) {
  (void)state;
  enum { DRAWS = 3 };
  rb_model model;
  double theta[DRAWS][14], mean[LEVELS] = {0}, level = 0, alone = 0;
  int best = 0;
  assert_neuron("gif", settings, &model);
  assert_all_ok(model.simulate(&model, &test_context, 5, RB_FOR_TESTS, 0, 1, fires, x));
  for (int i = 0; i < DRAWS; ++i) {
    memcpy(theta[i], fires, sizeof fires);
    theta[i][4] += 3 * i;  // the threshold: what is less hazardous needs a lower level
  }
  assert_all_ok(rb_prediction_level(&test_context, &model, x, DRAWS, theta[0], &level));
  for (int k = 0; k < LEVELS; ++k) {
    for (int i = 0; i < DRAWS; ++i) mean[k] += coincidence(&model, theta[i], level_of(k)) / DRAWS;
    if (mean[k] > mean[best]) best = k;
  }
  assert_near(level, level_of(best), 1e-12);
  assert_all_ok(rb_prediction_level(&test_context, &model, x, 1, theta[DRAWS - 1], &alone));
  assert_true(alone < level);
  model.destroy(&model);
}

/* A recording without events and a run without any coincide wholly: more than three of four events
 * of the other recording do. */
static void silent(void **state) {
  (void)state;
  rb_model model;
  double level = 0, reluctant[14];
  assert_neuron("gif", settings, &model);
  memcpy(reluctant, fires, sizeof fires);
  reluctant[4] += 40;  // the threshold: there are no events at the highest level
  assert_all_ok(model.simulate(&model, &test_context, 5, RB_FOR_TESTS, 0, 1, fires, x));
  assert_int_equal(record_runs(&model, reluctant, level_of(LEVELS - 1)), 0);
  assert_true(record_runs(&model, reluctant, level_of(2)) > 8);
  float *events = x + neuron_state(&model)->at[RB_NEURON_SPIKES] * TOTAL;
  for (int n = 0, seen = 0; n < STEPS; ++n) {
    if (events[n] != 0 && seen++ % 4 == 0) events[n] = 0;
  }
  assert_all_ok(rb_prediction_level(&test_context, &model, x, 1, reluctant, &level));
  assert_true(level < level_of(LEVELS / 2));
  memset(events + STEPS, 0, STEPS * sizeof *events);
  assert_all_ok(rb_prediction_level(&test_context, &model, x, 1, reluctant, &level));
  assert_near(level, level_of(LEVELS - 1), 1e-12);
  model.destroy(&model);
}

/* Events that are not recorded tell no level, and those that are not drawn need none. */
static void without_a_level(void **state) {
  (void)state;
  rb_model model;
  double level = 0, theta[RB_MAX_PARAMETERS];
  assert_neuron("gif", unseen, &model);
  assert_all_ok(rb_prediction_level(&test_context, &model, x, 1, fires, &level));
  assert_true(isnan(level));
  model.destroy(&model);
  assert_neuron("adex", settings, &model);
  assert_all_ok(model.draw_prior(&model, &test_context, 3, RB_FOR_TESTS, 0, 1, theta, NULL));
  assert_all_ok(rb_prediction_level(&test_context, &model, x, 1, theta, &level));
  assert_near(level, 0, 0);
  model.destroy(&model);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(coincides_best),
                                          cmocka_unit_test(of_all_draws), cmocka_unit_test(silent),
                                          cmocka_unit_test(without_a_level)};
RB_TEST_MAIN(tests)
