#include "diagnostic_columns.h"

#include <stdio.h>

int rb_table_columns(rb_diagnostic_table table, const rb_diagnostic_column **column) {
  int count = 0;
  for (const rb_diagnostic *const *diagnostic = rb_diagnostics; *diagnostic != NULL; ++diagnostic) {
    for (int c = 0; c < (*diagnostic)->columns && count < RB_TABLE_COLUMNS; ++c) {
      if ((*diagnostic)->column[c].table == table) column[count++] = &(*diagnostic)->column[c];
    }
  }
  return count;
}

void rb_column_path(const rb_diagnostic_column *column, char *path) {
  (void)snprintf(path, RB_COLUMN_PATH, "%s/%s", column->set, column->row->name);
}

int rb_column_rank(const rb_diagnostic_column *column) {
  int rank = 0;
  while (rank < RB_CALIBRATION_MAX_RANK && column->row->dims[rank] != RB_DIM_NONE) ++rank;
  return rank;
}
