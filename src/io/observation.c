#include "rheobase/observation.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "csv.h"
#include "rheobase/agree.h"
#include "rheobase/hdf5_file.h"
#include "rheobase/memory.h"

enum { TIME, VOLTAGE, SPIKE, OBSERVED, MAX_SAMPLES = 10000000 };

static const char *const observed[OBSERVED] = {"time_ms", "voltage_mV", "spike"};
static const char *const current[1] = {"current_pA"};

static bool is_hdf5(const char *path) {
  char begin[8] = "";
  FILE *stream = fopen(path, "rbe");
  if (stream == NULL) return false;
  const bool whole = fread(begin, 1, sizeof begin, stream) == sizeof begin;
  (void)fclose(stream);
  return whole && memcmp(begin, "\x89HDF\r\n\x1a\n", sizeof begin) == 0;
}

static rb_status read_hdf5(rb_context *ctx, const char *path, int columns, const char *const *names,
                           rb_columns *result) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  *result = (rb_columns){.columns = columns};
  RB_TRY(rb_file_open_foreign(ctx, path, &file));
  for (int i = 0; i < columns; ++i) {
    int64_t rows = 0;
    RB_TRY(
        rb_file_read_new(ctx, file, names[i], RB_F64, true, 1, &rows, (void **)&result->value[i]));
    if (i > 0 && rows != result->rows) {
      RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "%s: %s has %lld samples, %s has %lld", path, names[i],
                     (long long)rows, names[0], (long long)result->rows));
    }
    result->rows = rows;
  }
cleanup:
  rb_file_close(&file);
  return status;
}

static rb_status read_columns(rb_context *ctx, const char *path, int columns,
                              const char *const *names, int64_t length, rb_columns *result) {
  rb_status status = RB_OK;
  if (is_hdf5(path)) {
    RB_TRY(read_hdf5(ctx, path, columns, names, result));
  } else {
    RB_TRY(rb_csv_read(ctx, path, columns, names, columns == 1, MAX_SAMPLES, result));
  }
  if (result->rows == 0 || result->rows > MAX_SAMPLES || (length >= 0 && result->rows != length)) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT,
                   "%s: has %lld samples where the input's T_ms and dt_ms make %lld", path,
                   (long long)result->rows, (long long)(length >= 0 ? length : 1)));
  }
cleanup:
  return status;
}

// "observation.csv:12" or "observation.h5: sample 10".
static void format_place(const char *path, const rb_columns *columns, int64_t row, char *text,
                         size_t size) {
  if (columns->line != NULL) {
    (void)snprintf(text, size, "%s:%lld", path, (long long)columns->line[row]);
  } else {
    (void)snprintf(text, size, "%s: sample %lld", path, (long long)row);
  }
}

static rb_status check_samples(rb_context *ctx, const char *path, double dt_ms,
                               const rb_columns *columns) {
  char place[512];
  const double *time = columns->value[TIME];
  for (int64_t i = 0; i < columns->rows; ++i) {
    format_place(path, columns, i, place, sizeof place);
    const double due = time[0] + (double)i * dt_ms;
    if (fabs(time[i] - due) > 0.01 * dt_ms + 1e-6 * fabs(due)) {
      return RB_FAIL(ctx, RB_ERR_FORMAT,
                     "%s: time_ms is %.10g where steps of dt_ms = %.10g lead to %.10g", place,
                     time[i], dt_ms, due);
    }
    const double spike = columns->value[SPIKE][i];
    if (spike != 0 && spike != 1) {
      return RB_FAIL(ctx, RB_ERR_FORMAT, "%s: spike is %g; it must be 0 or 1", place, spike);
    }
    if (fabs(columns->value[VOLTAGE][i]) > 1e4) {
      return RB_FAIL(ctx, RB_ERR_FORMAT, "%s: voltage_mV is %g; are these millivolts?", place,
                     columns->value[VOLTAGE][i]);
    }
  }
  return RB_OK;
}

rb_status rb_observation_read(rb_context *ctx, const char *path, int64_t length, double dt_ms,
                              rb_observation *observation) {
  rb_status status = RB_OK;
  rb_columns columns = {0};
  *observation = (rb_observation){0};
  if (ctx->rank == 0) {
    status = read_columns(ctx, path, OBSERVED, observed, length, &columns);
    if (status == RB_OK) status = check_samples(ctx, path, dt_ms, &columns);
  }
  RB_TRY(rb_agree(ctx, status));
  int64_t rows = columns.rows;
  MPI_Bcast(&rows, 1, MPI_INT64_T, 0, ctx->comm);
  status = RB_ALLOCATE(ctx, observation->time_ms, rows);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, observation->voltage_mV, rows);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, observation->spike, rows);
  RB_TRY(rb_agree(ctx, status));
  for (int64_t i = 0; i < columns.rows; ++i) {
    observation->time_ms[i] = columns.value[TIME][i];
    observation->voltage_mV[i] = (float)columns.value[VOLTAGE][i];
    observation->spike[i] = (float)columns.value[SPIKE][i];
  }
  MPI_Bcast(observation->time_ms, (int)rows, MPI_DOUBLE, 0, ctx->comm);
  MPI_Bcast(observation->voltage_mV, (int)rows, MPI_FLOAT, 0, ctx->comm);
  MPI_Bcast(observation->spike, (int)rows, MPI_FLOAT, 0, ctx->comm);
  observation->length = rows;
cleanup:
  rb_columns_free(&columns);
  return status;
}

void rb_observation_free(rb_observation *observation) {
  free(observation->time_ms);
  free(observation->voltage_mV);
  free(observation->spike);
  *observation = (rb_observation){0};
}

rb_status rb_current_read(rb_context *ctx, const char *path, int64_t length, double **current_pA) {
  rb_status status = RB_OK;
  rb_columns columns = {0};
  double *values = NULL;
  *current_pA = NULL;
  if (ctx->rank == 0) status = read_columns(ctx, path, 1, current, length, &columns);
  RB_TRY(rb_agree(ctx, status));
  RB_TRY(rb_agree(ctx, RB_ALLOCATE(ctx, values, length)));
  for (int64_t i = 0; i < columns.rows; ++i) values[i] = columns.value[0][i];
  MPI_Bcast(values, (int)length, MPI_DOUBLE, 0, ctx->comm);
  *current_pA = values;
  values = NULL;
cleanup:
  free(values);
  rb_columns_free(&columns);
  return status;
}
