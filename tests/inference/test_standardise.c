#include "rb_test.h"
#include "rheobase/inference/standardise.h"

enum { N = 700, D = 2, C = 2, L = 10, F = 2, ROW = C * L + F };

static void fill(rb_dataset *dataset) {
  int64_t first = 0, count = 0;
  rb_dataset_share(&test_context, dataset, &first, &count);
  for (int64_t i = first; i < first + count; ++i) {
    dataset->theta[i * D] = (double)i;
    dataset->theta[i * D + 1] = 3.0;
    float *row = dataset->x + i * ROW;
    for (int t = 0; t < L; ++t) {
      row[t] = (float)(i % 2 ? 1 : -1) * 0.1F - 60.0F;
      row[L + t] = t == 0 ? 1.0F : 0.0F;
    }
    row[C * L] = (float)i;
    row[C * L + 1] = -7.0F;
  }
  rb_dataset_fence(&test_context, dataset);
}

/* A series with features behind it. Means and deviations with denominator n; a constant keeps scale
 * 1; the same on all ranks. */
static void measures_known_moments(void **state) {
  (void)state;
  const rb_shape shape = {.channels = C, .length = L, .features = F};
  rb_dataset dataset;
  assert_all_ok(rb_dataset_allocate(&test_context, D, shape, N, &dataset));
  fill(&dataset);
  rb_standardisation s;
  assert_all_ok(
      rb_standardise_measure(&test_context, &dataset, dataset.theta, RB_SCALES_MOMENTS, 1e-4, &s));
  const bool ok = s.theta_mean[0] == (N - 1) / 2.0 &&
                  fabs(s.theta_std[0] - sqrt((N * (double)N - 1) / 12)) < 1e-9 &&
                  s.theta_mean[1] == 3.0 && s.theta_std[1] == 1.0 &&
                  fabs(s.x_mean[0] + 60.0) < 1e-5 && fabs(s.x_std[0] - 0.1) < 1e-5 &&
                  fabs(s.x_mean[1] - 0.1) < 1e-12 && fabs(s.x_std[1] - 0.3) < 1e-12 &&
                  s.x_mean[2] == (N - 1) / 2.0 && s.x_std[2] == s.theta_std[0] &&
                  s.x_mean[3] == -7.0 && s.x_std[3] == 1.0;
  assert_all_true(ok);
  rb_real x[ROW], theta[D];
  rb_standardise_x(&s, shape, dataset.x + ROW, x);
  rb_standardise_theta(&s, D, 1, dataset.theta, theta);
  assert_all_true(fabs((double)x[0] - 1.0) < 1e-3 && fabs((double)x[1] - 3.0) < 1e-5 &&
                  fabs((double)x[3] + 1.0 / 3.0) < 1e-5);
  assert_all_true(fabs((double)x[C * L] - (1 - s.x_mean[2]) / s.x_std[2]) < 1e-5 &&
                  x[C * L + 1] == 0);
  assert_all_true(fabs((double)theta[0] + (N - 1) / 2.0 / s.theta_std[0]) < 1e-6 && theta[1] == 0);
  rb_dataset_destroy(&dataset);
}

/* Medians and quartiles, interpolated; a constant keeps its moments' scale; then logarithms, and
 * that what has none is refused. */
static void measures_other_scales(void **state) {
  (void)state;
  const rb_shape shape = {.channels = C, .length = L, .features = F};
  rb_dataset dataset;
  assert_all_ok(rb_dataset_allocate(&test_context, D, shape, N, &dataset));
  fill(&dataset);
  rb_standardisation s;
  const double *theta = dataset.theta;
  assert_all_ok(
      rb_standardise_measure(&test_context, &dataset, theta, RB_SCALES_QUARTILES, 1e-4, &s));
  const double quartiles = (N - 1) / 2.0 / 1.3489795003921634;
  assert_all_true(s.x_mean[2] == (N - 1) / 2.0 && fabs(s.x_std[2] - quartiles) < 1e-9 &&
                  fabs(s.x_std[0] - 0.2 / 1.3489795003921634) < 1e-5 && s.x_mean[1] == 0 &&
                  fabs(s.x_std[1] - 0.3) < 1e-12 && s.x_mean[3] == -7.0 && s.x_std[3] == 1.0);
  // A feature that varies little counts as varying by the least that is asked for; a channel does
  // not.
  const rb_scaling scalings[2] = {RB_SCALES_MOMENTS, RB_SCALES_QUARTILES};
  for (int i = 0; i < 2; ++i) {
    assert_all_ok(rb_standardise_measure(&test_context, &dataset, theta, scalings[i], 1e6, &s));
    assert_all_true(s.x_std[2] == 1e6 && s.x_std[0] < 1);
  }
  assert_all_true(rb_standardise_measure(&test_context, &dataset, theta, RB_SCALES_LOG, 1e-4, &s) ==
                  RB_ERR_SETTING);
  rb_error_clear(&test_context);
  int64_t first = 0, count = 0;
  rb_dataset_share(&test_context, &dataset, &first, &count);
  for (int64_t i = first * ROW; i < (first + count) * ROW; ++i) {
    dataset.x[i] = i % ROW == C * L ? (i / ROW % 2 == 1 ? 1e-10F : 1e2F) : 1;
  }
  rb_dataset_fence(&test_context, &dataset);
  assert_all_ok(rb_standardise_measure(&test_context, &dataset, theta, RB_SCALES_LOG, 1e-4, &s));
  assert_all_true(fabs(s.x_mean[2] / log(10) + 4) < 1e-6 && fabs(s.x_std[2] / log(10) - 6) < 1e-6);
  rb_real x[ROW];
  rb_standardise_x(&s, shape, dataset.x + ROW, x);
  assert_all_true(fabs((double)x[C * L] + 1) < 1e-6 && x[0] == 0);
  rb_dataset_destroy(&dataset);
}

/* Features that depend on each other, one of which hardly varies, behind a series. */
static void fill_dependent(rb_dataset *dataset) {
  int64_t first = 0, count = 0;
  rb_dataset_share(&test_context, dataset, &first, &count);
  const int64_t row = rb_shape_row(dataset->shape);
  for (int64_t i = first; i < first + count; ++i) {
    dataset->theta[i * D] = (double)i;
    dataset->theta[i * D + 1] = (double)(i % 7);
    float *x = dataset->x + i * row;
    const float a = (float)((i * 37) % 101) - 50, b = (float)((i * 53) % 89) - 44;
    x[0] = x[1] = a;
    x[2] = 1000 + a;
    x[3] = 0.001F * (a + 0.1F * b);
    x[4] = b;
  }
  rb_dataset_fence(&test_context, dataset);
}

/* The components of standardised features have no covariance, and the square roots of the variances
 * those directions have (with 0.001 more). */
static void brings_components_to_one_scale(void **state) {
  (void)state;
  const rb_shape shape = {.channels = 1, .length = 2, .features = 3};
  rb_dataset dataset;
  rb_standardisation s, copy;
  assert_all_ok(rb_dataset_allocate(&test_context, D, shape, N, &dataset));
  fill_dependent(&dataset);
  assert_all_ok(rb_standardise_measure(&test_context, &dataset, dataset.theta, RB_SCALES_COMPONENTS,
                                       1e-4, &s));
  assert_all_ok(rb_standardisation_copy(&test_context, 3, &s, &copy));
  rb_standardisation_destroy(&s);
  static rb_real x[N * 5], plain[N * 5];
  for (int64_t i = 0; i < N; ++i) rb_standardise_x(&copy, shape, dataset.x + i * 5, x + i * 5);
  memcpy(plain, x, sizeof x);
  rb_standardise_finish(&copy, shape, N, x);
  double variance[3] = {0}, product[3][3] = {{0}}, before = 0, after = 0;
  bool same = true;
  for (int i = 0; i < N; ++i) {
    same = same && x[i * 5] == plain[i * 5] && x[i * 5 + 1] == plain[i * 5 + 1];
    for (int j = 0; j < 3; ++j) {
      before += (double)plain[i * 5 + 2 + j] * (double)plain[i * 5 + 2 + j] / N;
      for (int k = 0; k < 3; ++k) {
        product[j][k] += (double)x[i * 5 + 2 + j] * (double)x[i * 5 + 2 + k] / N;
      }
    }
  }
  assert_all_true(same);
  for (int j = 0; j < 3; ++j) {
    // v/sqrt(v + 0.001) = p, so that v is the positive root of v^2 - p^2 v - 0.001 p^2.
    const double p = product[j][j], square = p * p;
    variance[j] = (square + sqrt(square * square + 0.004 * square)) / 2;
    after += variance[j];
    for (int k = 0; k < j; ++k) assert_all_true(fabs(product[j][k]) < 1e-4);
  }
  assert_all_true(fabs(before - after) < 1e-3 && variance[0] < 0.02 && variance[2] > 1.9);
  rb_standardisation_destroy(&copy);
  rb_dataset_destroy(&dataset);
}

static void components_need_features(void **state) {
  (void)state;
  const rb_shape shape = {.channels = C, .length = L};
  rb_dataset dataset;
  rb_standardisation s;
  assert_all_ok(rb_dataset_allocate(&test_context, D, shape, 3, &dataset));
  assert_all_true(rb_standardise_measure(&test_context, &dataset, dataset.theta,
                                         RB_SCALES_COMPONENTS, 1e-4, &s) == RB_ERR_SETTING);
  rb_error_clear(&test_context);
  rb_standardisation_destroy(&s);
  rb_dataset_destroy(&dataset);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(measures_known_moments), cmocka_unit_test(measures_other_scales),
    cmocka_unit_test(brings_components_to_one_scale), cmocka_unit_test(components_need_features)};
RB_TEST_MAIN(tests)
