#include <math.h>

#include "fuzz.h"
#include "io/csv.h"
#include "rheobase/observation.h"

/* The readers of recorded traces and of injected currents, as CSV. */

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  fuzz_begin();
  return 0;
}

static void read_observation(const char *path) {
  rb_observation o;
  const rb_status status = rb_observation_read(&fuzz_context, path, -1, 0.2, &o);
  fuzz_outcome(status);
  for (int64_t i = 0; status == RB_OK && i < o.length; ++i) {
    fuzz_require(isfinite(o.time_ms[i]) && isfinite(o.voltage_mV[i]), "a value that is no number");
    fuzz_require(o.spike[i] == 0 || o.spike[i] == 1, "a spike that is not 0 or 1");
  }
  rb_observation_free(&o);
}

static void read_columns(const char *path, bool headless) {
  static const char *const names[2] = {"current_pA", "spike"};
  rb_columns columns;
  const rb_status status =
      rb_csv_read(&fuzz_context, path, headless ? 1 : 2, names, headless, 100, &columns);
  fuzz_outcome(status);
  fuzz_require(columns.rows <= 100, "more rows than asked for");
  for (int64_t i = 0; status == RB_OK && i < columns.rows; ++i) {
    fuzz_require(isfinite(columns.value[0][i]), "a value that is no number");
  }
  rb_columns_free(&columns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char path[64];
  const int fd = fuzz_file(data, size, path);
  read_observation(path);
  read_columns(path, false);
  read_columns(path, true);
  (void)close(fd);
  return 0;
}
