#ifndef RB_IO_COLUMNS_H
#define RB_IO_COLUMNS_H

#include "rheobase/io/observation.h"

/* Columns of numbers, from text or HDF5. */

/* What is asked for. */
typedef struct rb_columns_wanted {
  int columns;
  const rb_column *column;  // (columns)
  bool headless;            // text may be one column of numbers without a name
  bool keep_missing;        // HDF5: missing values become NaN; else they are refused
  int64_t max_rows;
} rb_columns_wanted;

typedef struct rb_columns {
  int64_t rows;
  double *value[RB_MAX_COLUMNS];  // (rows) each, finite, in the column's unit; NULL: is missing
  double *rounding;               // (rows) how far those of column 0 may be rounded
  int64_t *line;                  // (rows) line of the file; NULL if there are no lines
} rb_columns;

/* Where a row is: "observation.csv:12" or "observation.h5: row 10". */
enum { RB_PLACE_SIZE = 512 };
void rb_columns_place(const char *path, const rb_columns *columns, int64_t row,
                      char place[RB_PLACE_SIZE]);

void rb_columns_free(rb_columns *columns);

/* Reads HDF5 arrays, at the root or in the group `observation` of our own files. Local. The caller
 * calls rb_columns_free, also after a failure. */
RB_NODISCARD rb_status rb_columns_read_hdf5(rb_context *ctx, const char *path,
                                            const rb_columns_wanted *wanted, rb_columns *result);

#endif
