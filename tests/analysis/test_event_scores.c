/* Scores of predicted trains against those that tests/data/make_event_scores.py computed from the
 * definitions, and where they are known without computing. */
#include "rb_test.h"
#include "rheobase/analysis/event_scores.h"
#include "rheobase/io/hdf5_file.h"

enum { TRAINS = 8, REPEATS = 3, PATH = 1024 };
static rb_file *file;

static int open_data(void **state) {
  char path[PATH];
  (void)state;
  (void)snprintf(path, sizeof path, "%s/event_scores.h5", getenv("RB_TEST_DATA"));
  return rb_file_open_foreign(&test_context, path, &file) != RB_OK;
}

static int close_data(void **state) {
  (void)state;
  rb_file_close(&file);
  return 0;
}

static double *read_doubles(const char *name, int rank, int64_t *count) {
  int64_t shape[2] = {0, 1};
  void *data = NULL;
  assert_all_ok(rb_file_read_new(&test_context, file, name, RB_F64, false, rank, shape, &data));
  *count = shape[0] * shape[1];
  return data;
}

static uint8_t *read_bytes(const char *name) {
  int64_t count = 0;
  void *data = NULL;
  assert_all_ok(rb_file_read_new(&test_context, file, name, RB_U8, false, 1, &count, &data));
  return data;
}

static double attribute(const char *name) {
  double value = NAN;
  assert_all_ok(rb_file_get_double(&test_context, file, "", name, &value));
  return value;
}

/* @param train (TRAINS) @return what they point into */
static double *read_trains(rb_train *train) {
  int64_t count = 0, at = 0;
  double *time = read_doubles("time", 1, &count), *length = read_doubles("length", 1, &count);
  assert_int_equal(count, TRAINS);
  for (int k = 0; k < TRAINS; ++k) {
    train[k] = (rb_train){(int64_t)length[k], time + at};
    at += train[k].count;
  }
  free(length);
  return time;
}

static void coincidences_and_gamma(void **state) {
  (void)state;
  rb_train train[TRAINS];
  int64_t count = 0, undefined = 0;
  double *time = read_trains(train), *found = read_doubles("coincidences", 2, &count);
  double *gamma = read_doubles("gamma", 2, &count),
         *reliability = read_doubles("reliability", 0, &count);
  const double duration = attribute("duration");
  for (int i = 0; i < TRAINS; ++i) {
    for (int j = 0; j < TRAINS; ++j) {
      const double due = gamma[i * TRAINS + j];
      const double is = rb_coincidence_factor(train[i], train[j], duration, 2);
      assert_int_equal(rb_coincidences(train[i], train[j], 2), (int64_t)found[i * TRAINS + j]);
      undefined += isnan(due);
      assert_true(isnan(due) == isnan(is));
      if (!isnan(due)) assert_near(is, due, 1e-13);
    }
  }
  assert_int_equal(undefined, TRAINS + 1);  // of the fast train as a model; of nothing by nothing
  assert_near(rb_reliability(REPEATS, train, duration, 2), *reliability, 1e-13);
  free(time);
  free(found);
  free(gamma);
  free(reliability);
}

static void md_star(void **state) {
  (void)state;
  rb_train train[TRAINS];
  int64_t count = 0;
  double *time = read_trains(train), *due = read_doubles("md_star", 1, &count);
  assert_near(rb_md_star(REPEATS, train, TRAINS - REPEATS, train + REPEATS, 4), due[0], 1e-13);
  assert_near(rb_md_star(REPEATS, train, 1, train + REPEATS, 4), due[1], 1e-13);
  assert_true(isnan(rb_md_star(1, train, 1, train, 4)));
  free(time);
  free(due);
}

static void response_and_bits(void **state) {
  (void)state;
  rb_train train[TRAINS];
  int64_t steps = 0, count = 0;
  double *time = read_trains(train), *recorded = read_doubles("recorded", 1, &steps);
  double *predicted = read_doubles("predicted", 1, &steps),
         *expected = read_doubles("expected", 1, &steps);
  double *fit = read_doubles("fit", 1, &count), *bits = read_doubles("bits", 1, &count);
  uint8_t *event = read_bytes("event"), *mask = read_bytes("mask");
  const int64_t first = (int64_t)attribute("first");
  const rb_response_window window = {attribute("dt"), 5, 10, first};
  const rb_response_fit is = rb_response_compare(&window, steps, recorded, predicted, train[0]);
  assert_near(is.rmse, fit[0], 1e-12);
  assert_near(is.explained, fit[1], 1e-12);
  assert_near(rb_bits_per_event(steps, expected, event, mask, first), bits[0], 1e-11);
  memset(mask, 0, (size_t)steps);
  assert_near(rb_bits_per_event(steps, expected, event, mask, 0), bits[1], 1e-11);
  free(time);
  free(recorded);
  free(predicted);
  free(expected);
  free(fit);
  free(bits);
  free(event);
  free(mask);
}

/* Where a score is known: the train itself, nothing, a flat expectation, one that knows all. */
static void known(void **state) {
  (void)state;
  enum { STEPS = 100 };
  const double times[] = {3, 50, 51, 98}, none[] = {0};
  const rb_train train = {4, times}, empty = {0, none};
  assert_near(rb_coincidence_factor(train, train, 100, 0.5), 1, 1e-15);
  assert_near(rb_coincidence_factor(train, empty, 100, 0.5), 0, 0);
  assert_true(isnan(rb_coincidence_factor(empty, empty, 100, 0.5)));
  assert_true(isnan(rb_coincidence_factor(train, train, 16, 2)));  // a rate of 1 / (2 precision)
  assert_near(rb_reliability(2, (const rb_train[]){train, train}, 100, 0.5), 1, 1e-15);
  assert_true(isnan(rb_reliability(1, &train, 100, 0.5)));
  double expected[STEPS];
  uint8_t event[STEPS] = {0}, mask[STEPS] = {0};
  for (int k = 0; k < 4; ++k) event[(int)times[k]] = 1;
  for (int n = 0; n < STEPS; ++n) expected[n] = -log1p(-4.0 / STEPS);
  assert_near(rb_bits_per_event(STEPS, expected, event, mask, 0), 0, 1e-12);
  for (int n = 0; n < STEPS; ++n) expected[n] = event[n] ? 40 : 0;
  const double entropy = -(0.04 * log2(0.04) + 0.96 * log2(0.96)) * STEPS / 4;
  assert_near(rb_bits_per_event(STEPS, expected, event, mask, 0), entropy, 1e-9);
  mask[50] = mask[51] = 1;  // the event at 51 lies inside
  expected[51] = 0;
  assert_true(rb_bits_per_event(STEPS, expected, event, mask, 0) > 4);
  assert_true(isnan(rb_bits_per_event(30, expected, event + 60, mask + 60, 0)));
  const rb_response_window all = {1, 1000, 1000, 0};
  assert_true(isnan(rb_response_compare(&all, STEPS, expected, expected, train).rmse));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(coincidences_and_gamma), cmocka_unit_test(md_star),
    cmocka_unit_test(response_and_bits), cmocka_unit_test(known)};
RB_TEST_MAIN_WITH(tests, open_data, close_data)
