#include "filter_bank_reference.h"
#include "model/lif/filter_bank_state.h"
#include "rb_test.h"
#include "rheobase/base/memory.h"

enum { D = RB_LIF_DIM, F = RB_LIF_FEATURES, LANES = 48, MOMENTS = 25, OTHERS = 8 };

/* A model, its bank, and n data sets of it. */
typedef struct fixture {
  rb_lif_settings settings;
  rb_model model;
  rb_lif_filter_bank *bank;
  int64_t n, size;
  double *theta;
  rb_lif_centring *centring;
  float *x, *features;
} fixture;

static void *zeroed(int64_t count, size_t size) {
  void *memory = rb_allocate(&test_context, count, size);
  assert_non_null(memory);
  return memory;
}

static fixture make(const rb_lif_settings *settings, int64_t n) {
  fixture f = {.settings = *settings, .n = n};
  assert_int_equal(rb_lif_model(&test_context, settings, &f.model), RB_OK);
  assert_int_equal(rb_lif_filter_bank_create(&test_context, settings, &f.bank), RB_OK);
  f.size = RB_LIF_CHANNELS * f.model.length;
  f.theta = zeroed(n * D, sizeof *f.theta);
  f.centring = zeroed(n, sizeof *f.centring);
  f.x = zeroed(n * f.size, sizeof *f.x);
  f.features = zeroed(n * F, sizeof *f.features);
  rb_model *m = &f.model;
  assert_int_equal(m->draw_prior(m, &test_context, 3, RB_FOR_TESTS, 0, n, f.theta, NULL), RB_OK);
  assert_int_equal(m->simulate(m, &test_context, 3, RB_FOR_TESTS, 0, n, f.theta, f.x), RB_OK);
  return f;
}

static void compute(fixture *f) {
  rb_lif_filter_bank_compute(&test_context, f->bank, f->n, f->x, f->features, f->centring);
}

static void done(fixture *f) {
  f->model.destroy(&f->model);
  rb_lif_filter_bank_free(f->bank);
  free(f->theta);
  free(f->centring);
  free(f->x);
  free(f->features);
}

static int feature(const char *name) {
  const rb_quantity *q = rb_lif_filter_bank_quantities();
  for (int k = 0; k < F; ++k) {
    if (strcmp(q[k].name, name) == 0) return k;
  }
  fail_msg("no feature %s", name);
  return -1;
}

/* A grid: 8 tau and so many g, in equal steps of their logarithms. */
typedef struct grid {
  double log_tau_first, step;
  int gs;
  double g_low, g_high;
} grid;

static grid coarse_grid(void) { return (grid){log(5), log(4) / 7, 2, 8.2, 12.2}; }

static grid fine_grid(double coarse_log_tau) {
  const double w = fmin(fmax(rint((coarse_log_tau - log(5)) / 0.2132), 0), 6);
  return (grid){log(5) + 0.2132 * w - 0.21875, 0.0625, 6, 6.4, 14.8};
}

/* Moments of a grid from the reference's lanes, in the order of the features, its evidence, and the
 * moments of E_L. */
static int reference_grid(const reference_data *data, const grid *at, reference_lane lane[LANES],
                          double log_tau[LANES], double log_g[LANES], double out[MOMENTS]) {
  double weight[LANES], highest = -INFINITY, sum = 0;
  int best = 0;
  const int lanes = 8 * at->gs;
  for (int i = 0; i < lanes; ++i) {
    log_tau[i] = at->log_tau_first + at->step * (i / at->gs);
    log_g[i] = log(at->g_low) + log(at->g_high / at->g_low) * (i % at->gs) / (at->gs - 1);
    assert_true(reference_solve(data, exp(log_tau[i]), exp(log_g[i]), &lane[i]));
    const double z_tau = (log_tau[i] - log(10)) / 0.2, z_g = (log_g[i] - log(10)) / 0.2;
    weight[i] = lane[i].log_marginal - 0.5 * (z_tau * z_tau + z_g * z_g);
    if (weight[i] > highest) best = i;
    highest = fmax(highest, weight[i]);
  }
  for (int i = 0; i < lanes; ++i) sum += weight[i] = exp(weight[i] - highest);
  out[22] = highest + log(sum);
  enum { N = 7 };  // V_reset mu V_init tau g v_th E_L
  double mean[N] = {0}, covariance[N][N] = {{0}};
  for (int pass = 0; pass < 2; ++pass) {
    for (int i = 0; i < lanes; ++i) {
      const double w = weight[i] / sum;
      const double drive = data->settings->I_mean_pA / exp(log_g[i]);
      const double value[N] = {lane[i].beta[0], lane[i].beta[1], lane[i].beta[2],        log_tau[i],
                               log_g[i],        lane[i].v_th,    lane[i].beta[1] - drive};
      const double own[N] = {
          lane[i].covariance[0][0], lane[i].covariance[1][1], lane[i].covariance[2][2], 0, 0,
          lane[i].var_v_th,         lane[i].covariance[1][1]};
      for (int k = 0; k < N; ++k) {
        if (pass == 0) mean[k] += w * value[k];
        for (int l = 0; pass == 1 && l < N; ++l) {
          covariance[k][l] +=
              w * ((value[k] - mean[k]) * (value[l] - mean[l]) + (k == l ? own[k] : 0));
        }
      }
    }
  }
  for (int k = 0; k < 6; ++k) {
    out[k] = mean[k];
    out[6 + k] = log(covariance[k][k] + 1e-6);
  }
  const double rest[] = {covariance[3][4], covariance[3][1], covariance[3][5], covariance[3][0],
                         covariance[3][2], covariance[4][1], covariance[4][5], covariance[5][5],
                         covariance[4][0], covariance[4][2]};
  for (int k = 0; k < 10; ++k) out[12 + k] = rest[k];
  out[23] = mean[6];
  out[24] = log(covariance[6][6] + 1e-6);
  return best;
}

static void check(const char *name, double value, double expected, double tolerance) {
  if (fabs(value - expected) <= tolerance * (1 + fabs(expected))) return;
  print_error("%s: %.9g, reference %.9g\n", name, value, expected);
  fail();
}

/* All features but the plain spike statistics against the dense reference. */
static void check_data_set(const fixture *f, int64_t i, int64_t spikes, const int64_t *spike) {
  const reference_data data = {&f->settings, &f->x[i * f->size], f->model.length, spikes, spike};
  const float *got = &f->features[i * F];
  const rb_quantity *q = rb_lif_filter_bank_quantities();
  reference_lane lane[LANES];
  double tau[LANES], g[LANES], moments[MOMENTS];
  const double tolerance = 2e-4;
  const grid coarse = coarse_grid();
  (void)reference_grid(&data, &coarse, lane, tau, g, moments);
  for (int k = 0; k < 20; ++k) check(q[k].name, (double)got[k], moments[k], tolerance);
  const grid fine = fine_grid(moments[3]);
  const int best = reference_grid(&data, &fine, lane, tau, g, moments);
  for (int k = 0; k < 20; ++k) check(q[20 + k].name, (double)got[20 + k], moments[k], tolerance);
  check("g V_reset", (double)got[feature("fine_cov_g_V_reset")], moments[20], tolerance);
  check("evidence", (double)got[feature("fine_evidence")], moments[22] / (double)f->model.length,
        tolerance);
  check("g V_init", (double)got[feature("fine_cov_g_V_init")], moments[21], tolerance);
  check("E_L", (double)got[feature("fine_E_L")], moments[23], tolerance);
  check("E_L", (double)got[feature("fine_log_var_E_L")], moments[24], tolerance);
  reference_threshold t;
  reference_second_pass(&data, exp(tau[best]), exp(g[best]), &lane[best], &t);
  check("highest", (double)got[feature("highest")], t.highest, tolerance);
  for (int c = 0; c < 3; ++c) {
    check("soft", (double)got[feature("soft_highest_3") + c], t.soft[c], tolerance);
  }
  check("rms", (double)got[feature("spike_log_rms")], t.log_rms, tolerance);
  check("rise", (double)got[feature("spike_rise")], t.rise, tolerance);
  check("mu", (double)got[feature("mu_above_v_th")], lane[best].beta[1] - lane[best].v_th,
        tolerance);
}

static int64_t find_spikes(const fixture *f, int64_t i, int64_t *spike) {
  int64_t n = 0;
  const float *spikes = &f->x[i * f->size + f->model.length];
  for (int64_t t = 0; t < f->model.length; ++t) {
    if (spikes[t] > 0) spike[n++] = t;
  }
  return n;
}

/* The log evidence of data set i with other settings, as the bank defines it. */
static double reference_evidence(const fixture *f, int64_t i, const rb_lif_settings *settings) {
  int64_t spike[200];
  const int64_t spikes = find_spikes(f, i, spike);
  const reference_data data = {settings, &f->x[i * f->size], f->model.length, spikes, spike};
  reference_lane lane[LANES];
  double tau[LANES], g[LANES], out[MOMENTS];
  const grid coarse = coarse_grid();
  (void)reference_grid(&data, &coarse, lane, tau, g, out);
  const grid fine = fine_grid(out[3]);
  (void)reference_grid(&data, &fine, lane, tau, g, out);
  return out[22];
}

static rb_lif_settings short_settings(void) {
  rb_lif_settings settings = rb_lif_defaults();
  settings.exact_spike_index = true;
  settings.T_ms = 40;
  settings.I_mean_pA = 240;
  return settings;
}

/* A current that rises and falls about I_mean. */
static void inject_trace(rb_lif_settings *settings) {
  static double trace[200];
  for (int t = 0; t < 200; ++t) trace[t] = 240 + 120 * sin(t / 9.0);
  settings->current_count = 200;
  settings->current_pA = trace;
}

static void features_equal_the_dense_computation(void **state) {
  (void)state;
  const rb_lif_settings settings = short_settings();
  fixture f = make(&settings, 6);
  compute(&f);
  int64_t total = 0;
  for (int64_t i = 0; i < f.n; ++i) {
    int64_t spike[200];
    const int64_t n = find_spikes(&f, i, spike);
    check_data_set(&f, i, n, spike);
    total += n;
  }
  assert_true(total >= 6);
  done(&f);
}

static void an_injected_trace_is_followed(void **state) {
  (void)state;
  rb_lif_settings settings = short_settings();
  inject_trace(&settings);
  settings.noise_mV = 0.7;
  fixture f = make(&settings, 2);
  compute(&f);
  for (int64_t i = 0; i < f.n; ++i) {
    int64_t spike[200];
    check_data_set(&f, i, find_spikes(&f, i, spike), spike);
  }
  done(&f);
}

static int64_t longest_lag(const rb_lif_filter_bank *bank) {
  int64_t longest = bank->coarse.group[0].lags;
  for (int w = 0; w < RB_BANK_WINDOWS; ++w) {
    for (int k = 0; k < bank->fine[w].groups; ++k) {
      const int64_t lags = bank->fine[w].group[k].lags;
      if (lags > longest) longest = lags;
    }
  }
  return longest;
}

/* A long silent trace, most of it at lags where the gains are steady. */
static void long_segments_use_steady_gains(void **state) {
  (void)state;
  rb_lif_settings settings = rb_lif_defaults();
  settings.dt_ms = 1;
  settings.T_ms = 280;
  settings.I_mean_pA = 30;
  fixture f = make(&settings, 2);
  assert_true(longest_lag(f.bank) < f.model.length / 2);
  compute(&f);
  int64_t spike[200];
  for (int64_t i = 0; i < f.n; ++i) {
    assert_int_equal(find_spikes(&f, i, spike), 0);
    check_data_set(&f, i, 0, spike);
  }
  done(&f);
}

static void same_bits_in_any_group_and_with_every_kernel(void **state) {
  (void)state;
  const rb_lif_settings settings = rb_lif_defaults();
  fixture f = make(&settings, 35);
  compute(&f);
  float one[F];
  rb_lif_centring centring;
  const rb_isa chosen = test_context.isa;
  for (int isa = 0; isa <= (int)rb_cpu_best_isa(); ++isa) {
    test_context.isa = (rb_isa)isa;
    for (int64_t i = 0; i < f.n; ++i) {
      rb_lif_filter_bank_compute(&test_context, f.bank, 1, &f.x[i * f.size], one, &centring);
      assert_memory_equal(one, &f.features[i * F], sizeof one);
      assert_memory_equal(&centring, &f.centring[i], sizeof centring);
    }
  }
  test_context.isa = chosen;
  done(&f);
}

/* Spikes recorded one step early are put right: the features of the two conventions agree. */
static void the_index_quirk_is_undone(void **state) {
  (void)state;
  enum { N = 300 };
  rb_lif_settings settings = rb_lif_defaults();
  fixture quirk = make(&settings, N);
  settings.exact_spike_index = true;
  fixture exact = make(&settings, N);
  compute(&quirk);
  compute(&exact);
  int moved = 0, different = 0;
  for (int64_t i = 0; i < N; ++i) {
    const float *a = &quirk.x[i * quirk.size], *b = &exact.x[i * exact.size];
    const size_t size = (size_t)quirk.size * sizeof *a;
    moved += memcmp(a, b, size) != 0;
    different += memcmp(&quirk.features[i * F], &exact.features[i * F], F * sizeof(float)) != 0;
  }
  assert_true(moved > N / 4);
  assert_true(different <= N / 50);
  done(&quirk);
  done(&exact);
}

/* Truths in the centred coordinates have a spread near one: rms over 600 data sets whose parameters
 * are not clipped. (The bank does not know the threshold, so they are not standard normal.) */
static void centring_has_the_scale_of_the_posterior(void **state) {
  (void)state;
  enum { N = 600 };
  const rb_lif_settings settings = rb_lif_defaults();
  fixture f = make(&settings, N);
  compute(&f);
  double square[D] = {0};
  int n = 0;
  for (int64_t i = 0; i < N; ++i) {
    const double *t = &f.theta[i * D];
    if (t[RB_LIF_G_L] >= 15 || t[RB_LIF_TAU_M] <= 5 || t[RB_LIF_TAU_M] >= 20) continue;
    double psi[D];
    rb_lif_centre(&f.centring[i], t, psi, NULL);
    for (int d = 0; d < D; ++d) square[d] += psi[d] * psi[d];
    ++n;
  }
  for (int d = 0; d < D; ++d) {
    const double rms = sqrt(square[d] / n);
    // The logit of E_L has a long tail where V_init cuts it off.
    const double most = d == RB_LIF_E_L ? 2.4 : 1.6;
    if (!(rms > 0.7 && rms < most)) print_error("coordinate %d: rms %g\n", d, rms);
    assert_true(rms > 0.7 && rms < most);
  }
  done(&f);
}

/* Data with more noise than the bank assumes have much less evidence per sample. */
static void evidence_notices_wrong_assumptions(void **state) {
  (void)state;
  rb_lif_settings settings = rb_lif_defaults();
  fixture right = make(&settings, 20);
  settings.noise_mV = 1.5;
  fixture wrong = make(&settings, 20);
  compute(&right);
  const double usual = (double)right.features[feature("fine_evidence")];
  rb_lif_filter_bank_compute(&test_context, right.bank, 20, wrong.x, wrong.features,
                             wrong.centring);
  for (int64_t i = 0; i < 20; ++i) {
    assert_near((double)right.features[i * F + feature("fine_evidence")], usual, 0.15);
    assert_true((double)wrong.features[i * F + feature("fine_evidence")] < usual - 0.3);
  }
  done(&right);
  done(&wrong);
}

/* Log Bayes factors of the alternatives against the dense reference, to 0.01 nats: evidences of one
 * bank's settings, whose grids' windows may differ, minus another's. */
static void check_log_bayes(const rb_lif_settings *own, int64_t n) {
  static const double factor[OTHERS][4] = {{1.2, 1, 1, 1}, {1 / 1.2, 1, 1, 1}, {1, 1.5, 1, 1},
                                           {1, 0.5, 1, 1}, {1, 1, 1.3, 1},     {1, 1, 1 / 1.3, 1},
                                           {1, 1, 1, 1.6}, {1, 1, 1, 1 / 1.6}};
  static double trace[200];
  fixture f = make(own, n);
  assert_int_equal(rb_lif_add_alternatives(&test_context, &f.model), RB_OK);
  const rb_alternatives *others = f.model.alternatives;
  double log_bayes[6 * OTHERS];
  assert_int_equal(others->count, OTHERS);
  assert_int_equal(others->compare(&f.model, &test_context, f.n, f.x, log_bayes), RB_OK);
  for (int64_t i = 0; i < f.n; ++i) {
    const double base = reference_evidence(&f, i, own);
    for (int k = 0; k < OTHERS; ++k) {
      rb_lif_settings other = *own;
      other.noise_mV *= factor[k][0];
      other.I_std_pA *= factor[k][1];
      other.tref_ms *= factor[k][2];
      other.I_mean_pA *= factor[k][3];
      for (int64_t t = 0; t < own->current_count; ++t) trace[t] = own->current_pA[t] * factor[k][3];
      if (own->current_count > 0) other.current_pA = trace;
      assert_near(log_bayes[i * OTHERS + k], reference_evidence(&f, i, &other) - base, 0.01);
    }
  }
  done(&f);
}

static void log_bayes_factors_equal_the_dense_computation(void **state) {
  (void)state;
  rb_lif_settings settings = short_settings();
  check_log_bayes(&settings, 6);
  inject_trace(&settings);
  check_log_bayes(&settings, 2);
}

/* Without a current there is no stronger one. */
static void no_mean_current_no_alternatives_to_it(void **state) {
  (void)state;
  rb_lif_settings settings = short_settings();
  settings.I_mean_pA = 0;
  fixture f = make(&settings, 1);
  double log_bayes[OTHERS];
  assert_int_equal(rb_lif_add_alternatives(&test_context, &f.model), RB_OK);
  assert_int_equal(f.model.alternatives->count, OTHERS - 2);
  assert_int_equal(f.model.alternatives->compare(&f.model, &test_context, 1, f.x, log_bayes),
                   RB_OK);
  done(&f);
}

/* The current's noise, which moves the potential by a tenth of the observation's noise per step, is
 * told apart nevertheless: of recordings with twice as much most speak for more, by e^3 or more; of
 * the model's own hardly any. */
static void evidence_notices_a_noisier_current(void **state) {
  (void)state;
  enum { N = 200, MORE = 2 };
  rb_lif_settings settings = rb_lif_defaults();
  fixture right = make(&settings, N);
  settings.I_std_pA = 100;
  fixture wrong = make(&settings, N);
  static double own[N * OTHERS], other[N * OTHERS];
  rb_model *m = &right.model;
  assert_int_equal(rb_lif_add_alternatives(&test_context, m), RB_OK);
  assert_int_equal(m->alternatives->compare(m, &test_context, N, right.x, own), RB_OK);
  assert_int_equal(m->alternatives->compare(m, &test_context, N, wrong.x, other), RB_OK);
  int alarms = 0, found = 0;
  for (int i = 0; i < N; ++i) {
    alarms += own[i * OTHERS + MORE] > 3;
    found += other[i * OTHERS + MORE] > 3;
  }
  assert_true(alarms <= 10);  // e^-3 of them at most are expected: Markov's inequality
  assert_true(found >= 160);
  done(&right);
  done(&wrong);
}

/* Observations that no such neuron can have made still give finite numbers. */
static void foreign_observations_give_finite_numbers(void **state) {
  (void)state;
  const rb_lif_settings settings = rb_lif_defaults();
  fixture f = make(&settings, 4);
  const int64_t L = f.model.length;
  for (int64_t t = 0; t < L; ++t) {
    f.x[L + t] = 1;                        // a spike at every step
    f.x[f.size + t] = t % 2 ? 100 : -100;  // no neuron
    f.x[2 * f.size + L + t] = t == 0;      // a spike at the first step
    f.x[3 * f.size + L + t] = t >= L - 2;  // at the last steps
  }
  compute(&f);
  for (int64_t k = 0; k < f.n * F; ++k) assert_true(isfinite(f.features[k]));
  double log_bayes[4 * RB_MAX_ALTERNATIVES];
  assert_int_equal(rb_lif_add_alternatives(&test_context, &f.model), RB_OK);
  const rb_alternatives *others = f.model.alternatives;
  assert_int_equal(others->compare(&f.model, &test_context, f.n, f.x, log_bayes), RB_OK);
  for (int64_t k = 0; k < f.n * others->count; ++k) assert_true(isfinite(log_bayes[k]));
  for (int64_t i = 0; i < f.n; ++i) {
    const rb_lif_centring *c = &f.centring[i];
    for (int d = 0; d < D; ++d) assert_true(isfinite(c->location[d]) && c->scale[d] > 0);
  }
  done(&f);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(features_equal_the_dense_computation),
    cmocka_unit_test(an_injected_trace_is_followed),
    cmocka_unit_test(long_segments_use_steady_gains),
    cmocka_unit_test(same_bits_in_any_group_and_with_every_kernel),
    cmocka_unit_test(the_index_quirk_is_undone),
    cmocka_unit_test(centring_has_the_scale_of_the_posterior),
    cmocka_unit_test(evidence_notices_wrong_assumptions),
    cmocka_unit_test(log_bayes_factors_equal_the_dense_computation),
    cmocka_unit_test(no_mean_current_no_alternatives_to_it),
    cmocka_unit_test(evidence_notices_a_noisier_current),
    cmocka_unit_test(foreign_observations_give_finite_numbers)};
RB_TEST_MAIN(tests)
