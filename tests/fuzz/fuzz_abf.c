#include "fuzz_recording.h"

/* The readers of Axon files. The fourth byte says which version. */

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  fuzz_begin();
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const rb_recording_choice none = {0};
  const bool second = size > 3 && data[3] % 2 == '2' % 2;
  fuzz_recording_bytes(data, size, second ? "ABF2" : "ABF ", 4, &none);
  return 0;
}
