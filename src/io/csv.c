#include "csv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rheobase/base/memory.h"
#include "rheobase/io/nearest.h"
#include "text_rows.h"

/* A file while it is read. */
typedef struct reader {
  rb_rows rows;
  const rb_columns_wanted *wanted;
  int place[RB_MAX_COLUMNS];
  int digits;  // most of a number of column 0
} reader;

#define LINE_FAIL(r, ...) RB_ROWS_FAIL(&(r)->rows, __VA_ARGS__)

static rb_status parse_number(reader *r, const rb_column *column, const char *text, double *value) {
  if (column->binary && (strcasecmp(text, "true") == 0 || strcasecmp(text, "false") == 0)) {
    *value = strcasecmp(text, "true") == 0;
    return RB_OK;
  }
  *value = rb_text_is_number(text) ? strtod(text, NULL) : NAN;
  if (isfinite(*value)) return RB_OK;
  return LINE_FAIL(r, "%s is not a number: '%.40s'%s", column->name, text,
                   rb_text_has_decimal_comma(text) ? " (write a decimal point, not a comma)" : "");
}

// Where the column is in the header; -1 if it is missing.
static rb_status find_column(reader *r, const rb_column *column, int *place) {
  *place = -1;
  for (int j = 0; j < r->rows.fields; ++j) {
    const bool other = column->other != NULL && strcmp(r->rows.field[j], column->other) == 0;
    if (!other && strcmp(r->rows.field[j], column->name) != 0) continue;
    if (*place >= 0) return LINE_FAIL(r, "column %s is there twice", column->name);
    *place = j;
  }
  if (*place >= 0 || column->optional) return RB_OK;
  const char *near = rb_nearest(column->name, (const char *const *)&r->rows.field[0],
                                sizeof r->rows.field[0], r->rows.fields);
  return LINE_FAIL(r, "the header has no column %s (but %.60s)", column->name,
                   near != NULL ? near : r->rows.field[0]);
}

static rb_status find_columns(reader *r) {
  rb_status status = RB_OK;
  for (int i = 0; status == RB_OK && i < r->wanted->columns; ++i) {
    status = find_column(r, &r->wanted->column[i], &r->place[i]);
  }
  return status;
}

// Makes room for as many rows as the file has lines.
static rb_status allocate(reader *r, rb_columns *result) {
  rb_status status = RB_OK;
  int64_t lines = rb_rows_count(&r->rows);
  if (lines > r->wanted->max_rows) lines = r->wanted->max_rows;
  for (int i = 0; i < r->wanted->columns; ++i) {
    RB_TRY(RB_ALLOCATE(r->rows.ctx, result->value[i], lines));
  }
  RB_TRY(RB_ALLOCATE(r->rows.ctx, result->rounding, lines));
  RB_TRY(RB_ALLOCATE(r->rows.ctx, result->line, lines));
cleanup:
  return status;
}

static rb_status take_row(reader *r, int width, rb_columns *result) {
  rb_status status = RB_OK;
  const rb_columns_wanted *wanted = r->wanted;
  if (r->rows.fields != width) {
    return LINE_FAIL(r, "has %d columns where the header has %d", r->rows.fields, width);
  }
  if (result->rows == wanted->max_rows) {
    return LINE_FAIL(r, "the file has more than %lld samples", (long long)wanted->max_rows);
  }
  for (int i = 0; i < wanted->columns; ++i) {
    if (r->place[i] < 0) continue;
    const char *text = r->rows.field[r->place[i]];
    RB_TRY(parse_number(r, &wanted->column[i], text, &result->value[i][result->rows]));
    if (i == 0) {
      const int digits = rb_text_digits(text);
      result->rounding[result->rows] = rb_text_rounding(text);
      r->digits = digits > r->digits ? digits : r->digits;
    }
  }
  result->line[result->rows++] = r->rows.line;
cleanup:
  return status;
}

/* Zeros at the end of a number may have been left out: it is rounded no more than the finest is, or
 * than a number of its size is in as many digits as any has. */
static void refine_rounding(const reader *r, rb_columns *result) {
  double finest = INFINITY;
  for (int64_t i = 0; i < result->rows; ++i) finest = fmin(finest, result->rounding[i]);
  for (int64_t i = 0; i < result->rows; ++i) {
    const double size = fabs(result->value[0][i]);
    const double last = size > 0 ? pow(10, floor(log10(size)) + 1 - r->digits) : 0;
    result->rounding[i] = fmin(result->rounding[i], fmax(finest, 0.5 * last));
  }
}

// Takes the header, and the first numbers if they are what it was found by.
static rb_status read_header(reader *r, int *width, rb_columns *result) {
  rb_status status = RB_OK;
  const int last = r->wanted->columns - 1;
  bool more = false;
  RB_TRY(rb_rows_next(&r->rows, &more));
  if (!more) RB_TRY(RB_FAIL(r->rows.ctx, RB_ERR_FORMAT, "%s: is empty", r->rows.path));
  const int64_t line = r->rows.line;
  const bool numbers = rb_text_begins_with_number(r->rows.text);
  const bool commented = numbers && r->rows.comment != NULL;
  char *header = commented ? r->rows.comment : r->rows.text;
  if (commented) r->rows.line = r->rows.comment_line;
  r->rows.separator = rb_rows_separator(header);
  RB_TRY(rb_rows_split(&r->rows, header));
  *width = r->rows.fields;
  if (!numbers || commented) {
    RB_TRY(find_columns(r));
  } else if (r->wanted->headless && r->rows.fields == 1) {
    for (int i = 0; i <= last; ++i) r->place[i] = i == last ? 0 : -1;
  } else {
    RB_TRY(LINE_FAIL(r, "there is no header: the first line has to name the columns, %s and so on",
                     r->wanted->column[0].name));
  }
  r->rows.line = line;
  if (commented) RB_TRY(rb_rows_split(&r->rows, r->rows.text));
  if (numbers) RB_TRY(take_row(r, *width, result));
cleanup:
  return status;
}

rb_status rb_csv_read(rb_context *ctx, const char *path, const rb_columns_wanted *wanted,
                      rb_columns *result) {
  rb_status status = RB_OK;
  reader r = {.wanted = wanted};
  int width = 0;
  *result = (rb_columns){0};
  RB_TRY(rb_rows_open(ctx, path, &r.rows));
  RB_TRY(allocate(&r, result));
  RB_TRY(read_header(&r, &width, result));
  for (;;) {
    bool more = false;
    RB_TRY(rb_rows_next(&r.rows, &more));
    if (!more) break;
    RB_TRY(rb_rows_split(&r.rows, r.rows.text));
    RB_TRY(take_row(&r, width, result));
  }
  if (r.place[0] >= 0) refine_rounding(&r, result);
  for (int i = 0; i < wanted->columns; ++i) {
    if (r.place[i] >= 0) continue;
    free(result->value[i]);
    result->value[i] = NULL;
  }
cleanup:
  rb_rows_close(&r.rows);
  return status;
}
