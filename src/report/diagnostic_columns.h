#ifndef RB_REPORT_DIAGNOSTIC_COLUMNS_H
#define RB_REPORT_DIAGNOSTIC_COLUMNS_H

#include "rheobase/analysis/diagnostic_type.h"

/** @file diagnostic_columns.h
 * The columns of the diagnostics (diagnostic_type.h), table by table. Local. */

enum { RB_TABLE_COLUMNS = 16, RB_COLUMN_PATH = 128 };

/** @param column (RB_TABLE_COLUMNS) those of the table, in the order of the diagnostics
 * @return how many */
int rb_table_columns(rb_diagnostic_table table, const rb_diagnostic_column **column);

/** Where a file of calibration has the array. @param path (RB_COLUMN_PATH) */
void rb_column_path(const rb_diagnostic_column *column, char *path);

/** Number of dimensions of the array. */
int rb_column_rank(const rb_diagnostic_column *column);

#endif
