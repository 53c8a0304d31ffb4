#include "rheobase/io/recording.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats.h"
#include "rheobase/base/log.h"
#include "rheobase/base/memory.h"
#include "rheobase/io/input_file.h"
#include "sha256.h"

/* Between samples of a neuron. */
static const double LEAST_INTERVAL_MS = 1e-4, MOST_INTERVAL_MS = 1e3;

/* The formats; the first that recognises a file reads it. */
static const rb_format formats[] = {{rb_is_abf1, rb_read_abf1},
                                    {rb_is_abf2, rb_read_abf2},
                                    {rb_is_hdf5, rb_read_hdf5_recording},
                                    {rb_is_igor, rb_read_igor},
                                    {NULL, rb_read_text_recording}};

rb_status rb_reading_fail(const rb_reading *r, const char *source, int line, const char *format,
                          ...) {
  char text[RB_MESSAGE_SIZE];
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return rb_fail(r->ctx, RB_ERR_FORMAT, source, line, "%s: %s", r->path, text);
}

rb_status rb_reading_add(rb_reading *r, const char *kind, rb_sweep **sweep) {
  rb_recording *all = r->recording;
  *sweep = NULL;
  if (all->sweeps == RB_MAX_SWEEPS) {
    return RB_READING_FAIL(r, "has more than %d sweeps", RB_MAX_SWEEPS);
  }
  rb_sweep *more = realloc(all->sweep, (size_t)(all->sweeps + 1) * sizeof *more);
  if (more == NULL) return RB_FAIL(r->ctx, RB_ERR_MEMORY, "out of memory");
  all->sweep = more;
  *sweep = &more[all->sweeps++];
  **sweep = (rb_sweep){0};
  (void)snprintf((*sweep)->kind, sizeof(*sweep)->kind, "%s", kind);
  (void)snprintf((*sweep)->source, sizeof(*sweep)->source, "%s", r->path);
  rb_text_clean((*sweep)->source);
  return RB_OK;
}

rb_status rb_sweep_warn(rb_context *ctx, rb_sweep *sweep, const char *format, ...) {
  char text[RB_MESSAGE_SIZE];
  char *both = NULL;
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  rb_text_clean(text);
  const char *before = sweep->warnings != NULL ? sweep->warnings : "";
  if (asprintf(&both, "%s%s\n", before, text) < 0) {
    return RB_FAIL(ctx, RB_ERR_MEMORY, "out of memory");
  }
  free(sweep->warnings);
  sweep->warnings = both;
  return RB_OK;
}

rb_status rb_sweep_compare_start(rb_context *ctx, rb_sweep *sweep, const char *current,
                                 double start_ms) {
  if (fabs(sweep->start_ms - start_ms) <= 0.5 * sweep->interval_ms) return RB_OK;
  return rb_sweep_warn(ctx, sweep,
                       "the potential begins at %.10g ms and its current of %s at %.10g ms: they "
                       "are taken to begin together; --delay shifts the current",
                       sweep->start_ms, current, start_ms);
}

static void free_sweep(rb_sweep *sweep) {
  free(sweep->voltage_mV);
  free(sweep->current_pA);
  free(sweep->warnings);
  *sweep = (rb_sweep){0};
}

void rb_recording_free(rb_recording *recording) {
  for (int64_t s = 0; s < recording->sweeps; ++s) free_sweep(&recording->sweep[s]);
  free(recording->sweep);
  *recording = (rb_recording){0};
}

/* Leaves out the end where a trace is padded by NaN, as some programs do, and marks a sweep that
 * has what is no number elsewhere: others of the file are none the worse. */
static rb_status check_values(rb_reading *r, rb_sweep *sweep) {
  const double *trace[2] = {sweep->voltage_mV, sweep->current_pA};
  int64_t end = sweep->samples;
  for (int k = 0; k < 2; ++k) {
    while (trace[k] != NULL && end > 0 && isnan(trace[k][end - 1])) --end;
  }
  for (int k = 0; k < 2; ++k) {
    for (int64_t i = 0; trace[k] != NULL && i < end && sweep->damaged[0] == '\0'; ++i) {
      if (isfinite(trace[k][i])) continue;
      (void)snprintf(sweep->damaged, sizeof sweep->damaged, "sample %lld of the %s is not a number",
                     (long long)i, k == 0 ? "potential" : "current");
    }
  }
  if (end < 2 && sweep->samples < 2) return RB_READING_FAIL(r, "%s: has no samples", sweep->name);
  if (end < 2) {
    (void)snprintf(sweep->damaged, sizeof sweep->damaged, "none of its samples is a number");
    return RB_OK;
  }
  const int64_t cut = sweep->samples - end;
  sweep->samples = end;
  if (cut == 0) return RB_OK;
  return rb_sweep_warn(r->ctx, sweep, "%lld samples at the end are no numbers and were left out",
                       (long long)cut);
}

static rb_status check_sweep(rb_reading *r, rb_sweep *sweep) {
  rb_text_clean(sweep->name);
  rb_text_clean(sweep->current_source);
  if (r->choice->interval_ms > 0) {
    sweep->interval_ms = r->choice->interval_ms;
    if (!isfinite(sweep->start_ms)) sweep->start_ms = 0;
  }
  const bool possible =
      sweep->interval_ms >= LEAST_INTERVAL_MS && sweep->interval_ms <= MOST_INTERVAL_MS;
  if (!possible || !isfinite(sweep->start_ms)) {
    return RB_READING_FAIL(r, "%s: samples every %g ms from %g ms on make no sense", sweep->name,
                           sweep->interval_ms, sweep->start_ms);
  }
  return check_values(r, sweep);
}

/* Whether a file of the same bytes was read before. */
static bool is_known(const rb_reading *r, const char *sha256) {
  for (int64_t s = 0; s < r->first; ++s) {
    if (strcmp(r->recording->sweep[s].sha256, sha256) == 0) return true;
  }
  return false;
}

static rb_status read_file(rb_reading *r) {
  rb_status status = RB_OK;
  uint8_t data[RB_FORMAT_HEAD];
  char sha256[RB_SHA256_TEXT];
  FILE *stream = NULL;
  const rb_format *format = formats;
  RB_TRY(rb_input_open(r->ctx, r->path, &stream));
  const rb_bytes head = {.data = data, .size = (int64_t)fread(data, 1, sizeof data, stream)};
  (void)fclose(stream);
  if (head.size == 0) RB_TRY(RB_READING_FAIL(r, "is empty"));
  while (format->is != NULL && !format->is(&head)) ++format;
  RB_TRY(format->read(r));
  RB_TRY(rb_sha256_file(r->ctx, r->path, sha256));
  const bool known = is_known(r, sha256);
  for (int64_t s = r->first; s < r->recording->sweeps; ++s) {
    rb_sweep *sweep = &r->recording->sweep[s];
    RB_TRY(check_sweep(r, sweep));
    memcpy(sweep->sha256, sha256, sizeof sha256);
    if (known && sweep->voltage_mV != NULL) {
      RB_TRY(rb_sweep_warn(r->ctx, sweep, "the file's bytes are those of another one given"));
    }
  }
cleanup:
  return status;
}

/* Gives a sweep the current of another one. */
static rb_status join(rb_context *ctx, rb_sweep *sweep, rb_sweep *current) {
  rb_status status = RB_OK;
  if (sweep->samples != current->samples ||
      fabs(sweep->interval_ms - current->interval_ms) > 1e-6 * sweep->interval_ms) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT,
                   "%s has %lld samples of %.10g ms, its current %s has %lld of %.10g ms: they "
                   "cannot be a pair",
                   sweep->source, (long long)sweep->samples, sweep->interval_ms, current->source,
                   (long long)current->samples, current->interval_ms));
  }
  sweep->current_pA = current->current_pA;
  current->current_pA = NULL;
  memcpy(sweep->current_source, current->current_source, sizeof sweep->current_source);
  RB_TRY(rb_sweep_compare_start(ctx, sweep, current->source, current->start_ms));
  sweep->lacks[0] = '\0';
  if (sweep->damaged[0] == '\0') memcpy(sweep->damaged, current->damaged, sizeof sweep->damaged);
  for (char *line = current->warnings, *end; line != NULL && *line != '\0'; line = end + 1) {
    end = strchr(line, '\n');
    const bool known = sweep->warnings != NULL && memmem(sweep->warnings, strlen(sweep->warnings),
                                                         line, (size_t)(end - line + 1)) != NULL;
    if (!known) RB_TRY(rb_sweep_warn(ctx, sweep, "%.*s", (int)(end - line), line));
  }
cleanup:
  return status;
}

/* Gives the sweeps without a current, in their order, those that are a current alone. */
static rb_status pair(rb_context *ctx, rb_recording *recording) {
  rb_status status = RB_OK;
  int64_t lacking = 0, alone = 0, next = 0, kept = 0;
  rb_sweep *sweep = recording->sweep;
  for (int64_t s = 0; s < recording->sweeps; ++s) {
    lacking += sweep[s].voltage_mV != NULL && sweep[s].current_pA == NULL;
    alone += sweep[s].voltage_mV == NULL;
  }
  if (alone == 0) return RB_OK;
  if (alone == recording->sweeps) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "%s: %s", sweep[0].source, sweep[0].lacks));
  }
  if (alone != lacking) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT,
                   "%s: %lld potential%s without a current and %lld current%s without a potential "
                   "were given; they pair in the order given",
                   sweep[0].source, (long long)lacking, rb_plural(lacking), (long long)alone,
                   rb_plural(alone)));
  }
  for (int64_t s = 0; s < recording->sweeps; ++s) {
    if (sweep[s].voltage_mV == NULL || sweep[s].current_pA != NULL) continue;
    while (sweep[next].voltage_mV != NULL) ++next;
    RB_TRY(join(ctx, &sweep[s], &sweep[next++]));
  }
  for (int64_t s = 0; s < recording->sweeps; ++s) {
    if (sweep[s].voltage_mV == NULL) {
      free_sweep(&sweep[s]);
    } else {
      sweep[kept++] = sweep[s];
    }
  }
  recording->sweeps = kept;
cleanup:
  return status;
}

/* Refuses what the user said for nothing: it would be ignored without a word. */
static rb_status check_choice(rb_context *ctx, const rb_recording_choice *choice,
                              const rb_recording *recording) {
  const struct {
    const char *option, *value;
    bool used;
  } parts[] = {{"--columns", choice->columns, recording->use.columns},
               {"--voltage", choice->voltage, recording->use.voltage},
               {"--current", choice->current, recording->use.current}};
  int64_t units = choice->units != NULL;
  for (size_t k = 0; k < sizeof parts / sizeof *parts; ++k) {
    if (parts[k].value == NULL || parts[k].used) continue;
    return RB_FAIL(ctx, RB_ERR_USAGE, "%s %s: files of this format offer no such choice",
                   parts[k].option, parts[k].value);
  }
  for (const char *c = choice->units; c != NULL && *c != '\0'; ++c) units += *c == ',';
  if (units <= recording->unitless) return RB_OK;
  return RB_FAIL(ctx, RB_ERR_USAGE,
                 "--units %s: is for channels without a unit, of which there %s %lld; columns of "
                 "text and HDF5 get theirs by --columns",
                 choice->units, recording->unitless == 1 ? "is" : "are",
                 (long long)recording->unitless);
}

rb_status rb_recording_read(rb_context *ctx, int files, const char *const *file,
                            const rb_recording_choice *choice, rb_recording *recording) {
  rb_status status = RB_OK;
  *recording = (rb_recording){0};
  for (int i = 0; i < files; ++i) {
    rb_reading reading = {ctx, file[i], choice, recording, recording->sweeps};
    RB_TRY(read_file(&reading));
  }
  RB_TRY(check_choice(ctx, choice, recording));
  RB_TRY(pair(ctx, recording));
  for (int64_t s = 0; s < recording->sweeps; ++s) recording->sweep[s].number = s;
cleanup:
  return status;
}

/* Marks a piece of a list, "3" or "2-5". */
static bool take_range(const char *text, int64_t sweeps, int64_t *first, int64_t *last) {
  char *end = NULL;
  errno = 0;
  if (*text < '0' || *text > '9') return false;
  *first = *last = strtoll(text, &end, 10);
  if (*end == '-' && end[1] >= '0' && end[1] <= '9') *last = strtoll(end + 1, &end, 10);
  return errno == 0 && *end == '\0' && *first <= *last && *last < sweeps;
}

rb_status rb_sweep_list(rb_context *ctx, const char *list, int64_t sweeps, int64_t *chosen,
                        int64_t *count) {
  rb_status status = RB_OK;
  char *copy = strdup(list), *rest = copy;
  *count = 0;
  if (copy == NULL) RB_TRY(RB_FAIL(ctx, RB_ERR_MEMORY, "out of memory"));
  for (const char *piece = strsep(&rest, ","); piece != NULL; piece = strsep(&rest, ",")) {
    int64_t first = 0, last = 0;
    if (!take_range(piece, sweeps, &first, &last)) {
      RB_TRY(RB_FAIL(ctx, RB_ERR_USAGE,
                     "--sweeps %s: give numbers and ranges of the sweeps 0 to %lld, such as 0,2-5",
                     list, (long long)sweeps - 1));
    }
    for (int64_t s = first; s <= last; ++s) {
      for (int64_t k = 0; k < *count; ++k) {
        if (chosen[k] != s) continue;
        RB_TRY(RB_FAIL(ctx, RB_ERR_USAGE, "--sweeps %s: sweep %lld is there twice", list,
                       (long long)s));
      }
      chosen[(*count)++] = s;
    }
  }
cleanup:
  free(copy);
  return status;
}

rb_status rb_recording_select(rb_context *ctx, rb_recording *recording, const char *list) {
  rb_status status = RB_OK;
  const int64_t sweeps = recording->sweeps;
  int64_t kept = 0, *number = NULL;
  rb_sweep *chosen = NULL;
  RB_TRY(RB_ALLOCATE(ctx, number, sweeps));
  RB_TRY(RB_ALLOCATE(ctx, chosen, sweeps));
  RB_TRY(rb_sweep_list(ctx, list, sweeps, number, &kept));
  for (int64_t k = 0; k < kept; ++k) {
    chosen[k] = recording->sweep[number[k]];
    recording->sweep[number[k]] = (rb_sweep){0};
  }
  rb_recording_free(recording);
  *recording = (rb_recording){.sweeps = kept, .sweep = chosen};
  chosen = NULL;
cleanup:
  free(number);
  free(chosen);
  return status;
}
