#include <math.h>

#include "fuzz.h"
#include "io/csv.h"
#include "rheobase/io/observation.h"

/* The readers of recorded traces and of injected currents, as CSV. */

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  fuzz_begin();
  return 0;
}

static void read_observation(const char *path) {
  int64_t length = 0;
  float *x = NULL;
  const rb_status status = rb_observation_read(&fuzz_context, path, FUZZ_COLUMNS, fuzz_columns,
                                               &fuzz_sampling, &length, &x);
  fuzz_outcome(status);
  for (int64_t i = 0; status == RB_OK && i < length; ++i) {
    fuzz_require(isfinite(x[i]), "a value that is no number");
    fuzz_require(x[length + i] == 0 || x[length + i] == 1, "a spike that is not 0 or 1");
  }
  free(x);
}

/* A trace of current has to have a known length. */
static void read_current(const char *path, int64_t length) {
  static const rb_column current = {.name = "current_pA", .unit = "pA", .least = 1, .most = 1e9};
  rb_sampling sampling = fuzz_sampling;
  double *current_pA = NULL;
  sampling.length = length;
  const rb_status status =
      rb_series_read(&fuzz_context, path, &current, &sampling, &length, &current_pA);
  fuzz_outcome(status);
  for (int64_t i = 0; status == RB_OK && i < length; ++i) {
    fuzz_require(isfinite(current_pA[i]), "a value that is no number");
  }
  free(current_pA);
}

/* Without the checks of a recording, which most inputs do not pass. */
static void read_columns(const char *path, bool headless) {
  enum { MOST = 100 };
  static const rb_column column[2] = {
      {.name = "time_ms", .unit = "ms", .optional = true},
      {.name = "spike", .other = "spikes", .unit = "1", .binary = true}};
  const rb_columns_wanted wanted = {2, column, headless, false, MOST};
  rb_columns columns;
  const rb_status status = rb_csv_read(&fuzz_context, path, &wanted, &columns);
  fuzz_outcome(status);
  fuzz_require(columns.rows <= MOST, "more rows than asked for");
  for (int64_t i = 0; status == RB_OK && i < columns.rows; ++i) {
    fuzz_require(isfinite(columns.value[1][i]), "a value that is no number");
  }
  rb_columns_free(&columns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char path[64];
  const int fd = fuzz_file(data, size, path);
  read_observation(path);
  read_columns(path, false);
  read_columns(path, true);
  for (int64_t length = 1; length < 4; ++length) read_current(path, length);
  (void)close(fd);
  return 0;
}
