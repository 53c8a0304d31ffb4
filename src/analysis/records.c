#include "rheobase/analysis/records.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "rheobase/base/clock.h"
#include "rheobase/base/memory.h"
#include "rheobase/parallel/agree.h"

static const rb_record_field fields[RB_RECORD_COUNT] = {
    [RB_RECORD_TRUTH] = {"truth", RB_F64, RB_PER_PARAMETER, "parameter", "true value"},
    [RB_RECORD_MEDIAN] = {"median", RB_F64, RB_PER_PARAMETER, "parameter", "median of the draws"},
    [RB_RECORD_LOW] = {"low", RB_F64, RB_PER_PARAMETER, "parameter", "2.5% quantile of the draws"},
    [RB_RECORD_HIGH] = {"high", RB_F64, RB_PER_PARAMETER, "parameter",
                        "97.5% quantile of the draws"},
    [RB_RECORD_MEAN] = {"mean", RB_F64, RB_PER_PARAMETER, "parameter", "mean of the draws"},
    [RB_RECORD_SD] = {"sd", RB_F64, RB_PER_PARAMETER, "parameter",
                      "standard deviation of the draws (n - 1)"},
    [RB_RECORD_RMSE] = {"rmse", RB_F64, RB_PER_PARAMETER, "parameter",
                        "root mean square over draws of draw minus truth"},
    [RB_RECORD_RANK] =
        {"rank", RB_I32, RB_PER_QUANTITY, "1",
         "number of draws whose quantity is smaller than the truth's; -1: a numerical "
         "error, and the data set is left out everywhere"},
    [RB_RECORD_CENTRAL] = {"in_central", RB_I32, RB_PER_PARAMETER, "1",
                           "bit a: the truth lies in the central interval of level a"},
    [RB_RECORD_HPD] = {"in_hpd", RB_I32, RB_PER_PARAMETER, "1",
                       "bit a: the truth lies in the highest-density interval of level a"},
    [RB_RECORD_OUTSIDE] = {"outside", RB_I32, RB_PER_PARAMETER_AND_ALL, "1",
                           "draws outside the prior's range of each parameter; last: of any"},
    [RB_RECORD_ACTIVITY] = {"activity", RB_F64, RB_PER_DATASET, "1", "what regimes are made by"},
    [RB_RECORD_CLIPPED] = {"clipped", RB_I32, RB_PER_DATASET, "1",
                           "1 where a true parameter was clipped"},
    [RB_RECORD_LOG_DENSITY] = {"log_density", RB_F64, RB_PER_DATASET, "1",
                               "log posterior density of the truth, per unit of the parameters"},
    [RB_RECORD_DRAWS] = {"draws", RB_F32, RB_PER_DRAW_AND_PARAMETER, "parameter",
                         "posterior draws"},
};

const rb_record_field *rb_record_fields(void) { return fields; }

static int64_t columns_of(const rb_records *records, rb_record_width width) {
  switch (width) {
    case RB_PER_PARAMETER:
      return records->dim;
    case RB_PER_QUANTITY:
      return records->quantities;
    case RB_PER_PARAMETER_AND_ALL:
      return records->dim + 1;
    case RB_PER_DATASET:
      return 1;
    case RB_PER_DRAW_AND_PARAMETER:
      return records->draws * records->dim;
  }
  return 0;
}

static int64_t rows_of_rank(const rb_partition *partition, int rank) {
  rb_partition other = *partition;
  other.rank = rank;
  int64_t rows = 0;
  for (int64_t round = 0; round < other.rounds; ++round) {
    rows += rb_partition_round(&other, round).count;
  }
  return rows;
}

rb_status rb_records_create(rb_context *ctx, int64_t datasets, int64_t chunk, int dim,
                            int quantities, int64_t draws, bool store_draws, rb_records *records) {
  rb_status status = RB_OK;
  *records = (rb_records){.partition = rb_partition_make(ctx, datasets, chunk),
                          .dim = dim,
                          .quantities = quantities,
                          .draws = draws};
  records->rows = rows_of_rank(&records->partition, ctx->rank);
  for (int f = 0; f < RB_RECORD_COUNT; ++f) {
    if (f == RB_RECORD_DRAWS && !store_draws) continue;
    records->columns[f] = columns_of(records, fields[f].width);
    const size_t row = (size_t)(records->columns[f] * rb_type_size(fields[f].type));
    records->data[f] = rb_allocate(ctx, records->rows, row);
    if (records->data[f] == NULL) RB_TRY(RB_ERR_MEMORY);
  }
cleanup:
  if (status != RB_OK) rb_records_free(records);
  return status;
}

void rb_records_free(rb_records *records) {
  for (int f = 0; f < RB_RECORD_COUNT; ++f) free(records->data[f]);
  *records = (rb_records){0};
}

static int64_t row_bytes(const rb_records *records, rb_record field) {
  return records->columns[field] * rb_type_size(fields[field].type);
}

void *rb_records_at(const rb_records *records, rb_record field, int64_t row) {
  return (char *)records->data[field] + row * row_bytes(records, field);
}

int64_t rb_records_row(const rb_records *records, int64_t round) {
  return round * records->partition.chunk;  // only the last chunk of all may be short
}

/* How many bytes each rank contributes to rows first .. first+count-1, and where they begin when
 * ranks follow each other. */
static void layout(const rb_records *records, int64_t first, int64_t count, int64_t bytes,
                   int *counts, int *offsets) {
  const rb_partition *p = &records->partition;
  for (int r = 0; r < p->size; ++r) counts[r] = 0;
  for (int64_t at = first; at < first + count;) {
    const rb_range chunk = rb_partition_chunk(p, at / p->chunk);
    counts[(at / p->chunk) % p->size] += (int)(chunk.count * bytes);
    at += chunk.count;
  }
  for (int r = 0, sum = 0; r < p->size; ++r) {
    offsets[r] = sum;
    sum += counts[r];
  }
}

/* Copies rows first .. first+count-1 between where they lie rank by rank and where they lie in the
 * order of data sets. @param offsets of the ranks, which are advanced */
static void reorder(const rb_records *records, int64_t first, int64_t count, int64_t bytes,
                    int *offsets, char *by_rank, char *ordered, bool to_ranks) {
  const rb_partition *p = &records->partition;
  for (int64_t at = first; at < first + count;) {
    const rb_range chunk = rb_partition_chunk(p, at / p->chunk);
    const int owner = (int)((at / p->chunk) % p->size);
    const size_t size = (size_t)(chunk.count * bytes);
    char *const of_rank = by_rank + offsets[owner], *const of_set = ordered + (at - first) * bytes;
    memcpy(to_ranks ? of_rank : of_set, to_ranks ? of_set : of_rank, size);
    offsets[owner] += (int)size;
    at += chunk.count;
  }
}

static double value_at(const rb_records *records, rb_record field, int64_t row, int64_t index) {
  const void *data = rb_records_at(records, field, row);
  switch (fields[field].type) {
    case RB_F32:
      return (double)((const float *)data)[index];
    case RB_I32:
      return ((const int32_t *)data)[index];
    default:
      return ((const double *)data)[index];
  }
}

void rb_records_own_column(const rb_records *records, rb_record field, int64_t index, int64_t count,
                           const int64_t *row, double *column) {
  for (int64_t i = 0; i < count; ++i) column[i] = value_at(records, field, row[i], index);
}

void rb_records_fail(rb_records *records, int64_t row) {
  for (int f = RB_RECORD_TRUTH + 1; f < RB_RECORD_COUNT; ++f) {
    void *data = rb_records_at(records, (rb_record)f, row);
    for (int64_t c = 0; c < records->columns[f]; ++c) {
      switch (fields[f].type) {
        case RB_F32:
          ((float *)data)[c] = NAN;
          break;
        case RB_I32:
          ((int32_t *)data)[c] = f == RB_RECORD_RANK ? -1 : 0;
          break;
        default:
          ((double *)data)[c] = NAN;
      }
    }
  }
}

bool rb_records_failed(const rb_records *records, int64_t row) {
  return *(const int32_t *)rb_records_at(records, RB_RECORD_RANK, row) < 0;
}

/* Rows on their way between rank 0, where they lie in the order of data sets, and their ranks. */
typedef struct passage {
  int64_t bytes;  // of a row
  char *by_rank;  // rank 0: all rows, rank by rank
  int *counts, *offsets;
  void *mine;  // where this rank keeps its own
} passage;

static rb_status passage_create(rb_context *ctx, const rb_records *records, rb_record field,
                                int64_t first, int64_t count, passage *p) {
  rb_status status = RB_OK;
  const rb_partition *parts = &records->partition;
  *p = (passage){.bytes = row_bytes(records, field)};
  if (count * p->bytes > INT_MAX) {
    status = RB_FAIL(ctx, RB_ERR_INTERNAL, "too many rows are moved at once");
  }
  if (status == RB_OK) {
    status = RB_ALLOCATE(ctx, p->by_rank, ctx->rank == 0 ? count * p->bytes : 0);
  }
  if (status == RB_OK) status = RB_ALLOCATE(ctx, p->counts, ctx->size);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, p->offsets, ctx->size);
  RB_TRY(rb_agree(ctx, status));
  layout(records, first, count, p->bytes, p->counts, p->offsets);
  // this rank's first chunk that is not before `first`
  const int64_t chunk = first / parts->chunk;
  const int64_t round = chunk / parts->size + (chunk % parts->size > parts->rank ? 1 : 0);
  p->mine = rb_records_at(records, field, rb_records_row(records, round));
cleanup:
  return status;
}

static void passage_free(passage *p) {
  free(p->by_rank);
  free(p->counts);
  free(p->offsets);
}

rb_status rb_records_gather(rb_context *ctx, const rb_records *records, rb_record field,
                            int64_t first, int64_t count, void *rows) {
  rb_status status = RB_OK;
  passage p = {0};
  RB_TRY(passage_create(ctx, records, field, first, count, &p));
  const rb_time_part outer = rb_clock_enter(ctx, RB_TIME_REDUCE);
  MPI_Gatherv(p.mine, p.counts[ctx->rank], MPI_BYTE, p.by_rank, p.counts, p.offsets, MPI_BYTE, 0,
              ctx->comm);
  rb_clock_leave(ctx, outer);
  if (ctx->rank == 0) {
    reorder(records, first, count, p.bytes, p.offsets, p.by_rank, rows, false);
  }
cleanup:
  passage_free(&p);
  return status;
}

rb_status rb_records_scatter(rb_context *ctx, rb_records *records, rb_record field, int64_t first,
                             int64_t count, const void *rows) {
  rb_status status = RB_OK;
  passage p = {0};
  RB_TRY(passage_create(ctx, records, field, first, count, &p));
  if (ctx->rank == 0) {
    reorder(records, first, count, p.bytes, p.offsets, p.by_rank, (char *)rows, true);
    layout(records, first, count, p.bytes, p.counts, p.offsets);
  }
  const rb_time_part outer = rb_clock_enter(ctx, RB_TIME_REDUCE);
  MPI_Scatterv(p.by_rank, p.counts, p.offsets, MPI_BYTE, p.mine, p.counts[ctx->rank], MPI_BYTE, 0,
               ctx->comm);
  rb_clock_leave(ctx, outer);
cleanup:
  passage_free(&p);
  return status;
}

int64_t rb_records_block(const rb_records *records, rb_record field) {
  enum { BLOCK_BYTES = 4 << 20 };
  const int64_t chunk = records->partition.chunk;
  const int64_t chunks = BLOCK_BYTES / (row_bytes(records, field) * chunk);
  return (chunks > 1 ? chunks : 1) * chunk;
}
