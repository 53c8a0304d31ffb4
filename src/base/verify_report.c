#include "rheobase/base/verify_report.h"

#include <stdio.h>
#include <string.h>

#include "rheobase/base/memory.h"

static rb_status reserve(rb_context *ctx, rb_verify_report *report) {
  if (report->count < report->capacity) return RB_OK;
  const int64_t capacity = report->capacity > 0 ? 2 * report->capacity : 64;
  rb_verify_row *row = NULL;
  if (RB_ALLOCATE(ctx, row, capacity) != RB_OK) return RB_ERR_MEMORY;
  if (report->count > 0) memcpy(row, report->row, (size_t)report->count * sizeof *row);
  free(report->row);
  report->row = row;
  report->capacity = capacity;
  return RB_OK;
}

rb_status rb_verify_add(rb_context *ctx, rb_verify_report *report, const char *name, double error,
                        double tolerance) {
  rb_status status = RB_OK;
  RB_TRY(reserve(ctx, report));
  rb_verify_row *row = &report->row[report->count++];
  (void)snprintf(row->name, sizeof row->name, "%s", name);
  row->error = error;
  row->tolerance = tolerance;
  row->passed = error <= tolerance;  // false for NaN
cleanup:
  return status;
}

bool rb_verify_passed(const rb_verify_report *report) {
  for (int64_t i = 0; i < report->count; ++i) {
    if (!report->row[i].passed) return false;
  }
  return report->count > 0;
}

void rb_verify_report_free(rb_verify_report *report) {
  free(report->row);
  *report = (rb_verify_report){0};
}
