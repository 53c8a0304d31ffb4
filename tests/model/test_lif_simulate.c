#include "model/lif/lif.h"
#include "rb_test.h"
#include "rheobase/random/distributions.h"

enum { D = RB_LIF_DIM, MAX_LENGTH = 1200 };

/* One data set by its definition: scalar streams, rb_lif_run, noise, rounding to float. */
static void by_definition(const rb_lif_settings *s, uint64_t seed, rb_purpose purpose, int64_t item,
                          const double *theta, float *x) {
  static double normal[MAX_LENGTH], current[MAX_LENGTH], v[MAX_LENGTH];
  static uint8_t spikes[MAX_LENGTH];
  const int64_t length = rb_lif_steps(s);
  rb_stream_normals(rb_stream_make(seed, purpose, RB_RANDOM_PROCESS_NOISE, 0, (uint64_t)item), 0,
                    length, normal);
  for (int64_t i = 0; i < length; ++i) {
    current[i] = (s->current_count > 0 ? s->current_pA[i] : s->I_mean_pA) + s->I_std_pA * normal[i];
  }
  rb_lif_run(s, theta, current, v, spikes);
  rb_stream_normals(rb_stream_make(seed, purpose, RB_RANDOM_OBSERVATION_NOISE, 0, (uint64_t)item),
                    0, length, normal);
  for (int64_t i = 0; i < length; ++i) {
    x[i] = (float)(v[i] + s->noise_mV * normal[i]);
    x[length + i] = (float)spikes[i];
  }
}

/* Data sets first .. first+count-1 in one call, by the kernel of the context's instruction set. */
static int compare(const rb_lif_settings *settings, int64_t first, int64_t count) {
  rb_model model;
  assert_int_equal(rb_lif_model(&test_context, settings, &model), RB_OK);
  const size_t size = (size_t)(2 * model.length);
  double *theta = calloc((size_t)count * D, sizeof *theta);
  float *x = calloc((size_t)count * size, sizeof *x), *expected = calloc(size, sizeof *expected);
  assert_true(theta != NULL && x != NULL && expected != NULL);
  assert_int_equal(
      model.draw_prior(&model, &test_context, 45, RB_FOR_TESTS, first, count, theta, NULL), RB_OK);
  assert_int_equal(model.simulate(&model, &test_context, 45, RB_FOR_TESTS, first, count, theta, x),
                   RB_OK);
  int spikes = 0;
  for (int64_t i = 0; i < count; ++i) {
    by_definition(settings, 45, RB_FOR_TESTS, first + i, &theta[i * D], expected);
    assert_memory_equal(&x[(size_t)i * size], expected, size * sizeof *x);
    for (int64_t k = model.length; k < 2 * model.length; ++k) spikes += expected[k] > 0;
  }
  free(theta);
  free(x);
  free(expected);
  model.destroy(&model);
  return spikes;
}

static void with_every_kernel(const rb_lif_settings *settings, int64_t first, int64_t count,
                              int least_spikes) {
  const rb_isa chosen = test_context.isa;
  for (int isa = 0; isa <= (int)rb_cpu_best_isa(); ++isa) {
    test_context.isa = (rb_isa)isa;
    assert_true(compare(settings, first, count) >= least_spikes);
  }
  test_context.isa = chosen;
}

static void kernels_equal_the_definition(void **state) {
  (void)state;
  const rb_lif_settings settings = rb_lif_defaults();
  with_every_kernel(&settings, 0, 40, 100);
}

static void any_grouping_gives_the_same(void **state) {
  (void)state;
  const rb_lif_settings settings = rb_lif_defaults();
  for (int64_t count = 1; count < 20; count += 3) with_every_kernel(&settings, 100, count, 0);
  with_every_kernel(&settings, (int64_t)1 << 33, 3, 0);  // items beyond 32 bits
}

static void other_settings(void **state) {
  (void)state;
  rb_lif_settings settings = rb_lif_defaults();
  settings.exact_spike_index = true;
  with_every_kernel(&settings, 0, 9, 20);
  settings = rb_lif_defaults();
  settings.tref_ms = 0;  // spikes at successive steps, recorded indices that coincide
  settings.I_mean_pA = 4000;
  with_every_kernel(&settings, 0, 9, 200);
  settings.tref_ms = 2.1;
  settings.dt_ms = 0.3;  // 667 steps: no multiple of a block
  with_every_kernel(&settings, 0, 9, 200);
  settings.T_ms = 0.6;  // 2 steps
  with_every_kernel(&settings, 0, 9, 0);
  settings = rb_lif_defaults();
  settings.I_std_pA = 0;
  settings.noise_mV = 0;
  with_every_kernel(&settings, 0, 9, 0);
  settings.I_std_pA = 1e6;  // clipped at +-100 mV
  with_every_kernel(&settings, 0, 9, 100);
}

static void an_injected_trace(void **state) {
  (void)state;
  static double trace[1000];
  for (int i = 0; i < 1000; ++i) trace[i] = 150 + 200 * (i > 300 && i < 600);
  rb_lif_settings settings = rb_lif_defaults();
  settings.current_count = 1000;
  settings.current_pA = trace;
  with_every_kernel(&settings, 0, 9, 20);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(kernels_equal_the_definition), cmocka_unit_test(any_grouping_gives_the_same),
    cmocka_unit_test(other_settings), cmocka_unit_test(an_injected_trace)};
RB_TEST_MAIN(tests)
