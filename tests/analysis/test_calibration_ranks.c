#include "calibration_fixture.h"
#include "records_column.h"
#include "rheobase/analysis/diagnostics.h"
#include "rheobase/base/quantile.h"

static uint64_t hash_of(const rb_calibration *result) {
  uint64_t hash = 14695981039346656037U;
  for (int f = 0; f < result->arrays; ++f) {
    int64_t bytes = 8;
    for (int i = 0; i < RB_CALIBRATION_MAX_RANK; ++i)
      bytes *= result->length[result->row[f]->dims[i]];
    for (int64_t b = 0; b < bytes; ++b) {
      hash = (hash ^ ((const unsigned char *)result->data[f])[b]) * 1099511628211U;
    }
  }
  return hash;
}

/* The same bits on any number of ranks: this rank alone against all together. */
static void results_do_not_depend_on_ranks(void **state) {
  (void)state;
  rb_records records;
  rb_calibration result;
  calibrate((gaussian_errors){.widen = 0.9, .shift = 0.1}, &records, &result);
  const uint64_t together = hash_of(&result);
  rb_records_free(&records);
  rb_calibration_free(&result);
  const rb_context everyone = test_context;
  rb_context alone;
  assert_true(rb_context_create(&alone, MPI_COMM_SELF) == RB_OK);
  test_context = alone;
  calibrate((gaussian_errors){.widen = 0.9, .shift = 0.1}, &records, &result);
  const uint64_t by_one = hash_of(&result);
  rb_records_free(&records);
  rb_calibration_free(&result);
  test_context = everyone;
  rb_context_destroy(&alone);
  assert_all_true(together == by_one);
}

static bool nearly(double a, double b) { return fabs(a - b) <= 1e-12 * fabs(b); }

/* Picks the values of a part: a regime by the activity, or all. */
static int64_t pick(int part, const double *activity, const double *column, double *picked) {
  int64_t n = 0;
  for (int64_t i = 0; i < set.datasets; ++i) {
    if (part == RB_REGIME_COUNT || part == (activity[i] == 0   ? RB_REGIME_NONE
                                            : activity[i] == 1 ? RB_REGIME_LITTLE
                                                               : RB_REGIME_MUCH)) {
      picked[n++] = column[i];
    }
  }
  return n;
}

/* What the ranks sum up together is what one gets from whole columns: medians to the bit, means and
 * the like to rounding. */
static void results_are_those_of_whole_columns(void **state) {
  (void)state;
  enum { N = 500 };
  rb_records records;
  rb_calibration result;
  calibrate((gaussian_errors){.widen = 0.9, .shift = 0.1}, &records, &result);
  double activity[N], truth[N], other[N], x[N], y[N], work[N];
  records_column(&records, RB_RECORD_ACTIVITY, 0, activity);
  for (int d = 0; d < D; ++d) {
    records_column(&records, RB_RECORD_TRUTH, d, truth);
    const double variance = rb_variance(N, truth);
    for (int part = 0; part <= RB_REGIME_COUNT; ++part) {
      const bool all = part == RB_REGIME_COUNT;
      const int at = all ? d : part * D + d;
      records_column(&records, RB_RECORD_MEDIAN, d, other);
      const int64_t n = pick(part, activity, truth, x);
      if (n < 2) continue;
      (void)pick(part, activity, other, y);
      assert_all_true(nearly(rb_calibration_values(&result, all ? "r" : "regime/r")[at],
                             rb_correlation(n, x, y)));
      records_column(&records, RB_RECORD_SD, d, other);
      (void)pick(part, activity, other, y);
      for (int64_t i = 0; i < n; ++i) work[i] = rb_contraction(y[i], variance);
      assert_all_true(
          nearly(rb_calibration_values(&result, all ? "contraction" : "regime/contraction")[at],
                 rb_median(n, work)));
      records_column(&records, RB_RECORD_MEAN, d, other);
      (void)pick(part, activity, other, work);
      for (int64_t i = 0; i < n; ++i) work[i] = (work[i] - x[i]) / y[i];
      assert_all_true(rb_calibration_values(&result, all ? "z_score" : "regime/z_score")[at] ==
                      rb_median(n, work));
    }
    records_column(&records, RB_RECORD_RMSE, d, other);
    rb_sort(N, truth);
    const rb_truths truths = rb_truths_of_sorted(N, truth);
    for (int k = 0; k < RB_NORMALISE_PRIOR; ++k) {
      const double normaliser = rb_normaliser_of_truths((rb_normaliser)k, &truths);
      const double expected = rb_nrmse(N, other, normaliser, work);
      const double found = rb_calibration_values(&result, "nrmse")[k * D + d];
      const bool of_sums = k == RB_NORMALISE_MEAN || k == RB_NORMALISE_STD;
      assert_all_true(of_sums ? fabs(found - expected) <= 1e-9 * fabs(expected)
                              : found == expected);
    }
  }
  rb_records_free(&records);
  rb_calibration_free(&result);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(results_are_those_of_whole_columns),
                                          cmocka_unit_test(results_do_not_depend_on_ranks)};
RB_TEST_MAIN(tests)
