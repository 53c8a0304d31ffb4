#include <sys/stat.h>
#include <unistd.h>

#include "calibration_fixture.h"
#include "records_column.h"
#include "rheobase/analysis/calibration_file.h"
#include "rheobase/base/memory.h"

static const rb_calibration_settings settings = {.recovery_datasets = 50,
                                                 .recovery_draws = 19,
                                                 .sbc_datasets = 70,
                                                 .sbc_draws = 9,
                                                 .diagnostics_datasets = 37,
                                                 .diagnostics_draws = 30,
                                                 .chunk = 4,
                                                 .store_draws = 1000};
enum { DIGEST = 77 };

static void name_file(char *path, size_t size, const char *stem) {
  (void)snprintf(path, size, "calibration_%s_%d.h5", stem, test_context.size);
}

static rb_status collect(rb_context *ctx, const char *partial, rb_calibration_study *study) {
  rb_model model;
  gaussian_errors errors = {.widen = 1};
  rb_status status = rb_linear_gaussian_model(ctx, LENGTH, 2, 0.8, &model);
  if (status != RB_OK) return status;
  rb_posterior posterior = gaussian_posterior(&model, &errors);
  status = rb_calibration_collect(ctx, &posterior, SEED, &settings, partial, DIGEST, study);
  model.destroy(&model);
  return status;
}

/* FNV-1a over all columns of all test sets. */
static uint64_t hash_of_study(const rb_calibration_study *study) {
  uint64_t hash = 14695981039346656037U;
  double column[70];
  for (int k = 0; k < RB_TEST_SETS; ++k) {
    const rb_records *records = &study->records[k];
    for (int f = 0; f < RB_RECORD_COUNT; ++f) {
      for (int64_t c = 0; c < records->columns[f]; ++c) {
        records_column(records, (rb_record)f, c, column);
        for (size_t b = 0; b < (size_t)records->partition.items * sizeof *column; ++b) {
          hash = (hash ^ ((const unsigned char *)column)[b]) * 1099511628211U;
        }
      }
    }
  }
  return hash;
}

/* Stopped after every round, and gone on with by all ranks and by rank 0 alone in turn, the work
 * ends in the same records as in one go. */
static void stopped_work_goes_on(void **state) {
  (void)state;
  char partial[64];
  name_file(partial, sizeof partial, "partial");
  rb_calibration_study study;
  if (test_context.rank == 0) unlink(partial);
  assert_all_ok(collect(&test_context, partial, &study));
  const uint64_t expected = hash_of_study(&study);
  assert_all_true(study.records[0].columns[RB_RECORD_DRAWS] > 0);   // 950 draws
  assert_all_true(study.records[2].columns[RB_RECORD_DRAWS] == 0);  // 1110
  rb_calibration_study_free(&study);
  assert_all_true(access(partial, F_OK) != 0);  // too short a run to be saved

  rb_context alone;
  assert_true(rb_context_create(&alone, MPI_COMM_SELF) == RB_OK);
  alone.quiet = true;
  int stops = 0;
  for (;;) {
    test_context.stop = true;
    rb_status status = collect(&test_context, partial, &study);
    test_context.stop = false;
    if (status == RB_OK) break;
    assert_all_true(status == RB_STOPPED);
    rb_error_clear(&test_context);
    rb_calibration_study_free(&study);
    assert_true(++stops < 60);
    bool stopped = true;
    if (test_context.rank == 0 && stops % 3 == 0) {
      alone.stop = true;
      stopped = collect(&alone, partial, &study) == RB_STOPPED;
      rb_calibration_study_free(&study);
      rb_error_clear(&alone);
    }
    assert_all_true(stopped || stops > 5);
  }
  rb_context_destroy(&alone);
  assert_all_true(stops > 5);
  assert_all_true(hash_of_study(&study) == expected);
  if (test_context.rank == 0) unlink(partial);
  rb_calibration_study_free(&study);
}

/* A partial file of other work, or a damaged one, is not used. */
static void foreign_work_is_not_used(void **state) {
  (void)state;
  char partial[64];
  name_file(partial, sizeof partial, "foreign");
  rb_calibration_study study;
  test_context.stop = true;
  assert_all_true(collect(&test_context, partial, &study) == RB_STOPPED);
  test_context.stop = false;
  rb_error_clear(&test_context);
  bool found = true;
  assert_all_ok(rb_partial_read(&test_context, partial, DIGEST, RB_TEST_SETS, study.set,
                                study.records, &found));
  assert_all_true(found && study.records[0].done > 0);
  assert_all_ok(rb_partial_read(&test_context, partial, DIGEST + 1, RB_TEST_SETS, study.set,
                                study.records, &found));
  assert_all_true(!found && study.records[0].done == 0);
  MPI_Barrier(test_context.comm);
  if (test_context.rank == 0) assert_int_equal(truncate(partial, 3000), 0);
  MPI_Barrier(test_context.comm);
  assert_all_ok(rb_partial_read(&test_context, partial, DIGEST, RB_TEST_SETS, study.set,
                                study.records, &found));
  assert_all_true(!found && study.records[0].done == 0);
  rb_calibration_study_free(&study);
  MPI_Barrier(test_context.comm);
  if (test_context.rank == 0) unlink(partial);
}

/* Numbers that summing up cannot count by are not taken from a file. */
static void numbers_out_of_range_are_not_used(void **state) {
  (void)state;
  enum { DRAWS = 9 };
  static const struct {
    rb_record field;
    int32_t first, last;  // of the last data set's row
    bool valid;
  } cases[] = {{RB_RECORD_RANK, 0, DRAWS, true},         {RB_RECORD_RANK, DRAWS + 1, 0, false},
               {RB_RECORD_RANK, 0, -1, false},           {RB_RECORD_RANK, -1, 0, false},
               {RB_RECORD_RANK, -2, -2, false},          {RB_RECORD_OUTSIDE, 0, DRAWS + 1, false},
               {RB_RECORD_CENTRAL, INT32_MIN, 0, false}, {RB_RECORD_HPD, 0, INT32_MAX, false},
               {RB_RECORD_CLIPPED, 2, 2, false}};
  const rb_test_set some = {"sbc", RB_FOR_SBC, 40, DRAWS};
  char path[64];
  rb_records records;
  name_file(path, sizeof path, "range");
  assert_all_ok(rb_records_create(&test_context, some.datasets, settings.chunk, D, QUANTITIES,
                                  some.draws, false, &records));
  for (size_t k = 0; k < sizeof cases / sizeof *cases; ++k) {
    const rb_record f = cases[k].field;
    bool found = false;
    if (records.rows > 0) {
      int32_t *value = rb_records_at(&records, f, records.rows - 1);
      value[0] = cases[k].first;
      value[records.columns[f] - 1] = cases[k].last;
    }
    records.done = some.datasets;
    assert_all_ok(rb_partial_write(&test_context, path, DIGEST, 1, &some, &records));
    assert_all_ok(rb_partial_read(&test_context, path, DIGEST, 1, &some, &records, &found));
    assert_all_true(found == cases[k].valid && records.done == (found ? some.datasets : 0));
    for (int64_t row = 0; row < records.rows; ++row) {
      memset(rb_records_at(&records, f, row), 0, (size_t)records.columns[f] * sizeof(int32_t));
    }
  }
  rb_records_free(&records);
  MPI_Barrier(test_context.comm);
  if (test_context.rank == 0) unlink(path);
}

/* Bytes that all ranks have read so far. */
static int64_t bytes_read(void) {
  long long bytes = -1;
  FILE *io = fopen("/proc/self/io", "r");
  assert_non_null(io);
  assert_int_equal(fscanf(io, "rchar: %lld", &bytes), 1);
  fclose(io);
  int64_t sum = bytes;
  MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_INT64_T, MPI_SUM, test_context.comm);
  return sum;
}

/* Going on reads each chunk of the file once, whatever the chunks of data sets and the ranks. */
static void work_is_read_once(void **state) {
  (void)state;
  const rb_test_set many = {"sbc", RB_FOR_SBC, 2000, 99};
  char path[64];
  struct stat about = {0};
  bool found = false;
  rb_records records;
  name_file(path, sizeof path, "once");
  assert_all_ok(rb_records_create(&test_context, many.datasets, settings.chunk, D, QUANTITIES,
                                  many.draws, false, &records));
  records.done = many.datasets;
  assert_all_ok(rb_partial_write(&test_context, path, DIGEST, 1, &many, &records));
  assert_all_true(stat(path, &about) == 0);
  const int64_t before = bytes_read();
  assert_all_ok(rb_partial_read(&test_context, path, DIGEST, 1, &many, &records, &found));
  assert_all_true(found && bytes_read() - before < 2 * about.st_size);
  rb_records_free(&records);
  MPI_Barrier(test_context.comm);
  if (test_context.rank == 0) unlink(path);
}

/* What is in the file is what was computed. */
static void results_are_written(void **state) {
  (void)state;
  char path[64];
  name_file(path, sizeof path, "result");
  rb_records records;
  rb_calibration result;
  rb_model model;
  gaussian_errors errors = {.widen = 1};
  rb_file *file = NULL;
  calibrate(errors, &records, &result);
  make_model(&model);
  rb_posterior posterior = gaussian_posterior(&model, &errors);
  assert_all_ok(rb_file_create(&test_context, path, "calibration", 1, &file));
  assert_all_ok(rb_calibration_write_axes(&test_context, file, &posterior));
  assert_all_ok(rb_calibration_write(&test_context, file, &set, &records, &result));
  assert_all_ok(rb_file_commit(&test_context, &file));

  assert_all_ok(rb_file_open(&test_context, path, "calibration", 1, &file));
  double log_gamma[7], z_score[500 * D], *mean = NULL;
  int64_t count[100 * 7], shape[2];
  assert_all_ok(rb_file_read(&test_context, file, "sbc/log_gamma", RB_F64, true, 1, (int64_t[]){7},
                             log_gamma));
  assert_all_ok(rb_file_read(&test_context, file, "sbc/rank_count", RB_I64, true, 2,
                             (int64_t[]){100, 7}, count));
  assert_all_ok(rb_file_read(&test_context, file, "sbc/records/z_score", RB_F64, true, 2,
                             (int64_t[]){500, D}, z_score));
  assert_all_ok(rb_file_read_new(&test_context, file, "sbc/records/mean", RB_F64, true, 2, shape,
                                 (void **)&mean));
  assert_all_true(
      memcmp(log_gamma, rb_calibration_values(&result, "log_gamma"), sizeof log_gamma) == 0);
  assert_all_true(memcmp(count, rb_calibration_counts(&result, "rank_count"), sizeof count) == 0);
  bool same = shape[0] == 500;
  for (int64_t round = 0; round < records.partition.rounds; ++round) {
    const rb_range range = rb_partition_round(&records.partition, round);
    const int64_t row = rb_records_row(&records, round);
    const double *truth = rb_records_at(&records, RB_RECORD_TRUTH, row);
    const double *sd = rb_records_at(&records, RB_RECORD_SD, row);
    for (int64_t i = 0; i < range.count * D; ++i) {
      const double at = mean[range.first * D + i];
      same &= z_score[range.first * D + i] == (at - truth[i]) / sd[i];
    }
  }
  assert_all_true(same);
  free(mean);
  rb_file_close(&file);
  model.destroy(&model);
  rb_records_free(&records);
  rb_calibration_free(&result);
  MPI_Barrier(test_context.comm);
  if (test_context.rank == 0) unlink(path);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(stopped_work_goes_on), cmocka_unit_test(foreign_work_is_not_used),
    cmocka_unit_test(numbers_out_of_range_are_not_used), cmocka_unit_test(work_is_read_once),
    cmocka_unit_test(results_are_written)};
RB_TEST_MAIN(tests)
