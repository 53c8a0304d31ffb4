#ifndef RHEOBASE_DIAGNOSTIC_TYPE_H
#define RHEOBASE_DIAGNOSTIC_TYPE_H

#include "rheobase/analysis/calibration.h"

/** @file diagnostic_type.h
 * The diagnostics of a posterior as a table: what is computed from the records of a test set, the
 * arrays it is stored in, and the columns of it that are printed and stand on the page. */

struct rb_summing;  // calibration_internal.h: the records, and where results go

/** A table a column stands in. */
typedef enum rb_diagnostic_table {
  RB_TABLE_PARAMETERS,  ///< one row per parameter
  RB_TABLE_QUANTITIES   ///< one row per parameter and joint quantity
} rb_diagnostic_table;

/** When a value is marked as one that needs a look. */
typedef enum rb_warning {
  RB_WARN_NEVER,
  RB_WARN_BELOW_0,
  RB_WARN_BELOW_5_PERCENT,
  RB_WARN_ABOVE_5_PERCENT
} rb_warning;

typedef struct rb_diagnostic_column {
  rb_diagnostic_table table;
  const char *set;                ///< of which test set
  const rb_calibration_row *row;  ///< the array; of several rows the last
  const char *title, *html;       ///< where it is printed, and on the page; html NULL: title
  const char *format;             ///< where it is printed, with a width: "%*.3f"
  int digits;                     ///< significant ones, on the page
  rb_warning warn;                ///< on the page
} rb_diagnostic_column;

typedef struct rb_diagnostic {
  const rb_calibration_row *row;  ///< (rows) its arrays
  int rows;
  /** Fills them (rb_summing_values, rb_summing_counts); what is not set stays NaN, or 0 where it is
   * a count. Collective. */
  rb_status (*compute)(struct rb_summing *s);
  const rb_diagnostic_column *column;  ///< (columns)
  int columns;
} rb_diagnostic;

/** All, in the order of the list, ended by NULL. */
extern const rb_diagnostic *const rb_diagnostics[];

#define RB_DIAGNOSTIC(name) extern const rb_diagnostic rb_diagnostic_##name;
#include "rheobase/analysis/diagnostic_list.h"
#undef RB_DIAGNOSTIC

#endif
