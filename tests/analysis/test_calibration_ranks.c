#include "calibration_fixture.h"

static uint64_t hash_of(const rb_calibration *result) {
  uint64_t hash = 14695981039346656037U;
  const rb_calibration_row *rows = rb_calibration_fields();
  for (int f = 0; f < RB_CAL_FIELD_COUNT; ++f) {
    int64_t bytes = 8;
    for (int i = 0; i < RB_CALIBRATION_MAX_RANK; ++i) bytes *= result->length[rows[f].dims[i]];
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

static const struct CMUnitTest tests[] = {cmocka_unit_test(results_do_not_depend_on_ranks)};
RB_TEST_MAIN(tests)
