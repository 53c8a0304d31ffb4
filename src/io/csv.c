#include "csv.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "rheobase/memory.h"
#include "rheobase/nearest.h"

enum { MAX_FIELDS = 256, MAX_LINE = 65536 };

/* A file while it is read. */
typedef struct reader {
  rb_context *ctx;
  const char *path;
  FILE *stream;
  char *text;  // the current line
  size_t size;
  int64_t line;
  char separator;
  int fields;
  char *field[MAX_FIELDS];  // of the current line, trimmed
  int place[RB_CSV_MAX_COLUMNS];
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

// The next line that says something; *more is false at the end of the file.
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
    if (length > MAX_LINE || memchr(r->text, '\0', (size_t)length) != NULL) {
      return LINE_FAIL(r, "%s", "is not a line of text");
    }
    if (r->line == 1 && strncmp(r->text, "\xef\xbb\xbf", 3) == 0) memset(r->text, ' ', 3);
    const char *begin = r->text + strspn(r->text, " \t\r\n");
    if (*begin != '\0' && *begin != '#') return RB_OK;
  }
}

static rb_status split(reader *r) {
  r->fields = 0;
  char *rest = r->text;
  const char separators[2] = {r->separator, '\0'};
  for (char *part = strsep(&rest, separators); part != NULL; part = strsep(&rest, separators)) {
    if (r->fields == MAX_FIELDS) return LINE_FAIL(r, "has more than %d columns", MAX_FIELDS);
    r->field[r->fields++] = trim(part);
  }
  return RB_OK;
}

static rb_status parse_number(reader *r, const char *name, const char *text, double *value) {
  char *end = NULL;
  *value = strtod(text, &end);
  if (*text == '\0' || *end != '\0' || !isfinite(*value)) {
    return LINE_FAIL(r, "%s is not a number: '%.40s'", name, text);
  }
  return RB_OK;
}

static rb_status find_columns(reader *r, int columns, const char *const *names) {
  for (int i = 0; i < columns; ++i) {
    r->place[i] = -1;
    for (int j = 0; j < r->fields; ++j) {
      if (strcmp(r->field[j], names[i]) != 0) continue;
      if (r->place[i] >= 0) return LINE_FAIL(r, "column %s is there twice", names[i]);
      r->place[i] = j;
    }
    if (r->place[i] >= 0) continue;
    const char *near =
        rb_nearest(names[i], (const char *const *)&r->field[0], sizeof r->field[0], r->fields);
    return LINE_FAIL(r, "the header has no column %s%s%.60s%s", names[i],
                     near != NULL ? " (but " : "", near != NULL ? near : "",
                     near != NULL ? ")" : "");
  }
  return RB_OK;
}

// Makes room for as many rows as the file has lines.
static rb_status allocate(reader *r, int64_t max_rows, rb_columns *result) {
  rb_status status = RB_OK;
  int64_t lines = 1;
  char piece[4096];
  for (;;) {
    const size_t length = fread(piece, 1, sizeof piece, r->stream);
    if (length == 0) break;
    for (size_t i = 0; i < length; ++i) lines += piece[i] == '\n';
  }
  rewind(r->stream);
  if (lines > max_rows) lines = max_rows;
  for (int i = 0; i < result->columns; ++i) RB_TRY(RB_ALLOCATE(r->ctx, result->value[i], lines));
  RB_TRY(RB_ALLOCATE(r->ctx, result->line, lines));
cleanup:
  return status;
}

static rb_status take_row(reader *r, int width, const char *const *names, int64_t max_rows,
                          rb_columns *result) {
  if (r->fields != width) {
    return LINE_FAIL(r, "has %d columns where the header has %d", r->fields, width);
  }
  if (result->rows == max_rows) {
    return LINE_FAIL(r, "the file has more than %lld samples", (long long)max_rows);
  }
  rb_status status = RB_OK;
  for (int i = 0; status == RB_OK && i < result->columns; ++i) {
    status = parse_number(r, names[i], r->field[r->place[i]], &result->value[i][result->rows]);
  }
  if (status != RB_OK) return status;
  result->line[result->rows++] = r->line;
  return RB_OK;
}

// The header, or with `headless` perhaps the first number already.
static rb_status read_header(reader *r, const char *const *names, bool headless, int *width,
                             int64_t max_rows, rb_columns *result) {
  rb_status status = RB_OK;
  bool more = false;
  RB_TRY(next_line(r, &more));
  if (!more) RB_TRY(RB_FAIL(r->ctx, RB_ERR_FORMAT, "%s: is empty", r->path));
  r->separator = strchr(r->text, ';') != NULL ? ';' : strchr(r->text, '\t') != NULL ? '\t' : ',';
  RB_TRY(split(r));
  *width = r->fields;
  char *end = NULL;
  if (headless && r->fields == 1) {
    (void)strtod(r->field[0], &end);
    r->place[0] = 0;
    if (end != r->field[0]) RB_TRY(take_row(r, 1, names, max_rows, result));
  } else {
    RB_TRY(find_columns(r, result->columns, names));
  }
cleanup:
  return status;
}

rb_status rb_csv_read(rb_context *ctx, const char *path, int columns, const char *const *names,
                      bool headless, int64_t max_rows, rb_columns *result) {
  rb_status status = RB_OK;
  reader r = {.ctx = ctx, .path = path, .stream = fopen(path, "rbe")};
  int width = 0;
  *result = (rb_columns){.columns = columns};
  struct stat info;
  if (r.stream != NULL && fstat(fileno(r.stream), &info) == 0 && !S_ISREG(info.st_mode)) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FILE, "%s: is %s", path,
                   S_ISDIR(info.st_mode) ? "a folder" : "not a file that can be read twice"));
  }
  if (r.stream == NULL) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FILE, "%s: cannot be read: %s", path, strerror(errno)));
  }
  RB_TRY(allocate(&r, max_rows, result));
  RB_TRY(read_header(&r, names, headless, &width, max_rows, result));
  for (;;) {
    bool more = false;
    RB_TRY(next_line(&r, &more));
    if (!more) break;
    RB_TRY(split(&r));
    RB_TRY(take_row(&r, width, names, max_rows, result));
  }
cleanup:
  if (r.stream != NULL) (void)fclose(r.stream);
  free(r.text);
  return status;
}

void rb_columns_free(rb_columns *columns) {
  for (int i = 0; i < RB_CSV_MAX_COLUMNS; ++i) free(columns->value[i]);
  free(columns->line);
  *columns = (rb_columns){0};
}
