/* The event statistics against a slow reference that follows the definition, for recordings with
 * and without events, of any length, with any channels. */
#include "model/statistics/plan.h"
#include "rb_test.h"
#include "rheobase/base/memory.h"
#include "rheobase/model/statistics.h"
#include "rheobase/random/philox.h"
#include "statistics_reference.h"

enum { MOST = 4096 };

static const int64_t KNOT[] = {0,  1,  2,  3,  4,   5,   6,   8,   10,  12,  14,  17,  21,  26,  32,
                               40, 50, 64, 80, 100, 128, 160, 200, 256, 320, 400, 512, 700, 1000};
static const int64_t LAG[] = {1, 2, 4, 8, 16, 32, 64, 100, 160};
static const int64_t AGE[] = {0, 12, 40, 120};
static const int64_t WIDTH[] = {1, 4, 8, 16, 32, 64, 128};
static const int64_t LINE[][2] = {{2, 2},  {2, 8},  {2, 32},  {8, 8},   {8, 16},
                                  {8, 32}, {8, 64}, {8, 128}, {8, 256}, {32, 128}};
static const reference_layout THOUSAND = {29, 9, 4, 7, 10, KNOT, LAG, AGE, WIDTH, LINE};

static const rb_channel VOLTAGE = {.quantity = {"voltage", "mV", ""}};
static const rb_channel CURRENT = {.quantity = {"current", "pA", ""}};
static const rb_channel SPIKES = {.quantity = {"spikes", "1", ""}, .binary = true};
static const rb_channel MASK = {
    .quantity = {"mask", "1", ""}, .role = RB_CHANNEL_MASK, .binary = true};
static const rb_channel SYNAPSES = {.quantity = {"synapses", "1", ""}, .binary = true};

/* A recording: the potential falls at events and relaxes, with noise. */
static void record(uint64_t seed, int64_t T, double events_per_sample, float *v, float *event) {
  const rb_stream stream = rb_stream_make(seed, RB_FOR_TESTS, (rb_random_kind)0, 0, 0);
  double x = -60;
  for (int64_t t = 0; t < T; ++t) {
    const bool here = rb_stream_uniform(stream, 2 * (uint32_t)t) < events_per_sample;
    x = here ? -70 : x + 0.02 * (-55 - x);
    event[t] = here ? 1 : 0;
    v[t] = (float)(x + 3 * (rb_stream_uniform(stream, 2 * (uint32_t)t + 1) - 0.5));
  }
}

static rb_statistics_form form_of(int64_t T, int channels, const rb_channel *channel) {
  rb_statistics_form form = {.length = T, .channels = channels, .channel = channel, .level = NAN};
  for (int c = 0; c < channels; ++c) {
    form.scale.mean[c] = -60 + c;
    form.scale.sd[c] = 5 + c;
  }
  return form;
}

/* The layout a plan has, as the reference takes it. */
static reference_layout layout_of(const rb_plan *plan, int64_t line[][2]) {
  for (int k = 0; k < plan->lines; ++k) {
    line[k][0] = plan->line[k].width;
    line[k][1] = plan->line[k].distance;
  }
  return (reference_layout){
      plan->knots, plan->lags, plan->ages, plan->widths, plan->lines,
      plan->knot,  plan->lag,  plan->age,  plan->width,  (const int64_t(*)[2])line};
}

static void check(const rb_quantity *quantity, int n, const float *got, const double *expected) {
  for (int i = 0; i < n; ++i) {
    const double e = expected[i], difference = fabs((double)got[i] - e);
    if (difference <= 2e-6 * (1 + fabs(e))) continue;
    print_error("%s: %.9g, reference %.9g\n", quantity[i].name, (double)got[i], e);
    fail();
  }
}

static rb_statistics *create(const rb_statistics_form *form) {
  rb_statistics *s = NULL;
  assert_all_ok(rb_statistics_create(&test_context, form, &s));
  return s;
}

/* One channel of x (C, L) by one of events, perhaps masked, against the reference. @param layout
 * NULL: the plan's own @return how many numbers there are */
static int check_pair(const rb_statistics_form *form, const reference_layout *layout,
                      const float *x, bool aligned) {
  static float got[RB_MAX_FEATURES];
  static double expected[RB_MAX_FEATURES], v[MOST];
  static uint8_t event[MOST], hidden[MOST];
  static int64_t line[RB_PLAN_LINES][2];
  const int64_t L = form->length, K = form->recordings > 0 ? form->recordings : 1, T = L / K;
  rb_plan plan;
  assert_all_ok(rb_plan_create(&test_context, T, K, form->reach > 0 ? form->reach : T, &plan));
  const reference_layout own = layout_of(&plan, line);
  for (int64_t t = 0; t < L; ++t) {
    v[t] = ((double)x[t] - form->scale.mean[0]) / form->scale.sd[0];
    event[t] = aligned && x[L + t] != 0;
    hidden[t] = form->channels > 2 && x[2 * L + t] != 0;
  }
  const int n = reference_statistics(layout != NULL ? layout : &own, T, K, v, event, hidden,
                                     aligned, expected);
  rb_statistics *s = create(form);
  assert_int_equal(rb_statistics_count(s), n);
  rb_statistics_compute(&test_context, s, 1, x, got);
  check(rb_statistics_quantities(s), n, got, expected);
  rb_statistics_free(s);
  rb_plan_free(&plan);
  return n;
}

static void a_thousand_samples_as_defined(void **state) {
  (void)state;
  enum { T = 1000 };
  static float x[2 * T];
  const rb_channel channel[] = {VOLTAGE, SPIKES};
  const rb_statistics_form form = form_of(T, 2, channel);
  const double rate[] = {0, 0.001, 0.003, 0.02, 0.1, 0.5, 1};
  for (uint64_t i = 0; i < sizeof rate / sizeof *rate; ++i) {
    record(i, T, rate[i], x, x + T);
    assert_int_equal(check_pair(&form, &THOUSAND, x, true), 507);
  }
}

static void events_at_the_ends(void **state) {
  (void)state;
  enum { T = 1000 };
  static float x[2 * T];
  const rb_channel channel[] = {VOLTAGE, SPIKES};
  const rb_statistics_form form = form_of(T, 2, channel);
  record(3, T, 0, x, x + T);
  x[T] = 1;
  check_pair(&form, &THOUSAND, x, true);
  x[2 * T - 1] = 1;
  check_pair(&form, &THOUSAND, x, true);
  x[T] = 0;
  check_pair(&form, &THOUSAND, x, true);
}

static void any_length(void **state) {
  (void)state;
  static float x[2 * MOST];
  const int64_t lengths[] = {1, 2, 3, 7, 8, 9, 37, 100, 301, 1003, 2500};
  const rb_channel channel[] = {VOLTAGE, SPIKES};
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; ++i) {
    const int64_t T = lengths[i];
    rb_statistics_form form = form_of(T, 2, channel);
    record(i, T, 0.01, x, x + T);
    check_pair(&form, NULL, x, true);
    form.reach = 1000;
    assert_int_equal(check_pair(&form, &THOUSAND, x, true), 507);
  }
}

/* Masks what follows events for a while, the beginning of some recordings, and the end of others.
 */
static void mask_some(uint64_t seed, int64_t T, int64_t K, const float *event, float *mask) {
  for (int64_t r = 0; r < K; ++r) {
    const int64_t begin = (int64_t)(seed % 3) * r * T / 20, end = T - (r % 2) * T / 3;
    int64_t quiet = 0;
    for (int64_t t = 0; t < T; ++t) {
      if (event[r * T + t] != 0 && seed % 4 > 0) quiet = 1 + (int64_t)(seed % 4) * 5;
      mask[r * T + t] = quiet > 0 || t < begin || t >= end || t % 97 == 50 ? 1 : 0;
      if (quiet > 0) --quiet;
    }
  }
}

/* Masks of every kind, and several recordings, of which some may be missing. */
static void masked_recordings_as_defined(void **state) {
  (void)state;
  static float x[3 * MOST];
  const rb_channel channel[] = {VOLTAGE, SPIKES, MASK};
  const int64_t lengths[][2] = {{1000, 1}, {500, 3}, {333, 5}, {64, 4}, {9, 3}, {1, 2}};
  const double rate[] = {0, 0.003, 0.02, 0.2};
  for (uint64_t i = 0; i < 24; ++i) {
    const int64_t T = lengths[i % 6][0], K = lengths[i % 6][1], L = K * T;
    rb_statistics_form form = form_of(L, 3, channel);
    form.recordings = (int)K;
    record(i, L, rate[i / 6], x, x + L);
    mask_some(i, T, K, x + L, x + 2 * L);
    for (int64_t t = T; t < 2 * T && K > 2; ++t) {  // the second one is missing
      x[t] = x[L + t] = 0;
      x[2 * L + t] = 1;
    }
    check_pair(&form, NULL, x, true);
  }
}

static void compute(const rb_statistics_form *form, const float *x, float *out) {
  rb_statistics *s = create(form);
  rb_statistics_compute(&test_context, s, 1, x, out);
  rb_statistics_free(s);
}

/* What is masked never changes a number: not its values, nor that there is more of it. */
static void masked_samples_do_not_matter(void **state) {
  (void)state;
  enum { T = 600, MORE = 1000 };
  static float x[4 * MORE], y[4 * MORE], own[RB_MAX_FEATURES], other[RB_MAX_FEATURES];
  const rb_channel stimulus = {.quantity = {"current", "pA", ""}, .role = RB_CHANNEL_STIMULUS};
  const rb_channel channel[] = {VOLTAGE, SPIKES, MASK, stimulus};
  for (int channels = 3; channels <= 4; ++channels) {
    rb_statistics_form small = form_of(T, channels, channel);
    small.reach = MORE;
    record(7, T, 0.02, x, x + T);
    mask_some(2, T, 1, x + T, x + 2 * T);
    for (int t = 0; t < T; ++t) x[3 * T + t] = (float)(3 + (t % 37) * 0.1);
    compute(&small, x, own);
    for (int t = 0; t < T; ++t) y[t] = x[2 * T + t] != 0 ? 17 : x[t];
    memcpy(y + T, x + T, 3 * T * sizeof *x);
    compute(&small, y, other);
    rb_statistics *s = create(&small);
    const int n = rb_statistics_count(s);
    assert_memory_equal(own, other, (size_t)n * sizeof *own);
    for (int padding = 0; padding < 2; ++padding) {
      rb_statistics_form large = form_of((1 + 2 * padding) * MORE, channels, channel);
      large.recordings = 1 + 2 * padding;  // also of missing recordings
      static float z[4 * 3 * MORE], got[RB_MAX_FEATURES];
      for (int c = 0; c < channels; ++c) {
        for (int64_t t = 0; t < large.length; ++t) {
          z[c * large.length + t] = t < T ? x[c * T + t] : c == 2 ? 1 : 0;
        }
      }
      compute(&large, z, got);
      for (int i = 0; i < n; ++i) {
        const double difference = fabs((double)got[i] - (double)own[i]);
        if (difference <= 1e-6 * (1 + fabs((double)own[i]))) continue;
        print_error("%s: %.9g, padded %.9g\n", rb_statistics_quantities(s)[i].name, (double)own[i],
                    (double)got[i]);
        fail();
      }
    }
    rb_statistics_free(s);
  }
}

static void without_events_moments_and_lags(void **state) {
  (void)state;
  static float x[1000], event[1000];
  record(5, 1000, 0, x, event);
  const rb_statistics_form form = form_of(1000, 1, &VOLTAGE);
  assert_int_equal(check_pair(&form, &THOUSAND, x, false), 4 + 87 + 40 + 9 + 14 + 70);
  const rb_statistics_form vector = form_of(10, 1, &VOLTAGE);
  check_pair(&vector, NULL, x, false);
}

/* Upward crossings of a level are the events where no channel has any. */
static void crossings_are_events(void **state) {
  (void)state;
  enum { T = 500 };
  static float x[2 * T], crossed[RB_MAX_FEATURES], given[RB_MAX_FEATURES];
  const rb_channel both[] = {VOLTAGE, SPIKES};
  const rb_statistics_form with = form_of(T, 2, both);
  rb_statistics_form without = form_of(T, 1, both);
  without.level = -58;
  record(8, T, 0.02, x, x + T);
  int crossings = 0;
  for (int t = 0; t < T; ++t) {
    x[T + t] = t > 0 && x[t - 1] < -58 && x[t] >= -58 ? 1 : 0;
    crossings += x[T + t] != 0;
  }
  assert_in_range(crossings, 5, 200);
  rb_statistics *a = create(&with), *b = create(&without);
  assert_int_equal(rb_statistics_count(a), rb_statistics_count(b));
  rb_statistics_compute(&test_context, a, 1, x, given);
  rb_statistics_compute(&test_context, b, 1, x, crossed);
  assert_memory_equal(given, crossed, (size_t)rb_statistics_count(a) * sizeof *given);
  rb_statistics_free(a);
  rb_statistics_free(b);
}

/* Samples that count several events have one each. */
static void counts_are_events(void **state) {
  (void)state;
  enum { T = 500 };
  static float x[2 * T], given[RB_MAX_FEATURES], counted[RB_MAX_FEATURES];
  const rb_channel binary[] = {VOLTAGE, SPIKES};
  const rb_channel counts[] = {VOLTAGE, {.quantity = {"spike_count", "1", ""}, .counts = true}};
  const rb_statistics_form a = form_of(T, 2, binary), b = form_of(T, 2, counts);
  rb_statistics *s = create(&a);
  const int n = rb_statistics_count(s);
  rb_statistics_free(s);
  record(8, T, 0.05, x, x + T);
  compute(&a, x, given);
  for (int t = 0; t < T; ++t) x[T + t] *= (float)(1 + t % 3);
  compute(&b, x, counted);
  assert_memory_equal(given, counted, (size_t)n * sizeof *given);
}

/* Each block is that of the pairs of channels by themselves, one after the other. */
static void several_channels(void **state) {
  (void)state;
  enum { T = 400 };
  static float x[4 * T], all[RB_MAX_FEATURES], one[RB_MAX_FEATURES], pair[2 * T];
  const rb_channel channel[] = {SPIKES, VOLTAGE, SYNAPSES, CURRENT};
  rb_statistics_form form = form_of(T, 4, channel);
  record(1, T, 0.03, x + T, x);
  record(2, T, 0.01, x + 3 * T, x + 2 * T);
  rb_statistics *s = create(&form);
  rb_statistics_compute(&test_context, s, 1, x, all);
  int seen = 0;
  for (int k = 0; k < 4; ++k) {
    const int source = k / 2 * 2, series = 1 + k % 2 * 2;
    const rb_channel own[] = {channel[series], channel[source]};
    rb_statistics_form small = form_of(T, 2, own);
    small.scale.mean[0] = form.scale.mean[series];
    small.scale.sd[0] = form.scale.sd[series];
    memcpy(pair, x + series * T, T * sizeof *x);
    memcpy(pair + T, x + source * T, T * sizeof *x);
    rb_statistics *p = create(&small);
    rb_statistics_compute(&test_context, p, 1, pair, one);
    int repeat[RB_STATISTICS_BLOCKS] = {0};
    for (int i = 0, last = -1; i < rb_statistics_count(p); ++i) {
      const rb_statistics_block b = rb_statistics_block_of(p, i);
      int at = 0, size = 0;
      while (rb_statistics_block_of(s, at) != b) ++at;
      for (int j = 0; j < rb_statistics_count(p); ++j) size += rb_statistics_block_of(p, j) == b;
      repeat[b] = (int)b == last ? repeat[b] + 1 : 0;
      last = (int)b;
      at += (b == RB_STATISTICS_INTERVALS ? k / 2 : k) * size + repeat[b];
      assert_memory_equal(&one[i], &all[at], sizeof *one);
      ++seen;
    }
    rb_statistics_free(p);
  }
  const int intervals = 26 * 2;  // of each source once, and above twice
  assert_int_equal(rb_statistics_count(s), seen - intervals);
  rb_statistics_free(s);
}

/* Without some blocks, the others' numbers are what they were. */
static void blocks_are_left_out(void **state) {
  (void)state;
  enum { T = 300 };
  static float x[2 * T], all[RB_MAX_FEATURES], rest[RB_MAX_FEATURES];
  const rb_channel channel[] = {VOLTAGE, SPIKES};
  rb_statistics_form form = form_of(T, 2, channel);
  record(4, T, 0.02, x, x + T);
  rb_statistics *s = create(&form);
  rb_statistics_compute(&test_context, s, 1, x, all);
  const char *unknown = NULL;
  for (int b = 0; b < RB_STATISTICS_BLOCKS; ++b) {
    char names[64];
    (void)snprintf(names, sizeof names, "%s\nlines\n",
                   rb_statistics_block_name((rb_statistics_block)b));
    form.without = rb_statistics_blocks(names, &unknown);
    assert_null(unknown);
    assert_int_equal(form.without, UINT32_C(1) << b | UINT32_C(1) << RB_STATISTICS_LINES);
    rb_statistics *less = create(&form);
    rb_statistics_compute(&test_context, less, 1, x, rest);
    int kept = 0;
    for (int i = 0; i < rb_statistics_count(s); ++i) {
      if ((form.without >> rb_statistics_block_of(s, i) & 1) != 0) continue;
      assert_memory_equal(&all[i], &rest[kept], sizeof *rest);
      assert_string_equal(rb_statistics_quantities(s)[i].name,
                          rb_statistics_quantities(less)[kept].name);
      ++kept;
    }
    assert_int_equal(kept, rb_statistics_count(less));
    rb_statistics_free(less);
  }
  assert_int_equal(rb_statistics_blocks("since\nsine\n", &unknown), 1 << RB_STATISTICS_SINCE);
  assert_memory_equal(unknown, "sine", 4);
  form.without = ~UINT32_C(0);
  rb_statistics *none = NULL;
  assert_int_equal(rb_statistics_create(&test_context, &form, &none), RB_ERR_SETTING);
  rb_error_clear(&test_context);
  rb_statistics_free(s);
}

static void names_tell_numbers_apart(void **state) {
  (void)state;
  const rb_channel channel[] = {SPIKES, VOLTAGE, SYNAPSES, CURRENT};
  const rb_statistics_form form = form_of(1000, 4, channel);
  rb_statistics *s = create(&form);
  const rb_quantity *q = rb_statistics_quantities(s);
  const int n = rb_statistics_count(s);
  for (int i = 0; i < n; ++i) {
    assert_true(*q[i].name && *q[i].unit && *q[i].description);
    for (int j = 0; j < i; ++j) assert_string_not_equal(q[i].name, q[j].name);
    assert_non_null(strstr(q[i].name, rb_statistics_block_name(rb_statistics_block_of(s, i))));
  }
  assert_string_equal(q[0].name, "voltage_spikes_since_0_mean");
  rb_statistics_free(s);
}

static void same_bits_in_any_group_and_with_every_kernel(void **state) {
  (void)state;
  enum { T = 1001, N = 12 };
  static float x[N * 2 * T], all[N][RB_MAX_FEATURES], one[RB_MAX_FEATURES];
  const rb_channel channel[] = {VOLTAGE, SPIKES};
  const rb_statistics_form form = form_of(T, 2, channel);
  rb_statistics *s = create(&form);
  const size_t size = (size_t)rb_statistics_count(s) * sizeof *one;
  for (int i = 0; i < N; ++i) {
    float *own = &x[i * 2 * T];
    record((uint64_t)i, T, i < N - 1 ? 0.002 * i * i : 1, own, own + T);
  }
  rb_statistics_compute(&test_context, s, N, x, all[0]);
  for (int i = N - 1; i > 0; --i) memmove(all[i], all[0] + i * rb_statistics_count(s), size);
  const rb_isa chosen = test_context.isa;
  for (int isa = 0; isa <= (int)rb_cpu_best_isa(); ++isa) {
    test_context.isa = (rb_isa)isa;
    for (int i = N - 1; i >= 0; --i) {
      rb_statistics_compute(&test_context, s, 1, &x[i * 2 * T], one);
      assert_memory_equal(one, all[i], size);
    }
  }
  test_context.isa = chosen;
  rb_statistics_free(s);
}

/* Whatever is recorded, numbers are finite. */
static void always_finite(void **state) {
  (void)state;
  enum { T = 200 };
  static float x[2 * T], out[RB_MAX_FEATURES];
  const rb_channel channel[] = {VOLTAGE, SPIKES};
  const rb_statistics_form form = form_of(T, 2, channel);
  rb_statistics *s = create(&form);
  const float values[] = {0, -60, 3e38F, -3e38F};
  for (size_t k = 0; k < sizeof values / sizeof *values; ++k) {
    for (int t = 0; t < T; ++t) x[t] = t % 7 == 0 ? -values[k] : values[k];
    for (int t = 0; t < T; ++t) x[T + t] = t % 50 == 20 ? 1 : 0;
    rb_statistics_compute(&test_context, s, 1, x, out);
    for (int i = 0; i < rb_statistics_count(s); ++i) assert_true(isfinite(out[i]));
  }
  rb_statistics_free(s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_thousand_samples_as_defined),
    cmocka_unit_test(events_at_the_ends),
    cmocka_unit_test(any_length),
    cmocka_unit_test(masked_recordings_as_defined),
    cmocka_unit_test(masked_samples_do_not_matter),
    cmocka_unit_test(without_events_moments_and_lags),
    cmocka_unit_test(crossings_are_events),
    cmocka_unit_test(counts_are_events),
    cmocka_unit_test(several_channels),
    cmocka_unit_test(blocks_are_left_out),
    cmocka_unit_test(names_tell_numbers_apart),
    cmocka_unit_test(same_bits_in_any_group_and_with_every_kernel),
    cmocka_unit_test(always_finite),
};
RB_TEST_MAIN(tests)
