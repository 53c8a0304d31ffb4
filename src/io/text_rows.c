#include "text_rows.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/io/input_file.h"

enum { MAX_LINE = 65536 };

static char *trim(char *text) {
  while (isspace((unsigned char)*text) || *text == '"') ++text;
  char *end = text + strlen(text);
  while (end > text && (isspace((unsigned char)end[-1]) || end[-1] == '"')) --end;
  *end = '\0';
  return text;
}

// The next line that is not empty; *more is false at the end of the file.
static rb_status next_line(rb_rows *r, bool *more) {
  for (;;) {
    errno = 0;
    const ssize_t length = getline(&r->text, &r->size, r->stream);
    *more = length >= 0;
    if (length < 0) {
      if (ferror(r->stream) == 0) return RB_OK;
      return RB_FAIL(r->ctx, RB_ERR_FILE, "%s: cannot be read: %s", r->path, strerror(errno));
    }
    ++r->line;
    if (length > MAX_LINE) return RB_ROWS_FAIL(r, "is longer than %d bytes", MAX_LINE);
    if (memchr(r->text, '\0', (size_t)length) != NULL) {
      return RB_ROWS_FAIL(r, "%s", "is not a line of text (UTF-8)");
    }
    const char *carriage = strchr(r->text, '\r');
    if (carriage != NULL && carriage[strspn(carriage, "\r\n")] != '\0') {
      return RB_ROWS_FAIL(r, "%s", "has a carriage return within; end lines by LF or CR LF");
    }
    if (r->line == 1 && strncmp(r->text, "\xef\xbb\xbf", 3) == 0) memset(r->text, ' ', 3);
    if (r->text[strspn(r->text, " \t\r\n")] != '\0') return RB_OK;
  }
}

rb_status rb_rows_next(rb_rows *r, bool *more) {
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

rb_status rb_rows_open(rb_context *ctx, const char *path, rb_rows *rows) {
  *rows = (rb_rows){.ctx = ctx, .path = path};
  return rb_input_open(ctx, path, &rows->stream);
}

void rb_rows_close(rb_rows *rows) {
  if (rows->stream != NULL) (void)fclose(rows->stream);
  free(rows->text);
  free(rows->comment);
  *rows = (rb_rows){0};
}

int64_t rb_rows_count(rb_rows *rows) {
  int64_t lines = 1;
  char piece[4096];
  for (;;) {
    const size_t length = fread(piece, 1, sizeof piece, rows->stream);
    if (length == 0) break;
    for (size_t i = 0; i < length; ++i) lines += piece[i] == '\n';
  }
  rewind(rows->stream);
  return lines;
}

char rb_rows_separator(const char *line) {
  static const char separators[] = ";\t,";
  for (const char *s = separators; *s != '\0'; ++s) {
    if (strchr(line, *s) != NULL) return *s;
  }
  return ' ';
}

rb_status rb_rows_split(rb_rows *r, char *line) {
  const char separators[3] = {r->separator, r->separator == ' ' ? '\t' : '\0', '\0'};
  r->fields = 0;
  if (r->separator == ' ') line = trim(line);
  for (char *part = strsep(&line, separators); part != NULL; part = strsep(&line, separators)) {
    if (r->separator == ' ' && *part == '\0') continue;  // of several blanks
    if (r->fields == RB_MAX_FIELDS)
      return RB_ROWS_FAIL(r, "has more than %d columns", RB_MAX_FIELDS);
    r->field[r->fields++] = trim(part);
  }
  return RB_OK;
}

bool rb_text_is_number(const char *text) {
  char *end = NULL;
  (void)strtod(text, &end);
  return end != text && *end == '\0';
}

bool rb_text_has_decimal_comma(const char *text) {
  char copy[64];
  const int length = snprintf(copy, sizeof copy, "%s", text);
  char *comma = strchr(copy, ',');
  if (comma == NULL || length >= (int)sizeof copy) return false;
  *comma = '.';
  return rb_text_is_number(copy);
}

double rb_text_rounding(const char *text) {
  const char *point = strchr(text, '.'), *exponent = strpbrk(text, "eE");
  const int digits = point != NULL ? (int)strspn(point + 1, "0123456789") : 0;
  return 0.5 * pow(10, (exponent != NULL ? strtod(exponent + 1, NULL) : 0) - digits);
}

int rb_text_digits(const char *text) {
  int digits = 0;
  for (const char *c = text; *c != '\0' && strchr("eE", *c) == NULL; ++c) {
    if (isdigit((unsigned char)*c) && (digits > 0 || *c != '0')) ++digits;
  }
  return digits;
}

bool rb_text_begins_with_number(const char *text) {
  char *end = NULL;
  text += strspn(text, " \t\"");
  (void)strtod(text, &end);
  return end != text && strchr(";\t, \r\n\"", *end) != NULL;
}
