#include "fuzz_recording.h"

/* The reader of recordings as text. The first byte says what the user says of the columns. */

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  fuzz_begin();
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const rb_recording_choice choices[] = {
      {0},
      {.columns = "sample,current_pA,voltage_mV", .interval_ms = 0.2},
      {.columns = "voltage_mV=Vm,current_nA=Im"},
      {.interval_ms = 0.1, .voltage = "1", .current = "0"}};
  if (size < 2) return 0;
  fuzz_recording_bytes(data + 1, size - 1, data + 1, 0,
                       &choices[data[0] % (sizeof choices / sizeof *choices)]);
  return 0;
}
