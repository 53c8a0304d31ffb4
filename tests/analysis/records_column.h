#ifndef RB_TEST_RECORDS_COLUMN_H
#define RB_TEST_RECORDS_COLUMN_H

#include "rb_test.h"
#include "rheobase/analysis/records.h"
#include "rheobase/base/memory.h"

/* One column of all data sets in their order, on every rank, as doubles. @param column (N) */
static inline void records_column(const rb_records *records, rb_record field, int64_t index,
                                  double *column) {
  const int64_t N = records->partition.items, columns = records->columns[field];
  const rb_type type = rb_record_fields()[field].type;
  char *rows = NULL;
  assert_all_ok(RB_ALLOCATE(&test_context, rows, N * columns * rb_type_size(type)));
  assert_all_ok(rb_records_gather(&test_context, records, field, 0, N, rows));
  for (int64_t i = 0; i < N; ++i) {
    const int64_t at = i * columns + index;
    column[i] = type == RB_F64   ? ((const double *)(void *)rows)[at]
                : type == RB_F32 ? (double)((const float *)(void *)rows)[at]
                                 : ((const int32_t *)(void *)rows)[at];
  }
  MPI_Bcast(column, (int)N, MPI_DOUBLE, 0, test_context.comm);
  free(rows);
}

#endif
