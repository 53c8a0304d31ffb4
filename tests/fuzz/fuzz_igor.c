#include "fuzz_recording.h"

/* The reader of Igor waves. The first two bytes say which version and byte order. */

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  fuzz_begin();
  return 0;
}

/* A wave is one trace: read with another one, of the current, it goes all the way to steps. */
static const char *current_path(void) {
  static char path[64];
  static int fd = -1;
  static const char table[] =
      "time_ms,I_pA\n0,1\n0.1,2\n0.2,1\n0.3,4\n0.4,5\n0.5,6\n0.6,7\n0.7,8\n";
  if (fd < 0) fd = fuzz_file((const uint8_t *)table, sizeof table - 1, path);
  return path;
}

static void read_pair(const char *wave) {
  static const rb_recording_choice none = {0};
  const char *paths[2] = {wave, current_path()};
  rb_recording recording;
  const rb_status status = rb_recording_read(&fuzz_context, 2, paths, &none, &recording);
  fuzz_outcome(status);
  for (int64_t s = 0; status == RB_OK && s < recording.sweeps; ++s) {
    fuzz_sweep(&recording.sweep[s]);
  }
  rb_recording_free(&recording);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const uint8_t heads[4][2] = {{2, 0}, {0, 2}, {5, 0}, {0, 5}};
  char path[64];
  if (size < 2) return 0;
  uint8_t *copy = malloc(size);
  if (copy == NULL) abort();
  memcpy(copy, data, size);
  memcpy(copy, heads[(data[0] != 0 ? 0 : 1) + ((data[0] + data[1]) % 5 == 0 ? 2 : 0)], 2);
  const int fd = fuzz_file(copy, size, path);
  read_pair(path);
  (void)close(fd);
  free(copy);
  return 0;
}
