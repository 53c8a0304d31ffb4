#include <math.h>

#include "neuron_setup.h"

/* The likelihood of a neuron whose voltage is recorded without noise, against a sum over steps with
 * a fine uniform grid where samples are masked, and against what any likelihood ratio averages to.
 */

enum { C, TAU_M, E_L, V_TH, V_RESET, I_STD, NOISE_MV, B, TAU_W, PARAMETERS };
enum { GRID = 4001, HELD = 4 };
static const double dt = 0.2, v0 = -65;

#define STUDY(length, start)                                                          \
  "simulator = { T_ms = " length "; dt_ms = 0.2; tref_ms = 1.0; v0_mV = " start       \
  "; };"                                                                              \
  "stimulus = ({ type = \"ou\"; mean = [100, 500]; sd = [50, 400]; tau = [1, 5]; });" \
  "recording = { channels = [\"voltage\", \"spikes\", \"current\", \"mask\"]; };"

/* Parameters with which the threshold is in reach after a spike, and little of the voltage is
 * certain. */
static const double PARAMETER[PARAMETERS] = {100, 10, -60, -50, -53, 120, 0, 40, 50};

/* A density of the voltage on a grid below the threshold. */
typedef struct grid {
  double low, step, f[GRID];
} grid;

static double normal(double x, double mean, double sd) {
  const double z = (x - mean) / sd;
  return exp(-0.5 * z * z) / (sd * sqrt(2 * M_PI));
}

/* The next density: from a known voltage, or from a grid. */
static void spread(const double *p, double b, double sd, const double *known, grid *g) {
  static grid next;
  const double keep = 1 - dt / p[TAU_M];
  next.low = p[V_TH] - 100 * sd;
  next.step = (p[V_TH] - next.low) / (GRID - 1);
  for (int i = 0; i < GRID; ++i) {
    const double x = next.low + i * next.step;
    next.f[i] = 0;
    if (known != NULL) {
      next.f[i] = normal(x, keep * *known + b, sd);
      continue;
    }
    for (int j = 0; j < GRID; ++j) {
      const double end = j == 0 || j == GRID - 1 ? 0.5 : 1;
      next.f[i] += end * g->step * g->f[j] * normal(x, keep * (g->low + j * g->step) + b, sd);
    }
  }
  *g = next;
}

/* Density of the next voltage, or the probability that it is above the threshold. */
static double after(const double *p, double b, double sd, const double *known, const grid *g,
                    const double *voltage) {
  const double keep = 1 - dt / p[TAU_M];
  double sum = 0;
  for (int j = 0; j < GRID; ++j) {
    const double mean = keep * (known != NULL ? *known : g->low + j * g->step) + b;
    const bool least = voltage != NULL && *voltage <= -200;  // all below is kept there
    if (least && known != NULL) return 0.5 * erfc((mean + 200) / (sd * M_SQRT2));
    const double value = voltage != NULL ? normal(*voltage, mean, sd)
                                         : 0.5 * erfc((p[V_TH] - mean) / (sd * M_SQRT2));
    if (known != NULL) return value;
    sum += (j == 0 || j == GRID - 1 ? 0.5 : 1) * g->step * g->f[j] * value;
  }
  return sum;
}

/* @param x (4, n) voltage, spikes, current, mask */
static double weigh(const double *p, const float *x, int64_t n) {
  static grid g;
  const double sd = dt / p[C] * p[I_STD];
  double v = v0, w = 0, sum = 0;
  bool known = true;
  int held = 0;
  for (int64_t k = 1; k < n; ++k) {
    const double b = dt / p[TAU_M] * p[E_L] + dt / p[C] * ((double)x[2 * n + k - 1] - w);
    const double *from = known ? &v : NULL, voltage = (double)x[k];
    const bool spike = x[n + k] > 0, seen = x[3 * n + k] == 0;
    w = w * exp(-dt / p[TAU_W]) + (spike ? p[B] : 0);
    if (held > 0) {
      --held;
      assert_false(spike || seen);
      continue;
    }
    if (spike || seen) {
      sum += log(after(p, b, sd, from, &g, spike ? NULL : &voltage));
      v = spike ? p[V_RESET] : voltage;
      known = true;
      held = spike ? HELD : 0;
    } else {
      spread(p, b, sd, from, &g);
      known = false;
    }
  }
  return sum;
}

static double own_value(const rb_model *model, const float *x, const double *theta) {
  double value = 0;
  assert_int_equal(model->log_likelihood(model, &test_context, x, 1, theta, &value, NULL), RB_OK);
  return value;
}

/* Under parameters that differ a little from those of the recording. */
static void test_a_sum_over_steps(void **state) {
  (void)state;
  rb_model model;
  assert_neuron("adaptive_lif", STUDY("20.0", "-65.0"), &model);
  const int64_t n = neuron_state(&model)->samples;
  float *x = calloc((size_t)(4 * n), sizeof *x);
  int spikes = 0, least = 0;
  for (int64_t item = 0; item < 8; ++item) {
    double own[PARAMETERS], other[PARAMETERS];
    memcpy(own, PARAMETER, sizeof own);
    if (item == 6) own[E_L] = -260;
    assert_int_equal(
        model.core->simulate(model.core, &test_context, 7, RB_FOR_TESTS, item, 1, own, x), RB_OK);
    for (int64_t t = 0; t < n; ++t) spikes += x[n + t] > 0;
    const int64_t hidden = item == 7 ? 36 : item > 2 && item < 6 ? 2 : 0;
    for (int64_t t = n - 4 - hidden; t < n - 4; ++t) {
      x[3 * n + t] = 1;  // hidden, maybe to the end
    }
    for (int64_t t = 0; t < n; ++t) least += x[t] == -200;
    memcpy(other, own, sizeof other);
    other[TAU_M] *= 1 + 0.05 * (double)item;
    other[I_STD] *= 1 + 0.1 * (double)item;
    const double expected = weigh(other, x, n), got = own_value(model.core, x, other);
    assert_true(isfinite(expected));
    assert_true(fabs(got - expected) < 1e-5);
  }
  assert_true(spikes > 10 && least > 3 && least < n - 3);
  free(x);
  model.destroy(&model);
}

/* The mean of a likelihood ratio over recordings of its denominator is 1, whatever the numerator.
 */
static void test_ratios_average_to_one(void **state) {
  (void)state;
  enum { N = 4000, CHANGES = 7 };
  static const double change[CHANGES][2] = {{C, 1.01}, {TAU_M, 1.2}, {E_L, 0.99},  {V_TH, 1.005},
                                            {B, 1.2},  {TAU_W, 1.3}, {I_STD, 1.02}};
  rb_model model;
  assert_neuron("adaptive_lif", STUDY("10.0", "-65.0"), &model);
  const int64_t n = neuron_state(&model)->samples;
  float *x = calloc((size_t)(4 * n * N), sizeof *x);
  double *theta = calloc(N * PARAMETERS, sizeof *theta);
  for (int64_t i = 0; i < N; ++i) memcpy(&theta[i * PARAMETERS], PARAMETER, sizeof PARAMETER);
  assert_int_equal(model.core->simulate(model.core, &test_context, 8, RB_FOR_TESTS, 0, N, theta, x),
                   RB_OK);
  for (int c = 0; c < CHANGES; ++c) {
    double other[PARAMETERS], sum = 0, square = 0;
    memcpy(other, PARAMETER, sizeof other);
    other[(int)change[c][0]] *= change[c][1];
    for (int64_t i = 0; i < N; ++i) {
      const float *one = x + i * 4 * n;
      const double ratio =
          exp(own_value(model.core, one, other) - own_value(model.core, one, PARAMETER));
      sum += ratio / N;
      square += ratio * ratio / N;
    }
    const double se = sqrt((square - sum * sum) / N);
    assert_true(se < 0.1);
    assert_true(fabs(sum - 1) < 4.5 * se);
  }
  free(x);
  free(theta);
  model.destroy(&model);
}

static void test_what_has_none(void **state) {
  (void)state;
  rb_model model;
  assert_neuron("adaptive_lif", STUDY("20.0", "[-70.0, -60.0]"), &model);
  assert_null(model.log_likelihood);  // the beginning is drawn
  model.destroy(&model);
  assert_neuron("adaptive_lif", STUDY("20.0", "-65.0"), &model);
  float *x = calloc((size_t)(4 * model.length), sizeof *x);
  double noisy[PARAMETERS], value = 0;
  memcpy(noisy, PARAMETER, sizeof noisy);
  noisy[NOISE_MV] = 0.1;
  assert_int_equal(model.core->log_likelihood(model.core, &test_context, x, 1, noisy, &value, NULL),
                   RB_ERR_SETTING);
  assert_non_null(strstr(test_context.error.message, "fix prior.noise_mV at 0"));
  rb_error_clear(&test_context);
  free(x);
  model.destroy(&model);
}

/* adaptive_lif whose voltage is recorded without noise. */
static void assert_noiseless(const char *text, rb_model *model) {
  rb_neuron_settings settings;
  const rb_model_type *type = NULL;
  rb_prior_row row[PARAMETERS];
  assert_all_ok(neuron_settings("adaptive_lif", text, &settings, &type));
  memcpy(row, type->prior, sizeof row);
  row[NOISE_MV] = (rb_prior_row){.name = "noise_mV", .unit = "mV", .fixed = "0"};
  assert_all_ok(rb_model_create(&test_context, type, &settings, PARAMETERS, row, model));
  rb_neuron_unload(&settings);
}

static const char *why(const rb_model *model, const float *x) {
  const char *reason = NULL;
  assert_all_ok(model->log_likelihood(model, &test_context, x, 0, NULL, NULL, &reason));
  return reason;
}

/* What the simulator makes is possible; of what is not, words say why, and the likelihood is 0
 * under whatever parameters. */
static void test_what_is_impossible(void **state) {
  (void)state;
  enum { CASES = 4, BEGIN = 40 };
  static const char *const words[CASES] = {"closer than simulator.tref_ms", "the mask has to last",
                                           "first voltage is not simulator.v0_mV",
                                           "first sample has a spike"};
  rb_model model, noisy;
  int found[CASES] = {0};
  assert_noiseless(STUDY("20.0", "-65.0"), &model);
  assert_neuron("adaptive_lif", STUDY("20.0", "-65.0"), &noisy);
  const int64_t n = neuron_state(&model)->samples;
  float *x = calloc((size_t)(4 * n), sizeof *x);
  for (int64_t item = 0; item < 20 * CASES; ++item) {
    int64_t spike = BEGIN;
    double theta[PARAMETERS];
    assert_all_ok(
        model.core->simulate(model.core, &test_context, 7, RB_FOR_TESTS, item, 1, PARAMETER, x));
    assert_null(why(model.core, x));
    assert_true(isfinite(own_value(model.core, x, PARAMETER)));
    while (spike < n - HELD && x[n + spike] == 0) ++spike;
    if (spike == n - HELD) continue;
    if (item % CASES == 0) x[n + spike + HELD] = 1;
    if (item % CASES == 1) x[3 * n + spike + HELD] = 0;
    if (item % CASES == 2) x[0] += item % 8 < 4 ? 0.01F : -0.01F;
    if (item % CASES == 3) x[n] = 1;
    const char *reason = why(model.core, x);
    assert_non_null(reason);
    assert_non_null(strstr(reason, words[item % CASES]));
    ++found[item % CASES];
    // With noise of the voltage, whatever is seen of it is possible.
    assert_int_equal(why(noisy.core, x) == NULL, item % CASES == 1 || item % CASES == 2);
    for (int64_t draw = 0; draw < 20; ++draw) {
      assert_all_ok(noisy.draw_prior(&noisy, &test_context, 7, RB_FOR_TESTS, draw, 1, theta, NULL));
      theta[NOISE_MV] = 0;
      assert_true(own_value(model.core, x, draw == 0 ? PARAMETER : theta) == -INFINITY);
    }
  }
  for (int k = 0; k < CASES; ++k) assert_true(found[k] > 2);
  free(x);
  noisy.destroy(&noisy);
  model.destroy(&model);
}

/* An initial voltage above the threshold is that: the data set it begins is possible, whatever is
 * recorded at its spikes. */
static void test_beginning_at_the_threshold(void **state) {
  (void)state;
  rb_model model;
  assert_noiseless(STUDY("20.0", "-45.0"), &model);
  const int64_t n = neuron_state(&model)->samples;
  float *x = calloc((size_t)(4 * model.length), sizeof *x);
  assert_all_ok(
      model.core->simulate(model.core, &test_context, 7, RB_FOR_TESTS, 0, 1, PARAMETER, x));
  assert_true(x[0] == -50);
  assert_null(why(model.core, x));
  assert_true(isfinite(own_value(model.core, x, PARAMETER)));
  int spikes = 0;
  for (int64_t t = 0; t < n; ++t) {
    if (x[n + t] == 0) continue;
    x[t] = 20;
    x[3 * n + t] = 0;
    ++spikes;
  }
  assert_true(spikes > 0);
  assert_null(why(model.core, x));
  assert_true(isfinite(own_value(model.core, x, PARAMETER)));
  free(x);
  model.destroy(&model);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_sum_over_steps), cmocka_unit_test(test_ratios_average_to_one),
    cmocka_unit_test(test_what_has_none), cmocka_unit_test(test_what_is_impossible),
    cmocka_unit_test(test_beginning_at_the_threshold)};
RB_TEST_MAIN(tests)
