#include "rheobase/io/observation.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "columns.h"
#include "csv.h"
#include "rheobase/base/memory.h"
#include "rheobase/io/input_file.h"
#include "rheobase/parallel/agree.h"

enum { MAX_SAMPLES = 10000000 };

/* Times may be off the grid by the rounding of the file, or of float32, but by no more than this
 * share of a step. */
static const double FLOAT32_ROUNDING = 1.2e-7;
static const double MOST_OF_STEP = 0.1;

void rb_columns_place(const char *path, const rb_columns *columns, int64_t row,
                      char place[RB_PLACE_SIZE]) {
  if (columns->line != NULL) {
    (void)snprintf(place, RB_PLACE_SIZE, "%s:%lld", path, (long long)columns->line[row]);
  } else {
    (void)snprintf(place, RB_PLACE_SIZE, "%s: row %lld", path, (long long)row);
  }
}

void rb_columns_free(rb_columns *columns) {
  for (int i = 0; i < RB_MAX_COLUMNS; ++i) free(columns->value[i]);
  free(columns->rounding);
  free(columns->line);
  *columns = (rb_columns){0};
}

/* Whether the file has HDF5's signature, at its beginning or behind a user block. */
static rb_status find_signature(rb_context *ctx, const char *path, bool *is_hdf5) {
  static const char signature[8] = "\x89HDF\r\n\x1a\n";
  bool found = false;
  FILE *stream = NULL;
  *is_hdf5 = false;
  const rb_status status = rb_input_open(ctx, path, &stream);
  if (status != RB_OK) return status;
  for (long offset = 0; !found; offset = offset == 0 ? 512 : 2 * offset) {
    char begin[sizeof signature];
    if (fseek(stream, offset, SEEK_SET) != 0 || fread(begin, sizeof begin, 1, stream) != 1) break;
    found = memcmp(begin, signature, sizeof begin) == 0;
  }
  (void)fclose(stream);
  *is_hdf5 = found;
  return RB_OK;
}

static rb_status read_columns(rb_context *ctx, const char *path, const rb_columns_wanted *wanted,
                              const rb_sampling *sampling, rb_columns *result) {
  rb_status status = RB_OK;
  bool is_hdf5 = false;
  RB_TRY(find_signature(ctx, path, &is_hdf5));
  if (is_hdf5) {
    RB_TRY(rb_columns_read_hdf5(ctx, path, wanted, result));
  } else {
    RB_TRY(rb_csv_read(ctx, path, wanted, result));
  }
  const long long rows = result->rows, most = wanted->max_rows;
  if (rows == 0 || rows > most) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "%s: has %lld samples; 1 to %lld are possible", path, rows,
                   most));
  }
  if (sampling->length >= 0 && rows != sampling->length) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT,
                   "%s: has %lld samples where the model has %lld, %.10g %s apart", path, rows,
                   (long long)sampling->length, sampling->step, sampling->unit));
  }
cleanup:
  return status;
}

/* How far a time may be off the grid for how the file, or float32, rounds it and the first one. */
static double rounding_of(const rb_columns *columns, int64_t i, double due) {
  const double first = columns->value[0][0];
  return fmax(columns->rounding[i], FLOAT32_ROUNDING * fabs(due)) +
         fmax(columns->rounding[0], FLOAT32_ROUNDING * fabs(first));
}

/* Whether the times may be those of the grid, rounded more coarsely than can be told. */
static bool are_coarse(const rb_sampling *sampling, const rb_columns *columns) {
  const double *time = columns->value[0];
  for (int64_t i = 0; i < columns->rows; ++i) {
    const double due = time[0] + (double)i * sampling->step;
    if (fabs(time[i] - due) > rounding_of(columns, i, due)) return false;
  }
  return true;
}

/* Whether the times of column 0 lie on the grid. */
static rb_status check_times(rb_context *ctx, const char *path, const rb_sampling *sampling,
                             const rb_columns *columns) {
  const double *time = columns->value[0];
  if (time == NULL) return RB_OK;
  for (int64_t i = 0; i < columns->rows; ++i) {
    const double due = time[0] + (double)i * sampling->step;
    const double most = MOST_OF_STEP * sampling->step;
    if (fabs(time[i] - due) <= fmin(rounding_of(columns, i, due), most)) continue;
    char place[RB_PLACE_SIZE];
    rb_columns_place(path, columns, i, place);
    const bool coarse = are_coarse(sampling, columns);
    return RB_FAIL(ctx, RB_ERR_FORMAT, "%s: %s is %.15g where steps of %.10g %s lead to %.15g%s%s",
                   place, sampling->name, time[i], sampling->step, sampling->unit, due,
                   coarse ? "; the times are rounded too coarsely: " : "",
                   coarse ? sampling->remedy : "");
  }
  return RB_OK;
}

static rb_status check_binary(rb_context *ctx, const char *path, const rb_column *column,
                              const rb_columns *columns, const double *value) {
  for (int64_t i = 0; i < columns->rows; ++i) {
    if (value[i] == 0 || value[i] == 1) continue;
    char place[RB_PLACE_SIZE];
    rb_columns_place(path, columns, i, place);
    return RB_FAIL(ctx, RB_ERR_FORMAT, "%s: %s is %g; it must be 0 or 1", place, column->name,
                   value[i]);
  }
  return RB_OK;
}

/* Whether the values can be kept in single precision, as recordings are, and whether their sizes
 * suggest another unit. */
static rb_status check_size(rb_context *ctx, const char *path, const rb_column *column,
                            const rb_columns *columns, const double *value) {
  char place[RB_PLACE_SIZE];
  int64_t largest = 0;
  for (int64_t i = 1; i < columns->rows; ++i) {
    if (fabs(value[i]) > fabs(value[largest])) largest = i;
  }
  const double size = fabs(value[largest]);
  if (size > FLT_MAX) {
    rb_columns_place(path, columns, largest, place);
    return RB_FAIL(ctx, RB_ERR_FORMAT, "%s: %s is %g: beyond all recordings", place, column->name,
                   value[largest]);
  }
  if (column->most <= 0 || size == 0 || (size >= column->least && size <= column->most)) {
    return RB_OK;
  }
  rb_columns_place(path, columns, largest, place);
  return RB_FAIL(ctx, RB_ERR_FORMAT, "%s: %s is %s%g; is that in %s?", place, column->name,
                 size < column->least ? "nowhere larger than " : "",
                 size < column->least ? size : value[largest], column->unit);
}

/* Reads and checks columns, after a column of times if that is looked at. Local. */
static rb_status read_checked(rb_context *ctx, const char *path, const rb_columns_wanted *wanted,
                              const rb_sampling *sampling, rb_columns *columns) {
  rb_status status = RB_OK;
  RB_TRY(read_columns(ctx, path, wanted, sampling, columns));
  if (!sampling->known) RB_TRY(check_times(ctx, path, sampling, columns));
  for (int i = sampling->known ? 0 : 1; i < wanted->columns; ++i) {
    const rb_column *column = &wanted->column[i];
    RB_TRY((column->binary ? check_binary : check_size)(ctx, path, column, columns,
                                                        columns->value[i]));
  }
cleanup:
  return status;
}

/* The column of times, then the others; the times may be missing if `times_optional`. */
static int list_columns(const rb_sampling *sampling, bool times_optional, int columns,
                        const rb_column *column, rb_column list[RB_MAX_COLUMNS]) {
  int count = 0;
  if (!sampling->known) {
    list[count++] =
        (rb_column){.name = sampling->name, .unit = sampling->unit, .optional = times_optional};
  }
  for (int i = 0; i < columns; ++i) list[count++] = column[i];
  return count;
}

rb_status rb_observation_read(rb_context *ctx, const char *path, int columns,
                              const rb_column *column, const rb_sampling *sampling, int64_t *length,
                              float **x) {
  rb_status status = RB_OK;
  rb_columns values = {0};
  rb_column list[RB_MAX_COLUMNS];
  float *all = NULL;
  const int count = list_columns(sampling, false, columns, column, list);
  const rb_columns_wanted wanted = {count, list, false, false, MAX_SAMPLES};
  *x = NULL;
  if (ctx->rank == 0) status = read_checked(ctx, path, &wanted, sampling, &values);
  RB_TRY(rb_agree(ctx, status));
  int64_t rows = values.rows;
  MPI_Bcast(&rows, 1, MPI_INT64_T, 0, ctx->comm);
  RB_TRY(rb_agree(ctx, RB_ALLOCATE(ctx, all, columns * rows)));
  for (int c = 0; c < columns; ++c) {
    const double *value = values.value[count - columns + c];
    for (int64_t i = 0; i < values.rows; ++i) all[c * rows + i] = (float)value[i];
    MPI_Bcast(all + c * rows, (int)rows, MPI_FLOAT, 0, ctx->comm);
  }
  *length = rows;
  *x = all;
  all = NULL;
cleanup:
  free(all);
  rb_columns_free(&values);
  return status;
}

rb_status rb_series_read(rb_context *ctx, const char *path, const rb_column *column,
                         const rb_sampling *sampling, int64_t *length, double **value) {
  rb_status status = RB_OK;
  rb_columns columns = {0};
  rb_column list[RB_MAX_COLUMNS];
  double *values = NULL;
  const int count = list_columns(sampling, true, 1, column, list);
  const rb_columns_wanted wanted = {count, list, true, false, MAX_SAMPLES};
  *value = NULL;
  if (ctx->rank == 0) status = read_checked(ctx, path, &wanted, sampling, &columns);
  RB_TRY(rb_agree(ctx, status));
  int64_t rows = columns.rows;
  MPI_Bcast(&rows, 1, MPI_INT64_T, 0, ctx->comm);
  RB_TRY(rb_agree(ctx, RB_ALLOCATE(ctx, values, rows)));
  for (int64_t i = 0; i < columns.rows; ++i) values[i] = columns.value[count - 1][i];
  MPI_Bcast(values, (int)rows, MPI_DOUBLE, 0, ctx->comm);
  *length = rows;
  *value = values;
  values = NULL;
cleanup:
  free(values);
  rb_columns_free(&columns);
  return status;
}
