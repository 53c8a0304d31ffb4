#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../columns.h"
#include "nwb.h"
#include "rheobase/base/memory.h"
#include "rheobase/io/unit.h"
#include "table.h"

/* Recordings in HDF5: NWB, or arrays at the root whose units are in their attributes or names, or
 * arrays the user names. */

enum { TIME = 0, ROLES = 3, MOST_SAMPLES = 100000000 };

bool rb_is_hdf5(const rb_bytes *head) {
  static const char signature[8] = "\x89HDF\r\n\x1a\n";
  for (int64_t at = 0; at + (int64_t)sizeof signature <= head->size; at = at == 0 ? 512 : 2 * at) {
    if (memcmp(head->data + at, signature, sizeof signature) == 0) return true;
  }
  return false;
}

/* What an array is and measures. Attributes that are no text, or empty, are no units. */
static void take_offer(rb_reading *r, const rb_file *file, const char *name, rb_offer *offer) {
  static const char *const attributes[] = {"unit", "units"};
  rb_offer_named(name, offer);
  for (int k = 0; k < 2; ++k) {
    char *unit = NULL;
    if (!rb_file_has_attribute(file, name, attributes[k])) continue;
    const bool text = rb_file_get_string(r->ctx, file, name, attributes[k], &unit) == RB_OK;
    if (text && unit[strspn(unit, " ")] != '\0') {
      (void)snprintf(offer->unit, sizeof offer->unit, "%s", unit);
    }
    free(unit);
  }
  rb_error_clear(r->ctx);
}

/* Whether a member of the root may be a trace: an array of more than one number. */
static rb_status is_trace(rb_reading *r, const rb_file *file, const char *name, bool *trace) {
  int rank = -1;
  int64_t shape[RB_FILE_MAX_RANK], least = 1, most = 1;
  char target[RB_UNIT_TEXT + RB_RECORDING_TEXT];
  *trace = false;
  if (rb_file_broken_link(file, name, sizeof target, target)) {
    return RB_READING_FAIL(r, "%s is a link to %s, which is not there; --columns leaves it out",
                           name, target);
  }
  if (rb_file_is_group(file, name)) return RB_OK;
  if (rb_file_shape(r->ctx, file, name, &rank, shape) != RB_OK) {  // a type, or an empty array
    rb_error_clear(r->ctx);
    return RB_OK;
  }
  for (int i = 0; i < rank; ++i) {
    least = shape[i] < least ? shape[i] : least;
    most = shape[i] > most ? shape[i] : most;
  }
  *trace = least > 0 && most > 1;
  return RB_OK;
}

/* The arrays of the root, or those the user names. @param offer (RB_MAX_CHANNELS_READ) */
static rb_status list_offers(rb_reading *r, const rb_file *file, rb_offer *offer, int *count) {
  rb_status status = RB_OK;
  rb_named_columns named;
  char **names = NULL;
  int64_t members = 0;
  *count = 0;
  if (r->choice->columns != NULL) {
    r->recording->use.columns = true;
    RB_TRY(rb_named_columns_parse(r->ctx, r->choice->columns, &named));
    if (!named.by_name) {
      RB_TRY(RB_FAIL(r->ctx, RB_ERR_USAGE,
                     "%s: is HDF5: name its arrays, --columns "
                     "voltage_mV=/path,current_pA=/path,time_ms=/path",
                     r->path));
    }
    for (; *count < named.count; ++*count) {
      const char *stored = named.column[*count].stored;
      offer[*count] = named.column[*count].offer;
      (void)snprintf(offer[*count].name, sizeof offer[*count].name, "%s",
                     stored + strspn(stored, "/"));
    }
    return RB_OK;
  }
  RB_TRY(rb_file_list(r->ctx, file, "", &members, &names));
  for (int64_t i = 0; i < members && *count < RB_MAX_CHANNELS_READ; ++i) {
    bool trace = false;
    RB_TRY(is_trace(r, file, names[i], &trace));
    if (trace) take_offer(r, file, names[i], &offer[(*count)++]);
  }
cleanup:
  free(names);
  return status;
}

/* Where the sweep begins if the user gives the interval; 0 if its times do not tell. */
static double find_begin(rb_reading *r, const rb_offer *offer, int exponent) {
  rb_columns columns = {0};
  const rb_column column = {.name = offer->name, .unit = offer->unit};
  const rb_columns_wanted wanted = {1, &column, false, true, MOST_SAMPLES};
  double begin = 0;
  if (rb_columns_read_hdf5(r->ctx, r->path, &wanted, &columns) == RB_OK && columns.rows > 0) {
    begin = rb_unit_scale(columns.value[0][0], exponent);
  }
  rb_error_clear(r->ctx);
  rb_columns_free(&columns);
  return isfinite(begin) ? begin : 0;
}

static rb_status read_arrays(rb_reading *r, const rb_offer *offer, const int *place,
                             const int *exponent, double start_ms, const char *const *remark,
                             bool single) {
  rb_status status = RB_OK;
  rb_columns columns = {0};
  rb_column column[ROLES];
  double **value[ROLES] = {0}, *none = NULL;
  int count = 0;
  for (int k = 0; k < ROLES; ++k) {
    value[k] = &none;
    if (place[k] < 0) continue;
    column[count] = (rb_column){.name = offer[place[k]].name, .unit = offer[place[k]].unit};
    value[k] = &columns.value[count++];
  }
  const rb_columns_wanted wanted = {count, column, false, true, MOST_SAMPLES};
  RB_TRY(rb_columns_read_hdf5(r->ctx, r->path, &wanted, &columns));
  if (columns.rows < 2) RB_TRY(RB_READING_FAIL(r, "has fewer than two samples"));
  for (int k = 0; k < ROLES; ++k) {
    if (*value[k] != NULL) rb_trace_scale(columns.rows, exponent[k], *value[k]);
  }
  const double *time = *value[TIME];
  double rounding = 0;
  if (time != NULL) rounding = 2 * rb_unit_scale(columns.rounding[0], exponent[TIME]);
  const rb_table_sweep table = {.kind = "hdf5",
                                .samples = columns.rows,
                                .time_ms = time,
                                .rounding_ms = rounding,
                                .single = single,
                                .start_ms = start_ms,
                                .value = {value[1], value[2]},
                                .remark = {remark[0], remark[1], remark[2]}};
  RB_TRY(rb_table_add(r, &table));
cleanup:
  rb_columns_free(&columns);
  return status;
}

static rb_status read_table(rb_reading *r, const rb_file *file) {
  rb_status status = RB_OK;
  const rb_sought sought[ROLES] = {
      {"seconds", "ms", NULL, NULL},
      {"volts", "mV", r->choice->voltage, &r->recording->use.voltage},
      {"amperes", "pA", r->choice->current, &r->recording->use.current}};
  rb_offer *offer = NULL;
  int count = 0, place[ROLES], exponent[ROLES];
  double start_ms = 0;
  char remark[ROLES][2 * RB_RECORDING_TEXT], type[RB_TYPE_TEXT] = "";
  RB_TRY(RB_ALLOCATE(r->ctx, offer, RB_MAX_CHANNELS_READ));
  RB_TRY(list_offers(r, file, offer, &count));
  for (int k = 0; k < ROLES; ++k) {
    RB_TRY(rb_channel_choose(r, count, offer, &sought[k], &place[k], &exponent[k], remark[k]));
  }
  if (place[1] < 0 && place[2] < 0) {
    RB_TRY(RB_READING_FAIL(r,
                           "no array at its root is known to be in volts or amperes: name them "
                           "with their units, --columns voltage_mV=/path,current_pA=/path"));
  }
  if (place[TIME] < 0 && r->choice->interval_ms == 0) {
    RB_TRY(RB_READING_FAIL(r,
                           "has no array of times: give the time between samples, "
                           "--interval-ms"));
  }
  if (place[TIME] >= 0 && !rb_file_has(file, offer[place[TIME]].name)) {
    RB_TRY(RB_FAIL(r->ctx, RB_ERR_FORMAT, "%s: has no array %s", r->path, offer[place[TIME]].name));
  }
  if (place[TIME] >= 0 && r->choice->interval_ms > 0) {
    start_ms = find_begin(r, &offer[place[TIME]], exponent[TIME]);
    place[TIME] = -1;
  }
  if (place[TIME] >= 0) {
    RB_TRY(rb_file_stored_type(r->ctx, file, offer[place[TIME]].name, type));
  }
  RB_TRY(read_arrays(r, offer, place, exponent, start_ms,
                     (const char *const[]){remark[0], remark[1], remark[2]},
                     strcmp(type, "float32") == 0));
cleanup:
  free(offer);
  return status;
}

rb_status rb_read_hdf5_recording(rb_reading *r) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  char *version = NULL;
  RB_TRY(rb_file_open_foreign(r->ctx, r->path, &file));
  if (!rb_file_has_attribute(file, "", "nwb_version")) {
    RB_TRY(read_table(r, file));
    goto cleanup;
  }
  RB_TRY(rb_file_get_string(r->ctx, file, "", "nwb_version", &version));
  if (version[0] != '2') {
    RB_TRY(RB_READING_FAIL(r, "is NWB of version %.20s; versions 2 are read", version));
  }
  RB_TRY(rb_nwb_read(r, file));
cleanup:
  free(version);
  rb_file_close(&file);
  return status;
}
