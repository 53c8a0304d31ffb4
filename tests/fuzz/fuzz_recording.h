#ifndef FUZZ_RECORDING_H
#define FUZZ_RECORDING_H

#include <math.h>

#include "fuzz.h"
#include "rheobase/io/recording_checks.h"

/* What the targets of the formats of recordings have in common: a file is read and, if it can be,
 * goes all the way to steps. */

static inline void fuzz_sweep(rb_sweep *sweep) {
  static const rb_stepping stepping = {.to_ms = 50, .tref_ms = 2};
  rb_spikes spikes;
  rb_steps steps = {0};
  rb_electrode electrode;
  const bool damaged = sweep->damaged[0] != '\0';
  for (int64_t i = 0; !damaged && i < sweep->samples; ++i) {
    fuzz_require(sweep->voltage_mV == NULL || isfinite(sweep->voltage_mV[i]), "no number");
    fuzz_require(sweep->current_pA == NULL || isfinite(sweep->current_pA[i]), "no number");
  }
  fuzz_require(sweep->voltage_mV != NULL, "a sweep without a potential");
  if (sweep->current_pA == NULL) return;
  fuzz_outcome(rb_spikes_find(&fuzz_context, &rb_spike_rule_default, sweep->interval_ms,
                              sweep->samples, sweep->voltage_mV, &spikes));
  if (damaged) {  // goes no farther than into the list
    rb_spikes_free(&spikes);
    return;
  }
  const rb_status status = rb_sweep_step(&fuzz_context, sweep, &spikes, &stepping, &steps);
  fuzz_outcome(status);
  fuzz_outcome(rb_electrode_estimate(&fuzz_context, 1, sweep, &spikes, &electrode));
  const rb_checked checked = {&spikes, &electrode, &steps, &stepping};
  if (status == RB_OK) fuzz_outcome(rb_sweep_check(&fuzz_context, sweep, &checked));
  rb_spikes_free(&spikes);
  rb_steps_free(&steps);
}

static inline void fuzz_recording(const char *path, const rb_recording_choice *choice) {
  rb_recording recording;
  const rb_status status = rb_recording_read(&fuzz_context, 1, &path, choice, &recording);
  fuzz_outcome(status);
  for (int64_t s = 0; status == RB_OK && s < recording.sweeps; ++s) {
    fuzz_sweep(&recording.sweep[s]);
  }
  rb_recording_free(&recording);
}

/* The bytes as a file that begins with `head`. */
static inline void fuzz_recording_bytes(const uint8_t *data, size_t size, const void *head,
                                        size_t length, const rb_recording_choice *choice) {
  char path[64];
  uint8_t *copy = malloc(size + 1);
  if (copy == NULL) abort();
  memcpy(copy, data, size);
  if (size >= length) memcpy(copy, head, length);
  const int fd = fuzz_file(copy, size, path);
  fuzz_recording(path, choice);
  (void)close(fd);
  free(copy);
}

#endif
