#include <hdf5.h>
#include <hdf5_hl.h>

#include "model/lif/likelihood.h"
#include "rb_test.h"
#include "rheobase/random/distributions.h"

enum { OBSERVATIONS = 12, VECTORS = 10, STEPS = 1000, D = RB_LIF_DIM };

typedef struct reference {
  double voltage[OBSERVATIONS][STEPS], theta[OBSERVATIONS][VECTORS][D];
  double log_likelihood[OBSERVATIONS][VECTORS];
  uint8_t spikes[OBSERVATIONS][STEPS];
} reference;

static reference *read_reference(void) {
  char path[512];
  (void)snprintf(path, sizeof path, "%s/likelihood.h5", getenv("RB_TEST_DATA"));
  reference *r = calloc(1, sizeof *r);
  assert_non_null(r);
  const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
  assert_true(file >= 0);
  assert_true(H5LTread_dataset_double(file, "voltage", r->voltage[0]) >= 0);
  assert_true(H5LTread_dataset_double(file, "theta", r->theta[0][0]) >= 0);
  assert_true(H5LTread_dataset_double(file, "log_likelihood", r->log_likelihood[0]) >= 0);
  assert_true(H5LTread_dataset(file, "spikes", H5T_NATIVE_UINT8, r->spikes[0]) >= 0);
  H5Fclose(file);
  return r;
}

static rb_lif_likelihood *create(const rb_lif_settings *settings) {
  rb_lif_likelihood *l = NULL;
  assert_int_equal(rb_lif_likelihood_create(&test_context, settings, &l), RB_OK);
  return l;
}

/* The reference file: an independent dense grid, good to 1e-6 nats. */
static void test_reference(void **state) {
  (void)state;
  reference *r = read_reference();
  const rb_lif_settings settings = rb_lif_defaults();
  rb_lif_likelihood *l = create(&settings);
  for (int i = 0; i < OBSERVATIONS; ++i) {
    assert_null(rb_lif_likelihood_observe(l, r->voltage[i], r->spikes[i]));
    for (int k = 0; k < VECTORS; ++k) {
      assert_near(rb_lif_likelihood_evaluate(l, r->theta[i][k], NULL), r->log_likelihood[i][k],
                  1e-4);
    }
  }
  rb_lif_likelihood_destroy(l);
  free(r);
}

/* Farther from the observation than the reference file goes, against a finer resolution: up to some
 * hundred nats below the best value the error stays below 1e-3. */
static void test_resolution(void **state) {
  (void)state;
  reference *r = read_reference();
  const rb_lif_settings settings = rb_lif_defaults();
  const rb_lif_accuracy fine = {
      .spacing = 0.14, .reach_sd = 8.5, .switch_sd = 9.0, .nearly_gauss = 1e-8, .order = 12};
  static const double prior_sd[D] = {1.9, 2.1, 2.0, 1.7, 1.7, 2.0};
  rb_lif_likelihood *l = create(&settings), *finer = NULL;
  assert_int_equal(rb_lif_likelihood_create_with(&test_context, &settings, fine, &finer), RB_OK);
  double farthest = 0.0;
  for (int i = 0; i < OBSERVATIONS; ++i) {
    assert_null(rb_lif_likelihood_observe(l, r->voltage[i], r->spikes[i]));
    assert_null(rb_lif_likelihood_observe(finer, r->voltage[i], r->spikes[i]));
    for (int k = 0; k < 8; ++k) {
      double theta[D], normal[D];
      rb_stream_normals(rb_stream_make(1, RB_FOR_TESTS, RB_RANDOM_PRIOR, 0, (uint64_t)(i * 8 + k)),
                        0, D, normal);
      for (int d = 0; d < D; ++d) {
        theta[d] = r->theta[i][0][d] + 0.04 * (k + 1) * prior_sd[d] * normal[d];
      }
      const double value = rb_lif_likelihood_evaluate(l, theta, NULL);
      farthest = fmax(farthest, r->log_likelihood[i][0] - value);
      assert_near(value, rb_lif_likelihood_evaluate(finer, theta, NULL), 1e-3);
    }
  }
  assert_true(farthest > 200.0);
  rb_lif_likelihood_destroy(l);
  rb_lif_likelihood_destroy(finer);
  free(r);
}

/* --- Brute force: every spike train, every path by quadrature --- */

enum { NODES = 1201, MAX_STEPS = 16 };

static double gauss(double x, double mean, double sd) {
  const double z = (x - mean) / sd;
  return exp(-0.5 * z * z) / (sd * sqrt(2.0 * M_PI));
}

/* Density of the observations and spikes at exactly the steps of `fires`, by Simpson's rule on
 * [V_th - width, V_th] for each step: the definition, and nothing else. */
static double brute_force_one(const rb_lif_settings *s, int64_t L, const double *theta,
                              const double *y, const bool *fires) {
  const double d = s->dt_ms / theta[RB_LIF_TAU_M], V_th = theta[RB_LIF_V_TH], width = 14.0;
  const double q = d * s->I_std_pA / theta[RB_LIF_G_L], step = width / (NODES - 1);
  static double f[NODES], g[NODES];
  double known = theta[RB_LIF_V_INIT], weight = 1.0;  // the state: known, or density f
  bool point = true;
  int64_t held = 0;
  for (int64_t t = 0; t < L; ++t) {
    const double I = s->current_count > 0 && t > 0 ? s->current_pA[t - 1] : s->I_mean_pA;
    const double b = d * (theta[RB_LIF_E_L] + I / theta[RB_LIF_G_L]);
    if (held > 0 && t <= L - 2) {  // refractory: overwritten
      --held;
      if (fires[t]) return 0.0;
      known = theta[RB_LIF_V_RESET];
      weight *= gauss(y[t], known, s->noise_mV);
      continue;
    }
    double above = 0.0, last = 0.0;  // probability to be above threshold; density of y, untested
    for (int j = 0; j < NODES; ++j) g[j] = 0.0;
    for (int i = 0; i < (point ? 1 : NODES); ++i) {
      const double simpson = step / 3.0 * (i == 0 || i == NODES - 1 ? 1 : i % 2 ? 4 : 2);
      const double w = point ? 1.0 : simpson * f[i];
      const double from = point ? known : V_th - width + step * i;
      const double mean = t == 0 ? known : (1.0 - d) * from + b;
      if (t == 0) {
        above = known >= V_th ? 1.0 : 0.0;
        continue;
      }
      above += w * 0.5 * erfc((V_th - mean) / (q * M_SQRT2));
      last += w * gauss(y[t], mean, sqrt(q * q + s->noise_mV * s->noise_mV));
      for (int j = 0; j < NODES; ++j) g[j] += w * gauss(V_th - width + step * j, mean, q);
    }
    if (t == L - 1) return fires[t] ? 0.0 : weight * last;
    if (fires[t]) {
      point = true;
      known = theta[RB_LIF_V_RESET];
      weight *= above * gauss(y[t], known, s->noise_mV);
      held = (int64_t)ceil(s->tref_ms / s->dt_ms);
    } else if (t == 0) {
      weight *= (1.0 - above) * gauss(y[t], known, s->noise_mV);
    } else {
      point = false;
      for (int j = 0; j < NODES; ++j) {
        f[j] = g[j] * gauss(y[t], V_th - width + step * j, s->noise_mV);
      }
    }
  }
  return 0.0;
}

/* The sum over all spike trains that are recorded as `spikes`. */
static double brute_force(const rb_lif_settings *s, int64_t L, const double *theta, const double *y,
                          const uint8_t *spikes) {
  double sum = 0.0;
  for (int train = 0; train < 1 << (L - 1); ++train) {
    uint8_t recorded[MAX_STEPS] = {0};
    bool fires[MAX_STEPS] = {0};
    for (int64_t t = 0; t < L - 1; ++t) {
      fires[t] = (train >> t & 1) != 0;
      const double it = (double)t;
      if (fires[t]) recorded[s->exact_spike_index ? t : (int64_t)((it * s->dt_ms) / s->dt_ms)] = 1;
    }
    if (memcmp(recorded, spikes, (size_t)L) == 0) sum += brute_force_one(s, L, theta, y, fires);
  }
  return log(sum);
}

/* Simulates until the trace has a spike (or, for want of one, the last attempt). */
static void simulate(const rb_lif_settings *s, int64_t L, const double *theta, uint64_t item,
                     double *y, uint8_t *spikes) {
  for (uint16_t attempt = 0; attempt < 50; ++attempt) {
    double current[MAX_STEPS], noise[MAX_STEPS];
    int count = 0;
    rb_stream_normals(rb_stream_make(2, RB_FOR_TESTS, RB_RANDOM_PROCESS_NOISE, attempt, item), 0, L,
                      current);
    rb_stream_normals(rb_stream_make(2, RB_FOR_TESTS, RB_RANDOM_OBSERVATION_NOISE, attempt, item),
                      0, L, noise);
    for (int64_t t = 0; t < L; ++t) {
      const double I = s->current_count > 0 ? s->current_pA[t] : s->I_mean_pA;
      current[t] = I + s->I_std_pA * current[t];
    }
    rb_lif_run(s, theta, current, y, spikes);
    for (int64_t t = 0; t < L; ++t) {
      y[t] += s->noise_mV * noise[t];
      count += spikes[t];
    }
    if (count > 0) return;
  }
}

static void compare_with_brute_force(rb_lif_settings s, const double *theta, int items) {
  const int64_t L = rb_lif_steps(&s);
  assert_true(L <= MAX_STEPS);
  rb_lif_likelihood *l = create(&s);
  for (int item = 0; item < items; ++item) {
    double y[MAX_STEPS];
    uint8_t spikes[MAX_STEPS];
    simulate(&s, L, theta, (uint64_t)item, y, spikes);
    assert_null(rb_lif_likelihood_observe(l, y, spikes));
    assert_near(rb_lif_likelihood_evaluate(l, theta, NULL), brute_force(&s, L, theta, y, spikes),
                1e-4);
  }
  rb_lif_likelihood_destroy(l);
}

static void test_brute_force(void **state) {
  (void)state;
  static const double theta[D] = {-60.0, 9.0, 8.0, -61.5, -61.0, -70.0};
  rb_lif_settings s = rb_lif_defaults();
  s.T_ms = 1.6;
  s.tref_ms = 0.4;
  s.I_std_pA = 150.0;
  compare_with_brute_force(s, theta, 3);
  s.dt_ms = 0.1;  // finer step, exact index, less observation noise
  s.T_ms = 0.8;
  s.tref_ms = 0.25;
  s.noise_mV = 0.3;
  s.exact_spike_index = true;
  compare_with_brute_force(s, theta, 2);
}

static void test_brute_force_current_trace(void **state) {
  (void)state;
  static const double theta[D] = {-60.0, 9.0, 8.0, -61.5, -61.0, -70.0};
  double current[8];
  for (int t = 0; t < 8; ++t) current[t] = 100.0 + 90.0 * t * (t % 3);
  rb_lif_settings s = rb_lif_defaults();
  s.T_ms = 1.6;
  s.tref_ms = 0.2;
  s.I_std_pA = 120.0;
  s.current_count = 8;
  s.current_pA = current;
  compare_with_brute_force(s, theta, 3);
}

/* Two steps may be recorded at one index; without a refractory period both may even fire and be
 * recorded once. */
static void test_brute_force_shared_index(void **state) {
  (void)state;
  static const double theta[D] = {-60.0, 9.0, 8.0, -60.2, -60.1, -58.0};
  rb_lif_settings s = rb_lif_defaults();
  s.tref_ms = 0.0;
  s.I_std_pA = 200.0;
  // A time step at which an early index is recorded one too small.
  int64_t shared = -1;
  for (int k = 1; k < 2000 && shared < 0; ++k) {
    s.dt_ms = 0.05 + 0.0007 * k;
    for (int64_t it = 2; it <= 5 && shared < 0; ++it) {
      const double t = (double)it;
      if ((int64_t)((t * s.dt_ms) / s.dt_ms) == it - 1) shared = it - 1;
    }
  }
  assert_true(shared > 0);
  s.T_ms = 7.5 * s.dt_ms;
  const int64_t L = rb_lif_steps(&s);
  double y[MAX_STEPS];
  uint8_t spikes[MAX_STEPS] = {0};
  for (int64_t t = 0; t < L; ++t) y[t] = -60.0 - 0.1 * (double)t;
  spikes[shared] = 1;
  rb_lif_likelihood *l = create(&s);
  assert_null(rb_lif_likelihood_observe(l, y, spikes));
  assert_near(rb_lif_likelihood_evaluate(l, theta, NULL), brute_force(&s, L, theta, y, spikes),
              1e-4);
  spikes[shared - 1] = 1;
  assert_null(rb_lif_likelihood_observe(l, y, spikes));
  assert_near(rb_lif_likelihood_evaluate(l, theta, NULL), brute_force(&s, L, theta, y, spikes),
              1e-4);
  rb_lif_likelihood_destroy(l);
}

/* The sum over spike trains of the integral over voltages is 1; the first sample's factor is known.
 */
static void test_normalisation(void **state) {
  (void)state;
  static const double theta[D] = {-60.0, 9.0, 8.0, -61.0, -60.5, -65.0};
  rb_lif_settings s = rb_lif_defaults();
  s.T_ms = 0.8;
  s.tref_ms = 0.0;
  s.I_std_pA = 150.0;
  const int64_t L = rb_lif_steps(&s);
  assert_int_equal(L, 4);
  rb_lif_likelihood *l = create(&s);
  const double spacing = 0.6, first_factor = gauss(-60.0, theta[RB_LIF_V_INIT], s.noise_mV);
  double total = 0.0;
  for (int train = 0; train < 4; ++train) {
    const uint8_t spikes[4] = {0, (uint8_t)(train & 1), (uint8_t)(train >> 1), 0};
    for (int i = 0; i < 24 * 24 * 24; ++i) {
      double y[4] = {-60.0};
      for (int t = 1, rest = i; t < 4; ++t, rest /= 24) y[t] = -60.5 + spacing * (rest % 24 - 11.5);
      assert_null(rb_lif_likelihood_observe(l, y, spikes));
      total += exp(rb_lif_likelihood_evaluate(l, theta, NULL)) / first_factor;
    }
  }
  assert_near(total * spacing * spacing * spacing, 1.0, 1e-5);
  rb_lif_likelihood_destroy(l);
}

/* What cannot be: minus infinity and a reason; what is merely absurd: a number. */
static void test_refusals(void **state) {
  (void)state;
  reference *r = read_reference();
  const rb_lif_settings settings = rb_lif_defaults();
  rb_lif_likelihood *l = create(&settings);
  const char *reason = NULL;
  double theta[D];
  double *y = r->voltage[0];
  uint8_t *spikes = r->spikes[0];
  memcpy(theta, r->theta[0][0], sizeof theta);
  assert_true(rb_lif_likelihood_evaluate(l, theta, &reason) == -INFINITY);
  assert_non_null(reason);
  static const struct {
    int parameter;
    double value;
  } bad[] = {{RB_LIF_TAU_M, -1}, {RB_LIF_TAU_M, 0.1}, {RB_LIF_G_L, 0},    {RB_LIF_V_TH, -90},
             {RB_LIF_V_TH, 99},  {RB_LIF_E_L, NAN},   {RB_LIF_E_L, -150}, {RB_LIF_V_RESET, -99.9}};
  assert_null(rb_lif_likelihood_observe(l, y, spikes));
  for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
    double changed[D];
    for (int d = 0; d < D; ++d) changed[d] = theta[d];
    changed[bad[i].parameter] = bad[i].value;
    reason = NULL;
    assert_true(rb_lif_likelihood_evaluate(l, changed, &reason) == -INFINITY);
    assert_non_null(reason);
  }
  int64_t spike = 0;
  while (!spikes[spike]) ++spike;
  spikes[spike + 5] = 1;
  assert_non_null(rb_lif_likelihood_observe(l, y, spikes));
  assert_true(rb_lif_likelihood_evaluate(l, theta, &reason) == -INFINITY);
  assert_non_null(strstr(reason, "refractory"));
  spikes[spike + 5] = 0;
  spikes[STEPS - 1] = 1;
  assert_non_null(strstr(rb_lif_likelihood_observe(l, y, spikes), "last sample"));
  spikes[STEPS - 1] = 0;
  const double kept = y[17];
  y[17] = NAN;
  assert_non_null(strstr(rb_lif_likelihood_observe(l, y, spikes), "finite"));
  y[17] = kept;
  // A spike far below threshold, and a trace at the clip: possible in principle, hence a number.
  for (int k = 0; k < 2; ++k) {
    if (k == 0) {
      for (int t = 0; t < STEPS; ++t) spikes[t] = 0;
      spikes[2] = 1;
    } else {
      for (int t = 0; t < STEPS; ++t) y[t] = -100.0;
    }
    assert_null(rb_lif_likelihood_observe(l, y, spikes));
    const double value = rb_lif_likelihood_evaluate(l, theta, &reason);
    assert_true(value < -2000.0);  // NaN fails
  }
  rb_lif_likelihood_destroy(l);
  rb_lif_settings noiseless = settings;
  noiseless.noise_mV = 0.0;
  assert_int_equal(rb_lif_likelihood_create(&test_context, &noiseless, &l), RB_ERR_SETTING);
  rb_error_clear(&test_context);
  free(r);
}

/* Two steps after the start at threshold distances of hundreds of sd, the crossing probability is
 * that of a Gaussian: the threshold cannot have mattered before. */
static void test_improbable_spike(void **state) {
  (void)state;
  rb_lif_settings s = rb_lif_defaults();
  s.T_ms = 0.8;
  s.tref_ms = 0.4;
  static const double theta[D] = {-55.0, 10.0, 10.0, -72.0, -70.0, -65.0};
  const double y[4] = {-70.0, -72.0, -72.0, -72.0};
  const uint8_t spikes[4] = {0, 1, 0, 0};
  const double d = 0.02, q = 0.1, mean = (1 - d) * -70.0 + d * (-65.0 + 20.0);
  const double z = (-55.0 - mean) / q;
  // log Phi(-z) = -z^2/2 - log(z sqrt(2 pi)) + log(1 - 1/z^2 + ...)
  const double log_spike = -0.5 * z * z - log(z * sqrt(2 * M_PI)) + log1p(-1 / (z * z));
  const double last = gauss(y[3], (1 - d) * -72.0 + d * -45.0, sqrt(1 + q * q));
  rb_lif_likelihood *l = create(&s);
  assert_null(rb_lif_likelihood_observe(l, y, spikes));
  assert_near(rb_lif_likelihood_evaluate(l, theta, NULL),
              log_spike + 3 * log(gauss(0, 0, 1)) + log(last), 1e-6);
  rb_lif_likelihood_destroy(l);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_reference),
    cmocka_unit_test(test_resolution),
    cmocka_unit_test(test_brute_force),
    cmocka_unit_test(test_brute_force_current_trace),
    cmocka_unit_test(test_brute_force_shared_index),
    cmocka_unit_test(test_normalisation),
    cmocka_unit_test(test_refusals),
    cmocka_unit_test(test_improbable_spike),
};
RB_TEST_MAIN(tests)
