#ifndef RB_IO_TEXT_ROWS_H
#define RB_IO_TEXT_ROWS_H

#include <stdint.h>
#include <stdio.h>

#include "rheobase/base/context.h"

/* Lines of text cut into fields, for those who read tables. Local. */

enum { RB_MAX_FIELDS = 256 };

typedef struct rb_rows {
  rb_context *ctx;
  const char *path;
  FILE *stream;
  char *text;  // the current line
  size_t size;
  int64_t line;
  char *comment;  // the last one; NULL: none
  int64_t comment_line;
  char separator;  // set by the caller
  int fields;
  char *field[RB_MAX_FIELDS];  // of the line that was split, trimmed
} rb_rows;

/* Records an error with file and line. */
#define RB_ROWS_FAIL(r, format, ...) \
  RB_FAIL((r)->ctx, RB_ERR_FORMAT, "%s:%lld: " format, (r)->path, (long long)(r)->line, __VA_ARGS__)

/* Opens a file. The caller calls rb_rows_close, also after a failure. */
RB_NODISCARD rb_status rb_rows_open(rb_context *ctx, const char *path, rb_rows *rows);
void rb_rows_close(rb_rows *rows);

/* Counts the lines of the file, at most one too many, and goes back to its beginning. */
int64_t rb_rows_count(rb_rows *rows);

/* The next line that is neither empty nor a comment (#); *more is false at the end of the file. The
 * last comment is kept. */
RB_NODISCARD rb_status rb_rows_next(rb_rows *rows, bool *more);

/* Semicolon, tab, comma or blank: the first of these that the line has. */
char rb_rows_separator(const char *line);

/* Cuts a line in place at the separator. Fields are without blanks and quotes around them. */
RB_NODISCARD rb_status rb_rows_split(rb_rows *rows, char *line);

/* Whether a text is a number and nothing else. */
bool rb_text_is_number(const char *text);

/* Whether it would be one with a decimal point for its comma. */
bool rb_text_has_decimal_comma(const char *text);

/* Whether a line begins with a number. */
bool rb_text_begins_with_number(const char *text);

/* Half of the last digit of a number's text. */
double rb_text_rounding(const char *text);

/* Digits of a number that count: from the first that is not 0 to the last that is written. */
int rb_text_digits(const char *text);

#endif
