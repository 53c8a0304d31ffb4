#include "model/lif/lif.h"
#include "model/linear_gaussian/linear_gaussian.h"
#include "rb_test.h"
#include "rheobase/analysis/misspecification.h"

enum { SEED = 45 };

/* Expert summaries stand in for a network's. */
static rb_status expert(void *owner, rb_context *ctx, int64_t count, const float *x,
                        double *summary) {
  (void)ctx;
  const rb_model *model = owner;
  for (int64_t i = 0; i < count; ++i) {
    model->summarise(model, x + i * model->channels * model->length,
                     summary + i * model->summaries);
  }
  return RB_OK;
}

/* The p-values of data sets from the model itself are uniform: of 1000, those below 1% are at most
 * 27 (binomial tail 5e-6 with the reference's own error of 1000 data sets allowed for: 34), and at
 * the median between 400 and 600. */
static void well_specified_ones_are_flagged_at_the_nominal_rate(void **state) {
  (void)state;
  enum { LENGTH = 40, N = 1000, D = RB_LINEAR_GAUSSIAN_DIM };
  rb_model model;
  rb_prior_predictive predictive;
  assert_all_ok(rb_linear_gaussian_model(&test_context, LENGTH, 1, 0.5, &model));
  assert_all_ok(
      rb_prior_predictive_create(&test_context, &model, SEED, 1000, 0, NULL, NULL, &predictive));
  static double theta[N * D];
  static float x[N * LENGTH];
  static rb_misfit misfit[N];
  assert_all_ok(model.draw_prior(&model, &test_context, SEED, RB_FOR_TESTS, 0, N, theta, NULL));
  assert_all_ok(model.simulate(&model, &test_context, SEED, RB_FOR_TESTS, 0, N, theta, x));
  assert_all_ok(rb_prior_predictive_judge(&test_context, &predictive, N, x, misfit, NULL));
  int flagged = 0, low = 0;
  for (int i = 0; i < N; ++i) {
    assert_all_true(isnan(misfit[i].p[RB_MISFIT_SUMMARY]));
    flagged += misfit[i].p_all < RB_MISFIT_LEVEL;
    low += misfit[i].p_all < 0.5;
  }
  assert_all_true(flagged <= 34 && low > 400 && low < 600);
  // Three times the noise, and none.
  for (int i = 0; i < N * LENGTH; ++i) x[i] = i < LENGTH ? 0 : (float)(i % 2 ? 4 : -4);
  assert_all_ok(rb_prior_predictive_judge(&test_context, &predictive, 2, x, misfit, NULL));
  assert_all_true(misfit[0].p_all < RB_MISFIT_LEVEL && misfit[1].p_all < RB_MISFIT_LEVEL);
  assert_all_true(misfit[0].distance[RB_MISFIT_NOISE] < 1 &&
                  misfit[0].p[RB_MISFIT_TRACE] > RB_MISFIT_LEVEL);
  rb_prior_predictive_destroy(&predictive);
  model.destroy(&model);
}

/* Fewer than 100 references have no p-value below 1%, but what is far outside is told by any number
 * of them; and no data set of the model itself is. */
static void few_references_judge_only_what_is_far_outside(void **state) {
  (void)state;
  enum { LENGTH = 40, N = 1000, D = RB_LINEAR_GAUSSIAN_DIM };
  static const int64_t few[] = {2, 10, 99, 100};
  rb_model model;
  static double theta[N * D];
  static float x[N * LENGTH];
  static rb_misfit misfit[N];
  assert_all_ok(rb_linear_gaussian_model(&test_context, LENGTH, 1, 0.5, &model));
  for (int k = 0; k < 4; ++k) {
    rb_prior_predictive predictive;
    assert_all_ok(rb_prior_predictive_create(&test_context, &model, SEED, few[k], 0, NULL, NULL,
                                             &predictive));
    assert_all_ok(model.draw_prior(&model, &test_context, SEED, RB_FOR_TESTS, 0, N, theta, NULL));
    assert_all_ok(model.simulate(&model, &test_context, SEED, RB_FOR_TESTS, 0, N, theta, x));
    assert_all_ok(rb_prior_predictive_judge(&test_context, &predictive, N, x, misfit, NULL));
    int far = 0;
    for (int i = 0; i < N; ++i) far += misfit[i].far != 0;
    assert_all_true(far == 0);
    const rb_verdict ordinary = rb_misfit_verdict(1, 0, few[k]);
    assert_all_true(ordinary == (few[k] < 100 ? RB_VERDICT_UNKNOWN : RB_VERDICT_LIKE));
    // All samples, and one.
    for (int t = 0; t < 2 * LENGTH; ++t) x[t] = t < LENGTH ? 9999 : x[t];
    x[LENGTH + 7] = -9999;
    assert_all_ok(rb_prior_predictive_judge(&test_context, &predictive, 2, x, misfit, NULL));
    for (int i = 0; i < 2; ++i) {
      assert_all_true(few[k] >= 100 || misfit[i].p_all >= RB_MISFIT_LEVEL);
      assert_all_true(rb_misfit_verdict(misfit[i].p_all, misfit[i].far, few[k]) ==
                      RB_VERDICT_OUTSIDE);
    }
    rb_prior_predictive_destroy(&predictive);
  }
  model.destroy(&model);
}

static void equal_p_values_are_told_apart_by_distance(void **state) {
  (void)state;
  rb_misfit m = {.p = {0.01, 0.02, 0.01, 0.01}, .excess = {30, 90, 4, 0}};
  assert_true(rb_misfit_worst(&m) == RB_MISFIT_TRACE);
  m.excess[RB_MISFIT_SUMMARY] = 40;
  assert_true(rb_misfit_worst(&m) == RB_MISFIT_SUMMARY);
  m.p[RB_MISFIT_SETTINGS] = 0.005;
  assert_true(rb_misfit_worst(&m) == RB_MISFIT_SETTINGS);
  m.p[RB_MISFIT_SETTINGS] = m.p[RB_MISFIT_SUMMARY] = NAN;
  assert_true(rb_misfit_worst(&m) == RB_MISFIT_TRACE);
}

enum { COUNT = 20, L = 250 };

static rb_lif_settings shorter(void) {
  rb_lif_settings settings = rb_lif_defaults();
  settings.T_ms = 50;
  return settings;
}

/* Data sets of a changed neuron, judged as if of the unchanged one. @return how many are flagged */
static int judge(rb_prior_predictive *predictive, const rb_lif_settings *settings,
                 void (*spoil)(float *x), rb_misfit *misfit, double *summary) {
  rb_model other;
  static double theta[COUNT * 6];
  static float x[COUNT * 2 * L];
  assert_all_ok(rb_lif_model(&test_context, settings, &other));
  assert_all_ok(other.draw_prior(&other, &test_context, SEED, RB_FOR_TESTS, 0, COUNT, theta, NULL));
  assert_all_ok(other.simulate(&other, &test_context, SEED, RB_FOR_TESTS, 0, COUNT, theta, x));
  for (int i = 0; i < COUNT && spoil != NULL; ++i) spoil(x + (ptrdiff_t)i * 2 * L);
  assert_all_ok(rb_prior_predictive_judge(&test_context, predictive, COUNT, x, misfit, summary));
  int flagged = 0;
  for (int i = 0; i < COUNT; ++i) flagged += misfit[i].p_all < RB_MISFIT_LEVEL;
  other.destroy(&other);
  return flagged;
}

static void drop_samples(float *x) {
  for (int t = 7; t < L; t += 20) x[t] = 0;
}

static void hold_constant(float *x) {
  for (int t = 0; t < L; ++t) {
    x[t] = -65;
    x[L + t] = 0;
  }
}

static void misspecified_neurons_are_flagged(void **state) {
  (void)state;
  rb_model model;
  rb_prior_predictive predictive;
  const rb_lif_settings normal = shorter();
  rb_misfit misfit[COUNT];
  rb_mmd_test test;
  double summary[COUNT * 5];
  assert_all_ok(rb_lif_model(&test_context, &normal, &model));
  assert_all_ok(rb_prior_predictive_create(&test_context, &model, SEED, 500, model.summaries,
                                           expert, &model, &predictive));
  assert_all_true(judge(&predictive, &normal, NULL, misfit, summary) <= 4);  // tail 1e-4 at 1%
  assert_all_ok(rb_prior_predictive_compare(&test_context, &predictive, COUNT, summary, &test));
  assert_all_true(test.p > 0.01);
  rb_lif_settings noisy = normal, driven = normal;
  noisy.noise_mV = 3;
  driven.I_mean_pA = 400;
  assert_all_true(judge(&predictive, &noisy, NULL, misfit, summary) >= COUNT - 2);
  assert_all_true(misfit[0].p[RB_MISFIT_NOISE] < RB_MISFIT_LEVEL);
  assert_all_true(judge(&predictive, &normal, drop_samples, misfit, summary) == COUNT);
  assert_all_true(judge(&predictive, &normal, hold_constant, misfit, summary) == COUNT);
  // Twice the current is like half the leak, which the prior knows: a part of them is flagged
  // alone, and all of them together.
  assert_all_true(judge(&predictive, &driven, NULL, misfit, summary) >= 4);
  assert_all_ok(rb_prior_predictive_compare(&test_context, &predictive, COUNT, summary, &test));
  assert_all_true(test.p < 0.01);
  rb_prior_predictive_destroy(&predictive);
  model.destroy(&model);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(well_specified_ones_are_flagged_at_the_nominal_rate),
    cmocka_unit_test(few_references_judge_only_what_is_far_outside),
    cmocka_unit_test(equal_p_values_are_told_apart_by_distance),
    cmocka_unit_test(misspecified_neurons_are_flagged)};
RB_TEST_MAIN(tests)
