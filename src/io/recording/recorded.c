#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/base/memory.h"
#include "rheobase/io/recording_file.h"
#include "rheobase/parallel/agree.h"

/* Reading recording.h5 back, which may come from anywhere. */

enum { GROUP = 64, PATH = 2 * GROUP };

static const char *const paths[] = {"time_ms", "voltage_mV", "current_pA", "spike", "mask"};

/* A sweep while it is read. */
typedef struct reading {
  rb_context *ctx;
  const rb_file *file;
  const char *path, *group;
} reading;

static rb_status read_doubles(const reading *r, const char *name, int64_t *count, double **values) {
  char path[PATH];
  void *data = NULL;
  (void)snprintf(path, sizeof path, "%s/%s", r->group, name);
  const rb_status status = rb_file_read_new(r->ctx, r->file, path, RB_F64, true, 1, count, &data);
  *values = data;
  return status;
}

/* @param steps that there have to be */
static rb_status read_trace(const reading *r, const char *name, int64_t steps, double **values) {
  rb_status status = RB_OK;
  int64_t count = 0;
  RB_TRY(read_doubles(r, name, &count, values));
  if (count != steps) {
    RB_TRY(RB_FAIL(r->ctx, RB_ERR_FORMAT, "%s: %s/%s has %lld values and time_ms %lld", r->path,
                   r->group, name, (long long)count, (long long)steps));
  }
cleanup:
  return status;
}

/* A course: values that single precision holds, in which the model takes them. */
static rb_status read_course(const reading *r, const char *name, int64_t steps, double **values) {
  rb_status status = RB_OK;
  RB_TRY(read_trace(r, name, steps, values));
  for (int64_t n = 0; n < steps; ++n) {
    if (fabs((*values)[n]) <= FLT_MAX) continue;
    RB_TRY(RB_FAIL(r->ctx, RB_ERR_FORMAT, "%s: %s/%s is %g at step %lld: beyond all recordings",
                   r->path, r->group, name, (*values)[n], (long long)n));
  }
cleanup:
  return status;
}

static rb_status read_marks(const reading *r, const char *name, int64_t steps, uint8_t **marks) {
  rb_status status = RB_OK;
  double *values = NULL;
  RB_TRY(read_trace(r, name, steps, &values));
  RB_TRY(RB_ALLOCATE(r->ctx, *marks, steps));
  for (int64_t n = 0; n < steps; ++n) {
    if (values[n] != 0 && values[n] != 1) {
      RB_TRY(RB_FAIL(r->ctx, RB_ERR_FORMAT, "%s: %s/%s is %g at step %lld; it must be 0 or 1",
                     r->path, r->group, name, values[n], (long long)n));
    }
    (*marks)[n] = values[n] != 0;
  }
cleanup:
  free(values);
  return status;
}

static rb_status read_spikes(const reading *r, rb_steps *steps) {
  rb_status status = RB_OK;
  RB_TRY(read_doubles(r, "onset_ms", &steps->spikes, &steps->onset_ms));
  RB_TRY(read_trace(r, "crossing_ms", steps->spikes, &steps->crossing_ms));
  for (int64_t k = 1; k < steps->spikes; ++k) {
    if (steps->onset_ms[k] > steps->onset_ms[k - 1]) continue;
    RB_TRY(RB_FAIL(r->ctx, RB_ERR_FORMAT, "%s: %s/onset_ms does not increase at spike %lld",
                   r->path, r->group, (long long)k));
  }
cleanup:
  return status;
}

/* A text attribute, "" where there is none. */
static rb_status read_text(const reading *r, const char *name, size_t size, char *text) {
  char *value = NULL;
  text[0] = '\0';
  if (!rb_file_has_attribute(r->file, r->group, name)) return RB_OK;
  const rb_status status = rb_file_get_string(r->ctx, r->file, r->group, name, &value);
  if (status == RB_OK) (void)snprintf(text, size, "%s", value);
  free(value);
  return status;
}

static rb_status read_number(const reading *r, const char *name, double *value) {
  rb_status status = RB_OK;
  RB_TRY(rb_file_get_double(r->ctx, r->file, r->group, name, value));
  if (!isfinite(*value)) {
    RB_TRY(RB_FAIL(r->ctx, RB_ERR_FORMAT, "%s: %s: attribute %s is not a finite number", r->path,
                   r->group, name));
  }
cleanup:
  return status;
}

/* Numbers that not every file has had. */
static rb_status read_more_numbers(const reading *r, rb_recorded_sweep *sweep) {
  const struct {
    const char *name;
    double *value, otherwise;
  } numbers[] = {{"native_interval_ms", &sweep->native_interval_ms, sweep->steps.dt_ms},
                 {"delay_ms", &sweep->delay_ms, 0},
                 {"bridge_balance_MOhm", &sweep->bridge_balance_MOhm, 0}};
  rb_status status = RB_OK;
  for (size_t k = 0; status == RB_OK && k < sizeof numbers / sizeof *numbers; ++k) {
    *numbers[k].value = numbers[k].otherwise;
    if (!rb_file_has_attribute(r->file, r->group, numbers[k].name)) continue;
    status = read_number(r, numbers[k].name, numbers[k].value);
  }
  return status;
}

/* Onsets lie within the sweep, but for the rounding of a step. */
static rb_status check_onsets(const reading *r, const rb_steps *steps) {
  const double end = (double)(steps->steps + 1) * steps->dt_ms;
  for (int64_t k = 0; k < steps->spikes; ++k) {
    const double onset = steps->onset_ms[k];
    if (onset >= -steps->dt_ms && onset < end) continue;
    return RB_FAIL(r->ctx, RB_ERR_FORMAT,
                   "%s: %s/onset_ms: spike %lld at %g ms is not in the sweep", r->path, r->group,
                   (long long)k, onset);
  }
  return RB_OK;
}

static rb_status read_sweep(const reading *r, rb_recorded_sweep *sweep) {
  rb_status status = RB_OK;
  double *time = NULL;
  rb_steps *steps = &sweep->steps;
  RB_TRY(read_doubles(r, paths[0], &steps->steps, &time));
  RB_TRY(read_course(r, paths[1], steps->steps, &steps->voltage_mV));
  RB_TRY(read_course(r, paths[2], steps->steps, &steps->current_pA));
  RB_TRY(read_marks(r, paths[3], steps->steps, &steps->spike));
  RB_TRY(read_marks(r, paths[4], steps->steps, &steps->mask));
  RB_TRY(read_spikes(r, steps));
  RB_TRY(read_text(r, "source", sizeof sweep->source, sweep->source));
  RB_TRY(read_text(r, "source_sha256", sizeof sweep->sha256, sweep->sha256));
  RB_TRY(read_text(r, "sweep", sizeof sweep->name, sweep->name));
  RB_TRY(read_number(r, "dt_ms", &steps->dt_ms));
  RB_TRY(read_number(r, "window_start_ms", &steps->window_start_ms));
  RB_TRY(read_number(r, "tref_ms", &sweep->tref_ms));
  RB_TRY(read_number(r, "series_resistance_MOhm", &sweep->series_resistance_MOhm));
  RB_TRY(read_more_numbers(r, sweep));
  if (steps->steps < 1 || !(steps->dt_ms > 0)) {
    RB_TRY(RB_FAIL(r->ctx, RB_ERR_FORMAT, "%s: %s has %lld steps of %g ms", r->path, r->group,
                   (long long)steps->steps, steps->dt_ms));
  }
  RB_TRY(check_onsets(r, steps));
cleanup:
  free(time);
  return status;
}

static rb_status read_chosen(rb_context *ctx, const rb_file *file, const char *path,
                             const char *list, rb_recorded *recording) {
  rb_status status = RB_OK;
  char **groups = NULL;
  int64_t count = 0, *chosen = NULL;
  RB_TRY(rb_file_list(ctx, file, "sweeps", &count, &groups));
  if (count < 1 || count > RB_MAX_SWEEPS) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "%s: holds %lld sweeps; 1 to %d are possible", path,
                   (long long)count, RB_MAX_SWEEPS));
  }
  RB_TRY(RB_ALLOCATE(ctx, chosen, count));
  RB_TRY(RB_ALLOCATE(ctx, recording->sweep, count));
  recording->sweeps = count;
  for (int64_t s = 0; s < count; ++s) chosen[s] = s;
  if (list != NULL) RB_TRY(rb_sweep_list(ctx, list, count, chosen, &recording->sweeps));
  for (int64_t s = 0; s < recording->sweeps; ++s) {
    char group[GROUP];
    (void)snprintf(group, sizeof group, "sweeps/%.32s", groups[chosen[s]]);
    recording->sweep[s].number = chosen[s];
    RB_TRY(read_sweep(&(reading){ctx, file, path, group}, &recording->sweep[s]));
  }
cleanup:
  free(groups);
  free(chosen);
  return status;
}

rb_status rb_recorded_read(rb_context *ctx, const char *path, const char *list,
                           rb_recorded *recording) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  *recording = (rb_recorded){0};
  RB_TRY(rb_file_open(ctx, path, RB_RECORDING_SCHEMA, RB_RECORDING_VERSION, &file));
  RB_TRY(rb_agree(ctx, read_chosen(ctx, file, path, list, recording)));
cleanup:
  rb_file_close(&file);
  return status;
}

void rb_recorded_free(rb_recorded *recording) {
  for (int64_t s = 0; s < recording->sweeps; ++s) rb_steps_free(&recording->sweep[s].steps);
  free(recording->sweep);
  *recording = (rb_recorded){0};
}

bool rb_recorded_array(const rb_recorded_sweep *sweep, const char *name, double *values) {
  const rb_steps *steps = &sweep->steps;
  const double *const traces[] = {NULL, steps->voltage_mV, steps->current_pA, NULL, NULL};
  const uint8_t *const marks[] = {NULL, NULL, NULL, steps->spike, steps->mask};
  for (size_t k = 0; k < sizeof paths / sizeof *paths; ++k) {
    if (strcmp(name, paths[k]) != 0) continue;
    for (int64_t n = 0; n < steps->steps; ++n) {
      values[n] = traces[k] != NULL  ? traces[k][n]
                  : marks[k] != NULL ? (double)marks[k][n]
                                     : (double)n * steps->dt_ms;
    }
    return true;
  }
  return false;
}
