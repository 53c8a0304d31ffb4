/* Statistics of a potential and a known stimulus against a slow reference that follows the
 * definition: with masks, several recordings, without events, and where nothing can be fitted. */
#include "driven_reference.h"
#include "rb_test.h"
#include "rheobase/base/memory.h"
#include "rheobase/model/statistics.h"
#include "rheobase/random/distributions.h"

enum { MOST = 4096 };

static const rb_channel CHANNELS[] = {
    {.quantity = {"voltage", "mV", ""}},
    {.quantity = {"spikes", "1", ""}, .binary = true},
    {.quantity = {"current", "pA", ""}, .role = RB_CHANNEL_STIMULUS},
    {.quantity = {"mask", "1", ""}, .role = RB_CHANNEL_MASK, .binary = true}};
static const double MEAN_V = -50, SD_V = 12, SD_I = 200;

static rb_statistics_form form_of(int64_t L, int recordings) {
  return (rb_statistics_form){.length = L,
                              .recordings = recordings,
                              .channels = 4,
                              .channel = CHANNELS,
                              .scale.mean = {MEAN_V, 0, 0, 0},
                              .scale.sd = {SD_V, 1, SD_I, 1},
                              .level = NAN,
                              .without = rb_statistics_blocks("intervals\nextremes\n", NULL)};
}

/* How a recording is made. */
typedef struct making {
  double mean_pA, sd_pA, tau_samples, noise_mV, threshold_mV;
  int64_t quiet; /* samples masked from a spike on */
} making;

/* A leaky neuron under a fluctuating current; x (4, K T), recording r of it. */
static void record(uint64_t seed, const making *how, int64_t T, int64_t K, int64_t r, float *x) {
  const rb_stream stream = rb_stream_make(seed, RB_FOR_TESTS, (rb_random_kind)0, 0, (uint64_t)r);
  float *v = x + r * T, *spike = v + K * T, *current = spike + K * T, *mask = current + K * T;
  static double normal[2 * MOST];
  rb_stream_normals(stream, 0, 2 * T, normal);
  double u = -62, drive = 0;
  int64_t quiet = 0;
  for (int64_t t = 0; t < T; ++t) {
    drive += -drive / how->tau_samples + how->sd_pA * sqrt(2 / how->tau_samples) * normal[2 * t];
    const double I = how->mean_pA + drive;
    const bool fires = u > how->threshold_mV;
    spike[t] = fires ? 1 : 0;
    v[t] = (float)(fires ? 20 : u + how->noise_mV * normal[2 * t + 1]);
    current[t] = (float)I;
    if (fires) quiet = how->quiet;
    mask[t] = quiet > 0 ? 1 : 0;
    if (quiet > 0) --quiet;
    u = fires ? -60 : u + 0.02 * (-65 + I / 12 - u);
  }
}

static void check(const rb_statistics *s, const float *got, const double *expected) {
  const rb_quantity *quantity = rb_statistics_quantities(s);
  for (int i = 0; i < rb_statistics_count(s); ++i) {
    const double e = expected[i], difference = fabs((double)got[i] - e);
    if (difference <= 1e-5 * (1 + fabs(e))) continue;
    print_error("%s: %.9g, reference %.9g\n", quantity[i].name, (double)got[i], e);
    fail();
  }
}

static void compare(const float *x, int64_t T, int64_t K) {
  static double v[MOST], I[MOST], expected[RB_MAX_FEATURES];
  static uint8_t event[MOST], hidden[MOST];
  static float got[RB_MAX_FEATURES];
  const int64_t L = K * T;
  for (int64_t t = 0; t < L; ++t) {
    v[t] = ((double)x[t] - MEAN_V) / SD_V;
    event[t] = x[L + t] != 0;
    I[t] = (double)x[2 * L + t] / SD_I;
    hidden[t] = x[3 * L + t] != 0;
  }
  const driven_recordings recordings = {T, K, v, I, event, hidden};
  const int n = reference_driven(&recordings, expected);
  const rb_statistics_form form = form_of(L, (int)K);
  rb_statistics *s = NULL;
  assert_all_ok(rb_statistics_create(&test_context, &form, &s));
  assert_int_equal(rb_statistics_count(s), n);
  rb_statistics_compute(&test_context, s, 1, x, got);
  check(s, got, expected);
  rb_statistics_free(s);
}

static const making MAKINGS[] = {{100, 100, 30, 0.3, -50, 10},  {150, 40, 5, 0.5, -52, 0},
                                 {0, 200, 100, 0.1, -45, 3},    {200, 50, 20, 1, -53, 1},
                                 {250, 300, 10, 0.05, -54, 40}, {-50, 20, 10, 0.2, -20, 10}};
enum { WAYS = sizeof MAKINGS / sizeof *MAKINGS };

static void as_defined(void **state) {
  (void)state;
  static float x[4 * MOST];
  for (uint64_t i = 0; i < WAYS; ++i) {
    record(i, &MAKINGS[i], 1500, 1, 0, x);
    compare(x, 1500, 1);
  }
}

/* Recordings of different lengths, one of them missing. */
static void several_recordings_as_defined(void **state) {
  (void)state;
  enum { T = 701, K = 4 };
  static float x[4 * T * K];
  for (uint64_t i = 0; i < WAYS; ++i) {
    for (int64_t r = 0; r < K; ++r) {
      record(i, &MAKINGS[i], T, K, r, x);
      for (int64_t t = r == 2 ? 0 : T - 90 * r; t < T; ++t) {
        for (int c = 0; c < 4; ++c) x[c * K * T + r * T + t] = c == 3 ? 1 : 0;
      }
    }
    compare(x, T, K);
  }
}

static void short_recordings(void **state) {
  (void)state;
  static float x[4 * 300];
  const int64_t lengths[] = {1, 2, 3, 5, 9, 17, 64, 257};
  for (uint64_t i = 0; i < 8; ++i) {
    record(i, &MAKINGS[i % WAYS], lengths[i], 1, 0, x);
    compare(x, lengths[i], 1);
    for (int64_t t = 0; t < lengths[i]; ++t) x[lengths[i] + t] = 1;  // nothing but events
    compare(x, lengths[i], 1);
  }
}

/* Nothing observed, a constant potential, a constant stimulus, none. */
static void nothing_varies(void **state) {
  (void)state;
  enum { T = 500 };
  static float x[4 * T];
  const making still = {100, 0, 30, 0, 0, 10};
  record(1, &still, T, 1, 0, x);
  compare(x, T, 1);
  for (int t = 0; t < T; ++t) x[2 * T + t] = 0;
  compare(x, T, 1);
  for (int t = 0; t < T; ++t) x[t] = -50;
  compare(x, T, 1);
  for (int t = 0; t < T; ++t) x[3 * T + t] = 1;
  compare(x, T, 1);
}

/* Whatever is recorded, numbers are finite. */
static void always_finite(void **state) {
  (void)state;
  enum { T = 300 };
  static float x[4 * T], out[RB_MAX_FEATURES];
  const rb_statistics_form form = form_of(T, 1);
  rb_statistics *s = NULL;
  assert_all_ok(rb_statistics_create(&test_context, &form, &s));
  const float sizes[] = {0, 1e10F, 3e38F};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
    record(2, &MAKINGS[3], T, 1, 0, x);
    for (int t = 0; t < T; ++t) {
      x[t] = t % 3 == 0 ? -sizes[i] : sizes[i];
      x[2 * T + t] = t % 5 == 0 ? sizes[i] : -sizes[i];
    }
    rb_statistics_compute(&test_context, s, 1, x, out);
    for (int k = 0; k < rb_statistics_count(s); ++k) assert_true(isfinite(out[k]));
  }
  rb_statistics_free(s);
}

/* One recording twice is as good as once, but for what counts samples. */
static void pooling_is_exact(void **state) {
  (void)state;
  enum { T = 900 };
  static float one[4 * T], two[8 * T], a[RB_MAX_FEATURES], b[RB_MAX_FEATURES];
  const making few_spikes = {100, 100, 30, 0.3, -44, 10};
  record(5, &few_spikes, T, 1, 0, one);
  for (int c = 0; c < 4; ++c) {
    memcpy(two + 2 * c * T, one + c * T, T * sizeof *one);
    memcpy(two + (2 * c + 1) * T, one + c * T, T * sizeof *one);
  }
  const rb_statistics_form small = form_of(T, 1), large = form_of(2 * T, 2);
  rb_statistics *s = NULL, *p = NULL;
  assert_all_ok(rb_statistics_create(&test_context, &small, &s));
  assert_all_ok(rb_statistics_create(&test_context, &large, &p));
  assert_int_equal(rb_statistics_count(s), rb_statistics_count(p));
  rb_statistics_compute(&test_context, s, 1, one, a);
  rb_statistics_compute(&test_context, p, 1, two, b);
  int counts = 0;
  for (int i = 0; i < rb_statistics_count(s); ++i) {
    const rb_quantity *q = &rb_statistics_quantities(s)[i];
    if (strstr(q->name, "log_count") != NULL || strstr(q->name, "log_samples") != NULL ||
        strstr(q->name, "log_observed") != NULL || strstr(q->name, "left_over") != NULL) {
      ++counts;
      continue;
    }
    if (fabsf(a[i] - b[i]) <= 1e-5F * (1 + fabsf(a[i]))) continue;
    print_error("%s: %.9g once, %.9g twice\n", q->name, (double)a[i], (double)b[i]);
    fail();
  }
  assert_int_equal(counts, 8 + 12 + 2 + 44);
  rb_statistics_free(s);
  rb_statistics_free(p);
}

/* What the default form of a model with a stimulus is made of. */
static void blocks_of_a_stimulus(void **state) {
  (void)state;
  rb_statistics_form form = form_of(3500, 1);
  form.without = 0;
  rb_statistics *s = NULL;
  assert_all_ok(rb_statistics_create(&test_context, &form, &s));
  int count[RB_STATISTICS_BLOCKS] = {0};
  const rb_quantity *q = rb_statistics_quantities(s);
  for (int i = 0; i < rb_statistics_count(s); ++i) {
    ++count[rb_statistics_block_of(s, i)];
    for (int j = 0; j < i; ++j) assert_string_not_equal(q[i].name, q[j].name);
    assert_non_null(strstr(q[i].name, rb_statistics_block_name(rb_statistics_block_of(s, i))));
  }
  assert_int_equal(count[RB_STATISTICS_REGRESSIONS], 8 * 43);
  assert_int_equal(count[RB_STATISTICS_AROUND], 5 * 14 + 7 * 8);
  assert_int_equal(count[RB_STATISTICS_CORRELATIONS], 33);
  assert_int_equal(count[RB_STATISTICS_HISTORY], 2 * 11);
  assert_int_equal(count[RB_STATISTICS_LEFT_OVER], 2 * 22);
  assert_int_equal(count[RB_STATISTICS_INTERVALS], 26);
  assert_int_equal(count[RB_STATISTICS_SINCE] + count[RB_STATISTICS_LINES], 0);
  rb_statistics_free(s);
  form.with = rb_statistics_blocks("since\n", NULL);
  assert_all_ok(rb_statistics_create(&test_context, &form, &s));
  assert_int_equal(rb_statistics_block_of(s, 0), RB_STATISTICS_SINCE);
  rb_statistics_free(s);
}

/* Two stimuli: the numbers of each as if it were the only one. */
static void several_stimuli(void **state) {
  (void)state;
  enum { T = 600 };
  static float x[5 * T], own[4 * T], both[RB_MAX_FEATURES], one[RB_MAX_FEATURES];
  const rb_channel channel[] = {
      CHANNELS[0],
      CHANNELS[1],
      CHANNELS[2],
      CHANNELS[3],
      {.quantity = {"light", "1", ""}, .role = RB_CHANNEL_STIMULUS, .binary = true}};
  rb_statistics_form form = form_of(T, 1);
  form.channels = 5;
  form.channel = channel;
  form.scale.sd[4] = SD_I;
  record(4, &MAKINGS[0], T, 1, 0, x);
  for (int t = 0; t < T; ++t) x[4 * T + t] = t / 50 % 2 == 0 ? 1 : 0;
  rb_statistics *s = NULL, *single = NULL;
  assert_all_ok(rb_statistics_create(&test_context, &form, &s));
  rb_statistics_compute(&test_context, s, 1, x, both);
  const rb_statistics_form alone = form_of(T, 1);
  assert_all_ok(rb_statistics_create(&test_context, &alone, &single));
  const int n = rb_statistics_count(single);
  assert_int_equal(rb_statistics_count(s), 2 * n);
  for (int k = 0; k < 2; ++k) {
    memcpy(own, x, sizeof own);
    if (k == 1) memcpy(own + 2 * T, x + 4 * T, T * sizeof *x);
    rb_statistics_compute(&test_context, single, 1, own, one);
    for (int i = 0, first = 0; i < n; ++i) {
      const rb_statistics_block b = rb_statistics_block_of(single, i);
      if (i > 0 && rb_statistics_block_of(single, i - 1) != b) first = i;
      int size = 0;
      for (int j = 0; j < n; ++j) size += rb_statistics_block_of(single, j) == b;
      assert_memory_equal(&one[i], &both[2 * first + k * size + i - first], sizeof *one);
    }
  }
  rb_statistics_free(s);
  rb_statistics_free(single);
}

static void same_bits_with_every_kernel(void **state) {
  (void)state;
  enum { T = 1203 };
  static float x[4 * T], all[RB_MAX_FEATURES], other[RB_MAX_FEATURES];
  const rb_statistics_form form = form_of(T, 1);
  const rb_isa chosen = test_context.isa;
  rb_statistics *s = NULL;
  assert_all_ok(rb_statistics_create(&test_context, &form, &s));
  for (uint64_t i = 0; i < WAYS; ++i) {
    record(i, &MAKINGS[i], T, 1, 0, x);
    rb_statistics_compute(&test_context, s, 1, x, all);
    for (int isa = 0; isa <= (int)rb_cpu_best_isa(); ++isa) {
      test_context.isa = (rb_isa)isa;
      rb_statistics_compute(&test_context, s, 1, x, other);
      assert_memory_equal(all, other, (size_t)rb_statistics_count(s) * sizeof *all);
    }
    test_context.isa = chosen;
  }
  rb_statistics_free(s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(as_defined),
    cmocka_unit_test(several_recordings_as_defined),
    cmocka_unit_test(short_recordings),
    cmocka_unit_test(nothing_varies),
    cmocka_unit_test(always_finite),
    cmocka_unit_test(pooling_is_exact),
    cmocka_unit_test(blocks_of_a_stimulus),
    cmocka_unit_test(several_stimuli),
    cmocka_unit_test(same_bits_with_every_kernel),
};
RB_TEST_MAIN(tests)
