/* Data sets that meet a numerical error are recorded, and nothing is computed from them. */
#include <signal.h>
#include <unistd.h>

#include "calibration_fixture.h"
#include "rheobase/analysis/bands.h"
#include "rheobase/analysis/calibration_file.h"
#include "rheobase/analysis/diagnostics.h"
#include "rheobase/base/signals.h"

enum { N = 500, NOT_FINITE = 83, FAILS = 310, CHUNK = 16, DIGEST = 7 };

static bool all_fail;

/* A draw that is not finite, and a numerical error. */
static rb_status sample(rb_posterior *self, rb_context *ctx, uint64_t seed, rb_purpose purpose,
                        int64_t first, int64_t count, const float *x, int64_t draws, float *theta,
                        double *log_density) {
  if (all_fail || (first <= FAILS && FAILS < first + count)) {
    return RB_FAIL(ctx, RB_ERR_NUMERIC, "a made-up failure");
  }
  const rb_status status =
      gaussian_sample(self, ctx, seed, purpose, first, count, x, draws, theta, log_density);
  if (first <= NOT_FINITE && NOT_FINITE < first + count) {
    theta[((NOT_FINITE - first) * draws + 5) * D + 1] = INFINITY;
  }
  return status;
}

static void collect(const rb_posterior *posterior, rb_records *records) {
  rb_test_loop *loop = NULL;
  rb_posterior own = *posterior;
  assert_all_ok(rb_test_loop_create(&test_context, &own, SEED, &set, CHUNK, &loop));
  assert_all_ok(rb_test_loop_records(&test_context, loop, true, records));
  while (records->done < set.datasets) {
    assert_all_ok(rb_test_loop_round(&test_context, loop, records));
  }
  rb_test_loop_warn(&test_context, loop);
  rb_test_loop_destroy(loop);
}

static int64_t values_of(const rb_calibration *result, int f) {
  int64_t count = 1;
  for (int i = 0; i < RB_CALIBRATION_MAX_RANK; ++i) {
    count *= result->length[result->row[f]->dims[i]];
  }
  return count;
}

/* The same study without the rows that failed, on this rank. @param all on this rank alone */
static void leave_out(const rb_records *all, rb_records *left) {
  const int64_t failed[] = {NOT_FINITE, FAILS};
  assert_true(rb_records_create(&test_context, N - 2, CHUNK, D, QUANTITIES, set.draws, true,
                                left) == RB_OK);
  for (int64_t i = 0, to = 0; i < N; ++i) {
    assert_true(rb_records_failed(all, i) == (i == failed[0] || i == failed[1]));
    if (rb_records_failed(all, i)) continue;
    for (int f = 0; f < RB_RECORD_COUNT; ++f) {
      memcpy(rb_records_at(left, (rb_record)f, to), rb_records_at(all, (rb_record)f, i),
             (size_t)(all->columns[f] * rb_type_size(rb_record_fields()[f].type)));
    }
    ++to;
  }
  left->done = N - 2;
}

/* All but what depends on prior draws, which belong to data sets by their number. */
static void assert_same(const rb_calibration *a, const rb_calibration *b) {
  for (int f = 0; f < a->arrays; ++f) {
    const char *name = a->row[f]->name;
    const int64_t count = strcmp(name, "nrmse") == 0 ? RB_NORMALISE_PRIOR * D : values_of(a, f);
    if (strcmp(name, "failed") == 0 || strcmp(name, "regime/nrmse") == 0) continue;
    assert_true(values_of(a, f) == values_of(b, f));
    assert_memory_equal(a->data[f], b->data[f], (size_t)count * 8);
  }
}

/* Sums, ranks and quantiles are of the others alone, to the bit. */
static void failures_are_left_out(void **state) {
  (void)state;
  rb_model model;
  rb_records records, left;
  rb_calibration result, expected;
  rb_context alone;
  gaussian_errors errors = {.widen = 0.9, .shift = 0.1};
  make_model(&model);
  rb_posterior posterior = gaussian_posterior(&model, &errors);
  posterior.sample = sample;
  collect(&posterior, &records);
  assert_all_ok(
      rb_calibration_compute(&test_context, &records, SEED, set.purpose, &posterior, 0, &result));
  assert_all_true(*rb_calibration_counts(&result, "failed") == 2);
  assert_all_true(isfinite(rb_calibration_values(&result, "nrmse")[RB_NORMALISE_PRIOR * D]));
  rb_records_free(&records);

  const rb_context everyone = test_context;
  assert_true(rb_context_create(&alone, MPI_COMM_SELF) == RB_OK);
  alone.quiet = true;
  test_context = alone;
  collect(&posterior, &records);
  leave_out(&records, &left);
  assert_true(rb_calibration_compute(&test_context, &left, SEED, set.purpose, &posterior, 0,
                                     &expected) == RB_OK);
  test_context = everyone;
  rb_context_destroy(&alone);
  assert_same(&result, &expected);
  rb_records_free(&records);
  rb_records_free(&left);
  rb_calibration_free(&result);
  rb_calibration_free(&expected);
  model.destroy(&model);
}

/* A resume takes failures as they were recorded. */
static void failures_are_not_met_again(void **state) {
  (void)state;
  char path[64];
  bool found = false;
  rb_model model;
  rb_records records, again;
  gaussian_errors errors = {.widen = 1};
  (void)snprintf(path, sizeof path, "failed_%d.h5", test_context.size);
  make_model(&model);
  rb_posterior posterior = gaussian_posterior(&model, &errors);
  posterior.sample = sample;
  collect(&posterior, &records);
  assert_all_ok(rb_records_create(&test_context, N, CHUNK, D, QUANTITIES, set.draws, true, &again));
  assert_all_ok(rb_partial_write(&test_context, path, DIGEST, 1, &set, &records));
  assert_all_ok(rb_partial_read(&test_context, path, DIGEST, 1, &set, &again, &found));
  assert_all_true(found && again.done == N);
  for (int64_t row = 0; row < records.rows; ++row) {
    assert_true(rb_records_failed(&again, row) == rb_records_failed(&records, row));
  }
  rb_records_free(&records);
  rb_records_free(&again);
  model.destroy(&model);
  MPI_Barrier(test_context.comm);
  if (test_context.rank == 0) unlink(path);
}

/* If nothing is left there is one error. */
static void all_failing_is_an_error(void **state) {
  (void)state;
  rb_model model;
  rb_records records;
  rb_calibration result;
  gaussian_errors errors = {.widen = 1};
  make_model(&model);
  rb_posterior posterior = gaussian_posterior(&model, &errors);
  posterior.sample = sample;
  all_fail = true;
  collect(&posterior, &records);
  all_fail = false;
  assert_all_true(rb_calibration_compute(&test_context, &records, SEED, set.purpose, &posterior, 0,
                                         &result) == RB_ERR_NUMERIC);
  assert_non_null(strstr(test_context.error.message, "500 of 500 data sets"));
  rb_error_clear(&test_context);
  rb_records_free(&records);
  model.destroy(&model);
}

/* A signal on one rank stops sums and null distributions on all. */
static void a_signal_stops_summing_up(void **state) {
  (void)state;
  rb_model model;
  rb_records records;
  rb_calibration result;
  gaussian_errors errors = {.widen = 1};
  double quantile = 0;
  make_model(&model);
  rb_posterior posterior = gaussian_posterior(&model, &errors);
  collect(&posterior, &records);
  for (int k = 0; k < 2; ++k) {
    if (test_context.rank == test_context.size - 1) (void)raise(k == 0 ? SIGTERM : SIGUSR1);
    const rb_status status =
        k == 0 ? rb_calibration_compute(&test_context, &records, SEED, set.purpose, &posterior, 0,
                                        &result)
               : rb_null_quantile(&test_context,
                                  rb_stream_make(1, RB_FOR_TESTS, RB_RANDOM_NULLS, 0, 0), rb_gamma,
                                  N, 1, (const double[]){0.5}, 0.05, &quantile);
    assert_all_true(status == RB_STOPPED);
    rb_error_clear(&test_context);
    test_context.stop = false;
  }
  rb_records_free(&records);
  model.destroy(&model);
}

static int block_signals(void **state) {
  (void)state;
  rb_signals_block();
  return 0;
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(failures_are_left_out), cmocka_unit_test(failures_are_not_met_again),
    cmocka_unit_test(all_failing_is_an_error),
    cmocka_unit_test_setup(a_signal_stops_summing_up, block_signals)};
RB_TEST_MAIN(tests)
