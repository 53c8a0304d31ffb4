#include <stdio.h>

#include "calibration_internal.h"
#include "rheobase/analysis/calibration_file.h"
#include "rheobase/analysis/recovery.h"
#include "rheobase/base/memory.h"
#include "rheobase/parallel/agree.h"

static const char PARTIAL_SCHEMA[] = "calibration_partial";
enum { PARTIAL_VERSION = 2, PATH = 160 };

rb_status rb_partial_write(rb_context *ctx, const char *path, uint64_t digest, int count,
                           const rb_test_set *set, const rb_records *records) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  char name[PATH], dims[PATH];
  RB_TRY(rb_file_create(ctx, path, PARTIAL_SCHEMA, PARTIAL_VERSION, &file));
  RB_TRY(rb_file_set_int(ctx, file, "", "digest", (int64_t)digest));
  for (int k = 0; k < count; ++k) {
    (void)snprintf(name, sizeof name, "%s/dataset", set[k].name);
    RB_TRY(rb_file_dimension(ctx, file, name, records[k].done));
    for (int f = 0; f < RB_RECORD_COUNT && records[k].done > 0; ++f) {
      const rb_record_field *record = &rb_record_fields()[f];
      if (records[k].columns[f] == 0) continue;
      (void)snprintf(name, sizeof name, "%s/%s", set[k].name, record->name);
      (void)snprintf(dims, sizeof dims, "dataset,%lld", (long long)records[k].columns[f]);
      const rb_field field = {name, record->type, dims, "1", record->description, false};
      RB_TRY(rb_records_write(ctx, file, &field, &records[k], (rb_record)f, records[k].done));
    }
  }
  RB_TRY(rb_file_commit(ctx, &file));
cleanup:
  rb_file_abort(ctx, &file);
  return status;
}

/* How many data sets of a test set a partial file holds. Local. */
static rb_status find_done(rb_context *ctx, const rb_file *file, const rb_test_set *set,
                           const rb_records *records, int64_t *done) {
  rb_status status = RB_OK;
  char name[PATH];
  int rank = 2;
  int64_t shape[RB_FILE_MAX_RANK] = {0};
  const int64_t N = records->partition.items;
  (void)snprintf(name, sizeof name, "%s/%s", set->name, rb_record_fields()[0].name);
  if (!rb_file_has(file, name)) return RB_OK;
  RB_TRY(rb_file_shape(ctx, file, name, &rank, shape));
  if (shape[0] > N || (shape[0] < N && shape[0] % records->partition.chunk != 0)) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "%s: is not of this study", name));
  }
  *done = shape[0];
cleanup:
  return status;
}

/* Whether the integers of rows that were read are ones that summing up can count by. */
static bool in_range(const rb_records *records, rb_record f, int64_t count, const void *rows) {
  const struct {
    rb_record field;
    int64_t least, greatest;
  } ranges[] = {{RB_RECORD_RANK, 0, records->draws},
                {RB_RECORD_CENTRAL, 0, (INT64_C(1) << RB_LEVELS) - 1},
                {RB_RECORD_HPD, 0, (INT64_C(1) << RB_LEVELS) - 1},
                {RB_RECORD_OUTSIDE, 0, records->draws},
                {RB_RECORD_CLIPPED, 0, 1}};
  const int64_t columns = records->columns[f];
  const int32_t *value = rows;
  for (size_t k = 0; k < sizeof ranges / sizeof *ranges; ++k) {
    if (ranges[k].field != f) continue;
    for (int64_t i = 0; i < count * columns; ++i) {
      // a data set that failed has ranks of -1 and no others
      const bool failed = f == RB_RECORD_RANK && value[i - i % columns] == -1;
      if (failed && value[i] == -1) continue;
      if (failed) return false;
      if (value[i] < ranges[k].least || value[i] > ranges[k].greatest) return false;
    }
  }
  return true;
}

/* Deals the first `done` rows of a field, which rank 0 reads chunk by chunk of the file.
 * Collective.
 * @param file rank 0's */
static rb_status read_field(rb_context *ctx, const rb_file *file, const rb_test_set *set,
                            rb_record f, int64_t done, rb_records *records) {
  rb_status status = RB_OK;
  const rb_record_field *field = &rb_record_fields()[f];
  const int64_t shape[2] = {done, records->columns[f]};
  const int64_t block = rb_records_block(records, f);
  char name[PATH], *rows = NULL;
  (void)snprintf(name, sizeof name, "%s/%s", set->name, field->name);
  status =
      RB_ALLOCATE(ctx, rows, ctx->rank == 0 ? block * shape[1] * rb_type_size(field->type) : 0);
  RB_TRY(rb_agree(ctx, status));
  for (int64_t first = 0; first < done; first += block) {
    const int64_t here = done - first < block ? done - first : block;
    if (ctx->rank == 0) {
      status = rb_file_read_rows(ctx, file, name, field->type, false, 2, shape, first, here, rows);
      if (status == RB_OK && !in_range(records, f, here, rows)) {
        status = RB_FAIL(ctx, RB_ERR_FORMAT, "%s holds numbers that cannot be", name);
      }
    }
    RB_TRY(rb_agree(ctx, status));
    RB_TRY(rb_records_scatter(ctx, records, f, first, here, rows));
  }
cleanup:
  free(rows);
  return status;
}

/* The rows of one test set. Collective. @param file rank 0's */
static rb_status read_records(rb_context *ctx, const rb_file *file, const rb_test_set *set,
                              rb_records *records) {
  rb_status status = RB_OK;
  int64_t done = 0;
  if (ctx->rank == 0) status = find_done(ctx, file, set, records, &done);
  RB_TRY(rb_agree(ctx, status));
  MPI_Bcast(&done, 1, MPI_INT64_T, 0, ctx->comm);
  for (int f = 0; f < RB_RECORD_COUNT; ++f) {
    if (records->columns[f] == 0) continue;
    RB_TRY(read_field(ctx, file, set, (rb_record)f, done, records));
  }
  records->done = done;
cleanup:
  return status;
}

/* Opens the file on rank 0 if it holds the work of that digest; otherwise *file is NULL. Local. */
static rb_status open_partial(rb_context *ctx, const char *path, uint64_t digest, rb_file **file) {
  rb_status status = RB_OK;
  int64_t stored = 0;
  if (ctx->rank != 0) return RB_OK;
  RB_TRY(rb_file_open_one(ctx, path, PARTIAL_SCHEMA, PARTIAL_VERSION, file));
  RB_TRY(rb_file_get_int(ctx, *file, "", "digest", &stored));
  if ((uint64_t)stored != digest) rb_file_close(file);
cleanup:
  return status;
}

rb_status rb_partial_read(rb_context *ctx, const char *path, uint64_t digest, int count,
                          const rb_test_set *set, rb_records *records, bool *found) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  *found = false;
  RB_TRY(rb_agree(ctx, open_partial(ctx, path, digest, &file)));
  int usable = file != NULL;
  MPI_Bcast(&usable, 1, MPI_INT, 0, ctx->comm);
  for (int k = 0; k < count && usable; ++k) {
    RB_TRY(read_records(ctx, file, &set[k], &records[k]));
  }
  *found = usable != 0;
cleanup:
  rb_file_close(&file);
  if (status != RB_OK) rb_error_clear(ctx);  // absent, or of no use: the work begins anew
  for (int k = 0; k < count && !*found; ++k) records[k].done = 0;
  return RB_OK;
}
