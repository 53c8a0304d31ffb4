#include <stdio.h>

#include "calibration_internal.h"
#include "rheobase/agree.h"
#include "rheobase/calibration_file.h"

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

/* This rank's rows of one test set. Local. */
static rb_status read_records(rb_context *ctx, const rb_file *file, const rb_test_set *set,
                              rb_records *records) {
  rb_status status = RB_OK;
  char name[PATH];
  int rank = 2;
  int64_t shape[RB_FILE_MAX_RANK] = {0};
  (void)snprintf(name, sizeof name, "%s/%s", set->name, rb_record_fields()[0].name);
  records->done = 0;
  if (!rb_file_has(file, name)) return RB_OK;
  RB_TRY(rb_file_shape(ctx, file, name, &rank, shape));
  const int64_t N = records->partition.items;
  if (shape[0] > N || (shape[0] < N && shape[0] % records->partition.chunk != 0)) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "%s: is not of this study", name));
  }
  for (int f = 0; f < RB_RECORD_COUNT; ++f) {
    if (records->columns[f] == 0) continue;
    (void)snprintf(name, sizeof name, "%s/%s", set->name, rb_record_fields()[f].name);
    for (int64_t round = 0; round < records->partition.rounds; ++round) {
      const rb_range range = rb_partition_round(&records->partition, round);
      if (range.count == 0 || range.first >= shape[0]) break;
      RB_TRY(
          rb_file_read_rows(ctx, file, name, rb_record_fields()[f].type, false, 2,
                            (int64_t[]){shape[0], records->columns[f]}, range.first, range.count,
                            rb_records_at(records, (rb_record)f, rb_records_row(records, round))));
    }
  }
  records->done = shape[0];
cleanup:
  return status;
}

rb_status rb_partial_read(rb_context *ctx, const char *path, uint64_t digest, int count,
                          const rb_test_set *set, rb_records *records, bool *found) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  int64_t stored = 0;
  *found = false;
  RB_TRY(rb_file_open(ctx, path, PARTIAL_SCHEMA, PARTIAL_VERSION, &file));
  status = rb_file_get_int(ctx, file, "", "digest", &stored);
  if (status == RB_OK && (uint64_t)stored == digest) {
    for (int k = 0; k < count && status == RB_OK; ++k) {
      status = read_records(ctx, file, &set[k], &records[k]);
    }
    *found = status == RB_OK;
  }
  RB_TRY(rb_agree(ctx, status));
cleanup:
  rb_file_close(&file);
  if (status != RB_OK) rb_error_clear(ctx);  // absent, or of no use: the work begins anew
  *found = *found && status == RB_OK;
  for (int k = 0; k < count && !*found; ++k) records[k].done = 0;
  return RB_OK;
}
