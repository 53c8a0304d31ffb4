#include "neuron_setup.h"
#include "rheobase/random/distributions.h"

/* Likelihoods of data sets of several recordings under currents of their own, against sums over
 * steps and over a fine grid of initial voltages. */

enum { K = 3, GRID = 4001, PARAMETERS = 14 };
enum {
  C,
  G_L,
  E_L,
  V_R,
  V_T,
  D_V,
  ETA1,
  TAU_ETA1,
  ETA2,
  TAU_ETA2,
  GAMMA1,
  TAU_GAMMA1,
  GAMMA2,
  TAU_GAMMA2
};
static const double dt = 0.2, sd = 0.4;

#define STUDY(v0)                                                                     \
  "simulator = { T_ms = 60.0; dt_ms = 0.2; tref_ms = 1.0; v0_mV = " v0                \
  "; };"                                                                              \
  "stimulus = ({ type = \"ou\"; mean = [500, 900]; sd = [50, 200]; tau = [1, 5]; });" \
  "recording = { sample_ms = 0.2; noise_mV = 0.4;"                                    \
  "              channels = [\"voltage\", \"spikes\", \"current\", \"mask\"]; };"     \
  "data_set = { recordings = [1, 3]; };"

/* log likelihood of samples begin .. end-1 of a recording (4 channels, `total` apart) from v0 on.
 */
static double weigh(const double *p, double v, const float *x, int64_t total, int64_t begin,
                    int64_t end) {
  const float *y = x, *spikes = x + total, *current = x + 2 * total, *mask = x + 3 * total;
  double e1 = 0, e2 = 0, h1 = 0, h2 = 0, sum = 0;
  int left = 0;
  for (int64_t k = begin; k < end; ++k) {
    if (k > begin) {
      const double drift = p[G_L] * (p[E_L] - v) - (e1 + e2) + (double)current[k - 1];
      v = fmax(fmin(v + dt / p[C] * drift, 200), -200);
      e1 *= exp(-dt / p[TAU_ETA1]);
      e2 *= exp(-dt / p[TAU_ETA2]);
      h1 *= exp(-dt / p[TAU_GAMMA1]);
      h2 *= exp(-dt / p[TAU_GAMMA2]);
      const double expected = dt * exp((v - p[V_T] - h1 - h2) / p[D_V]);
      const bool spike = spikes[k] > 0;
      if (left > 0) {
        v = p[V_R];
        --left;
        if (spike) return -INFINITY;
      } else {
        sum += spike ? log(-expm1(-expected)) : -expected;
      }
      if (spike) {
        v = p[V_R];
        e1 += p[ETA1];
        e2 += p[ETA2];
        h1 += p[GAMMA1];
        h2 += p[GAMMA2];
        left = 4;  // floor(1/0.2 + 0.001) samples are held, the spike's own among them
      }
    }
    if (mask[k] > 0) continue;
    const double z = ((double)y[k] - v) / sd;
    sum -= 0.5 * z * z + log(sd) + 0.91893853320467274178;
  }
  return sum;
}

/* The average over initial voltages of [low, high], by the trapezoidal rule near the first sample.
 */
static double average(const double *p, const float *x, int64_t total, int64_t begin, int64_t end,
                      double low, double high) {
  const double from = fmax(low, (double)x[begin] - 60 * sd);
  const double to = fmin(high, (double)x[begin] + 60 * sd), step = (to - from) / (GRID - 1);
  static double value[GRID];
  double most = -INFINITY, sum = 0;
  for (int i = 0; i < GRID; ++i) {
    value[i] = weigh(p, from + i * step, x, total, begin, end);
    most = fmax(most, value[i]);
  }
  for (int i = 0; i < GRID; ++i) {
    sum += (i == 0 || i == GRID - 1 ? 0.5 : 1) * exp(value[i] - most);
  }
  return most + log(sum * step / (high - low));
}

/* A data set whose second recording is shorter and whose third is missing, and its parameters. */
static void make(const rb_model *model, int64_t item, double *theta, float *x) {
  const int64_t n = neuron_state(model)->samples, total = K * n;
  assert_int_equal(model->draw_prior(model, &test_context, 5, RB_FOR_TESTS, item, 1, theta, NULL),
                   RB_OK);
  for (int64_t at = item;; at += 100) {  // one of all recordings
    assert_int_equal(model->simulate(model, &test_context, 5, RB_FOR_TESTS, at, 1, theta, x),
                     RB_OK);
    if (x[3 * total + 2 * n] == 0) break;
  }
  for (int64_t j = n + 200; j < total; ++j) {
    for (int64_t c = 0; c < 4; ++c) x[c * total + j] = c == 3;
  }
}

static double own_value(const rb_model *model, const float *x, const double *theta) {
  double value = 0;
  assert_int_equal(model->log_likelihood(model, &test_context, x, 1, theta, &value, NULL), RB_OK);
  return value;
}

/* @param v0 text of the setting @param low, high its range */
static void compare(const char *text, double low, double high) {
  rb_model model;
  int spikes = 0;
  assert_neuron("gif", text, &model);
  assert_non_null(model.log_likelihood);
  const int64_t n = neuron_state(&model)->samples, total = K * n;
  float *x = calloc((size_t)(4 * total), sizeof *x);
  assert_true(x != NULL);
  for (int64_t item = 0; item < 6; ++item) {
    double theta[PARAMETERS];
    make(&model, item, theta, x);
    for (int64_t j = 0; j < total; ++j) spikes += x[total + j] > 0;
    for (int change = 0; change < 2; ++change) {
      if (change) theta[V_T] += 0.3, theta[C] *= 1.002;
      const double expected =
          low < high ? average(theta, x, total, 0, n, low, high) +
                           average(theta, x + n, total, 0, 200, low, high)
                     : weigh(theta, low, x, total, 0, n) + weigh(theta, low, x + n, total, 0, 200);
      assert_near(own_value(&model, x, theta), expected, 1e-9 * fabs(expected) + 2e-6);
    }
  }
  assert_true(spikes > 12);
  free(x);
  model.destroy(&model);
}

static void sums_over_recordings(void **state) {
  (void)state;
  compare(STUDY("-62"), -62, -62);
  compare(STUDY("[-70, -55]"), -70, -55);
}

/* What is masked tells nothing, and what is before the first sample that is not. */
static void masked_samples_tell_nothing(void **state) {
  (void)state;
  rb_model model;
  double theta[PARAMETERS];
  assert_neuron("gif", STUDY("[-75, -20]"), &model);
  const int64_t n = neuron_state(&model)->samples, total = K * n;
  float *x = calloc((size_t)(4 * total), sizeof *x);
  assert_true(x != NULL);
  make(&model, 0, theta, x);
  const double value = own_value(&model, x, theta);
  int masked = 0;
  for (int64_t j = 0; j < total; ++j) {
    if (x[3 * total + j] == 0) continue;
    x[j] = 33;
    if (j >= n + 200) x[2 * total + j] = 1e4F;
    masked += j < n;
  }
  assert_true(masked > 0);
  assert_true(own_value(&model, x, theta) == value);
  int64_t begin = 0;
  while (begin < 20 || x[3 * total + begin] > 0) ++begin;
  for (int64_t j = 0; j < begin; ++j) {
    x[3 * total + j] = 1;
    x[total + j] = j == 0;  // a window that begins with a spike
  }
  const double expected =
      average(theta, x, total, begin, n, -75, -20) + average(theta, x + n, total, 0, 200, -75, -20);
  assert_near(own_value(&model, x, theta), expected, 1e-9 * fabs(expected) + 2e-6);
  free(x);
  model.destroy(&model);
}

/* A recording that begins masked is shorter, and ends where the others do: also within a sample. */
static void nothing_counts_beyond_the_end(void **state) {
  (void)state;
  enum { L = 301, EVERY = 30, SAMPLES = 11, ITEMS = 40 };
  rb_model model;
  int spikes = 0;
  assert_neuron("adex",
                "simulator = { T_ms = 30.1; dt_ms = 0.1; v0_mV = -60; };"
                "stimulus = ({ type = \"constant\"; amplitude = 1500; });"
                "recording = { sample_ms = 3.0; noise_mV = 1.0;"
                "              channels = [\"voltage\", \"spike_count\", \"mask\"]; };",
                &model);
  const int64_t steps = L - EVERY;
  assert_true(neuron_state(&model)->length == L && neuron_state(&model)->samples == SAMPLES);
  for (int64_t item = 0; item < ITEMS; ++item) {
    double theta[RB_NEURON_PARAMETERS], v[L], final[RB_NEURON_VARIABLES], expected = 0;
    float x[3 * SAMPLES] = {0};
    uint8_t fired[L];
    const double *current = neuron_state(&model)->current;
    const rb_neuron_traces traces = {1, theta, &current, NULL, v, fired, final};
    assert_int_equal(model.draw_prior(&model, &test_context, 5, RB_FOR_TESTS, item, 1, theta, NULL),
                     RB_OK);
    assert_int_equal(rb_neuron_run_traces(&model, &test_context, &traces), RB_OK);
    x[2 * SAMPLES] = 1;  // so the run is what follows it
    for (int64_t k = 0; k < steps; ++k) {
      const int64_t at = 1 + k / EVERY;
      if (k % EVERY == 0) {
        x[at] = (float)v[k];
        expected -= 0.5 * log(2 * M_PI) + 0.5 * pow((double)x[at] - v[k], 2);
      }
      x[SAMPLES + at] += fired[k];
      spikes += fired[k];
    }
    assert_near(own_value(&model, x, theta), expected, 1e-9);
  }
  assert_true(spikes > 5 * ITEMS);
  model.destroy(&model);
}

/* Where the current's noise or what happens within a sample is not known there is none. */
static void there_is_none_where_something_is_not_known(void **state) {
  (void)state;
  static const char *const none[] = {
      "stimulus = ({ type = \"white\"; sd = [0, 5]; });",
      "simulator = { dt_ms = 0.1; }; stimulus = ({ type = \"constant\"; amplitude = [1, 2]; });"
      "recording = { sample_ms = 0.2; channels = [\"voltage\", \"spikes\", \"current\"]; };",
      "simulator = { dt_ms = 0.1; };"
      "recording = { sample_ms = 0.2; channels = [\"voltage\", \"spikes\", \"current\"]; };",
      "simulator = { v0_mV = [-70, -60]; }; recording = { channels = [\"spikes\"]; };"};
  for (size_t i = 0; i < sizeof none / sizeof *none; ++i) {
    char text[400];
    rb_model model;
    (void)snprintf(text, sizeof text, "recording = { sample_ms = 0.1; }; %s", none[i]);
    assert_neuron("gif", i == 0 ? text : none[i], &model);
    assert_null(model.log_likelihood);
    model.destroy(&model);
  }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(sums_over_recordings), cmocka_unit_test(masked_samples_tell_nothing),
    cmocka_unit_test(nothing_counts_beyond_the_end),
    cmocka_unit_test(there_is_none_where_something_is_not_known)};
RB_TEST_MAIN(tests)
