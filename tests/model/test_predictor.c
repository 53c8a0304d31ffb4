/* What models predict of recordings: runs against the simulator's own loop, probabilities of events
 * against Monte Carlo and against the likelihood. */
#include "model/lif/lif.h"
#include "neuron_setup.h"
#include "rheobase/model/predictor.h"
#include "rheobase/random/distributions.h"

enum { STEPS = 600, RUNS = 8000 };

static double stimulus[STEPS], response[STEPS];
static uint8_t event[STEPS];
static const rb_stimulated given = {STEPS, stimulus, response, event};

/* A current that wanders around a mean, and a beginning; no events. */
static void fill(double mean, double sd, double start) {
  rb_stream_normals(rb_stream_make(9, RB_FOR_TESTS, RB_RANDOM_NULLS, 0, 0), 0, STEPS, stimulus);
  double y = 0;
  for (int n = 0; n < STEPS; ++n) {
    y = 0.95 * y + 0.3 * stimulus[n];
    stimulus[n] = mean + sd * y;
    response[n] = start;
    event[n] = 0;
  }
}

static const double theta[RB_LIF_DIM] = {
    [RB_LIF_V_TH] = -50,    [RB_LIF_TAU_M] = 10,   [RB_LIF_G_L] = 10,
    [RB_LIF_V_RESET] = -62, [RB_LIF_V_INIT] = -62, [RB_LIF_E_L] = -65};

static void make_lif(double sd, rb_model *model) {
  rb_lif_settings settings = rb_lif_defaults();
  settings.I_std_pA = sd;
  settings.exact_spike_index = true;
  assert_all_ok(rb_lif_model(&test_context, &settings, model));
}

/* The share of runs without an event so far, and what the filter says of it: the whole course
 * within 4.5 standard errors. */
static void passage_against_monte_carlo(void **state) {
  (void)state;
  const double noise[] = {30, 150, 600};
  for (int k = 0; k < 3; ++k) {
    rb_model model;
    make_lif(noise[k], &model);
    fill(150, 60, -62);
    double *v = calloc(STEPS, sizeof *v), *expected = calloc(STEPS, sizeof *expected);
    uint8_t *spikes = calloc(STEPS, 1);
    int first[STEPS] = {0};
    assert_all_ok(rb_predictor_follow(&model, &test_context, &given, 1, theta, v, expected));
    for (int r = 0; r < RUNS; ++r) {
      assert_all_ok(
          rb_predictor_run(&model, &test_context, &given, 7, r, 1, theta, NULL, v, spikes));
      int n = 0;
      while (n < STEPS - 1 && !spikes[n]) ++n;
      if (spikes[n]) ++first[n];
    }
    double sum = 0, left = RUNS, furthest = 0;
    for (int n = 0; n < STEPS - 1; ++n) {  // the simulator does not test its last sample
      sum += expected[n];
      left -= first[n];
      const double p = exp(-sum), se = sqrt(p * (1 - p) / RUNS) + 1e-3 / RUNS;
      if (p > 5.0 / RUNS && p < 1 - 5.0 / RUNS) {
        furthest = fmax(furthest, fabs(left / RUNS - p) / se);
      }
    }
    assert_true(left < 0.8 * RUNS);  // or nothing was compared
    assert_near(furthest, 0, 4.5);
    free(v);
    free(expected);
    free(spikes);
    model.destroy(&model);
  }
}

/* After a recorded event v is held and begins again, and a course between two events is that of a
 * recording that begins there. */
static void passage_begins_again(void **state) {
  (void)state;
  enum { AT = 200, HELD = 10 };
  rb_model model;
  make_lif(80, &model);
  fill(150, 60, -62);
  double v[2][STEPS], expected[2][STEPS];
  event[AT] = 1;
  assert_all_ok(rb_predictor_follow(&model, &test_context, &given, 1, theta, v[0], expected[0]));
  for (int n = AT; n <= AT + HELD; ++n) assert_near(v[0][n], -62, 0);
  for (int n = AT + 1; n <= AT + HELD; ++n) assert_near(expected[0][n], 0, 0);
  const rb_stimulated rest = {STEPS - AT - HELD, stimulus + AT + HELD, response, event + AT + HELD};
  assert_all_ok(rb_predictor_follow(&model, &test_context, &rest, 1, theta, v[1], expected[1]));
  for (int n = 1; n < rest.length; ++n) {
    assert_near(v[0][AT + HELD + n], v[1][n], 1e-12);
    assert_near(expected[0][AT + HELD + n], expected[1][n], 1e-12);
  }
  model.destroy(&model);
  make_lif(0, &model);  // without noise it is certain where an event is
  event[AT] = 0;
  assert_all_ok(rb_predictor_run(&model, &test_context, &given, 7, 0, 1, theta, NULL, v[0], event));
  assert_all_ok(rb_predictor_follow(&model, &test_context, &given, 1, theta, v[1], expected[0]));
  int events = 0;
  for (int n = 1; n < STEPS - 1; ++n) {
    assert_near(expected[0][n], event[n] ? RB_PREDICTOR_SURE : 0, 0);
    assert_near(v[0][n], v[1][n], 1e-9);
    events += event[n];
  }
  assert_true(events > 1);
  model.destroy(&model);
}

static const char gif[] =
    "simulator = { T_ms = 60.0; dt_ms = 0.1; tref_ms = 2.0; };"
    "stimulus = ({ type = \"constant\"; amplitude = 0; });"
    "recording = { sample_ms = 0.1; channels = [\"voltage\", \"spikes\"]; };";

static const char gif_rarely[] =
    "simulator = { T_ms = 60.0; dt_ms = 0.1; tref_ms = 2.0; };"
    "stimulus = ({ type = \"constant\"; amplitude = 0; });"
    "recording = { sample_ms = 1.0; channels = [\"voltage\", \"spikes\"]; };";

/* Expected events give the likelihood of the events, and runs are as probable as they are often. */
static void events_that_are_drawn(void **state) {
  (void)state;
  rb_model model;
  assert_neuron("gif", gif, &model);
  const rb_neuron_state *s = neuron_state(&model);
  assert_int_equal(s->length, STEPS);
  double row[RB_MAX_PARAMETERS], v[STEPS], expected[STEPS], log_likelihood = 0, sum = 0;
  for (int item = 0; item < 5; ++item) {
    assert_all_ok(model.draw_prior(&model, &test_context, 3, RB_FOR_TESTS, item, 1, row, NULL));
    fill(400, 300, row[2]);
    response[0] = row[2];
    assert_all_ok(rb_predictor_run(&model, &test_context, &given, 7, item, 1, row, NULL, v, event));
    const rb_neuron_recording recording = {.spikes = event, .current = stimulus};
    assert_all_ok(rb_neuron_weigh(&model, &test_context, &recording, 1, row, &log_likelihood));
    assert_all_ok(rb_predictor_follow(&model, &test_context, &given, 1, row, v, expected));
    sum = 0;
    for (int n = 1; n < STEPS; ++n) sum += event[n] ? log(-expm1(-expected[n])) : -expected[n];
    assert_near(sum, log_likelihood, 1e-8 * (1 + fabs(log_likelihood)));
  }
  model.destroy(&model);
}

/* A run without noise has an event wherever its hazard is above a level, however rarely the
 * recording is sampled. */
static void events_above_a_level(void **state) {
  (void)state;
  enum { EVERY = 10 };
  rb_model model, rarely;
  assert_neuron("gif", gif, &model);
  assert_neuron("gif", gif_rarely, &rarely);
  double row[RB_MAX_PARAMETERS], v[STEPS], expected[STEPS];
  uint8_t coarse[STEPS / EVERY];
  double kept[STEPS / EVERY];
  int events = 0;
  for (int item = 0; item < 5; ++item) {
    const double level = 0.1 * (item + 1);
    assert_all_ok(model.draw_prior(&model, &test_context, 3, RB_FOR_TESTS, item, 1, row, NULL));
    fill(500, 300, row[2]);
    for (int n = 0; n < STEPS; ++n) stimulus[n] = stimulus[n - n % EVERY];
    for (int k = 0; k < STEPS / EVERY; ++k) kept[k] = stimulus[k * EVERY];
    assert_all_ok(rb_predictor_run(&model, &test_context, &given, 7, 0, 1, row, &level, v, event));
    assert_all_ok(rb_predictor_follow(&model, &test_context, &given, 1, row, v, expected));
    for (int n = 1; n < STEPS; ++n) {
      assert_int_equal(event[n], expected[n] > 0.1 * level);
      events += event[n];
    }
    const rb_stimulated rare = {STEPS / EVERY, kept, response, coarse};
    assert_all_ok(rb_predictor_run(&rarely, &test_context, &rare, 7, 0, 1, row, &level, v, coarse));
    for (int k = 0; k < STEPS / EVERY - 1; ++k) {
      assert_int_equal(coarse[k], memchr(event + k * EVERY, 1, EVERY) != NULL);
    }
  }
  assert_true(events > 5);
  rarely.destroy(&rarely);
  model.destroy(&model);
}

enum { SAMPLES = 300, MOST = 3 };

static const char several[] =
    "simulator = { T_ms = 60.0; dt_ms = 0.2; tref_ms = 2.0; v0_mV = [-70.0, -50.0]; };"
    "stimulus = ({ type = \"ou\"; mean = 500.0; sd = 300.0; tau = 5.0; });"
    "recording = { sample_ms = 0.2; noise_mV = 0.0;"
    "  channels = [\"voltage\", \"spikes\", \"current\", \"mask\"]; };"
    "data_set = { recordings = [1, 3]; };";

/* Followed with its own events, each recording of a simulated data set is what was simulated. */
static void recordings_of_a_data_set(void **state) {
  (void)state;
  rb_model model;
  assert_neuron("gif", several, &model);
  const rb_neuron_state *s = neuron_state(&model);
  static float x[4 * MOST * SAMPLES];
  double row[RB_MAX_PARAMETERS], v[SAMPLES], expected[SAMPLES];
  int seen[MOST + 1] = {0}, events = 0;
  for (int item = 0; item < 12; ++item) {
    rb_recordings r = {0};
    assert_all_ok(model.draw_prior(&model, &test_context, 3, RB_FOR_TESTS, item, 1, row, NULL));
    assert_all_ok(model.simulate(&model, &test_context, 3, RB_FOR_TESTS, item, 1, row, x));
    assert_all_ok(rb_predictor_recordings(&model, &test_context, x, &r));
    ++seen[r.count];
    for (int64_t k = 0; k < r.count; ++k) {
      const float *voltage = x + (s->at[RB_NEURON_VOLTAGE] * MOST + k) * SAMPLES;
      const float *spikes = x + (s->at[RB_NEURON_SPIKES] * MOST + k) * SAMPLES;
      const float *mask = x + (s->at[RB_NEURON_MASK] * MOST + k) * SAMPLES;
      assert_int_equal(r.recording[k].length, SAMPLES);
      assert_all_ok(
          rb_predictor_follow(&model, &test_context, &r.recording[k], 1, row, v, expected));
      for (int n = 0; n < SAMPLES; ++n) {
        assert_int_equal(r.recording[k].event[n], spikes[n]);
        if (mask[n] == 0) assert_near(v[n], voltage[n], 1e-4);
        events += r.recording[k].event[n];
      }
    }
    rb_recordings_free(&r);
  }
  assert_true(seen[1] > 0 && seen[2] > 0 && seen[3] > 0 && events > 20);
  model.destroy(&model);
}

#define SPIKES_OR(channels)                                                            \
  "simulator = { T_ms = 60.0; dt_ms = 0.2; tref_ms = 2.0; };"                          \
  "stimulus = ({ type = \"step\"; onset = 20.4; offset = 60.0; amplitude = 200.0; });" \
  "recording = { sample_ms = 1.0; channels = [\"" channels "\"]; };"

/* A current that is no channel is the model's own, averaged over samples; a beginning that is not
 * seen is the neuron's rest. Without events there are no recordings. */
static void recordings_of_events_alone(void **state) {
  (void)state;
  enum { RARE = 60 };
  rb_model model;
  rb_recordings r = {0};
  float x[RARE] = {0};
  x[31] = 2;
  assert_neuron("gif", SPIKES_OR("spike_count"), &model);
  assert_all_ok(rb_predictor_recordings(&model, &test_context, x, &r));
  assert_int_equal(r.count, 1);
  assert_int_equal(r.recording[0].length, RARE);
  assert_true(isnan(r.recording[0].response[0]));
  for (int n = 0; n < RARE; ++n) {
    assert_int_equal(r.recording[0].event[n], n == 31);
    assert_near(r.recording[0].stimulus[n], n < 20 ? 0 : n == 20 ? 120 : 200, 1e-9);
  }
  rb_recordings_free(&r);
  model.destroy(&model);
  assert_neuron("gif", SPIKES_OR("voltage"), &model);
  assert_all_ok(rb_predictor_recordings(&model, &test_context, x, &r));
  assert_int_equal(r.count, 0);
  rb_recordings_free(&r);
  model.destroy(&model);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(passage_against_monte_carlo), cmocka_unit_test(passage_begins_again),
    cmocka_unit_test(events_that_are_drawn),       cmocka_unit_test(events_above_a_level),
    cmocka_unit_test(recordings_of_a_data_set),    cmocka_unit_test(recordings_of_events_alone)};
RB_TEST_MAIN(tests)
