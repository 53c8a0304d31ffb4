#include "csv.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rheobase/base/memory.h"
#include "rheobase/io/input_file.h"
#include "rheobase/io/nearest.h"

enum { MAX_FIELDS = 256, MAX_LINE = 65536 };

/* A file while it is read. */
typedef struct reader {
  rb_context *ctx;
  const char *path;
  const rb_columns_wanted *wanted;
  FILE *stream;
  char *text;  // the current line
  size_t size;
  int64_t line;
  char *comment;  // the last one; NULL: none
  int64_t comment_line;
  char separator;
  int fields;
  char *field[MAX_FIELDS];  // of the current line, trimmed
  int place[RB_MAX_COLUMNS];
} reader;

#define LINE_FAIL(r, format, ...) \
  RB_FAIL((r)->ctx, RB_ERR_FORMAT, "%s:%lld: " format, (r)->path, (long long)(r)->line, __VA_ARGS__)

static char *trim(char *text) {
  while (isspace((unsigned char)*text) || *text == '"') ++text;
  char *end = text + strlen(text);
  while (end > text && (isspace((unsigned char)end[-1]) || end[-1] == '"')) --end;
  *end = '\0';
  return text;
}

// The next line that is not empty; *more is false at the end of the file.
static rb_status next_line(reader *r, bool *more) {
  for (;;) {
    errno = 0;
    const ssize_t length = getline(&r->text, &r->size, r->stream);
    *more = length >= 0;
    if (length < 0) {
      if (ferror(r->stream) == 0) return RB_OK;
      return RB_FAIL(r->ctx, RB_ERR_FILE, "%s: cannot be read: %s", r->path, strerror(errno));
    }
    ++r->line;
    if (length > MAX_LINE) return LINE_FAIL(r, "is longer than %d bytes", MAX_LINE);
    if (memchr(r->text, '\0', (size_t)length) != NULL) {
      return LINE_FAIL(r, "%s", "is not a line of text (UTF-8)");
    }
    const char *carriage = strchr(r->text, '\r');
    if (carriage != NULL && carriage[strspn(carriage, "\r\n")] != '\0') {
      return LINE_FAIL(r, "%s", "has a carriage return within; end lines by LF or CR LF");
    }
    if (r->line == 1 && strncmp(r->text, "\xef\xbb\xbf", 3) == 0) memset(r->text, ' ', 3);
    if (r->text[strspn(r->text, " \t\r\n")] != '\0') return RB_OK;
  }
}

// The next line that is not empty or a comment. The last comment is kept.
static rb_status next_row(reader *r, bool *more) {
  rb_status status = RB_OK;
  for (;;) {
    RB_TRY(next_line(r, more));
    const char *begin = r->text + strspn(r->text, " \t");
    if (!*more || *begin != '#') break;
    begin += strspn(begin, "# \t\r\n");
    if (*begin == '\0') continue;
    free(r->comment);
    r->comment = strdup(begin);
    r->comment_line = r->line;
    if (r->comment == NULL) RB_TRY(RB_FAIL(r->ctx, RB_ERR_MEMORY, "out of memory"));
  }
cleanup:
  return status;
}

static char find_separator(const char *header) {
  static const char separators[] = ";\t,";
  for (const char *s = separators; *s != '\0'; ++s) {
    if (strchr(header, *s) != NULL) return *s;
  }
  return ' ';
}

// Splits a line in place.
static rb_status split(reader *r, char *line) {
  const char separators[3] = {r->separator, r->separator == ' ' ? '\t' : '\0', '\0'};
  r->fields = 0;
  if (r->separator == ' ') line = trim(line);
  for (char *part = strsep(&line, separators); part != NULL; part = strsep(&line, separators)) {
    if (r->separator == ' ' && *part == '\0') continue;  // of several blanks
    if (r->fields == MAX_FIELDS) return LINE_FAIL(r, "has more than %d columns", MAX_FIELDS);
    r->field[r->fields++] = trim(part);
  }
  return RB_OK;
}

static bool is_number(const char *text) {
  char *end = NULL;
  (void)strtod(text, &end);
  return end != text && *end == '\0';
}

static bool has_decimal_comma(const char *text) {
  char copy[64];
  const int length = snprintf(copy, sizeof copy, "%s", text);
  char *comma = strchr(copy, ',');
  if (comma == NULL || length >= (int)sizeof copy) return false;
  *comma = '.';
  return is_number(copy);
}

static rb_status parse_number(reader *r, const rb_column *column, const char *text, double *value) {
  if (column->binary && (strcasecmp(text, "true") == 0 || strcasecmp(text, "false") == 0)) {
    *value = strcasecmp(text, "true") == 0;
    return RB_OK;
  }
  *value = is_number(text) ? strtod(text, NULL) : NAN;
  if (isfinite(*value)) return RB_OK;
  return LINE_FAIL(r, "%s is not a number: '%.40s'%s", column->name, text,
                   has_decimal_comma(text) ? " (write a decimal point, not a comma)" : "");
}

// Half of the last digit of a number's text.
static double rounding_of(const char *text) {
  const char *point = strchr(text, '.'), *exponent = strpbrk(text, "eE");
  const int digits = point != NULL ? (int)strspn(point + 1, "0123456789") : 0;
  return 0.5 * pow(10, (exponent != NULL ? strtod(exponent + 1, NULL) : 0) - digits);
}

// Where the column is in the header; -1 if it is missing.
static rb_status find_column(reader *r, const rb_column *column, int *place) {
  *place = -1;
  for (int j = 0; j < r->fields; ++j) {
    const bool other = column->other != NULL && strcmp(r->field[j], column->other) == 0;
    if (!other && strcmp(r->field[j], column->name) != 0) continue;
    if (*place >= 0) return LINE_FAIL(r, "column %s is there twice", column->name);
    *place = j;
  }
  if (*place >= 0 || column->optional) return RB_OK;
  const char *near =
      rb_nearest(column->name, (const char *const *)&r->field[0], sizeof r->field[0], r->fields);
  return LINE_FAIL(r, "the header has no column %s (but %.60s)", column->name,
                   near != NULL ? near : r->field[0]);
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
  int64_t lines = 1;
  char piece[4096];
  for (;;) {
    const size_t length = fread(piece, 1, sizeof piece, r->stream);
    if (length == 0) break;
    for (size_t i = 0; i < length; ++i) lines += piece[i] == '\n';
  }
  rewind(r->stream);
  if (lines > r->wanted->max_rows) lines = r->wanted->max_rows;
  for (int i = 0; i < r->wanted->columns; ++i) {
    RB_TRY(RB_ALLOCATE(r->ctx, result->value[i], lines));
  }
  RB_TRY(RB_ALLOCATE(r->ctx, result->rounding, lines));
  RB_TRY(RB_ALLOCATE(r->ctx, result->line, lines));
cleanup:
  return status;
}

static rb_status take_row(reader *r, int width, rb_columns *result) {
  rb_status status = RB_OK;
  const rb_columns_wanted *wanted = r->wanted;
  if (r->fields != width) {
    return LINE_FAIL(r, "has %d columns where the header has %d", r->fields, width);
  }
  if (result->rows == wanted->max_rows) {
    return LINE_FAIL(r, "the file has more than %lld samples", (long long)wanted->max_rows);
  }
  for (int i = 0; i < wanted->columns; ++i) {
    if (r->place[i] < 0) continue;
    const char *text = r->field[r->place[i]];
    RB_TRY(parse_number(r, &wanted->column[i], text, &result->value[i][result->rows]));
    if (i == 0) result->rounding[result->rows] = rounding_of(text);
  }
  result->line[result->rows++] = r->line;
cleanup:
  return status;
}

static bool begins_with_number(const char *text) {
  char *end = NULL;
  text += strspn(text, " \t\"");
  (void)strtod(text, &end);
  return end != text && strchr(";\t, \r\n\"", *end) != NULL;
}

// Takes the header, and the first numbers if they are what it was found by.
static rb_status read_header(reader *r, int *width, rb_columns *result) {
  rb_status status = RB_OK;
  const int last = r->wanted->columns - 1;
  bool more = false;
  RB_TRY(next_row(r, &more));
  if (!more) RB_TRY(RB_FAIL(r->ctx, RB_ERR_FORMAT, "%s: is empty", r->path));
  const int64_t line = r->line;
  const bool numbers = begins_with_number(r->text);
  const bool commented = numbers && r->comment != NULL;
  char *header = commented ? r->comment : r->text;
  if (commented) r->line = r->comment_line;
  r->separator = find_separator(header);
  RB_TRY(split(r, header));
  *width = r->fields;
  if (!numbers || commented) {
    RB_TRY(find_columns(r));
  } else if (r->wanted->headless && r->fields == 1) {
    for (int i = 0; i <= last; ++i) r->place[i] = i == last ? 0 : -1;
  } else {
    RB_TRY(LINE_FAIL(r, "there is no header: the first line has to name the columns, %s and so on",
                     r->wanted->column[0].name));
  }
  r->line = line;
  if (commented) RB_TRY(split(r, r->text));
  if (numbers) RB_TRY(take_row(r, *width, result));
cleanup:
  return status;
}

rb_status rb_csv_read(rb_context *ctx, const char *path, const rb_columns_wanted *wanted,
                      rb_columns *result) {
  rb_status status = RB_OK;
  reader r = {.ctx = ctx, .path = path, .wanted = wanted};
  int width = 0;
  *result = (rb_columns){0};
  RB_TRY(rb_input_open(ctx, path, &r.stream));
  RB_TRY(allocate(&r, result));
  RB_TRY(read_header(&r, &width, result));
  for (;;) {
    bool more = false;
    RB_TRY(next_row(&r, &more));
    if (!more) break;
    RB_TRY(split(&r, r.text));
    RB_TRY(take_row(&r, width, result));
  }
  for (int i = 0; i < wanted->columns; ++i) {
    if (r.place[i] >= 0) continue;
    free(result->value[i]);
    result->value[i] = NULL;
  }
cleanup:
  if (r.stream != NULL) (void)fclose(r.stream);
  free(r.text);
  free(r.comment);
  return status;
}
