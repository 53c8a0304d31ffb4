/* Summing up many made-up records: what it takes is shared among the ranks. 200000 data sets by
 * default; RB_DATASETS=1000000 for a measurement. */
#include <malloc.h>
#include <time.h>

#include "calibration_fixture.h"

enum { CHUNK = 32, DRAWS = 99 };

static int64_t datasets(void) {
  const char *text = getenv("RB_DATASETS");
  return text != NULL ? atoll(text) : 200000;
}

static void fill_row(rb_records *records, int64_t row, int64_t dataset) {
  static const rb_record numbers[] = {RB_RECORD_TRUTH, RB_RECORD_MEDIAN, RB_RECORD_MEAN,
                                      RB_RECORD_SD, RB_RECORD_RMSE};
  enum { NUMBERS = sizeof numbers / sizeof *numbers };
  const rb_stream stream =
      rb_stream_make(SEED, RB_FOR_TESTS, RB_RANDOM_PICKS, 0, (uint64_t)dataset);
  for (int k = 0; k < NUMBERS; ++k) {
    double *value = rb_records_at(records, numbers[k], row);
    for (int d = 0; d < D; ++d) value[d] = rb_stream_uniform(stream, (uint32_t)(k * D + d));
  }
  const uint32_t next = NUMBERS * D;
  int32_t *rank = rb_records_at(records, RB_RECORD_RANK, row);
  for (int q = 0; q < QUANTITIES; ++q) {
    rank[q] = (int32_t)rb_stream_integer(stream, next + (uint32_t)q, DRAWS + 1);
  }
  *(double *)rb_records_at(records, RB_RECORD_ACTIVITY, row) =
      (double)rb_stream_integer(stream, next + QUANTITIES, 10);
}

static void fill(rb_records *records) {
  for (int64_t round = 0; round < records->partition.rounds; ++round) {
    const rb_range range = rb_partition_round(&records->partition, round);
    const int64_t row = rb_records_row(records, round);
    for (int64_t i = 0; i < range.count; ++i) fill_row(records, row + i, range.first + i);
  }
  records->done = records->partition.items;
}

/* A line of /proc/self/status, in bytes. */
static int64_t bytes_of(const char *name) {
  char line[256];
  long long kilobytes = -1;
  FILE *status = fopen("/proc/self/status", "r");
  assert_non_null(status);
  while (fgets(line, sizeof line, status) != NULL) {
    if (strncmp(line, name, strlen(name)) == 0) kilobytes = atoll(line + strlen(name));
  }
  fclose(status);
  return kilobytes * 1024;
}

/* From here on, the peak is what is used now. */
static void forget_peak(void) {
  malloc_trim(0);
  FILE *file = fopen("/proc/self/clear_refs", "w");
  assert_non_null(file);
  fprintf(file, "5");
  assert_int_equal(fclose(file), 0);
}

static double processor_s(void) {
  struct timespec t = {0};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Memory on top of the records is in proportion to a rank's own data sets; times are printed. */
static void memory_is_shared(void **state) {
  (void)state;
  enum { PER_DATASET = 130 };
  static const int64_t fixed = 8 << 20;
  const int64_t N = datasets();
  gaussian_errors errors = {.widen = 1};
  rb_records records;
  rb_calibration result;
  rb_model model;
  make_model(&model);
  rb_posterior posterior = gaussian_posterior(&model, &errors);
  assert_all_ok(rb_records_create(&test_context, N, CHUNK, D, QUANTITIES, DRAWS, false, &records));
  fill(&records);
  forget_peak();
  const int64_t before = bytes_of("VmRSS:");
  const double began = MPI_Wtime(), processor = processor_s();
  assert_all_ok(
      rb_calibration_compute(&test_context, &records, SEED, set.purpose, &posterior, 0, &result));
  double spent[2] = {MPI_Wtime() - began, processor_s() - processor};
  double more = (double)(bytes_of("VmHWM:") - before);
  assert_all_true(before > 0 && more < (double)(N * PER_DATASET / test_context.size + fixed));
  MPI_Allreduce(MPI_IN_PLACE, spent, 2, MPI_DOUBLE, MPI_MAX, test_context.comm);
  MPI_Allreduce(MPI_IN_PLACE, &more, 1, MPI_DOUBLE, MPI_MAX, test_context.comm);
  if (test_context.rank == 0) {
    print_message(
        "%lld data sets on %d ranks: %.2f s, a rank's processor time at most %.3f s, "
        "memory at most %.1f MB more\n",
        (long long)N, test_context.size, spent[0], spent[1], 1e-6 * more);
  }
  rb_records_free(&records);
  rb_calibration_free(&result);
  model.destroy(&model);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(memory_is_shared)};
RB_TEST_MAIN(tests)
