#include "model/lif/lif.h"
#include "neuron_setup.h"
#include "rheobase/random/distributions.h"

enum { C, TAU_M, E_L, V_TH, V_RESET, I_STD, NOISE_MV, B, TAU_W, PARAMETERS };
enum { L = 2500 };
static const double dt = 0.2;

/* The neuron by its definition, written anew. @param held samples from a spike's own on */
static int run(const double *p, double v, const double *I, int held, double *trace,
               uint8_t *spikes) {
  double w = 0;
  int left = 0, count = 0;
  trace[0] = v;
  spikes[0] = 0;
  for (int k = 0; k < L - 1; ++k) {
    const double dv = (p[E_L] - v) / p[TAU_M] + (I[k] - w) / p[C];
    v = fmax(fmin(v + dt * dv, 200), -200);
    w *= exp(-dt / p[TAU_W]);
    spikes[k + 1] = left == 0 && v >= p[V_TH];
    if (spikes[k + 1]) {
      w += p[B];
      left = held;
      ++count;
    }
    if (left > 0) v = p[V_RESET];
    left -= left > 0;
    trace[k + 1] = v;
  }
  return count;
}

/* A fluctuating current. */
static void draw_current(int64_t item, double mean, double sd, double *I) {
  double y = 0;
  rb_stream_normals(rb_stream_make(3, RB_FOR_TESTS, RB_RANDOM_PICKS, 0, (uint64_t)item), 0, L, I);
  for (int k = 0; k < L; ++k) {
    y = 0.9 * y + sd * sqrt(1 - 0.81) * I[k];
    I[k] = mean + y;
  }
}

static void own_run(const rb_model *model, const double *theta, const double *I, double *trace,
                    uint8_t *spikes) {
  double final[RB_NEURON_VARIABLES];
  const double *const currents[] = {I};
  const rb_neuron_traces traces = {1, theta, currents, NULL, trace, spikes, final};
  assert_int_equal(rb_neuron_run_traces(model, &test_context, &traces), RB_OK);
}

static void traces_follow_the_definition(void **state) {
  (void)state;
  enum { CASES = 64 };
  static double theta[CASES * PARAMETERS], I[L], expected[L], trace[L];
  static uint8_t spikes[L], own[L];
  rb_model model;
  int count = 0;
  assert_neuron("adaptive_lif", "simulator = { T_ms = 500.0; tref_ms = 2.0; }; stimulus = ();",
                &model);
  assert_int_equal(neuron_state(&model)->length, L);
  assert_int_equal(neuron_state(&model)->blanked, 10);
  assert_int_equal(model.draw_prior(&model, &test_context, 1, RB_FOR_TESTS, 0, CASES, theta, NULL),
                   RB_OK);
  for (int i = 0; i < CASES; ++i) {
    const double *p = &theta[i * PARAMETERS];
    draw_current(i, 250, 300, I);
    count += run(p, fmin(p[E_L], p[V_TH]), I, 10, expected, spikes);
    own_run(&model, p, I, trace, own);
    assert_memory_equal(own, spikes, L);
    for (int k = 0; k < L; ++k) assert_near(trace[k], expected[k], 1e-9);
  }
  assert_true(count > 500);
  model.destroy(&model);
}

/* Without adaptation it is the LIF of the program, whose refractory time counts a sample more. */
static void without_a_jump_it_is_the_lif(void **state) {
  (void)state;
  static double I[L], expected[L], trace[L];
  static uint8_t spikes[L], own[L];
  const double lif[RB_LIF_DIM] = {-52, 12, 9, -70, -66, -66};
  const double theta[PARAMETERS] = {108, 12, -66, -52, -70, 0, 0, 0, 100};  // C = tau g_L
  rb_lif_settings s = rb_lif_defaults();
  s.T_ms = 500;
  s.dt_ms = dt;
  s.tref_ms = 2;
  s.exact_spike_index = true;
  rb_model model;
  assert_neuron("adaptive_lif",
                "simulator = { T_ms = 500.0; tref_ms = 2.2; v0_mV = -66; }; stimulus = ();",
                &model);
  draw_current(0, 300, 200, I);
  rb_lif_run(&s, lif, I, expected, spikes);
  own_run(&model, theta, I, trace, own);
  int count = 0;
  for (int k = 0; k < L - 1; ++k) {  // the LIF's last sample has no spike
    assert_near(trace[k], expected[k], 1e-10);
    assert_int_equal(own[k], spikes[k]);
    count += own[k];
  }
  assert_true(count > 20);
  model.destroy(&model);
}

/* Under a constant current v[k] = v_inf + (V_reset - v_inf) (1 - dt/tau)^k. */
static void intervals_are_exact(void **state) {
  (void)state;
  static double I[L], trace[L];
  static uint8_t own[L];
  rb_model model;
  assert_neuron("adaptive_lif", "simulator = { T_ms = 500.0; tref_ms = 3.0; }; stimulus = ();",
                &model);
  for (int i = 0; i < 24; ++i) {
    const double theta[PARAMETERS] = {100, 6 + i, -66, -50, -62, 10, 1, 0, 100};
    const double v_inf = -66 + 400 * theta[TAU_M] / theta[C];
    const double steps = ceil(log((-50 - v_inf) / (-62 - v_inf)) / log(1 - dt / theta[TAU_M])) + 14;
    for (int k = 0; k < L; ++k) I[k] = 400;
    own_run(&model, theta, I, trace, own);
    int last = -1, seen = 0;
    for (int k = 0; k < L; ++k) {
      if (!own[k]) continue;
      if (last >= 0) assert_int_equal(k - last, (int)steps);
      seen += last >= 0;
      last = k;
    }
    assert_true(seen > 5);
  }
  model.destroy(&model);
}

/* The two noises are parameters: what is recorded of a silent cell at rest has their sds. */
static void its_noises_are_parameters(void **state) {
  (void)state;
  static float x[2 * L];
  rb_model model;
  assert_neuron("adaptive_lif",
                "simulator = { T_ms = 500.0; }; stimulus = ();"
                "recording = { channels = [\"voltage\", \"spikes\"]; };",
                &model);
  for (int i = 0; i < 4; ++i) {
    const double theta[PARAMETERS] = {100, 10, -65, -20, -60, i & 1 ? 50 : 0, i & 2 ? 0.5 : 0,
                                      0,   9};
    const double step = dt / theta[C] * theta[I_STD], keep = 1 - dt / theta[TAU_M];
    assert_int_equal(model.simulate(&model, &test_context, 1, RB_FOR_TESTS, i, 1, theta, x), RB_OK);
    double change = 0;  // of v[k+1] - keep v[k]
    for (int k = 0; k < L - 1; ++k) {
      const double d = (double)x[k + 1] + 65 - keep * ((double)x[k] + 65);
      change += d * d / (L - 1);
    }
    const double expected = step * step + (1 + keep * keep) * theta[NOISE_MV] * theta[NOISE_MV];
    assert_near(change, expected, expected * 5 * sqrt(4.0 / L) + 1e-9);
  }
  model.destroy(&model);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(traces_follow_the_definition), cmocka_unit_test(without_a_jump_it_is_the_lif),
    cmocka_unit_test(intervals_are_exact), cmocka_unit_test(its_noises_are_parameters)};
RB_TEST_MAIN(tests)
