#include "rb_test.h"
#include "rheobase/analysis/merit.h"
#include "rheobase/random/distributions.h"

enum { N = 200, S = 99 };

/* Truths N(0, 1), a posterior by its columns. */
typedef struct data {
  double truth[N], mean[N], sd[N], below[N];
} data;

static data make(void) {
  data d;
  rb_stream_normals(rb_stream_make(7, RB_FOR_TESTS, RB_RANDOM_NULLS, 0, 0), 0, N, d.truth);
  for (int i = 0; i < N; ++i) {
    d.mean[i] = d.truth[i];
    d.sd[i] = 0.0;
    d.below[i] = (double)(i % (S + 1)) / S;  // every rank equally often
  }
  return d;
}

static rb_merit judge(const data *d) {
  double gamma_null;
  rb_merit merit;
  assert_int_equal(rb_merit_gamma_null(&test_context, N, S, &gamma_null), RB_OK);
  assert_true(gamma_null > 1e-5 && gamma_null < 0.05);
  assert_int_equal(
      rb_merit_of(&test_context, N, S, d->truth, d->mean, d->sd, d->below, gamma_null, &merit),
      RB_OK);
  return merit;
}

static void certain_and_right(void **state) {
  (void)state;
  const data d = make();
  const rb_merit merit = judge(&d);
  assert_near(merit.r, 1.0, 1e-12);
  assert_near(merit.nrmse, 0.0, 1e-12);
  assert_near(merit.contraction, 1.0, 1e-12);
  assert_near(merit.calibration_error, 0.0, 0.01);  // ranks are discrete
  assert_true(merit.log_gamma > 0.0);
}

/* The prior as posterior, and what is a little off. */
static void ignorant(void **state) {
  (void)state;
  data d = make();
  double mean = 0.0, variance = 0.0;
  for (int i = 0; i < N; ++i) mean += d.truth[i] / N;
  for (int i = 0; i < N; ++i) variance += (d.truth[i] - mean) * (d.truth[i] - mean) / N;
  for (int i = 0; i < N; ++i) d.mean[i] = mean;
  for (int i = 0; i < N; ++i) d.sd[i] = sqrt(variance);
  rb_merit merit = judge(&d);
  assert_near(merit.nrmse, 1.0, 1e-12);
  assert_near(merit.contraction, 1.0 / N, 1e-9);  // variances with n and n - 1
  for (int i = 0; i < N; ++i) d.mean[i] = d.truth[i] + 0.5 * d.sd[i];
  merit = judge(&d);
  assert_near(merit.z_score, 0.5, 1e-9);
  assert_near(merit.r, 1.0, 1e-12);
}

static void wrong_ranks(void **state) {
  (void)state;
  data d = make();
  for (int i = 0; i < N; ++i) d.below[i] = 0.5;  // far too wide
  rb_merit merit = judge(&d);
  assert_near(merit.calibration_error, 0.5, 0.03);
  assert_true(merit.log_gamma < -20.0);
  for (int i = 0; i < N; ++i) d.below[i] = i % 2;  // far too narrow
  merit = judge(&d);
  assert_near(merit.calibration_error, 0.5, 0.03);
  assert_true(merit.log_gamma < -20.0);
  d.mean[3] = NAN;
  merit = judge(&d);
  assert_true(isnan(merit.r) && isnan(merit.log_gamma) && isnan(merit.nrmse));
}

/* 5% of uniform ranks are rejected. */
static void false_alarms(void **state) {
  (void)state;
  enum { SETS = 1000 };
  double gamma_null, below[N];
  int rejected = 0;
  assert_int_equal(rb_merit_gamma_null(&test_context, N, S, &gamma_null), RB_OK);
  for (int k = 0; k < SETS; ++k) {
    const rb_stream stream = rb_stream_make(8, RB_FOR_TESTS, RB_RANDOM_PICKS, 0, (uint64_t)k);
    for (uint32_t i = 0; i < N; ++i) {
      below[i] = (double)rb_stream_integer(stream, i, S + 1) / S;
    }
    rejected += rb_merit_log_gamma(N, S, below, gamma_null) < 0.0;
  }
  assert_near(rejected, 50, 5 * sqrt(47.5 * 2.0));  // the null quantile comes from as many samples
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(certain_and_right),
                                          cmocka_unit_test(ignorant), cmocka_unit_test(wrong_ranks),
                                          cmocka_unit_test(false_alarms)};
RB_TEST_MAIN(tests)
