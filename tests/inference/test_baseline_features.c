#include "inference/baseline_features.h"
#include "model/lif/lif.h"
#include "rb_test.h"
#include "rheobase/model/pieces.h"

enum { COUNT = 11, L = 1000 };

static rb_model model;

static int open_model(void **state) {
  (void)state;
  const rb_lif_settings settings = rb_lif_defaults();
  return rb_lif_model(&test_context, &settings, &model) != RB_OK;
}

static int close_model(void **state) {
  (void)state;
  model.destroy(&model);
  return 0;
}

static float *simulate(int64_t first, int64_t count) {
  float *x = calloc((size_t)(count * 2 * L), sizeof *x);
  double *theta = calloc((size_t)(count * 6), sizeof *theta);
  assert_int_equal(
      model.draw_prior(&model, &test_context, 3, RB_FOR_TESTS, first, count, theta, NULL), RB_OK);
  assert_int_equal(model.simulate(&model, &test_context, 3, RB_FOR_TESTS, first, count, theta, x),
                   RB_OK);
  free(theta);
  return x;
}

static void samples_summaries_and_names(void **state) {
  (void)state;
  rb_baseline_features f;
  assert_int_equal(rb_baseline_features_create(&test_context, &model, 3, 0, &f), RB_OK);
  assert_int_equal(f.count, 2 * L + 5);
  assert_int_equal(rb_baseline_features_count(&model, 7), 2 * L + 12);
  float *x = simulate(0, 1);
  double *out = calloc((size_t)f.count, sizeof *out), summary[5];
  rb_baseline_features_compute(&f, 1, x, out);
  for (int j = 0; j < 2 * L; ++j) assert_true(out[j] == (double)x[j]);
  model.summarise(&model, x, summary);
  for (int j = 0; j < 5; ++j) assert_true(out[2 * L + j] == summary[j]);
  char name[32];
  rb_baseline_features_name(&f, 17, name, sizeof name);
  assert_string_equal(name, "voltage[17]");
  rb_baseline_features_name(&f, L, name, sizeof name);
  assert_string_equal(name, "spikes[0]");
  rb_baseline_features_name(&f, 2 * L, name, sizeof name);
  assert_string_equal(name, "spike_count");
  rb_baseline_features_name(&f, 2 * L + 5, name, sizeof name);
  assert_string_equal(name, "random feature 0");
  rb_baseline_features_destroy(&f);
  free(x);
  free(out);
}

/* Alone, among others, or with features restored from their scales: the same bits. */
static void same_bits_in_any_company(void **state) {
  (void)state;
  rb_baseline_features f, restored;
  assert_int_equal(rb_baseline_features_create(&test_context, &model, 3, 150, &f), RB_OK);
  restored =
      (rb_baseline_features){.model = &model, .seed = f.seed, .random = f.random, .width = f.width};
  memcpy(restored.mean, f.mean, sizeof f.mean);
  memcpy(restored.sd, f.sd, sizeof f.sd);
  assert_int_equal(rb_baseline_features_restore(&test_context, &restored), RB_OK);
  const size_t n = (size_t)f.count;
  float *x = simulate(0, COUNT);
  double *all = calloc(n * COUNT, sizeof *all), *one = calloc(n, sizeof *one);
  rb_baseline_features_compute(&f, COUNT, x, all);
  for (size_t i = 0; i < COUNT; ++i) {
    rb_baseline_features_compute(&restored, 1, x + i * 2 * L, one);
    assert_memory_equal(one, all + i * n, n * sizeof *one);
  }
  rb_baseline_features_destroy(&f);
  rb_baseline_features_destroy(&restored);
  free(x);
  free(all);
  free(one);
}

/* Long recordings are averaged in pieces, and data sets stay apart. */
static void long_recordings(void **state) {
  (void)state;
  enum { LONG = 5000, PIECES = RB_MOST_PIECES / 2, TAKEN = 2 };
  rb_lif_settings settings = rb_lif_defaults();
  settings.T_ms = LONG * settings.dt_ms;
  rb_model long_model;
  rb_baseline_features f;
  double theta[6 * TAKEN];
  assert_int_equal(rb_lif_model(&test_context, &settings, &long_model), RB_OK);
  assert_true(long_model.length == LONG);
  assert_int_equal(rb_baseline_features_create(&test_context, &long_model, 3, 0, &f), RB_OK);
  assert_int_equal(f.count, 2 * PIECES + 5);
  float *x = calloc(TAKEN * 2 * LONG, sizeof *x);
  double *out = calloc((size_t)f.count * TAKEN, sizeof *out);
  assert_int_equal(
      long_model.draw_prior(&long_model, &test_context, 3, RB_FOR_TESTS, 0, TAKEN, theta, NULL),
      RB_OK);
  assert_int_equal(
      long_model.simulate(&long_model, &test_context, 3, RB_FOR_TESTS, 0, TAKEN, theta, x), RB_OK);
  rb_baseline_features_compute(&f, TAKEN, x, out);
  for (int row = 0; row < 2 * TAKEN; ++row) {  // of data sets and channels
    double of_samples = 0, of_pieces = 0;
    const double *piece = out + (ptrdiff_t)(row / 2) * f.count + (ptrdiff_t)(row % 2) * PIECES;
    for (int t = 0; t < LONG; ++t) of_samples += (double)x[row * LONG + t];
    for (int p = 0; p < PIECES; ++p) {
      const int samples = LONG * (p + 1) / PIECES - LONG * p / PIECES;
      of_pieces += piece[p] * samples;
    }
    assert_near(of_pieces / LONG, of_samples / LONG, 1e-9);
  }
  rb_baseline_features_destroy(&f);
  long_model.destroy(&long_model);
  free(x);
  free(out);
}

/* Mean products of random features tend to a Gaussian kernel of the downsampled traces: with 20000
 * of them the standard error is below 0.0075, five of which are allowed. */
static void products_are_a_gaussian_kernel(void **state) {
  (void)state;
  enum { M = 20000, PAIRS = 5 };
  rb_baseline_features f;
  assert_int_equal(rb_baseline_features_create(&test_context, &model, 3, M, &f), RB_OK);
  const size_t n = (size_t)f.count;
  float *x = simulate(0, PAIRS + 1);
  double *out = calloc(n * (PAIRS + 1), sizeof *out);
  rb_baseline_features_compute(&f, PAIRS + 1, x, out);
  for (int i = 0; i < PAIRS; ++i) {
    const float *a = x, *b = x + (ptrdiff_t)(i + 1) * 2 * L;
    double square = 0, product = 0;
    for (int bin = 0; bin < RB_BASELINE_BINS; ++bin) {
      double difference = 0;
      for (int t = bin * 20; t < bin * 20 + 20; ++t) difference += (double)a[t] - (double)b[t];
      square += pow(difference / 20 / f.sd[0], 2);
    }
    const double *u = out + f.count - M, *v = u + (ptrdiff_t)(i + 1) * f.count;
    for (int m = 0; m < M; ++m) product += u[m] * v[m] / M;
    assert_near(product, exp(-square / (2 * f.width * f.width)), 0.0375);
  }
  rb_baseline_features_destroy(&f);
  free(x);
  free(out);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(samples_summaries_and_names), cmocka_unit_test(same_bits_in_any_company),
    cmocka_unit_test(long_recordings), cmocka_unit_test(products_are_a_gaussian_kernel)};
RB_TEST_MAIN_WITH(tests, open_model, close_model)
