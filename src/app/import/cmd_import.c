#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../commands.h"
#include "rheobase/base/log.h"
#include "rheobase/base/memory.h"
#include "rheobase/io/electrode_kernel.h"
#include "rheobase/io/provenance.h"
#include "rheobase/io/recording_checks.h"
#include "rheobase/parallel/agree.h"
#include "rheobase/report/recording_figure.h"
#include "treatment.h"

/* `rheobase import FILE... -o recording.h5`: recordings of neurons, from the amplifier's file to
 * the steps of a model. Rank 0 does it. */

/* The sweeps that were read, and what was found in each. */
typedef struct work {
  const rb_arguments *arguments;
  rb_import_choice choice;
  rb_electrode_kernel electrode;
  rb_recording recording;
  rb_spikes *spikes;  // (sweeps)
  rb_steps *steps;    // (sweeps)
} work;

static void free_work(work *w) {
  for (int64_t s = 0; s < w->recording.sweeps; ++s) {
    if (w->spikes != NULL) rb_spikes_free(&w->spikes[s]);
    if (w->steps != NULL) rb_steps_free(&w->steps[s]);
  }
  free(w->spikes);
  free(w->steps);
  rb_recording_free(&w->recording);
  rb_electrode_kernel_free(&w->electrode);
}

static rb_status find_spikes(rb_context *ctx, work *w) {
  rb_status status = RB_OK;
  for (int64_t s = 0; s < w->recording.sweeps; ++s) {
    const rb_sweep *sweep = &w->recording.sweep[s];
    rb_spikes_free(&w->spikes[s]);
    RB_TRY(rb_spikes_find(ctx, &w->choice.treatment.rule, sweep->interval_ms, sweep->samples,
                          sweep->voltage_mV, &w->spikes[s]));
  }
cleanup:
  return status;
}

/* Least and largest value, "-" without any. @param text (40) */
static void format_range(int64_t count, const double *value, char *text) {
  double least = INFINITY, most = -INFINITY;
  for (int64_t i = 0; value != NULL && i < count; ++i) {
    least = fmin(least, value[i]);
    most = fmax(most, value[i]);
  }
  (void)snprintf(text, 40, least <= most ? "%.2f..%.2f" : "-", least, most);
}

static void print_list(const work *w) {
  (void)printf("%5s  %-24s %13s %12s  %-20s %-22s %6s  %s\n", "sweep", "name", "duration_ms",
               "interval_ms", "voltage_mV", "current_pA", "spikes", "file");
  for (int64_t s = 0; s < w->recording.sweeps; ++s) {
    const rb_sweep *sweep = &w->recording.sweep[s];
    char voltage[40], current[40], line[2048];
    format_range(sweep->samples, sweep->voltage_mV, voltage);
    format_range(sweep->samples, sweep->current_pA, current);
    (void)snprintf(line, sizeof line, "%5lld  %-24s %13.10g %12.10g  %-20s %-22s %6lld  %s",
                   (long long)sweep->number, sweep->name,
                   (double)sweep->samples * sweep->interval_ms, sweep->interval_ms, voltage,
                   current, (long long)w->spikes[s].count, sweep->source);
    rb_log_text(stdout, "", line);
    if (sweep->damaged[0] != '\0') rb_log_text(stdout, "       ", sweep->damaged);
  }
}

/* Refuses sweeps that cannot be used. */
static rb_status check_sweeps(rb_context *ctx, const rb_recording *recording) {
  for (int64_t s = 0; s < recording->sweeps; ++s) {
    const rb_sweep *sweep = &recording->sweep[s];
    if (sweep->damaged[0] != '\0') {
      return RB_FAIL(ctx, RB_ERR_FORMAT, "%s: %s: %s; --sweeps chooses others", sweep->source,
                     sweep->name, sweep->damaged);
    }
    if (sweep->current_pA != NULL) continue;
    return RB_FAIL(ctx, RB_ERR_FORMAT, "%s: %s has no current: %s", sweep->source, sweep->name,
                   sweep->lacks);
  }
  return RB_OK;
}

static rb_status correct(rb_context *ctx, work *w, const rb_correction *correction) {
  rb_status status = RB_OK;
  for (int64_t s = 0; s < w->recording.sweeps; ++s) {
    RB_TRY(rb_sweep_correct(ctx, &w->recording.sweep[s], correction));
  }
cleanup:
  return status;
}

/* Takes the series resistance to be what the sweeps together say, once their currents have been
 * corrected. */
static rb_status estimate(rb_context *ctx, work *w) {
  rb_status status = RB_OK;
  rb_electrode e;
  RB_TRY(correct(ctx, w, &w->choice.treatment.correction));
  if (rb_electrode_is_balanced(w->recording.sweeps, w->recording.sweep)) {
    rb_log_info(ctx, "the bridge was balanced in all sweeps: no series resistance is estimated");
    goto cleanup;
  }
  RB_TRY(rb_electrode_estimate(ctx, w->recording.sweeps, w->recording.sweep, w->spikes, &e));
  if (!e.known) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_NUMERIC,
                   "%s: the series resistance cannot be estimated: the current does not change "
                   "within 1 ms; give a number",
                   w->recording.sweep[0].source));
  }
  rb_correction resistance = {0};
  memcpy(resistance.tap_MOhm, e.tap_MOhm, sizeof e.tap_MOhm);
  memcpy(w->choice.treatment.correction.tap_MOhm, e.tap_MOhm, sizeof e.tap_MOhm);
  RB_TRY(correct(ctx, w, &resistance));
  rb_log_info(ctx,
              "series resistance %.4g MOhm, as taps %.4g,%.4g,%.4g; beside it C %.4g pF, g %.4g "
              "nS, tau %.3g ms (R^2 %.3f)",
              e.resistance_MOhm, e.tap_MOhm[0], e.tap_MOhm[1], e.tap_MOhm[2], e.capacitance_pF,
              e.leak_nS, e.capacitance_pF / e.leak_nS, e.r_squared);
cleanup:
  return status;
}

/* Reads what --electrode names. */
static rb_status estimate_electrode(rb_context *ctx, work *w) {
  rb_status status = RB_OK;
  const char *path = w->arguments->recording.electrode;
  rb_recorded recorded = {0};
  if (path == NULL) return RB_OK;
  RB_TRY(rb_recorded_read(ctx, path, NULL, &recorded));
  RB_TRY(rb_electrode_kernel_estimate(ctx, path, &recorded, &w->electrode));
  w->choice.treatment.correction.electrode = &w->electrode;
  rb_log_info(ctx,
              "electrode %.4g MOhm within %.4g ms; beside it a membrane of %.4g MOhm and %.3g ms "
              "(R^2 %.3f)",
              w->electrode.resistance_MOhm, (double)w->electrode.lags * w->electrode.interval_ms,
              w->electrode.cell_MOhm, w->electrode.cell_tau_ms, w->electrode.r_squared);
cleanup:
  rb_recorded_free(&recorded);
  return status;
}

static rb_status treat(rb_context *ctx, work *w) {
  rb_status status = RB_OK;
  const rb_treatment *t = &w->choice.treatment;
  RB_TRY(w->choice.estimate ? estimate(ctx, w) : correct(ctx, w, &t->correction));
  RB_TRY(find_spikes(ctx, w));
  for (int64_t s = 0; s < w->recording.sweeps; ++s) {
    rb_sweep *sweep = &w->recording.sweep[s];
    rb_electrode electrode;
    RB_TRY(rb_sweep_step(ctx, sweep, &w->spikes[s], &t->stepping, &w->steps[s]));
    RB_TRY(rb_electrode_estimate(ctx, 1, sweep, &w->spikes[s], &electrode));
    const rb_checked checked = {&w->spikes[s], &electrode, &w->steps[s], &t->stepping};
    RB_TRY(rb_sweep_check(ctx, sweep, &checked));
  }
  RB_TRY(rb_recording_check(ctx, &w->recording, w->spikes));
cleanup:
  return status;
}

/* Whether an earlier sweep of the file was warned of in the same words. */
static bool is_told(const rb_recording *recording, int64_t s, const char *line, size_t length) {
  for (int64_t k = 0; k < s; ++k) {
    const rb_sweep *earlier = &recording->sweep[k];
    const char *found = earlier->warnings;
    if (found == NULL || strcmp(earlier->source, recording->sweep[s].source) != 0) continue;
    for (; *found != '\0'; found = strchr(found, '\n') + 1) {
      if (strncmp(found, line, length) == 0 && found[length] == '\n') return true;
    }
  }
  return false;
}

/* Each warning once for a file. */
static void print_warnings(const rb_context *ctx, const rb_recording *recording) {
  for (int64_t s = 0; s < recording->sweeps; ++s) {
    const rb_sweep *sweep = &recording->sweep[s];
    const char *line = sweep->warnings;
    while (line != NULL && *line != '\0') {
      const size_t length = strcspn(line, "\n");
      if (!is_told(recording, s, line, length)) {
        rb_log_warning(ctx, "%s: %s: %.*s", sweep->source, sweep->name, (int)length, line);
      }
      line += length + 1;
    }
  }
}

/* The command line as lines, for the file's provenance. */
static rb_status write_provenance(rb_context *ctx, rb_file *file, const work *w, double began) {
  rb_status status = RB_OK;
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  if (out == NULL) return RB_FAIL(ctx, RB_ERR_MEMORY, "out of memory");
  (void)fputs("import", out);
  for (int i = 0; i < w->arguments->inputs; ++i) {
    (void)fprintf(out, "\n%s", w->arguments->input[i]);
  }
  if (fclose(out) != 0) RB_TRY(RB_FAIL(ctx, RB_ERR_MEMORY, "out of memory"));
  const rb_provenance provenance = {.input = text, .began_s = began, .ranks = 1};
  RB_TRY(rb_provenance_write(ctx, file, &provenance));
cleanup:
  free(text);
  return status;
}

static rb_status write_file(rb_context *ctx, const work *w, double began) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  const char *path = w->arguments->output;
  RB_TRY(rb_file_create(ctx, path, RB_RECORDING_SCHEMA, RB_RECORDING_VERSION, &file));
  for (int64_t s = 0; s < w->recording.sweeps; ++s) {
    RB_TRY(rb_recording_write_sweep(ctx, file, s, &w->recording.sweep[s], &w->steps[s],
                                    &w->choice.treatment));
  }
  RB_TRY(write_provenance(ctx, file, w, began));
  RB_TRY(rb_file_commit(ctx, &file));
  rb_log_info(ctx, "wrote %s: %lld sweep%s", path, (long long)w->recording.sweeps,
              rb_plural(w->recording.sweeps));
cleanup:
  rb_file_abort(ctx, &file);
  return status;
}

/* Refuses to write over what is read. */
static rb_status check_output(rb_context *ctx, const rb_arguments *arguments) {
  struct stat output, input;
  if (arguments->output == NULL) {
    if (arguments->recording.list) return RB_OK;
    return RB_FAIL(ctx, RB_ERR_USAGE, "say where to write, -o recording.h5, or --list");
  }
  const char *dot = strrchr(arguments->output, '.');
  if (dot != NULL && (strcmp(dot, ".png") == 0 || strcmp(dot, ".gp") == 0)) {
    return RB_FAIL(ctx, RB_ERR_USAGE,
                   "-o %s: the figure beside it would have that name; call it .h5",
                   arguments->output);
  }
  if (stat(arguments->output, &output) != 0) return RB_OK;
  if (!S_ISREG(output.st_mode)) {
    return RB_FAIL(ctx, RB_ERR_USAGE, "-o %s is there and is no file: choose another name",
                   arguments->output);
  }
  for (int i = 0; i <= arguments->inputs; ++i) {
    const char *read = i < arguments->inputs ? arguments->input[i] : arguments->recording.electrode;
    if (read != NULL && stat(read, &input) == 0 && input.st_dev == output.st_dev &&
        input.st_ino == output.st_ino) {
      return RB_FAIL(ctx, RB_ERR_USAGE, "-o %s would replace a recording that is read",
                     arguments->output);
    }
  }
  return RB_OK;
}

static rb_status import(rb_context *ctx, const rb_arguments *arguments) {
  rb_status status = RB_OK;
  const double began = MPI_Wtime();
  work w = {.arguments = arguments};
  RB_TRY(rb_import_choice_read(ctx, arguments, &w.choice));
  RB_TRY(check_output(ctx, arguments));
  RB_TRY(
      rb_recording_read(ctx, arguments->inputs, arguments->input, &w.choice.files, &w.recording));
  if (arguments->recording.sweeps != NULL) {
    RB_TRY(rb_recording_select(ctx, &w.recording, arguments->recording.sweeps));
  }
  RB_TRY(RB_ALLOCATE(ctx, w.spikes, w.recording.sweeps));
  RB_TRY(RB_ALLOCATE(ctx, w.steps, w.recording.sweeps));
  RB_TRY(find_spikes(ctx, &w));
  if (arguments->recording.list) print_list(&w);
  if (arguments->output == NULL) {
    print_warnings(ctx, &w.recording);
    goto cleanup;
  }
  RB_TRY(check_sweeps(ctx, &w.recording));
  RB_TRY(estimate_electrode(ctx, &w));
  RB_TRY(treat(ctx, &w));
  print_warnings(ctx, &w.recording);
  RB_TRY(write_file(ctx, &w, began));
  RB_TRY(rb_recording_draw(ctx, arguments->output, w.recording.sweeps, w.recording.sweep, w.steps));
cleanup:
  free_work(&w);
  return status;
}

rb_status rb_cmd_import(rb_context *ctx, const rb_arguments *arguments) {
  rb_status status = RB_OK;
  if (ctx->rank == 0) {
    rb_context alone = rb_context_alone(ctx);
    status = import(&alone, arguments);
    if (status != RB_OK) ctx->error = alone.error;
  }
  return rb_agree(ctx, status);
}
