#include <complex.h>

#include "model/hodgkin_huxley/gates.h"
#include "neuron_setup.h"

/* What is known of the neurons without simulating them, and of their schemes. */

/* Runs one neuron under a current. @param final (RB_NEURON_VARIABLES) @return number of spikes */
static int run(const rb_model *model, const double *theta, const double *current, double *v,
               uint8_t *spikes, double *final) {
  const double *const currents[] = {current};
  const rb_neuron_traces traces = {1, theta, currents, NULL, v, spikes, final};
  const int64_t L = neuron_state(model)->length;
  assert_int_equal(rb_neuron_run_traces(model, &test_context, &traces), RB_OK);
  int count = 0;
  for (int64_t k = 0; k < L; ++k) count += spikes[k];
  return count;
}

/* Whether a neuron comes to a spike under a current that rises over ramp_ms. */
static bool fires(const rb_model *model, const double *theta, double to, double ramp_ms) {
  const rb_neuron_state *s = neuron_state(model);
  const int64_t L = s->length;
  double *current = calloc((size_t)L, sizeof *current), *v = calloc((size_t)L, sizeof *v);
  double final[RB_NEURON_VARIABLES];
  uint8_t *spikes = calloc((size_t)L, 1);
  for (int64_t k = 0; k < L; ++k) {
    current[k] = ramp_ms > 0 ? to * fmin((double)k * s->settings.dt_ms / ramp_ms, 1) : to;
  }
  const int count = run(model, theta, current, v, spikes, final);
  free(current);
  free(v);
  free(spikes);
  return count > 0;
}

/* Below threshold the scheme is linear: its impedance is known exactly. */
static void adex_impedance(void **state) {
  (void)state;
  enum { L = 40001, PERIOD = 250 };  // 40 Hz at 0.1 ms
  const double C = 200, g_L = 10, a = 4, tau_w = 100, dt = 0.1, amplitude = 20;
  const double theta[] = {C, g_L, -70, -40, 0, -60, tau_w, a, 0};
  rb_model model;
  assert_neuron("adex", "simulator = { T_ms = 4000.05; }; stimulus = ();", &model);
  assert_int_equal(neuron_state(&model)->length, L);
  static double current[L], v[L];
  static uint8_t spikes[L];
  double final[RB_NEURON_VARIABLES];
  for (int k = 0; k < L; ++k) current[k] = amplitude * sin(2 * M_PI * k / PERIOD);
  assert_int_equal(run(&model, theta, current, v, spikes, final), 0);
  const double complex step = cexp(2 * M_PI * I / PERIOD), z = (step - 1) / dt;
  const double complex Z = 1 / (g_L + C * z + a / (1 + tau_w * z));
  for (int k = L - 2 * PERIOD; k < L; ++k) {
    const double complex phase = cexp(2 * M_PI * I * k / PERIOD);
    assert_near(v[k] + 70, amplitude * cimag(Z * phase), 1e-10);
  }
  model.destroy(&model);
}

/* Steady current of the adaptive neuron at a voltage. */
static double adex_steady(const double *t, double v) {
  return (t[1] + t[7]) * (v - t[2]) - t[1] * t[4] * exp((v - t[3]) / t[4]);
}

/* The voltage at which it rests under a current, or the largest steady one's. */
static double adex_rest(const double *theta, double current) {
  double low = -90, high = theta[3] + theta[4] * log(1 + theta[7] / theta[1]);
  for (int i = 0; i < 60; ++i) {
    const double middle = 0.5 * (low + high);
    if (adex_steady(theta, middle) < current) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

/* The least current that a neuron leaves its rest for, by bisection. */
static double adex_least_current(const double *theta, double expected) {
  double low = 0.95 * expected, high = 1.05 * expected;
  for (int i = 0; i < 12; ++i) {
    const double middle = 0.5 * (low + high);
    char text[128];
    rb_model model;
    (void)snprintf(text, sizeof text,
                   "simulator = { T_ms = 30000.0; v0_mV = %.15g; }; stimulus = ();",
                   adex_rest(theta, middle) + 1e-3);
    assert_neuron("adex", text, &model);
    const bool spike = fires(&model, theta, middle, 0);
    model.destroy(&model);
    if (spike) {
      high = middle;
    } else {
      low = middle;
    }
  }
  return 0.5 * (low + high);
}

/* Where rest ends, in a saddle or, where the adaptation is strong and slow, by growing
 * oscillations; Euler's method shifts this a little. */
static void adex_rheobase(void **state) {
  (void)state;
  const double saddle[] = {200, 10, -70, -50, 2, -58, 30, 2, 0};  // a/g_L < tau_m/tau_w
  const double hopf[] = {200, 10, -70, -50, 2, -58, 200, 20, 0};
  const double at_saddle = (10 + 2) * (20 - 2 + 2 * log(1 + 2.0 / 10));
  const double at_hopf = (10 + 20) * (20 - 2 + 2 * log(1 + 20.0 / 200)) + 2 * 10 * (2 - 0.1);
  assert_near(adex_least_current(saddle, at_saddle), at_saddle, 1e-3 * at_saddle);
  assert_near(adex_least_current(hopf, at_hopf), at_hopf, 1e-3 * at_hopf);
}

/* Without upstroke and adaptation every interval is the same number of steps, which is known. */
static void adex_intervals(void **state) {
  (void)state;
  enum { L = 5000 };
  static double current[L], v[L];
  static uint8_t spikes[L];
  double final[RB_NEURON_VARIABLES];
  int cases = 0;
  for (int R = 0; R < 4; ++R) {
    char text[128];
    (void)snprintf(text, sizeof text,
                   "simulator = { T_ms = 500.0; tref_ms = %.1f; }; stimulus = ();", 0.1 * R);
    rb_model model;
    assert_neuron("adex", text, &model);
    for (int i = 0; i < 6; ++i, ++cases) {
      const double g_L = 8 + i, C = 150 + 20 * i, I0 = 300 + 50 * i;
      const double theta[] = {C, g_L, -70, -50, 0, -60 - i, 100, 0, 0};
      for (int k = 0; k < L; ++k) current[k] = I0;
      assert_true(run(&model, theta, current, v, spikes, final) > 5);
      const double v_inf = -70 + I0 / g_L, keep = 1 - 0.1 * g_L / C;
      const int steps = (int)ceil(log((-50 - v_inf) / (-60 - i - v_inf)) / log(keep));
      int last = 0, intervals = 0;
      for (int k = 0; k < L; ++k) {
        if (!spikes[k]) continue;
        if (last > 0) assert_int_equal(k - last, steps + (R > 1 ? R - 1 : 0));
        intervals += last > 0;
        last = k;
      }
      assert_true(intervals >= 5);
    }
    model.destroy(&model);
  }
  assert_int_equal(cases, 24);
}

static void izhikevich_rheobase(void **state) {
  (void)state;
  rb_model model;
  const double C = 100, k = 0.7, v_r = -60, v_t = -40, b = -2;
  const double theta[] = {C, k, v_r, v_t, 35, 0.03, b, -50, 100};
  const double expected = (b + k * (v_t - v_r)) * (b + k * (v_t - v_r)) / (4 * k);
  assert_neuron("izhikevich", "simulator = { T_ms = 2000.0; }; stimulus = ();", &model);
  double low = 0.9 * expected, high = 1.1 * expected;
  for (int i = 0; i < 12; ++i) {
    const double middle = 0.5 * (low + high);
    if (fires(&model, theta, middle, 1000)) {
      high = middle;
    } else {
      low = middle;
    }
  }
  assert_near(expected, 51.428571, 1e-6);
  assert_near(low, 51.72, 0.02);  // above: the passage takes longer than what is left
  model.destroy(&model);
}

/* Steady current of the membrane. */
static double steady_current(const double *theta, double v) {
  const rb_hh_gates g = rb_hh_gates_at(v, theta[8]);
  const double m = g.m.steady, h = g.h.steady, n = g.n.steady;
  return theta[1] * m * m * m * h * (theta[5] - v) +
         (theta[2] * n * n * n * n + theta[3] * g.p_steady) * (theta[6] - v) +
         theta[4] * (theta[7] - v);
}

static void hodgkin_huxley_rest(void **state) {
  (void)state;
  enum { L = 240000 };
  const double theta[] = {1, 45, 5, 0.07, 0.1, 53, -95, -70, -60, 200};
  rb_model model;
  assert_neuron("hodgkin_huxley", "simulator = { T_ms = 6000.0; }; stimulus = ();", &model);
  double low = -90, high = -60;
  for (int i = 0; i < 60; ++i) {
    const double middle = 0.5 * (low + high);
    if (steady_current(theta, middle) > 0) {
      low = middle;
    } else {
      high = middle;
    }
  }
  double *current = calloc(L, sizeof *current), *v = calloc(L, sizeof *v);
  double final[RB_NEURON_VARIABLES];
  uint8_t *spikes = calloc(L, 1);
  assert_int_equal(run(&model, theta, current, v, spikes, final), 0);
  assert_near(final[0], low, 1e-9);
  free(current);
  free(v);
  free(spikes);
  model.destroy(&model);
}

/* The scheme is of second order: halving the step divides the error by 4. */
static void hodgkin_huxley_order(void **state) {
  (void)state;
  const double theta[] = {1, 45, 5, 0.07, 0.1, 53, -95, -70, -60, 600};
  const int divisions[] = {1, 2, 4, 32};
  double last[4];
  for (int i = 0; i < 4; ++i) {
    char text[160];
    const double dt = 0.05 / divisions[i];
    (void)snprintf(text, sizeof text,
                   "simulator = { T_ms = %.10g; dt_ms = %.10g; }; stimulus = ();", 20 + 0.5 * dt,
                   dt);
    rb_model model;
    assert_neuron("hodgkin_huxley", text, &model);
    const int64_t L = neuron_state(&model)->length;
    double *current = calloc((size_t)L, sizeof *current), *v = calloc((size_t)L, sizeof *v);
    double final[RB_NEURON_VARIABLES];
    uint8_t *spikes = calloc((size_t)L, 1);
    for (int64_t k = 0; k < L; ++k) current[k] = 1.0;
    assert_int_equal(run(&model, theta, current, v, spikes, final), 0);
    last[i] = final[0];
    free(current);
    free(v);
    free(spikes);
    model.destroy(&model);
  }
  const double first = (last[0] - last[3]) / (last[1] - last[3]);
  const double second = (last[1] - last[3]) / (last[2] - last[3]);
  assert_true(first > 3.6 && first < 4.4 && second > 3.6 && second < 4.4);
}

enum { GIF = 14 };
static const double gif_theta[GIF] = {150, 9, -68, -58, -46, 1.2, 60, 15, 15, 150, 8, 10, 1.5, 120};

/* Without kernels, at a constant voltage, intervals are max(R, 1) - 1 + geometric: mean and
 * variance of many, within 5 standard errors. */
static void gif_intervals_are_geometric(void **state) {
  (void)state;
  enum { DATASETS = 32, L = 5000 };
  rb_model model;
  assert_neuron("gif",
                "simulator = { T_ms = 500.0; tref_ms = 0.5; }; stimulus = ();"
                "recording = { sample_ms = 0; channels = [\"spikes\"]; };",
                &model);
  // the voltage rests at E_L = V_r, where the hazard is 0.3 per ms
  double theta[DATASETS * GIF];
  for (int i = 0; i < DATASETS; ++i) {
    memcpy(&theta[i * GIF], gif_theta, sizeof gif_theta);
    double *row = &theta[i * GIF];
    row[2] = row[3] = -58;
    row[4] = -58 - 1.2 * log(0.3);
    row[6] = row[8] = row[10] = row[12] = 0;
  }
  float *x = calloc((size_t)DATASETS * L, sizeof *x);
  assert_int_equal(model.simulate(&model, &test_context, 3, RB_FOR_TESTS, 0, DATASETS, theta, x),
                   RB_OK);
  const double p = 1 - exp(-0.03);
  double n = 0, sum = 0, square = 0;
  for (int i = 0; i < DATASETS; ++i) {
    int last = -1;
    for (int k = 0; k < L; ++k) {
      if (x[i * L + k] < 0.5F) continue;
      if (last >= 0) {
        const double waited = k - last - 4;  // R = 5
        assert_true(waited >= 1);
        n += 1;
        sum += waited;
        square += waited * waited;
      }
      last = k;
    }
  }
  const double mean = sum / n, sd = sqrt(1 - p) / p;
  assert_true(n > 3000);
  assert_near(mean, 1 / p, 5 * sd / sqrt(n));
  assert_near(sqrt(square / n - mean * mean), sd, 5 * sd * sqrt(2.0 / n));
  free(x);
  model.destroy(&model);
}

static double gif_log_likelihood(const rb_model *model, const double *theta, const float *x) {
  double value = 0;
  const char *reason = NULL;
  assert_int_equal(model->log_likelihood(model, &test_context, x, 1, theta, &value, &reason),
                   RB_OK);
  return value;
}

/* The probabilities of all spike trains of 11 samples add up to 1. */
static void gif_trains_add_up_to_one(void **state) {
  (void)state;
  for (int R = 0; R < 4; R += 1 + (R > 0)) {
    char text[300];
    (void)snprintf(text, sizeof text,
                   "simulator = { T_ms = 12.0; dt_ms = 1.0; tref_ms = %d.0; };"
                   "stimulus = ({ type = \"constant\"; amplitude = 300; });"
                   "recording = { sample_ms = 0; channels = [\"spikes\"]; };",
                   R);
    rb_model model;
    assert_neuron("gif", text, &model);
    double theta[GIF], sum = 0;
    memcpy(theta, gif_theta, sizeof theta);
    theta[4] = -60;
    for (int train = 0; train < 1 << 12; ++train) {
      float x[12];
      for (int k = 0; k < 12; ++k) x[k] = (float)(train >> k & 1);
      const double value = gif_log_likelihood(&model, theta, x);
      if (train & 1) assert_true(isinf(value));  // the first sample has none
      sum += exp(value);
    }
    assert_near(sum, 1, 1e-13);
    model.destroy(&model);
  }
}

/* Two changes of the parameters leave the likelihood of spikes as it is. */
static void gif_symmetries(void **state) {
  (void)state;
  rb_model model;
  assert_neuron("gif",
                "simulator = { T_ms = 400.0; tref_ms = 2.0; };"
                "stimulus = ({ type = \"constant\"; amplitude = 300; });"
                "recording = { sample_ms = 0; channels = [\"spikes\"]; };",
                &model);
  static float x[4000];
  assert_int_equal(model.simulate(&model, &test_context, 5, RB_FOR_TESTS, 0, 1, gif_theta, x),
                   RB_OK);
  double theta[GIF];
  const double value = gif_log_likelihood(&model, gif_theta, x);
  assert_true(value < -20);
  memcpy(theta, gif_theta, sizeof theta);
  for (int d = 2; d <= 4; ++d) theta[d] += 7.5;
  assert_near(gif_log_likelihood(&model, theta, x), value, 1e-9 * fabs(value));
  const double s = 1.7;
  const int up[] = {2, 3, 4, 5, 10, 12};
  memcpy(theta, gif_theta, sizeof theta);
  for (int i = 0; i < 6; ++i) theta[up[i]] *= s;
  theta[0] /= s;
  theta[1] /= s;
  assert_near(gif_log_likelihood(&model, theta, x), value, 1e-9 * fabs(value));
  theta[6] *= 1.01;
  assert_true(fabs(gif_log_likelihood(&model, theta, x) - value) > 1e-4);
  model.destroy(&model);
}

/* Voltages and spikes together: what the parts are, and which recordings have a likelihood. */
static void which_recordings_have_a_likelihood(void **state) {
  (void)state;
  static const struct {
    const char *name, *text;
    bool has;
  } cases[] = {{"gif", "", false},  // several steps a sample
               {"gif", "recording = { sample_ms = 0; };", true},
               {"gif", "recording = { sample_ms = 0; noise_mV = 0; };", false},
               {"gif", "recording = { sample_ms = 0; channels = [\"voltage\"]; };", false},
               {"gif", "simulator = { I_std = 1.0; }; recording = { sample_ms = 0; };", false},
               {"hodgkin_huxley", "", true},
               {"hodgkin_huxley", "simulator = { I_std = 0.1; };", false},
               {"hodgkin_huxley", "recording = { noise_mV = 0; };", false},
               {"hodgkin_huxley", "recording = { channels = [\"spikes\"]; };", false}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    rb_model model;
    assert_neuron(cases[i].name, cases[i].text, &model);
    assert_int_equal(model.log_likelihood != NULL, cases[i].has);
    model.destroy(&model);
  }
}

/* Spikes that follow from the parameters have to be those of the recording. */
static void spikes_that_are_not_random_decide(void **state) {
  (void)state;
  rb_model model;
  assert_neuron(
      "hodgkin_huxley",
      "simulator = { T_ms = 50.0; }; stimulus = ({ type = \"constant\"; amplitude = 4; });",
      &model);
  const double theta[] = {1, 45, 5, 0.07, 0.1, 53, -95, -70, -60, 600};
  float x[2 * 100];
  double value = 0;
  assert_int_equal(model.length, 100);
  assert_int_equal(model.simulate(&model, &test_context, 5, RB_FOR_TESTS, 0, 1, theta, x), RB_OK);
  assert_int_equal(model.log_likelihood(&model, &test_context, x, 1, theta, &value, NULL), RB_OK);
  assert_near(value / 100, -1.42, 5 * 0.071);  // of 100 normal numbers
  x[100 + 99] = 1 - x[100 + 99];
  assert_int_equal(model.log_likelihood(&model, &test_context, x, 1, theta, &value, NULL), RB_OK);
  assert_true(isinf(value) && value < 0);
  model.destroy(&model);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(adex_impedance),
                                          cmocka_unit_test(adex_rheobase),
                                          cmocka_unit_test(adex_intervals),
                                          cmocka_unit_test(izhikevich_rheobase),
                                          cmocka_unit_test(hodgkin_huxley_rest),
                                          cmocka_unit_test(hodgkin_huxley_order),
                                          cmocka_unit_test(gif_intervals_are_geometric),
                                          cmocka_unit_test(gif_trains_add_up_to_one),
                                          cmocka_unit_test(gif_symmetries),
                                          cmocka_unit_test(which_recordings_have_a_likelihood),
                                          cmocka_unit_test(spikes_that_are_not_random_decide)};
RB_TEST_MAIN(tests)
