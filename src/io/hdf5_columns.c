#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "columns.h"
#include "rheobase/base/memory.h"
#include "rheobase/io/hdf5_file.h"
#include "rheobase/io/nearest.h"
#include "rheobase/io/unit.h"

/* Columns of a recording that are arrays of an HDF5 file, with what their attributes say. */

enum { PATH_SIZE = 200, MAX_MISSING = 64 };

/* Where arrays are looked for: at the root, and where our own files keep an observation or the
 * sweep of an imported recording. */
#define FIRST_SWEEP "sweeps/0000/"
#define SECOND_SWEEP "sweeps/0001"
static const char *const groups[] = {"", "observation/", FIRST_SWEEP};
enum { GROUPS = sizeof groups / sizeof *groups };

static rb_status not_found(rb_context *ctx, const rb_file *file, const char *path,
                           const rb_column *column) {
  rb_status status = RB_OK;
  char **members = NULL;
  int64_t count = 0;
  if (rb_file_has(file, "training/theta") || rb_file_has(file, "train/theta")) {
    return RB_FAIL(ctx, RB_ERR_FORMAT,
                   "%s: holds simulated data sets; an observation is one recording with its %s: "
                   "write one row of each channel to a file of its own",
                   path, column->name);
  }
  RB_TRY(rb_file_list(ctx, file, "", &count, &members));
  const char *near = count == 0 ? NULL
                                : rb_nearest(column->name, (const char *const *)members,
                                             sizeof *members, (int)count);
  if (near == NULL && count > 0) near = members[0];
  status = RB_FAIL(ctx, RB_ERR_FORMAT, "%s: has no array %s%s%.60s%s", path, column->name,
                   near != NULL ? " (but " : "", near != NULL ? near : "", near != NULL ? ")" : "");
cleanup:
  free(members);
  return status;
}

/* Finds the path of a column; "" if it is missing and optional. */
static rb_status find(rb_context *ctx, const rb_file *file, const char *path,
                      const rb_column *column, char name[PATH_SIZE]) {
  const char *const names[2] = {column->name, column->other};
  name[0] = '\0';
  for (int k = 0; k < 2 * GROUPS; ++k) {
    char candidate[PATH_SIZE];
    if (names[k % 2] == NULL) continue;
    (void)snprintf(candidate, sizeof candidate, "%s%s", groups[k / 2], names[k % 2]);
    char target[PATH_SIZE];
    if (rb_file_broken_link(file, candidate, sizeof target, target)) {
      return RB_FAIL(ctx, RB_ERR_FORMAT, "%s: %s is a link to %s, which is not there", path,
                     candidate, target);
    }
    if (!rb_file_has(file, candidate)) continue;
    // A group of a file of ours repeats the coordinates of its dimensions.
    const bool repeated =
        k >= 2 && strcmp(name, names[k % 2]) == 0 && rb_file_has(file, "provenance");
    if (name[0] != '\0' && !repeated) {
      return RB_FAIL(ctx, RB_ERR_FORMAT, "%s: column %s is there twice: %s and %s", path,
                     column->name, name, candidate);
    }
    (void)snprintf(name, PATH_SIZE, "%s", candidate);
  }
  if (strncmp(name, FIRST_SWEEP, strlen(FIRST_SWEEP)) == 0 && rb_file_has(file, SECOND_SWEEP)) {
    return RB_FAIL(
        ctx, RB_ERR_FORMAT,
        "%s: holds several sweeps where one is needed: import that one alone, --sweeps N", path);
  }
  return name[0] != '\0' || column->optional ? RB_OK : not_found(ctx, file, path, column);
}

/* What the attributes of an array say about its numbers. */
typedef struct packing {
  double factor, offset;  // value = number * factor + offset, in the array's unit
  int exponent;           // of ten, from that to the column's unit
  int missing;
  double missing_value[MAX_MISSING + 1];  // numbers that stand for no value
  double least, most;                     // numbers beyond stand for none either
  double wrap;                            // added to negative numbers that are not signed; else 0
} packing;

static rb_status read_number(rb_context *ctx, const rb_file *file, const char *path,
                             const char *name, const char *attribute, double *value) {
  if (!rb_file_has_attribute(file, name, attribute)) return RB_OK;
  const rb_status status = rb_file_get_double(ctx, file, name, attribute, value);
  if (status != RB_OK || isfinite(*value)) return status;
  return RB_FAIL(ctx, RB_ERR_FORMAT, "%s: %s: attribute %s is not a finite number", path, name,
                 attribute);
}

static rb_status read_unit(rb_context *ctx, const rb_file *file, const char *path, const char *name,
                           const rb_column *column, int *exponent) {
  static const char *const attributes[] = {"units", "unit"};
  rb_status status = RB_OK;
  char *unit = NULL;
  for (int k = 0; k < 2 && !column->binary; ++k) {
    if (!rb_file_has_attribute(file, name, attributes[k])) continue;
    RB_TRY(rb_file_get_string(ctx, file, name, attributes[k], &unit));
    const bool none = unit[strspn(unit, " ")] == '\0';
    if (!none && !rb_unit_exponent(unit, column->unit, exponent)) {
      RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT,
                     "%s: %s has the unit '%.40s', which is not understood: give it in %s", path,
                     name, unit, column->unit));
    }
    break;
  }
cleanup:
  free(unit);
  return status;
}

/* The range of numbers that are valid, in one attribute or in two. */
static rb_status read_range(rb_context *ctx, const rb_file *file, const char *path,
                            const char *name, packing *p) {
  rb_status status = RB_OK;
  double range[2];
  int count = 0;
  RB_TRY(read_number(ctx, file, path, name, "valid_min", &p->least));
  RB_TRY(read_number(ctx, file, path, name, "valid_max", &p->most));
  if (!rb_file_has_attribute(file, name, "valid_range")) goto cleanup;
  RB_TRY(rb_file_get_doubles(ctx, file, name, "valid_range", 2, &count, range));
  if (count != 2) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "%s: %s: valid_range is not two numbers", path, name));
  }
  p->least = range[0];
  p->most = range[1];
cleanup:
  return status;
}

/* Whole numbers that were written as signed ones, which NetCDF 3 has alone: _Unsigned = "true". */
static rb_status read_wrap(rb_context *ctx, const rb_file *file, const char *name, const char *type,
                           packing *p) {
  rb_status status = RB_OK;
  char *text = NULL;
  if (strncmp(type, "int", 3) != 0 || !rb_file_has_attribute(file, name, "_Unsigned")) return RB_OK;
  RB_TRY(rb_file_get_string(ctx, file, name, "_Unsigned", &text));
  if (strcasecmp(text, "true") == 0) p->wrap = ldexp(1, (int)strtol(type + 3, NULL, 10));
cleanup:
  free(text);
  return status;
}

static double as_unsigned(const packing *p, double number) {
  return number < 0 && isfinite(number) ? number + p->wrap : number;
}

static rb_status read_packing(rb_context *ctx, const rb_file *file, const char *path,
                              const char *name, const char *type, const rb_column *column,
                              packing *p) {
  static const char *const missing[] = {"_FillValue", "missing_value"};
  rb_status status = RB_OK;
  *p = (packing){.factor = 1, .least = -INFINITY, .most = INFINITY};
  RB_TRY(read_wrap(ctx, file, name, type, p));
  RB_TRY(read_range(ctx, file, path, name, p));
  RB_TRY(read_number(ctx, file, path, name, "scale_factor", &p->factor));
  RB_TRY(read_number(ctx, file, path, name, "add_offset", &p->offset));
  RB_TRY(read_unit(ctx, file, path, name, column, &p->exponent));
  for (int k = 0; k < 2; ++k) {
    int count = 0;
    if (!rb_file_has_attribute(file, name, missing[k])) continue;
    RB_TRY(rb_file_get_doubles(ctx, file, name, missing[k], MAX_MISSING - p->missing, &count,
                               p->missing_value + p->missing));
    p->missing += count;
  }
  double fill = 0;  // 0 may as well have been written
  if (rb_file_fill_value(file, name, &fill) && fill != 0) p->missing_value[p->missing++] = fill;
  for (int k = 0; k < p->missing; ++k) p->missing_value[k] = as_unsigned(p, p->missing_value[k]);
  p->least = as_unsigned(p, p->least);
  p->most = as_unsigned(p, p->most);
cleanup:
  return status;
}

/* Whether a number stands for none; the mark may have been rounded to float32 with the numbers. */
static bool is_missing(const packing *p, double number, bool single) {
  if (!isfinite(number) || number < p->least || number > p->most) return true;
  for (int k = 0; k < p->missing; ++k) {
    const double mark = p->missing_value[k];
    if (number == mark || (single && number == (double)(float)mark)) return true;
  }
  return false;
}

/* Numbers of the file become values of the column. */
static rb_status unpack(rb_context *ctx, const char *path, const char *name, const packing *p,
                        bool single, bool keep_missing, int64_t rows, double *value) {
  for (int64_t i = 0; i < rows; ++i) {
    value[i] = as_unsigned(p, value[i]);
    if (is_missing(p, value[i], single)) {
      if (keep_missing) {
        value[i] = NAN;
        continue;
      }
      return RB_FAIL(ctx, RB_ERR_FORMAT, "%s: %s: row %lld is missing (%g)", path, name,
                     (long long)i, value[i]);
    }
    value[i] = rb_unit_scale(value[i] * p->factor + p->offset, p->exponent);
    if (!isfinite(value[i])) {
      return RB_FAIL(ctx, RB_ERR_FORMAT, "%s: %s: row %lld is beyond all numbers", path, name,
                     (long long)i);
    }
  }
  return RB_OK;
}

/* Length of an array that is a vector; MATLAB's are matrices of one row or column. */
static rb_status find_length(rb_context *ctx, const rb_file *file, const char *path,
                             const char *name, int *rank, int64_t *length) {
  rb_status status = RB_OK;
  int64_t shape[RB_FILE_MAX_RANK];
  int vectors = 0;
  *rank = -1;
  *length = 1;
  RB_TRY(rb_file_shape(ctx, file, name, rank, shape));
  for (int i = 0; i < *rank; ++i) {
    vectors += shape[i] != 1;
    if (shape[i] != 1) *length = shape[i];
  }
  if (*rank == 0 || vectors > 1) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "%s: %s is no vector but has %d dimensions", path, name,
                   *rank));
  }
cleanup:
  return status;
}

/* Reads a column. @param value (rows) allocated @param rounding how far values may be rounded */
static rb_status read_array(rb_context *ctx, const rb_file *file, const char *path,
                            const char *name, const rb_column *column, bool keep_missing,
                            int64_t *rows, double **value, double *rounding) {
  rb_status status = RB_OK;
  packing p;
  int rank;
  int64_t shape[RB_FILE_MAX_RANK];
  char type[RB_TYPE_TEXT];
  RB_TRY(find_length(ctx, file, path, name, &rank, rows));
  RB_TRY(rb_file_stored_type(ctx, file, name, type));
  RB_TRY(read_packing(ctx, file, path, name, type, column, &p));
  RB_TRY(rb_file_read_new(ctx, file, name, RB_F64, false, rank, shape, (void **)value));
  RB_TRY(unpack(ctx, path, name, &p, strcmp(type, "float32") == 0, keep_missing, *rows, *value));
  const bool whole = strstr(type, "int") != NULL;
  *rounding = whole ? rb_unit_scale(fabs(p.factor) / 2, p.exponent) : 0;
cleanup:
  return status;
}

rb_status rb_columns_read_hdf5(rb_context *ctx, const char *path, const rb_columns_wanted *wanted,
                               rb_columns *result) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  const char *first = NULL;  // name of the first column that is there
  *result = (rb_columns){0};
  RB_TRY(rb_file_open_foreign(ctx, path, &file));
  for (int i = 0; i < wanted->columns; ++i) {
    const rb_column *column = &wanted->column[i];
    char name[PATH_SIZE];
    int64_t rows = 0;
    double rounding = 0;
    RB_TRY(find(ctx, file, path, column, name));
    if (name[0] == '\0') continue;
    RB_TRY(read_array(ctx, file, path, name, column, wanted->keep_missing, &rows, &result->value[i],
                      &rounding));
    if (first != NULL && rows != result->rows) {
      RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "%s: %s has %lld samples, %s has %lld", path, column->name,
                     (long long)rows, first, (long long)result->rows));
    }
    if (first == NULL) first = column->name;
    result->rows = rows;
    if (i > 0) continue;
    RB_TRY(RB_ALLOCATE(ctx, result->rounding, rows));
    for (int64_t k = 0; k < rows; ++k) result->rounding[k] = rounding;
  }
cleanup:
  rb_file_close(&file);
  return status;
}
