#include "calibration_fixture.h"
#include "records_column.h"
#include "rheobase/analysis/diagnostics.h"

static double value(const rb_calibration *result, const char *field, int index) {
  return rb_calibration_values(result, field)[index];
}

static void the_exact_posterior_passes_every_test(void **state) {
  (void)state;
  rb_records records;
  rb_calibration result;
  calibrate((gaussian_errors){.widen = 1}, &records, &result);
  assert_int_equal(result.length[RB_DIM_QUANTITY], QUANTITIES);
  for (int q = 0; q < QUANTITIES; ++q) {
    // fixed seeds: 21 p-values of which one below 1e-5 has a chance of 2e-4
    assert_all_true(value(&result, "chi_square_p", q) > 1e-5);
    assert_all_true(value(&result, "ks_p", q) > 1e-5);
    assert_all_true(value(&result, "log_gamma", q) > -5);
  }
  for (int d = 0; d < D; ++d) {
    assert_all_true(value(&result, "calibration_error", d) <
                    2 * value(&result, "calibration_error_95", 0));
    assert_near(value(&result, "z_score", d), 0, 6 * 1.2533 / sqrt(500));
    assert_all_true(value(&result, "outside_any", 0) == 0);
  }
  rb_records_free(&records);
  rb_calibration_free(&result);
}

/* The file's band and its tests agree: a curve leaves the band where log gamma is below 0. The
 * exact posterior stays inside, with ranks of 0 and S among its ranks. */
static void curves_leave_the_band_where_ranks_are_rejected(void **state) {
  (void)state;
  static const double widen[] = {1, 1.1, 0.7};
  int left[3] = {0};
  for (int i = 0; i < 3; ++i) {
    rb_records records;
    rb_calibration result;
    calibrate((gaussian_errors){.widen = widen[i]}, &records, &result);
    const int64_t ranks = result.length[RB_DIM_RANK];
    assert_int_equal(ranks, set.draws + 1);
    for (int q = 0; q < QUANTITIES; ++q) {
      bool inside = true;
      for (int64_t r = 0; r < ranks; ++r) {
        const double ecdf = rb_calibration_values(&result, "ecdf/ecdf")[r * QUANTITIES + q];
        inside &= ecdf >= rb_calibration_values(&result, "ecdf/lower")[r] &&
                  ecdf <= rb_calibration_values(&result, "ecdf/upper")[r];
      }
      assert_all_true(inside == (value(&result, "log_gamma", q) >= 0));
      left[i] += !inside;
    }
    rb_records_free(&records);
    rb_calibration_free(&result);
  }
  // fixed seeds: three of seven by chance is 4e-3
  assert_all_true(left[0] < 3 && left[2] > 3);
}

/* NRMSE and contraction of a Gaussian posterior are known: its variance v is that of every data
 * set, and rmse^2 of many draws is v + (mean - truth)^2. The loss is its entropy. */
static void numbers_are_those_of_the_closed_form(void **state) {
  (void)state;
  rb_records records;
  rb_calibration result;
  rb_model model;
  double mean[D], covariance[D * D];
  float x[2 * LENGTH] = {0};
  make_model(&model);
  rb_linear_gaussian_posterior(&model, x, mean, covariance);
  calibrate((gaussian_errors){.widen = 1}, &records, &result);
  for (int d = 0; d < D; ++d) {
    const double v = covariance[d * D + d];
    assert_near(value(&result, "contraction", d), 1 - v, 0.1);
    assert_near(value(&result, "r", d), sqrt(1 - v), 0.1);
    // median of |N(0,1)| is 0.6745: sqrt(v (1 + 0.455)) over the prior's sqrt(1 + 0.455)
    const double nrmse = value(&result, "nrmse", RB_NORMALISE_PRIOR * D + d);
    assert_near(nrmse, sqrt(v), 0.1 * sqrt(v));
  }
  const double determinant =
      covariance[0] * (covariance[4] * covariance[8] - covariance[5] * covariance[7]) -
      covariance[1] * (covariance[3] * covariance[8] - covariance[5] * covariance[6]) +
      covariance[2] * (covariance[3] * covariance[7] - covariance[4] * covariance[6]);
  const double entropy = 0.5 * (D * log(2 * acos(-1) * exp(1)) + log(determinant));
  const double se = value(&result, "loss_se", 0);
  assert_near(se, sqrt(D / 2.0 / 500), 0.2 * se);
  assert_near(value(&result, "loss", 0), entropy, 6 * se);
  model.destroy(&model);
  rb_records_free(&records);
  rb_calibration_free(&result);
}

/* Each error is found by the tests made for it. */
static void wrong_posteriors_are_detected(void **state) {
  (void)state;
  static const struct {
    gaussian_errors errors;
    int rejected[4];  // quantities; -1 ends
    int kept[4];      // not rejected
  } cases[] = {
      {{.widen = 0.7}, {0, 1, 2, DENSITY}, {-1}},
      {{.widen = 1.4}, {0, 1, 2, DENSITY}, {-1}},
      {{.widen = 1, .shift = 0.5}, {0, 1, 2, -1}, {-1}},
      {{.widen = 1, .prior = true}, {TARP, PROJECTION, -1}, {0, 1, 2, DENSITY}},
      {{.widen = 1, .uncorrelated = true}, {PRODUCT, DENSITY, -1}, {0, 1, 2, -1}},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    rb_records records;
    rb_calibration result;
    calibrate(cases[i].errors, &records, &result);
    for (int k = 0; k < 4 && cases[i].rejected[k] >= 0; ++k) {
      assert_all_true(value(&result, "log_gamma", cases[i].rejected[k]) < -5);
    }
    for (int k = 0; k < 4 && cases[i].kept[k] >= 0; ++k) {
      assert_all_true(value(&result, "log_gamma", cases[i].kept[k]) > -5);
    }
    rb_records_free(&records);
    rb_calibration_free(&result);
  }
}

/* Coverage of too narrow a posterior falls short, by interval and by density alike; that of the
 * regions with an exact level stays within its band for the right one. */
static void coverage_follows_the_width(void **state) {
  (void)state;
  rb_records records;
  rb_calibration result;
  calibrate((gaussian_errors){.widen = 0.5}, &records, &result);
  for (int a = 3; a < RB_LEVELS - 1; ++a) {
    assert_all_true(value(&result, "coverage/central", a * D) <
                    value(&result, "coverage/central_low", a));
    assert_all_true(value(&result, "coverage/hpd", a * D) <
                    value(&result, "coverage/exact_low", a));
    assert_all_true(value(&result, "coverage/densest", a) <
                    value(&result, "coverage/exact_low", a));
  }
  // P(|truth - mean| < z sd / 2) for the level 0.5 is 2 Phi(0.6745 / 2) - 1 = 0.264
  assert_near(value(&result, "coverage/by_rank", 25 * D), 0.264, 6 * sqrt(0.264 * 0.736 / 500));
  rb_records_free(&records);
  rb_calibration_free(&result);
  calibrate((gaussian_errors){.widen = 1}, &records, &result);
  for (int a = 0; a < RB_LEVELS; ++a) {
    const double exact = value(&result, "coverage/exact_level", a);
    const double six = 6 * sqrt(exact * (1 - exact) / 500);
    for (int d = 0; d < D; ++d) assert_near(value(&result, "coverage/hpd", a * D + d), exact, six);
    assert_near(value(&result, "coverage/densest", a), exact, six);
    assert_near(value(&result, "coverage/tarp", a), exact, six);
  }
  rb_records_free(&records);
  rb_calibration_free(&result);
}

/* A shift up in one regime and down in the other: the regimes show it. */
static void errors_that_cancel_show_by_regime(void **state) {
  (void)state;
  rb_records records;
  rb_calibration result;
  calibrate((gaussian_errors){.widen = 1, .steep_shift = 0.5}, &records, &result);
  const int64_t *datasets = rb_calibration_counts(&result, "regime/datasets");
  assert_all_true(datasets[RB_REGIME_NONE] == 0 && datasets[RB_REGIME_LITTLE] > 150 &&
                  datasets[RB_REGIME_MUCH] > 150);
  assert_all_true(datasets[RB_REGIME_LITTLE] + datasets[RB_REGIME_MUCH] == 500);
  assert_near(value(&result, "regime/activity_high", RB_REGIME_LITTLE), 1, 0);
  assert_near(value(&result, "regime/activity_low", RB_REGIME_MUCH), 2, 0);
  for (int d = 0; d < D; ++d) {
    assert_near(value(&result, "z_score", d), 0, 0.35);
    assert_near(value(&result, "regime/z_score", RB_REGIME_LITTLE * D + d), -0.5, 0.35);
    assert_near(value(&result, "regime/z_score", RB_REGIME_MUCH * D + d), 0.5, 0.35);
    assert_all_true(value(&result, "regime/log_gamma", RB_REGIME_LITTLE * QUANTITIES + d) < -5);
    assert_all_true(isnan(value(&result, "regime/r", RB_REGIME_NONE * D + d)));
  }
  rb_records_free(&records);
  rb_calibration_free(&result);
}

/* The draws that were stored, reduced by hand, give the records. */
static void records_are_those_of_the_draws(void **state) {
  (void)state;
  rb_records records;
  rb_calibration result;
  calibrate((gaussian_errors){.widen = 1}, &records, &result);
  bool same = true;
  for (int64_t row = 0; row < records.rows; ++row) {
    const float *draws = rb_records_at(&records, RB_RECORD_DRAWS, row);
    const double *truth = rb_records_at(&records, RB_RECORD_TRUTH, row);
    const double *mean = rb_records_at(&records, RB_RECORD_MEAN, row);
    const int32_t *rank = rb_records_at(&records, RB_RECORD_RANK, row);
    for (int d = 0; d < D; ++d) {
      int32_t below = 0;
      double sum = 0;
      for (int64_t s = 0; s < set.draws; ++s) {
        below += (double)draws[s * D + d] < truth[d];
        sum += (double)draws[s * D + d];
      }
      same &= below == rank[d] && fabs(sum / (double)set.draws - mean[d]) < 1e-12;
    }
  }
  assert_all_true(same);
  rb_records_free(&records);
  rb_calibration_free(&result);
}

static rb_status (*draw_unclipped)(const rb_model *, rb_context *, uint64_t, rb_purpose, int64_t,
                                   int64_t, double *, double *);

/* The first parameter does not exceed 1 in what is simulated. */
static rb_status draw_clipped(const rb_model *model, rb_context *ctx, uint64_t seed,
                              rb_purpose purpose, int64_t first, int64_t count, double *theta,
                              double *latent) {
  const rb_status status = draw_unclipped(model, ctx, seed, purpose, first, count, theta, latent);
  for (int64_t i = 0; i < count; ++i) theta[i * D] = fmin(theta[i * D], 1);
  return status;
}

/* The loss is in the model's scales and leaves data sets with a clipped parameter out; those of the
 * regimes average to it by their numbers of data sets. */
static void loss_leaves_clipped_truths_out(void **state) {
  (void)state;
  static const double scale[D] = {2, 0.5, 3};
  rb_records records;
  rb_calibration result;
  rb_model model;
  make_model(&model);
  model.scale = scale;
  draw_unclipped = model.draw_prior;
  model.draw_prior = draw_clipped;
  calibrate_model(&model, (gaussian_errors){.widen = 1}, &records, &result);
  double truth[500], log_density[500], activity[500], sum[2] = {0}, count[2] = {0};
  records_column(&records, RB_RECORD_TRUTH, 0, truth);
  records_column(&records, RB_RECORD_LOG_DENSITY, 0, log_density);
  records_column(&records, RB_RECORD_ACTIVITY, 0, activity);
  for (int i = 0; i < 500; ++i) {
    if (truth[i] >= 1) continue;
    const int bursting = activity[i] > value(&result, "regime/activity_high", RB_REGIME_LITTLE);
    sum[bursting] -= log_density[i] + log(3);
    count[bursting] += 1;
  }
  assert_all_true(count[0] > 100 && count[1] > 100 && count[0] + count[1] < 450);
  assert_near(value(&result, "loss", 0), (sum[0] + sum[1]) / (count[0] + count[1]), 1e-12);
  assert_near(value(&result, "regime/loss", RB_REGIME_LITTLE), sum[0] / count[0], 1e-12);
  assert_near(value(&result, "regime/loss", RB_REGIME_MUCH), sum[1] / count[1], 1e-12);
  const int64_t *datasets = rb_calibration_counts(&result, "regime/loss_datasets");
  assert_all_true((double)datasets[RB_REGIME_LITTLE] == count[0] &&
                  (double)datasets[RB_REGIME_MUCH] == count[1] && datasets[RB_REGIME_NONE] == 0);
  assert_all_true(*rb_calibration_counts(&result, "loss_datasets") ==
                  datasets[RB_REGIME_LITTLE] + datasets[RB_REGIME_MUCH]);
  assert_all_true(*rb_calibration_counts(&result, "loss_not_finite") == 0);
  model.destroy(&model);
  rb_records_free(&records);
  rb_calibration_free(&result);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_exact_posterior_passes_every_test),
    cmocka_unit_test(curves_leave_the_band_where_ranks_are_rejected),
    cmocka_unit_test(numbers_are_those_of_the_closed_form),
    cmocka_unit_test(wrong_posteriors_are_detected),
    cmocka_unit_test(coverage_follows_the_width),
    cmocka_unit_test(errors_that_cancel_show_by_regime),
    cmocka_unit_test(loss_leaves_clipped_truths_out),
    cmocka_unit_test(records_are_those_of_the_draws)};
RB_TEST_MAIN(tests)
