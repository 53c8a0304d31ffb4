#ifndef RB_IO_CSV_H
#define RB_IO_CSV_H

#include "columns.h"

/* Reads columns of numbers from text. Local. */

/* Other columns are ignored. The first line that is not empty or a comment (#) is the header, or
 * the last comment where numbers follow at once (numpy.savetxt); separators are semicolon, tab,
 * comma or blanks. The caller calls rb_columns_free, also after a failure. Fails with RB_ERR_FILE,
 * or RB_ERR_FORMAT naming the line. */
RB_NODISCARD rb_status rb_csv_read(rb_context *ctx, const char *path,
                                   const rb_columns_wanted *wanted, rb_columns *result);

#endif
