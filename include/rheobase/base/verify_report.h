#ifndef RHEOBASE_VERIFY_REPORT_H
#define RHEOBASE_VERIFY_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "rheobase/base/context.h"

/** @file verify_report.h
 * Recomputing reference files: the report that `rheobase verify` collects, and the forms of files
 * it knows, each a row beside the code that recomputes it. All functions are local. */

/** One quantity: the largest error found and what was allowed. */
typedef struct rb_verify_row {
  char name[112];
  double error, tolerance;
  bool passed;  ///< error <= tolerance; NaN does not pass
} rb_verify_row;

/** Rows in the order they were added. Start from {0}; free with rb_verify_report_free. */
typedef struct rb_verify_report {
  int64_t count, capacity;
  rb_verify_row *row;  ///< (count), owned
} rb_verify_report;

/** A form of reference files. A file says which it is by its root attributes `form` and, where the
 * form is a model's, `model`; one without is known by an object that no other form has. */
typedef struct rb_verify_form {
  const char *name;    ///< value of the attribute `form`
  const char *object;  ///< array or group, at the top or in any group of the top; NULL: only the
                       ///< attributes tell

  /** Recomputes a file and adds a row for each quantity. Rank 0 alone calls it. Fails with
   * RB_ERR_FILE or RB_ERR_FORMAT when the file is not of the form; numbers outside their tolerance
   * are no failure but a row that did not pass. */
  rb_status (*verify)(rb_context *ctx, const char *path, rb_verify_report *report);
} rb_verify_form;

/** Appends a row. Fails with RB_ERR_MEMORY. */
RB_NODISCARD rb_status rb_verify_add(rb_context *ctx, rb_verify_report *report, const char *name,
                                     double error, double tolerance);

/** Whether there is at least one row and all rows passed. */
bool rb_verify_passed(const rb_verify_report *report);

/** Frees the rows and empties the report. */
void rb_verify_report_free(rb_verify_report *report);

#endif
