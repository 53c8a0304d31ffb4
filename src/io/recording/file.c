#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats.h"
#include "rheobase/base/memory.h"
#include "rheobase/io/electrode_kernel.h"

enum { PATH = 64 };

/* The arrays of a sweep; names are those of observation files. */
typedef enum array { TIME, VOLTAGE, CURRENT, SPIKE, MASK, NUMBER, ONSET, CROSSING, ARRAYS } array;

static const rb_field fields[ARRAYS] = {
    [TIME] = {"time_ms", RB_F64, "time_ms", "ms", "time since the start of the window", false},
    [VOLTAGE] = {"voltage_mV", RB_F64, "time_ms", "mV",
                 "membrane potential, mean over the step centred on time_ms", true},
    [CURRENT] = {"current_pA", RB_F64, "time_ms", "pA",
                 "injected current, mean over the step that begins at time_ms", true},
    [SPIKE] = {"spike", RB_U8, "time_ms", "1", "1 where a spike's onset lies in the step", true},
    [MASK] = {"mask", RB_U8, "time_ms", "1",
              "1 from the step of an onset to tref after it: the potential is not used", true},
    [NUMBER] = {"spike_number", RB_I64, "spike_number", "1", "number of the spike", false},
    [ONSET] = {"onset_ms", RB_F64, "spike_number", "ms",
               "onset of each spike, since the start of the window, at native resolution", false},
    [CROSSING] = {"crossing_ms", RB_F64, "spike_number", "ms",
                  "crossing of threshold_mV, since the start of the window, at native resolution",
                  false}};

static rb_status write_arrays(rb_context *ctx, rb_file *file, const char *group,
                              const rb_steps *steps) {
  rb_status status = RB_OK;
  double *time = NULL;
  int64_t *number = NULL;
  char path[2 * PATH];
  RB_TRY(RB_ALLOCATE(ctx, time, steps->steps));
  RB_TRY(RB_ALLOCATE(ctx, number, steps->spikes));
  for (int64_t n = 0; n < steps->steps; ++n) time[n] = (double)n * steps->dt_ms;
  for (int64_t k = 0; k < steps->spikes; ++k) number[k] = k;
  const void *const data[ARRAYS] = {[TIME] = time,
                                    [VOLTAGE] = steps->voltage_mV,
                                    [CURRENT] = steps->current_pA,
                                    [SPIKE] = steps->spike,
                                    [MASK] = steps->mask,
                                    [NUMBER] = number,
                                    [ONSET] = steps->onset_ms,
                                    [CROSSING] = steps->crossing_ms};
  (void)snprintf(path, sizeof path, "%s/time_ms", group);
  RB_TRY(rb_file_dimension(ctx, file, path, steps->steps));
  (void)snprintf(path, sizeof path, "%s/spike_number", group);
  RB_TRY(rb_file_dimension(ctx, file, path, steps->spikes));
  for (int k = 0; k < ARRAYS; ++k) {
    rb_field field = fields[k];
    (void)snprintf(path, sizeof path, "%s/%s", group, field.path);
    field.path = path;
    RB_TRY(rb_file_write(ctx, file, &field, data[k]));
  }
cleanup:
  free(time);
  free(number);
  return status;
}

static rb_status write_texts(rb_context *ctx, rb_file *file, const char *group,
                             const rb_sweep *sweep, const rb_correction *correction) {
  const rb_electrode_kernel *electrode = correction->electrode;
  const bool used = electrode != NULL && !(sweep->bridge_balance_MOhm > 0);
  char name[sizeof sweep->source];
  (void)snprintf(name, sizeof name, "%s", used ? electrode->path : "");
  rb_text_clean(name);
  const struct {
    const char *name, *value;
  } texts[] = {
      {"source", sweep->source}, {"source_sha256", sweep->sha256},          {"kind", sweep->kind},
      {"sweep", sweep->name},    {"current_source", sweep->current_source}, {"electrode", name}};
  rb_status status = RB_OK;
  for (size_t k = 0; status == RB_OK && k < sizeof texts / sizeof *texts; ++k) {
    status = rb_file_set_text(ctx, file, group, texts[k].name, texts[k].value);
  }
  return status;
}

static rb_status write_numbers(rb_context *ctx, rb_file *file, const char *group,
                               const rb_sweep *sweep, const rb_steps *steps,
                               const rb_treatment *t) {
  const bool balanced = sweep->bridge_balance_MOhm > 0;
  const struct {
    const char *name;
    double value;
  } numbers[] = {
      {"dt_ms", steps->dt_ms},
      {"native_interval_ms", sweep->interval_ms},
      {"start_ms", sweep->start_ms},
      {"window_start_ms", steps->window_start_ms},
      {"threshold_mV", t->rule.threshold_mV},
      {"rearm_mV", t->rule.rearm_mV},
      {"dead_ms", t->rule.dead_ms},
      {"onset_slope_mV_per_ms", t->rule.onset_slope_mV_per_ms},
      {"tref_ms", t->stepping.tref_ms},
      {"junction_potential_mV", t->correction.junction_potential_mV},
      {"series_resistance_MOhm", balanced ? 0 : rb_correction_resistance(&t->correction)},
      {"series_resistance_next_MOhm", balanced ? 0 : t->correction.tap_MOhm[0]},
      {"series_resistance_last_MOhm", balanced ? 0 : t->correction.tap_MOhm[2]},
      {"bridge_balance_MOhm", sweep->bridge_balance_MOhm},
      {"current_offset_pA", t->correction.current_offset_pA},
      {"delay_ms", rb_correction_delay(&t->correction, sweep->interval_ms)}};
  rb_status status = RB_OK;
  for (size_t k = 0; status == RB_OK && k < sizeof numbers / sizeof *numbers; ++k) {
    status = rb_file_set_double(ctx, file, group, numbers[k].name, numbers[k].value);
  }
  return status;
}

static rb_status write_warnings(rb_context *ctx, rb_file *file, const char *group,
                                const char *warnings) {
  rb_status status = RB_OK;
  char *copy = strdup(warnings != NULL ? warnings : ""), **line = NULL;
  int64_t count = 0;
  if (copy == NULL) RB_TRY(RB_FAIL(ctx, RB_ERR_MEMORY, "out of memory"));
  RB_TRY(RB_ALLOCATE(ctx, line, (int64_t)strlen(copy)));
  for (char *rest = copy, *next = strsep(&rest, "\n"); next != NULL && *next != '\0';
       next = strsep(&rest, "\n")) {
    line[count++] = next;
  }
  RB_TRY(rb_file_set_texts(ctx, file, group, "warnings", count, (const char *const *)line));
cleanup:
  free(line);
  free(copy);
  return status;
}

rb_status rb_recording_write_sweep(rb_context *ctx, rb_file *file, int64_t number,
                                   const rb_sweep *sweep, const rb_steps *steps,
                                   const rb_treatment *treatment) {
  rb_status status = RB_OK;
  char group[PATH];
  (void)snprintf(group, sizeof group, "sweeps/%04lld", (long long)number);
  RB_TRY(write_arrays(ctx, file, group, steps));
  RB_TRY(write_texts(ctx, file, group, sweep, &treatment->correction));
  RB_TRY(write_numbers(ctx, file, group, sweep, steps, treatment));
  RB_TRY(write_warnings(ctx, file, group, sweep->warnings));
cleanup:
  return status;
}
