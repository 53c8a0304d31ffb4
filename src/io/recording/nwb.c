#include "nwb.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/base/memory.h"
#include "rheobase/io/unit.h"
#include "table.h"

enum { MEMBER = RB_NWB_PATH + 64 };
static const int64_t MOST_SAMPLES = 200000000;  // of all sweeps together
static const double MOST_OF_STEP = 1e-3;        // that timestamps may be off

/* A part of a series that was read. */
typedef struct trace {
  int64_t samples;
  double interval_ms, start_ms;
  bool begins;    // whether the file tells start_ms; else it is 0
  double *value;  // in mV or pA
} trace;

bool rb_nwb_is(rb_reading *r, const rb_file *file, const char *path, const char *type) {
  char *found = NULL;
  if (!rb_file_is_group(file, path) || !rb_file_has_attribute(file, path, "neurodata_type")) {
    return false;
  }
  const rb_status status = rb_file_get_string(r->ctx, file, path, "neurodata_type", &found);
  rb_error_clear(r->ctx);
  const bool same = status == RB_OK && strcmp(found, type) == 0;
  free(found);
  return same;
}

static void member_of(const char *path, const char *name, char member[MEMBER]) {
  (void)snprintf(member, MEMBER, "%s/%s", path, name);
}

/* An attribute that is a number; `value` stays where there is none. */
static rb_status take_number(rb_reading *r, const rb_file *file, const char *path,
                             const char *attribute, double *value) {
  if (!rb_file_has_attribute(file, path, attribute)) return RB_OK;
  return rb_file_get_double(r->ctx, file, path, attribute, value);
}

/* A scalar of a series; `value` stays where there is none. */
static rb_status take_scalar(rb_reading *r, const rb_file *file, const char *path, const char *name,
                             double *value) {
  rb_status status = RB_OK;
  char member[MEMBER];
  double *found = NULL;
  int64_t count = 0;
  member_of(path, name, member);
  if (!rb_file_has(file, member)) return RB_OK;
  RB_TRY(rb_file_read_last_row(r->ctx, file, member, -1, &count, &found));
  *value = found[0];
cleanup:
  free(found);
  return status;
}

/* The interval is the user's; the beginning is that of the file, if it tells one. */
static void take_user_times(rb_reading *r, const rb_file *file, const char *path, trace *t) {
  char member[MEMBER];
  double start = NAN;
  int rank = 1;
  int64_t shape[RB_FILE_MAX_RANK] = {0};
  rb_status status = take_scalar(r, file, path, "starting_time", &start);
  member_of(path, "timestamps", member);
  if (isnan(start) && rb_file_has(file, member)) {
    status = rb_file_shape(r->ctx, file, member, &rank, shape);
    if (status == RB_OK && shape[0] > 0) {
      status = rb_file_read_rows(r->ctx, file, member, RB_F64, false, rank, shape, 0, 1, &start);
    }
  }
  rb_error_clear(r->ctx);
  t->interval_ms = r->choice->interval_ms;
  t->begins = status == RB_OK && isfinite(1000 * start);
  t->start_ms = t->begins ? 1000 * start : 0;
}

/* Times of all samples of a series. */
static rb_status take_times(rb_reading *r, const rb_file *file, const char *path, int64_t samples,
                            trace *t) {
  rb_status status = RB_OK;
  char member[MEMBER];
  double rate = 0, *time = NULL;
  int64_t shape[RB_FILE_MAX_RANK] = {0};
  t->begins = true;
  if (r->choice->interval_ms > 0) {
    take_user_times(r, file, path, t);
    return RB_OK;
  }
  member_of(path, "starting_time", member);
  if (rb_file_has(file, member)) {
    double start = 0;
    RB_TRY(take_scalar(r, file, path, "starting_time", &start));
    RB_TRY(take_number(r, file, member, "rate", &rate));
    t->interval_ms = 1000 / rate;
    t->start_ms = 1000 * start;
    if (!isfinite(t->start_ms)) {
      RB_TRY(RB_READING_FAIL(r, "%s: starting_time is no number; --interval-ms reads it", path));
    }
    goto cleanup;
  }
  member_of(path, "timestamps", member);
  if (!rb_file_has(file, member)) {
    RB_TRY(RB_READING_FAIL(r, "%s: has neither starting_time nor timestamps", path));
  }
  RB_TRY(rb_file_read_new(r->ctx, file, member, RB_F64, false, 1, shape, (void **)&time));
  if (shape[0] != samples) {
    RB_TRY(RB_READING_FAIL(r, "%s: has %lld timestamps for %lld samples", path, (long long)shape[0],
                           (long long)samples));
  }
  rb_trace_scale(samples, 3, time);
  const rb_times times = {samples, time, 0, MOST_OF_STEP, false};
  RB_TRY(rb_even_times(r, path, &times, &t->interval_ms, &t->start_ms));
cleanup:
  free(time);
  return status;
}

/* Numbers become values: conversion, offset, unit. */
static rb_status convert(rb_reading *r, const rb_file *file, const char *data, const char *unit,
                         const trace *t) {
  rb_status status = RB_OK;
  double conversion = 1, offset = 0;
  int exponent = 0;
  char *stored = NULL;
  if (!rb_file_has_attribute(file, data, "unit")) {
    RB_TRY(RB_READING_FAIL(r, "%s: has no unit", data));
  }
  RB_TRY(rb_file_get_string(r->ctx, file, data, "unit", &stored));
  if (!rb_unit_exponent(stored, unit, &exponent)) {
    RB_TRY(
        RB_READING_FAIL(r, "%s: is in '%.40s', which cannot be given in %s", data, stored, unit));
  }
  RB_TRY(take_number(r, file, data, "conversion", &conversion));
  RB_TRY(take_number(r, file, data, "offset", &offset));
  for (int64_t i = 0; i < t->samples; ++i) t->value[i] = t->value[i] * conversion + offset;
  rb_trace_scale(t->samples, exponent, t->value);
cleanup:
  free(stored);
  return status;
}

/* Reads a part of a series in a unit. @param t its value is the caller's to free, also after a
 * failure */
static rb_status read_part(rb_reading *r, const rb_file *file, const rb_nwb_part *part,
                           const char *unit, trace *t) {
  rb_status status = RB_OK;
  char data[MEMBER];
  int rank = -1;
  int64_t shape[RB_FILE_MAX_RANK] = {0};
  *t = (trace){0};
  member_of(part->path, "data", data);
  RB_TRY(rb_file_shape(r->ctx, file, data, &rank, shape));
  if (rank != 2 || shape[1] != 1) {  // one channel may be a column
    rank = 1;
    RB_TRY(rb_file_shape(r->ctx, file, data, &rank, shape));
  }
  const int64_t count = part->count >= 0 ? part->count : shape[0];
  if (part->first < 0 || count > shape[0] || part->first > shape[0] - count) {
    RB_TRY(RB_READING_FAIL(r, "%s: the samples %lld to %lld of its %lld are asked for", part->path,
                           (long long)part->first, (long long)(part->first + count - 1),
                           (long long)shape[0]));
  }
  if (count > MOST_SAMPLES) {
    RB_TRY(
        RB_READING_FAIL(r, "%s: has more than %lld samples", part->path, (long long)MOST_SAMPLES));
  }
  t->samples = count;
  RB_TRY(RB_ALLOCATE(r->ctx, t->value, count));
  RB_TRY(rb_file_read_rows(r->ctx, file, data, RB_F64, false, rank, shape, part->first, count,
                           t->value));
  RB_TRY(convert(r, file, data, unit, t));
  RB_TRY(take_times(r, file, part->path, shape[0], t));
  t->start_ms += (double)part->first * t->interval_ms;
cleanup:
  return status;
}

/* What a series says that a user should know, but that is not applied. */
static rb_status take_remarks(rb_reading *r, const rb_file *file, const char *path,
                              rb_sweep *sweep) {
  rb_status status = RB_OK;
  char *comments = NULL;
  double bias = 0, bridge = 0;
  if (rb_file_has_attribute(file, path, "comments")) {
    RB_TRY(rb_file_get_string(r->ctx, file, path, "comments", &comments));
    if (strcasestr(comments, "junction") != NULL) {
      RB_TRY(rb_sweep_warn(
          r->ctx, sweep, "the file says '%.200s'; only --junction-potential applies it", comments));
    }
  }
  RB_TRY(take_scalar(r, file, path, "bias_current", &bias));
  if (isfinite(bias) && bias != 0) {
    RB_TRY(rb_sweep_warn(r->ctx, sweep,
                         "the file says that a bias current of %.4g pA was injected; if its "
                         "current lacks that, give --current-offset",
                         bias * 1e12));
  }
  RB_TRY(take_scalar(r, file, path, "bridge_balance", &bridge));
  sweep->bridge_balance_MOhm = isfinite(bridge) && bridge > 0 ? bridge * 1e-6 : 0;
cleanup:
  free(comments);
  return status;
}

static const char *name_of(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash != NULL ? slash + 1 : path;
}

/* @param lacks (2 * RB_RECORDING_TEXT) why potential and stimulus are no pair; "": they are one */
static void check_pair(const rb_nwb_pair *pair, const trace *v, const trace *i, char *lacks) {
  lacks[0] = '\0';
  if (v->samples == i->samples && fabs(v->interval_ms - i->interval_ms) <= 1e-6 * v->interval_ms) {
    return;
  }
  (void)snprintf(lacks, 2 * RB_RECORDING_TEXT,
                 "%.180s has %lld samples of %.10g ms, its stimulus %.180s has %lld of %.10g ms: "
                 "they cannot be a pair",
                 pair->response.path, (long long)v->samples, v->interval_ms, pair->stimulus.path,
                 (long long)i->samples, i->interval_ms);
}

/* Where the current of a sweep is from, or why there is none. */
static void take_source(const rb_nwb_pair *pair, const char *mismatch, const char *broken,
                        rb_sweep *sweep) {
  if (mismatch[0] != '\0') {
    (void)snprintf(sweep->lacks, sizeof sweep->lacks, "%s", mismatch);
  } else if (pair->stimulus.path[0] != '\0') {
    (void)snprintf(sweep->current_source, sizeof sweep->current_source, "stimulus: %s",
                   name_of(pair->stimulus.path));
  } else if (pair->lacks[0] != '\0') {
    (void)snprintf(sweep->lacks, sizeof sweep->lacks, "%s", pair->lacks);
  } else {
    (void)snprintf(sweep->lacks, sizeof sweep->lacks, "the file has no stimulus for %s%s%.200s",
                   pair->response.path, broken[0] != '\0' ? "; " : "", broken);
  }
}

/* @param all which it is of */
static rb_status add_sweep(rb_reading *r, const rb_file *file, const rb_nwb_pair *pair,
                           const rb_nwb_pairs *all, int64_t *samples) {
  rb_status status = RB_OK;
  trace v = {0}, i = {0};
  rb_sweep *sweep = NULL;
  char mismatch[2 * RB_RECORDING_TEXT] = "";
  RB_TRY(read_part(r, file, &pair->response, "mV", &v));
  if (pair->stimulus.path[0] != '\0') {
    RB_TRY(read_part(r, file, &pair->stimulus, "pA", &i));
    check_pair(pair, &v, &i, mismatch);
  }
  *samples += v.samples;
  if (*samples > MOST_SAMPLES) {
    RB_TRY(RB_READING_FAIL(r, "its sweeps have more than %lld samples", (long long)MOST_SAMPLES));
  }
  RB_TRY(rb_reading_add(r, "nwb", &sweep));
  (void)snprintf(sweep->name, sizeof sweep->name, "%s", name_of(pair->response.path));
  take_source(pair, mismatch, all->broken[RB_NWB_STIMULI], sweep);
  sweep->samples = v.samples;
  sweep->interval_ms = v.interval_ms;
  sweep->start_ms = v.start_ms;
  sweep->voltage_mV = v.value;
  v.value = NULL;
  if (mismatch[0] == '\0') {
    sweep->current_pA = i.value;
    i.value = NULL;
  }
  if (sweep->current_pA != NULL && v.begins && i.begins) {
    RB_TRY(rb_sweep_compare_start(r->ctx, sweep, pair->stimulus.path, i.start_ms));
  }
  if (pair->remark != NULL) RB_TRY(rb_sweep_warn(r->ctx, sweep, "%s", pair->remark));
  for (int g = 0; g < RB_NWB_GROUPS; ++g) {
    if (all->broken[g][0] != '\0') RB_TRY(rb_sweep_warn(r->ctx, sweep, "%s", all->broken[g]));
  }
  if (all->left_out[0] != '\0') RB_TRY(rb_sweep_warn(r->ctx, sweep, "%s", all->left_out));
  RB_TRY(take_remarks(r, file, pair->response.path, sweep));
cleanup:
  free(v.value);
  free(i.value);
  return status;
}

rb_status rb_nwb_read(rb_reading *r, const rb_file *file) {
  rb_status status = RB_OK;
  rb_nwb_pairs pairs = {0};
  int64_t samples = 0;
  RB_TRY(rb_nwb_find_pairs(r, file, &pairs));
  for (int64_t p = 0; p < pairs.count; ++p) {
    RB_TRY(add_sweep(r, file, &pairs.pair[p], &pairs, &samples));
  }
cleanup:
  free(pairs.pair);
  return status;
}
