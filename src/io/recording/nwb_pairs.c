#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../hdf5_internal.h"
#include "nwb.h"
#include "rheobase/base/memory.h"

/* Which series of an NWB file belong together. Four places may tell, and the first that does is
 * believed: the table of recordings, the table of sweeps, the series' own numbers, their names. */

#define TABLES "general/intracellular_ephys/"
#define RECORDINGS TABLES "intracellular_recordings/"
#define SWEEPS TABLES "sweep_table/"
enum { MAX_ROWS = 1 << 20, NUMBER_DIGITS = 15 };

const char *const rb_nwb_groups[RB_NWB_GROUPS] = {
    [RB_NWB_RESPONSES] = "acquisition", [RB_NWB_STIMULI] = "stimulus/presentation"};

/* A row of a table of series: what HDF5 reads it into. */
typedef struct reference {
  int32_t first, count;
  hobj_ref_t series;
} reference;

/* Path of the series that a reference names. */
static bool find_path(const rb_file *file, const hobj_ref_t *series, char path[RB_NWB_PATH]) {
  char name[RB_NWB_PATH];
  const ssize_t length = H5Rget_name(file->id, H5R_OBJECT, series, name, sizeof name);
  H5Eclear2(H5E_DEFAULT);
  if (length <= 0 || length >= (ssize_t)sizeof name) return false;
  (void)snprintf(path, RB_NWB_PATH, "%s", name + strspn(name, "/"));
  return true;
}

/* The type of a reference in memory: the record of a table of recordings, or the reference alone.
 * The caller closes it. */
static hid_t memory_type(bool record) {
  const hid_t type = H5Tcreate(H5T_COMPOUND, sizeof(reference));
  if (record) {
    H5Tinsert(type, "idx_start", HOFFSET(reference, first), H5T_NATIVE_INT32);
    H5Tinsert(type, "count", HOFFSET(reference, count), H5T_NATIVE_INT32);
  }
  H5Tinsert(type, "timeseries", HOFFSET(reference, series), H5T_STD_REF_OBJ);
  return type;
}

/* Whether an array's elements are those records. */
static bool is_record(hid_t type) {
  if (H5Tget_class(type) != H5T_COMPOUND) return false;
  const int first = H5Tget_member_index(type, "idx_start");
  const int count = H5Tget_member_index(type, "count");
  const int series = H5Tget_member_index(type, "timeseries");
  return first >= 0 && count >= 0 && series >= 0 &&
         H5Tget_member_class(type, (unsigned)first) == H5T_INTEGER &&
         H5Tget_member_class(type, (unsigned)count) == H5T_INTEGER &&
         H5Tget_member_class(type, (unsigned)series) == H5T_REFERENCE;
}

/* Reads a vector of references to objects, bare or in records. @param row (count) allocated; the
 * caller frees it */
static rb_status read_references(rb_reading *r, const rb_file *file, const char *path, bool record,
                                 int64_t *count, reference **row) {
  rb_status status = RB_OK;
  int rank = 1;
  int64_t shape[RB_FILE_MAX_RANK] = {0};
  hid_t id = H5I_INVALID_HID, type = H5I_INVALID_HID, memory = H5I_INVALID_HID;
  hobj_ref_t *bare = NULL;
  *row = NULL;
  RB_TRY(rb_file_shape(r->ctx, file, path, &rank, shape));
  *count = shape[0];
  if (*count > MAX_ROWS) RB_TRY(RB_READING_FAIL(r, "%s: has more than %d rows", path, MAX_ROWS));
  id = H5Dopen2(file->id, path, H5P_DEFAULT);
  if (id >= 0) type = H5Dget_type(id);
  if (type < 0 || !(record ? is_record(type) : H5Tequal(type, H5T_STD_REF_OBJ) > 0)) {
    RB_TRY(RB_READING_FAIL(r, "%s: holds no references to series", path));
  }
  RB_TRY(RB_ALLOCATE(r->ctx, *row, *count));
  RB_TRY(RB_ALLOCATE(r->ctx, bare, *count));
  memory = record ? memory_type(record) : H5Tcopy(H5T_STD_REF_OBJ);
  if (H5Dread(id, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, record ? (void *)*row : bare) < 0) {
    RB_TRY(RB_HDF5_FAIL(r->ctx, RB_ERR_FORMAT, file, path, "cannot be read"));
  }
  for (int64_t k = 0; k < *count && !record; ++k) (*row)[k].series = bare[k];
cleanup:
  free(bare);
  if (memory >= 0) H5Tclose(memory);
  if (type >= 0) H5Tclose(type);
  if (id >= 0) H5Dclose(id);
  return status;
}

/* The part a row names, if it names one of that type. */
static rb_status take_part(rb_reading *r, const rb_file *file, const reference *row,
                           const char *type, rb_nwb_part *part) {
  *part = (rb_nwb_part){.count = -1};
  if (row->count < 0) return RB_OK;
  if (!find_path(file, &row->series, part->path)) {
    return RB_READING_FAIL(r, "its table of recordings names a series that is not there");
  }
  part->first = row->first;
  part->count = row->count;
  if (!rb_nwb_is(r, file, part->path, type)) part->path[0] = '\0';
  return RB_OK;
}

static rb_status from_recordings(rb_reading *r, const rb_file *file, rb_nwb_pairs *pairs) {
  rb_status status = RB_OK;
  reference *response = NULL, *stimulus = NULL;
  int64_t responses = 0, stimuli = 0;
  RB_TRY(read_references(r, file, RECORDINGS "responses/response", true, &responses, &response));
  RB_TRY(read_references(r, file, RECORDINGS "stimuli/stimulus", true, &stimuli, &stimulus));
  if (responses != stimuli) {
    RB_TRY(RB_READING_FAIL(r, "its table of recordings has %lld responses and %lld stimuli",
                           (long long)responses, (long long)stimuli));
  }
  RB_TRY(RB_ALLOCATE(r->ctx, pairs->pair, responses));
  for (int64_t k = 0; k < responses; ++k) {
    rb_nwb_pair *pair = &pairs->pair[pairs->count];
    RB_TRY(take_part(r, file, &response[k], RB_NWB_RESPONSE, &pair->response));
    RB_TRY(take_part(r, file, &stimulus[k], RB_NWB_STIMULUS, &pair->stimulus));
    pairs->count += pair->response.path[0] != '\0';
  }
cleanup:
  free(response);
  free(stimulus);
  return status;
}

/* Adds a series if it is one of current clamp. */
static rb_status add_series(rb_reading *r, const rb_file *file, const char *path, int64_t number,
                            rb_nwb_numbers *list) {
  const bool response = rb_nwb_is(r, file, path, RB_NWB_RESPONSE);
  if (!response && !rb_nwb_is(r, file, path, RB_NWB_STIMULUS)) return RB_OK;
  if (list->count == MAX_ROWS) return RB_READING_FAIL(r, "has more than %d series", MAX_ROWS);
  rb_nwb_numbered *more = realloc(list->series, (size_t)(list->count + 1) * sizeof *more);
  if (more == NULL) return RB_FAIL(r->ctx, RB_ERR_MEMORY, "out of memory");
  list->series = more;
  more[list->count] = (rb_nwb_numbered){.number = number,
                                        .place = list->count,
                                        .electrode = rb_nwb_electrode(file, path),
                                        .response = response};
  (void)snprintf(more[list->count++].path, RB_NWB_PATH, "%s", path);
  return RB_OK;
}

/* Whole numbers of a column of the table of sweeps. @param value allocated; the caller frees it */
static rb_status read_column(rb_reading *r, const rb_file *file, const char *path, int64_t rows,
                             int64_t **value) {
  int64_t shape[RB_FILE_MAX_RANK] = {0};
  const rb_status status =
      rb_file_read_new(r->ctx, file, path, RB_I64, false, 1, shape, (void **)value);
  if (status != RB_OK || shape[0] == rows) return status;
  return RB_READING_FAIL(r, "%s: has %lld rows where %lld are needed", path, (long long)shape[0],
                         (long long)rows);
}

static rb_status from_sweep_table(rb_reading *r, const rb_file *file, rb_nwb_numbers *list) {
  rb_status status = RB_OK;
  reference *series = NULL;
  int64_t *end = NULL, *number = NULL, count = 0, shape[RB_FILE_MAX_RANK] = {0};
  int rank = 1;
  RB_TRY(read_references(r, file, SWEEPS "series", false, &count, &series));
  RB_TRY(rb_file_shape(r->ctx, file, SWEEPS "sweep_number", &rank, shape));
  RB_TRY(read_column(r, file, SWEEPS "sweep_number", shape[0], &number));
  RB_TRY(read_column(r, file, SWEEPS "series_index", shape[0], &end));
  int64_t at = 0;
  for (int64_t row = 0; row < shape[0]; ++row) {
    if (end[row] < at || end[row] > count) {
      RB_TRY(RB_READING_FAIL(r, "its table of sweeps points outside: row %lld ends at %lld of %lld",
                             (long long)row, (long long)end[row], (long long)count));
    }
    for (; at < end[row]; ++at) {
      char path[RB_NWB_PATH];
      if (!find_path(file, &series[at].series, path)) {
        RB_TRY(RB_READING_FAIL(r, "its table of sweeps names a series that is not there"));
      }
      RB_TRY(add_series(r, file, path, number[row], list));
    }
  }
cleanup:
  free(series);
  free(end);
  free(number);
  return status;
}

/* The number a name ends with; -1 if it ends with none. */
static int64_t trailing_number(const char *name) {
  size_t begin = strlen(name);
  while (begin > 0 && name[begin - 1] >= '0' && name[begin - 1] <= '9') --begin;
  if (name[begin] == '\0' || strlen(name + begin) > NUMBER_DIGITS) return -1;
  return strtoll(name + begin, NULL, 10);
}

/* All series, with their own numbers, or those of their names. */
static rb_status list_series(rb_reading *r, const rb_file *file, bool by_name,
                             rb_nwb_numbers *list) {
  rb_status status = RB_OK;
  char **names = NULL;
  for (int g = 0; g < RB_NWB_GROUPS; ++g) {
    const char *group = rb_nwb_groups[g];
    int64_t count = 0;
    if (!rb_file_is_group(file, group)) continue;
    free(names);
    RB_TRY(rb_file_list(r->ctx, file, group, &count, &names));
    for (int64_t k = 0; k < count; ++k) {
      char path[RB_NWB_PATH + 32];
      int64_t number = by_name ? trailing_number(names[k]) : -1;
      (void)snprintf(path, sizeof path, "%s/%s", group, names[k]);
      if (strlen(path) >= RB_NWB_PATH) continue;
      if (!by_name && rb_file_has_attribute(file, path, "sweep_number")) {
        RB_TRY(rb_file_get_int(r->ctx, file, path, "sweep_number", &number));
      }
      RB_TRY(add_series(r, file, path, number, list));
    }
  }
cleanup:
  free(names);
  return status;
}

static int compare_places(const void *a, const void *b) {
  return memcmp(a, b, sizeof(rb_nwb_place));
}

/* Says which responses of the file its table does not have, by whatever links it names them. */
static rb_status find_left_out(rb_reading *r, const rb_file *file, rb_nwb_pairs *pairs) {
  rb_status status = RB_OK;
  rb_nwb_numbers list = {0};
  rb_nwb_place *place = NULL;
  const char *first = NULL;
  const size_t count = (size_t)pairs->count;
  int64_t missing = 0;
  RB_TRY(RB_ALLOCATE(r->ctx, place, pairs->count));
  for (size_t k = 0; k < count; ++k) {
    place[k] = rb_nwb_find_place(file, pairs->pair[k].response.path);
  }
  if (count > 0) qsort(place, count, sizeof *place, compare_places);
  RB_TRY(list_series(r, file, true, &list));
  for (int64_t k = 0; k < list.count; ++k) {
    if (!list.series[k].response) continue;
    const rb_nwb_place here = rb_nwb_find_place(file, list.series[k].path);
    if (count > 0 && bsearch(&here, place, count, sizeof here, compare_places) != NULL) continue;
    if (missing++ == 0) first = list.series[k].path;
  }
  if (missing > 0) {
    (void)snprintf(
        pairs->left_out, sizeof pairs->left_out,
        "%lld " RB_NWB_RESPONSE " that the table of recordings lacks %s left out: %.200s%s",
        (long long)missing, missing > 1 ? "are" : "is", first, missing > 1 ? " and others" : "");
  }
cleanup:
  free(place);
  free(list.series);
  return status;
}

static bool all_numbered(const rb_nwb_numbers *list) {
  for (int64_t k = 0; k < list->count; ++k) {
    if (list->series[k].number < 0) return false;
  }
  return list->count > 0;
}

/* Whether there is one response and one stimulus, whose numbers differ. */
static bool are_two(const rb_nwb_numbers *list) {
  const rb_nwb_numbered *series = list->series;
  return list->count == 2 && series[0].response != series[1].response &&
         series[0].number != series[1].number;
}

static rb_status from_numbers(rb_reading *r, const rb_file *file, rb_nwb_pairs *pairs) {
  static const char *const by_name =
      "no table tells which stimulus belongs to which response: they were paired by the numbers "
      "their names end with";
  rb_status status = RB_OK;
  rb_nwb_numbers list = {0};
  if (rb_file_has(file, SWEEPS "series")) {
    RB_TRY(from_sweep_table(r, file, &list));
  } else {
    RB_TRY(list_series(r, file, false, &list));
    if (!all_numbered(&list)) {
      free(list.series);
      list = (rb_nwb_numbers){0};
      list.remark = by_name;
      RB_TRY(list_series(r, file, true, &list));
      // The only response and the only stimulus need no numbers in their names, unless links that
      // lead nowhere hide others.
      const bool whole = pairs->broken[0][0] == '\0' && pairs->broken[1][0] == '\0';
      if (whole && are_two(&list)) list.series[0].number = list.series[1].number = -1;
    }
  }
  RB_TRY(rb_nwb_pair_numbers(r, &list, pairs));
cleanup:
  free(list.series);
  return status;
}

rb_status rb_nwb_find_pairs(rb_reading *r, const rb_file *file, rb_nwb_pairs *pairs) {
  rb_status status = RB_OK;
  *pairs = (rb_nwb_pairs){0};
  for (int g = 0; g < RB_NWB_GROUPS; ++g) {
    RB_TRY(rb_nwb_find_broken(r, file, rb_nwb_groups[g], pairs->broken[g]));
  }
  if (rb_file_has(file, RECORDINGS "responses/response") &&
      rb_file_has(file, RECORDINGS "stimuli/stimulus")) {
    RB_TRY(from_recordings(r, file, pairs));
    RB_TRY(find_left_out(r, file, pairs));
  } else {
    RB_TRY(from_numbers(r, file, pairs));
  }
  for (int g = 0; pairs->count == 0 && g < RB_NWB_GROUPS; ++g) {
    if (pairs->broken[g][0] != '\0') RB_TRY(RB_READING_FAIL(r, "%s", pairs->broken[g]));
  }
  if (pairs->count == 0) {
    RB_TRY(RB_READING_FAIL(r, "has no " RB_NWB_RESPONSE ": no potential was recorded under current "
                              "clamp"));
  }
cleanup:
  return status;
}
