/* The run without noise that stands for those with it. */
#include "../model/neuron_setup.h"
#include "analysis/noiseless_run.h"
#include "rheobase/random/distributions.h"

enum { STEPS = 20000, MANY = 96, BATCH = 32 };  // 4 s

static double stimulus[STEPS], start[STEPS], time_of[2][STEPS];
static uint8_t recorded[STEPS];
static const rb_stimulated given = {STEPS, stimulus, start, recorded};

/* A current that fires the neuron about 25 times a second. */
static void fill(double begin) {
  rb_stream_normals(rb_stream_make(9, RB_FOR_TESTS, RB_RANDOM_NULLS, 0, 0), 0, STEPS, stimulus);
  double y = 0;
  for (int n = 0; n < STEPS; ++n) {
    y = 0.95 * y + 0.3 * stimulus[n];
    stimulus[n] = 230 + 180 * y;
    start[n] = begin;
    recorded[n] = 0;
  }
}

static const char settings[] =
    "simulator = { T_ms = 4000.0; dt_ms = 0.2; tref_ms = 2.0; };"
    "stimulus = ({ type = \"constant\"; amplitude = 0; });"
    "recording = { sample_ms = 0.2; };";

static rb_noiseless noiseless(const rb_model *model) {
  rb_noiseless n = {.model = model,
                    .given = &given,
                    .seed = 5,
                    .number = 3,
                    .first = 1000,
                    .precision = 2,
                    .response = calloc(RB_NOISELESS_ROWS * STEPS, sizeof(double)),
                    .event = calloc(RB_NOISELESS_ROWS * STEPS, 1),
                    .time = calloc(STEPS, sizeof(double))};
  assert_non_null(n.response);
  assert_non_null(n.event);
  assert_non_null(n.time);
  return n;
}

static void release(rb_noiseless *n) {
  free(n->response);
  free(n->event);
  free(n->time);
}

/* Mean coincidence factor of a train with MANY runs that draw, other ones than those it was made
 * of. */
static double stands_for(const rb_noiseless *n, const double *theta, const uint8_t *event) {
  const int D = n->model->dim;
  double rows[BATCH][RB_MAX_PARAMETERS], sum = 0;
  const rb_train own = rb_train_of_events(STEPS, event, n->first, 0.2, time_of[0]);
  for (int l = 0; l < BATCH; ++l) memcpy(&rows[0][0] + l * D, theta, (size_t)D * sizeof *theta);
  for (int r = 0; r < MANY; r += BATCH) {
    assert_all_ok(rb_predictor_run(n->model, &test_context, &given, 6, r, BATCH, &rows[0][0], NULL,
                                   n->response, n->event));
    for (int l = 0; l < BATCH; ++l) {
      const rb_train run =
          rb_train_of_events(STEPS, n->event + l * STEPS, n->first, 0.2, time_of[1]);
      sum += rb_coincidence_factor(run, own, (STEPS - 1000) * 0.2, 2);
    }
  }
  return sum / MANY;
}

/* No other level is better by more than the runs' spread, and levels with fewer or
 * more events are worse. What was recorded changes nothing. */
static void coincides_best(void **state) {
  (void)state;
  rb_model model;
  assert_neuron("gif", settings, &model);
  const double theta[14] = {100, 10, -65, -55, -47, 1.5, 60, 15, 15, 150, 8, 10, 1.5, 120};
  static uint8_t chosen[STEPS], other[STEPS];
  fill(-65);
  rb_noiseless n = noiseless(&model);
  assert_all_ok(rb_noiseless_run(&test_context, &n, 1, theta, chosen));
  const double best = stands_for(&n, theta, chosen);
  int events = 0, fewer = 0, more = 0;
  for (int k = 0; k < STEPS; ++k) events += chosen[k];
  assert_true(events > 20 && best > 0.3);
  for (int l = 0; l < 20; ++l) {
    const double level = exp(-6 + 0.4 * l);
    int count = 0;
    assert_all_ok(
        rb_predictor_run(&model, &test_context, &given, 1, 0, 1, theta, &level, n.response, other));
    for (int k = 0; k < STEPS; ++k) count += other[k];
    const double gamma = stands_for(&n, theta, other);
    assert_true(gamma < best + 0.02);
    fewer += count < 0.9 * events && gamma < best - 0.05;
    more += count > 1.3 * events && gamma < best - 0.2;
  }
  assert_true(fewer > 0 && more > 0);
  for (int k = 0; k < STEPS; k += 500) recorded[k] = 1;
  assert_all_ok(rb_noiseless_run(&test_context, &n, 1, theta, other));
  assert_memory_equal(chosen, other, STEPS);
  release(&n);
  model.destroy(&model);
}

/* Of several parameters each has the run it has alone. */
static void together_or_alone(void **state) {
  (void)state;
  enum { COUNT = 3 };
  static const char *const neurons[] = {"gif", "adex"};
  static uint8_t all[COUNT][STEPS], alone[STEPS];
  for (int k = 0; k < 2; ++k) {
    rb_model model;
    assert_neuron(neurons[k], settings, &model);
    const int D = model.dim;
    double theta[COUNT * RB_MAX_PARAMETERS];
    assert_all_ok(model.draw_prior(&model, &test_context, 3, RB_FOR_TESTS, 0, COUNT, theta, NULL));
    fill(-65);
    rb_noiseless n = noiseless(&model);
    assert_all_ok(rb_noiseless_run(&test_context, &n, COUNT, theta, &all[0][0]));
    for (int i = 0; i < COUNT; ++i, ++n.number) {
      assert_all_ok(rb_noiseless_run(&test_context, &n, 1, theta + (size_t)(i * D), alone));
      assert_memory_equal(all[i], alone, STEPS);
    }
    assert_non_null(memchr(all, 1, sizeof all));
    release(&n);
    model.destroy(&model);
  }
}

/* Where events are not drawn it is the run without noise of the current. */
static void one_of_a_threshold(void **state) {
  (void)state;
  rb_model model;
  assert_neuron("adex", settings, &model);
  double theta[RB_MAX_PARAMETERS];
  static uint8_t chosen[STEPS], other[STEPS];
  const double level = 0;
  assert_all_ok(model.draw_prior(&model, &test_context, 3, RB_FOR_TESTS, 0, 1, theta, NULL));
  fill(-65);
  rb_noiseless n = noiseless(&model);
  assert_all_ok(rb_noiseless_run(&test_context, &n, 1, theta, chosen));
  assert_all_ok(
      rb_predictor_run(&model, &test_context, &given, 1, 0, 1, theta, &level, n.response, other));
  assert_memory_equal(chosen, other, STEPS);
  assert_non_null(memchr(chosen, 1, STEPS));
  release(&n);
  model.destroy(&model);
}

/* Where hardly any run that draws has an event, nor has this. */
static void silent(void **state) {
  (void)state;
  rb_model model;
  assert_neuron("gif", settings, &model);
  const double theta[14] = {100, 10, -65, -55, -18, 1.5, 60, 15, 15, 150, 8, 10, 1.5, 120};
  static uint8_t chosen[STEPS];
  fill(-65);
  for (int k = 0; k < STEPS; ++k) stimulus[k] -= 100;
  rb_noiseless n = noiseless(&model);
  assert_all_ok(rb_noiseless_run(&test_context, &n, 1, theta, chosen));
  assert_non_null(memchr(n.event, 1, STEPS));  // at the lowest level
  assert_null(memchr(chosen, 1, STEPS));
  release(&n);
  model.destroy(&model);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(coincides_best), cmocka_unit_test(silent), cmocka_unit_test(together_or_alone),
    cmocka_unit_test(one_of_a_threshold)};
RB_TEST_MAIN(tests)
