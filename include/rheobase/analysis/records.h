#ifndef RHEOBASE_RECORDS_H
#define RHEOBASE_RECORDS_H

#include "rheobase/io/hdf5_file.h"
#include "rheobase/parallel/partition.h"

/** @file records.h
 * What calibration keeps of each data set: a few numbers, distributed over the ranks by chunks.
 * Everything else (medians, histograms, coverage, tests) is computed from them, so memory grows by
 * about 400 bytes per data set, and a chunk's records are all there is to store for a resume. */

/** Fields of a record; a row of rb_record_fields each. */
typedef enum rb_record {
  RB_RECORD_TRUTH,
  RB_RECORD_MEDIAN,
  RB_RECORD_LOW,
  RB_RECORD_HIGH,
  RB_RECORD_MEAN,
  RB_RECORD_SD,
  RB_RECORD_RMSE,
  RB_RECORD_RANK,     ///< of the parameters, then of the joint quantities
  RB_RECORD_CENTRAL,  ///< bit per level
  RB_RECORD_HPD,      ///< bit per level
  RB_RECORD_OUTSIDE,  ///< draws outside each parameter's range, then outside the support at all
  RB_RECORD_ACTIVITY,
  RB_RECORD_CLIPPED,
  RB_RECORD_LOG_DENSITY,
  RB_RECORD_DRAWS,  ///< only where draws are stored
  RB_RECORD_COUNT
} rb_record;

/** Columns of a field. */
typedef enum rb_record_width {
  RB_PER_PARAMETER,
  RB_PER_QUANTITY,
  RB_PER_PARAMETER_AND_ALL,
  RB_PER_DATASET,
  RB_PER_DRAW_AND_PARAMETER
} rb_record_width;

typedef struct rb_record_field {
  const char *name;
  rb_type type;
  rb_record_width width;
  const char *unit;  ///< "parameter": that of the parameter
  const char *description;
} rb_record_field;

/** (RB_RECORD_COUNT) */
const rb_record_field *rb_record_fields(void);

typedef struct rb_records {
  rb_partition partition;            ///< of the N data sets; chunk c belongs to rank c % size
  int64_t rows;                      ///< data sets of this rank
  int64_t done;                      ///< the first `done` data sets, over all ranks, are finished
  int dim, quantities;               ///< D, and number of ranked quantities Q (parameters first)
  int64_t draws;                     ///< S
  int64_t columns[RB_RECORD_COUNT];  ///< 0: the field is not kept
  void *data[RB_RECORD_COUNT];       ///< (rows, columns), owned; chunks in order
} rb_records;

/** Allocates records. Local. Fails with RB_ERR_MEMORY. */
RB_NODISCARD rb_status rb_records_create(rb_context *ctx, int64_t datasets, int64_t chunk, int dim,
                                         int quantities, int64_t draws, bool store_draws,
                                         rb_records *records);
void rb_records_free(rb_records *records);

/** Place of a field's row in this rank's memory. @param row 0..rows-1 */
void *rb_records_at(const rb_records *records, rb_record field, int64_t row);

/** First of this rank's rows for the chunk it has in @p round. */
int64_t rb_records_row(const rb_records *records, int64_t round);

/** Records that a data set met a numerical error: its ranks are -1, and every number but the truth
 * is NaN, or 0 if it is an integer. Local. */
void rb_records_fail(rb_records *records, int64_t row);
/** Whether it did. Local. */
bool rb_records_failed(const rb_records *records, int64_t row);

/** One column of some of this rank's data sets, as doubles. Local. @param row (count) which
 * @param column (count) */
void rb_records_own_column(const rb_records *records, rb_record field, int64_t index, int64_t count,
                           const int64_t *row, double *column);

/** Rows first .. first+count-1 of a field in the order of data sets, on rank 0. Collective; first
 * is a multiple of the chunk size, and so is count unless the rows are the last.
 * @param rows (count, columns) of the field's type; only rank 0's is written */
RB_NODISCARD rb_status rb_records_gather(rb_context *ctx, const rb_records *records,
                                         rb_record field, int64_t first, int64_t count, void *rows);

/** The reverse: puts rank 0's @p rows where they belong. Collective; first and count as above.
 * @param rows (count, columns) of the field's type; only rank 0's is read */
RB_NODISCARD rb_status rb_records_scatter(rb_context *ctx, rb_records *records, rb_record field,
                                          int64_t first, int64_t count, const void *rows);

/** How many rows of a field are gathered, scattered, written and read at once: whole chunks, some
 * megabytes. Local. */
int64_t rb_records_block(const rb_records *records, rb_record field);

#endif
