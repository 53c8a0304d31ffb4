#ifndef RB_IO_CSV_H
#define RB_IO_CSV_H

#include <stdbool.h>
#include <stdint.h>

#include "rheobase/context.h"

/* Reads columns of numbers from text. Local. */

enum { RB_CSV_MAX_COLUMNS = 8 };

typedef struct rb_columns {
  int columns;
  int64_t rows;
  double *value[RB_CSV_MAX_COLUMNS];  // (rows) each, finite
  int64_t *line;                      // (rows) line of the file; NULL if there are no lines
} rb_columns;

/* Reads the named columns (other columns are ignored) of at most max_rows rows. The first line that
 * is not empty or a comment (#) is the header; separators are comma, semicolon or tab. With
 * `headless` a file of one column may do without a header. The caller calls rb_columns_free, also
 * after a failure. Fails with RB_ERR_FILE, or RB_ERR_FORMAT naming the line. */
RB_NODISCARD rb_status rb_csv_read(rb_context *ctx, const char *path, int columns,
                                   const char *const *names, bool headless, int64_t max_rows,
                                   rb_columns *result);
void rb_columns_free(rb_columns *columns);

#endif
