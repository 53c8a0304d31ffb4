#include "stored.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/base/memory.h"
#include "rheobase/model/draw.h"
#include "stored_attributes.h"

enum { ARRAY = 64, PRECISION_NUMBERS = 1000000 };

static void array_path(const rb_stored_part *part, const char *name, char *path) {
  (void)snprintf(path, ARRAY, "%s%s", part->group, name);
}

/* Whether the part has an array of that shape, of plain numbers. */
static rb_status check_array(rb_context *ctx, const rb_stored *stored, const rb_stored_part *part,
                             const char *name, int rank, const int64_t *wanted) {
  rb_status status = RB_OK;
  char path[ARRAY];
  array_path(part, name, path);
  RB_TRY(rb_file_read_rows(ctx, stored->file[part->file], path, RB_F64, true, rank, wanted, 0, 0,
                           NULL));
  RB_TRY(rb_stored_check_packing(ctx, stored->file[part->file], stored->path[part->file], path));
cleanup:
  return status;
}

/* Whether float32 keeps how a number of the rows varies, if it does: its error is at most a
 * hundredth of the deviation. Mean and deviation are of what is finite and no larger than a
 * float32.
 * @param values (rows, size) */
static bool keeps(int64_t rows, int64_t size, const double *values, double *mean, double *sd) {
  double n = 0, first = 0, sum = 0, square = 0, lost = 0;
  for (int64_t i = 0; i < rows; ++i) {
    const double value = values[i * size];
    if (!(fabs(value) <= (double)FLT_MAX)) continue;
    if (n == 0) first = value;  // what is the same in all rows has a deviation of 0
    n += 1;
    sum += value - first;
    square += pow(value - first, 2);
    lost += pow(value - (double)(float)value, 2);
  }
  if (n == 0) return true;
  *mean = first + sum / n;
  *sd = sqrt(fmax(square / n - pow(sum / n, 2), 0));
  return lost / n <= 1e-4 * *sd * *sd || square == 0;
}

/* Data are kept as float32. Looks at the first rows of an array. @param shape (rank) of it, rows of
 * size numbers */
static rb_status check_precision(rb_context *ctx, const rb_stored *stored,
                                 const rb_stored_part *part, const char *name, int rank,
                                 const int64_t *shape, int64_t size) {
  rb_status status = RB_OK;
  char path[ARRAY];
  double *values = NULL, mean = 0, sd = 0;
  const int64_t most = 1 + PRECISION_NUMBERS / size;
  const int64_t rows = part->rows < most ? part->rows : most;
  array_path(part, name, path);
  RB_TRY(RB_ALLOCATE(ctx, values, rows * size));
  RB_TRY(rb_file_read_rows(ctx, stored->file[part->file], path, RB_F64, false, rank, shape, 0, rows,
                           values));
  for (int64_t k = 0; k < size; ++k) {
    if (keeps(rows, size, values + k, &mean, &sd)) continue;
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT,
                   "%s: %s, sample %" PRId64 ": float32 (7 digits), in which data are kept, keeps "
                   "too little of a deviation of %.3g around %.10g: subtract an offset",
                   stored->path[part->file], path, k, sd, mean));
  }
cleanup:
  free(values);
  return status;
}

static rb_status check_x(rb_context *ctx, const rb_stored *stored, rb_stored_part *part) {
  rb_status status = RB_OK;
  const rb_described *d = stored->described;
  const int64_t N = part->rows, C = d->channels, L = d->length;
  const rb_file *file = stored->file[part->file];
  char path[ARRAY];
  int rank = -1;
  int64_t shape[RB_FILE_MAX_RANK];
  array_path(part, "x", path);
  if (rb_file_has(file, path)) {
    RB_TRY(rb_file_shape(ctx, file, path, &rank, shape));
    part->x_rank = rank == 2 ? 2 : 3;
    RB_TRY(check_array(ctx, stored, part, "x", part->x_rank,
                       rank == 2 ? (int64_t[]){N, C * L} : (int64_t[]){N, C, L}));
    RB_TRY(check_precision(ctx, stored, part, "x", part->x_rank,
                           rank == 2 ? (int64_t[]){N, C * L} : (int64_t[]){N, C, L}, C * L));
    return RB_OK;
  }
  for (int c = 0; c < C; ++c) {
    const rb_quantity *channel = &d->channel[c].quantity;
    array_path(part, channel->name, path);
    if (!rb_file_has(file, path)) {
      RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT,
                     "%s: has neither %sx (N, C, L) nor %s (N, L) of table.channels",
                     stored->path[part->file], part->group, path));
    }
    RB_TRY(check_array(ctx, stored, part, channel->name, 2, (int64_t[]){N, L}));
    RB_TRY(rb_stored_check_unit(ctx, file, stored->path[part->file], path, channel->unit));
    RB_TRY(check_precision(ctx, stored, part, channel->name, 2, (int64_t[]){N, L}, L));
  }
cleanup:
  return status;
}

/* @param group "" or "training/" */
static rb_status add_part(rb_context *ctx, rb_stored *stored, int file, const char *group) {
  rb_status status = RB_OK;
  int rank = 2;
  int64_t shape[RB_FILE_MAX_RANK];
  char path[ARRAY];
  if (stored->parts == RB_STORED_MOST) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_SETTING, "table.files: more than %d parts", RB_STORED_MOST));
  }
  rb_stored_part *part = &stored->part[stored->parts];
  *part = (rb_stored_part){.file = file};
  (void)snprintf(part->group, sizeof part->group, "%s", group);
  array_path(part, "theta", path);
  RB_TRY(rb_file_shape(ctx, stored->file[file], path, &rank, shape));
  part->rows = shape[0];
  if (stored->dim == 0) {
    stored->dim = (int)(shape[1] < RB_PRIOR_ROWS ? shape[1] : RB_PRIOR_ROWS + 1);
  }
  RB_TRY(check_array(ctx, stored, part, "theta", 2, (int64_t[]){part->rows, stored->dim}));
  if (stored->described != NULL) {
    RB_TRY(check_x(ctx, stored, part));
    RB_TRY(rb_stored_check_step(ctx, stored->file[file], stored->path[file], group,
                                stored->described));
  }
  stored->parts += 1;
  stored->rows += part->rows;
cleanup:
  return status;
}

static rb_status add_file(rb_context *ctx, rb_stored *stored, const char *path) {
  static const char *const groups[] = {"training/", "validation/", "train/", "val/"};
  rb_status status = RB_OK;
  const int file = stored->files;
  const int parts = stored->parts;
  if (file == RB_STORED_MOST) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_SETTING, "table.files: more than %d files", RB_STORED_MOST));
  }
  (void)snprintf(stored->path[file], RB_STORED_PATH, "%s", path);
  RB_TRY(rb_file_open_foreign(ctx, path, &stored->file[file]));
  stored->files += 1;
  for (int g = 0; g < 4; ++g) {
    char array[ARRAY];
    (void)snprintf(array, sizeof array, "%stheta", groups[g]);
    if (rb_file_has(stored->file[file], array)) RB_TRY(add_part(ctx, stored, file, groups[g]));
  }
  // Where there is nothing of the kind the error names the array that is missing.
  if (stored->parts == parts) RB_TRY(add_part(ctx, stored, file, ""));
cleanup:
  return status;
}

rb_status rb_stored_open(rb_context *ctx, const char *files, int dim, const rb_described *described,
                         rb_stored *stored) {
  rb_status status = RB_OK;
  char path[RB_STORED_PATH];
  *stored = (rb_stored){.dim = dim, .described = described};
  const char *next = rb_settings_next_text(files, sizeof path, path);
  for (; next != NULL; next = rb_settings_next_text(next, sizeof path, path)) {
    RB_TRY(add_file(ctx, stored, path));
  }
cleanup:
  return status;
}

void rb_stored_close(rb_stored *stored) {
  for (int i = 0; i < stored->files; ++i) rb_file_close(&stored->file[i]);
  stored->files = stored->parts = 0;
}

/* Rows of one part, with an array for each channel. @param x (count, C, L) */
static rb_status read_channels(rb_context *ctx, const rb_stored *stored, const rb_stored_part *part,
                               int64_t first, int64_t count, float *x) {
  rb_status status = RB_OK;
  const rb_described *d = stored->described;
  const int64_t C = d->channels, L = d->length;
  char path[ARRAY];
  float *values = NULL;
  RB_TRY(RB_ALLOCATE(ctx, values, count * L));
  for (int c = 0; c < C; ++c) {
    array_path(part, d->channel[c].quantity.name, path);
    RB_TRY(rb_file_read_rows(ctx, stored->file[part->file], path, RB_F32, !stored->any, 2,
                             (int64_t[]){part->rows, L}, first, count, values));
    for (int64_t i = 0; i < count; ++i) {
      memcpy(x + (i * C + c) * L, values + i * L, (size_t)L * sizeof *x);
    }
  }
cleanup:
  free(values);
  return status;
}

static rb_status read_part(rb_context *ctx, const rb_stored *stored, const rb_stored_part *part,
                           int64_t first, int64_t count, double *theta, float *x) {
  rb_status status = RB_OK;
  const rb_file *file = stored->file[part->file];
  char path[ARRAY];
  if (theta != NULL) {
    array_path(part, "theta", path);
    RB_TRY(rb_file_read_rows(ctx, file, path, RB_F64, !stored->any, 2,
                             (int64_t[]){part->rows, stored->dim}, first, count, theta));
  }
  if (x == NULL) return RB_OK;
  if (part->x_rank == 0) return read_channels(ctx, stored, part, first, count, x);
  const int64_t C = stored->described->channels, L = stored->described->length;
  const int64_t flat[] = {part->rows, C * L}, deep[] = {part->rows, C, L};
  array_path(part, "x", path);
  RB_TRY(rb_file_read_rows(ctx, file, path, RB_F32, !stored->any, part->x_rank,
                           part->x_rank == 2 ? flat : deep, first, count, x));
cleanup:
  return status;
}

/* Whether binary channels of rows are 0 or 1. @param first of the part @param x (count, C, L) */
static rb_status check_binary(rb_context *ctx, const rb_stored *stored, const rb_stored_part *part,
                              int64_t first, int64_t count, const float *x) {
  const rb_described *d = stored->described;
  for (int64_t i = 0; i < count; ++i) {
    for (int c = 0; c < d->channels; ++c, x += d->length) {
      if (!d->channel[c].binary) continue;
      const int64_t t = rb_channel_first_invalid(d->length, x, true);
      if (t == d->length) continue;
      return RB_FAIL(ctx, RB_ERR_FORMAT,
                     "%s: %s%s is %g at sample %" PRId64 " of row %" PRId64
                     "; channel %s is binary: 0 or 1",
                     stored->path[part->file], part->group,
                     part->x_rank == 0 ? d->channel[c].quantity.name : "x", (double)x[t], t,
                     first + i, d->channel[c].quantity.name);
    }
  }
  return RB_OK;
}

rb_status rb_stored_read(rb_context *ctx, const rb_stored *stored, int64_t first, int64_t count,
                         double *theta, float *x) {
  rb_status status = RB_OK;
  const int64_t size =
      stored->described != NULL ? stored->described->channels * stored->described->length : 0;
  int64_t begin = 0;  // of the part among all rows
  for (int p = 0; p < stored->parts && count > 0; begin += stored->part[p++].rows) {
    const rb_stored_part *part = &stored->part[p];
    const int64_t left = begin + part->rows - first;
    const int64_t here = left < count ? left : count;
    if (here <= 0) continue;
    RB_TRY(read_part(ctx, stored, part, first - begin, here, theta, x));
    if (x != NULL && !stored->any) {
      RB_TRY(check_binary(ctx, stored, part, first - begin, here, x));
    }
    if (theta != NULL) theta += here * stored->dim;
    if (x != NULL) x += here * size;
    first += here;
    count -= here;
  }
cleanup:
  return status;
}
