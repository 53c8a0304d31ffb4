#include "rheobase/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Bytes of the character at c if a terminal obeys it or shows nothing or a blank that is none:
 * control characters, and in UTF-8 the usual spaces, joiners, marks and separators beside the ASCII
 * ones. Otherwise 0. */
static int hidden(const unsigned char *c) {
  if (*c < ' ' || *c == 0x7f) return 1;
  if (*c == 0xc2) return (c[1] >= 0x80 && c[1] <= 0xa0) || c[1] == 0xad ? 2 : 0;
  if (*c == 0xef) return c[1] == 0xbb && c[2] == 0xbf ? 3 : 0;
  if (*c == 0xe3) return c[1] == 0x80 && c[2] == 0x80 ? 3 : 0;
  if (*c != 0xe2) return 0;
  const bool general = c[1] == 0x80 && (c[2] <= 0x8f || (c[2] >= 0xa8 && c[2] <= 0xaf));
  return (general && c[2] >= 0x80) || (c[1] == 0x81 && c[2] >= 0x9f && c[2] <= 0xaf) ? 3 : 0;
}

/* A line of text from anywhere, file names and names of settings among it: what would not be seen,
 * or break the line, becomes \xNN. It goes to an unbuffered stream at once, since other ranks
 * write too; only one that is longer than PIECE goes in pieces. */
void rb_log_text(FILE *stream, const char *prefix, const char *text) {
  enum { PIECE = 8192, MOST = 16 };  // a character takes 12 at most
  char line[PIECE];
  size_t n = strnlen(prefix, PIECE / 2);
  memcpy(line, prefix, n);
  for (const unsigned char *c = (const unsigned char *)text; *c != '\0';) {
    const int bytes = hidden(c);
    if (bytes == 0) line[n++] = (char)*c++;
    for (int b = 0; b < bytes; ++b) n += (size_t)snprintf(line + n, PIECE - n, "\\x%02x", *c++);
    if (n + MOST < PIECE) continue;
    (void)fwrite(line, 1, n, stream);
    n = 0;
  }
  line[n++] = '\n';
  (void)fwrite(line, 1, n, stream);
  (void)fflush(stream);
}

static void print_line(FILE *stream, const char *prefix, const char *format, va_list arguments) {
  char line[2048];
  (void)vsnprintf(line, sizeof line, format, arguments);
  rb_log_text(stream, prefix, line);
}

void rb_log_info(const rb_context *ctx, const char *format, ...) {
  if (ctx->rank != 0 || ctx->quiet) return;
  va_list arguments;
  va_start(arguments, format);
  print_line(stdout, "", format, arguments);
  va_end(arguments);
}

void rb_log_warning(const rb_context *ctx, const char *format, ...) {
  if (ctx->rank != 0) return;
  va_list arguments;
  va_start(arguments, format);
  print_line(stderr, "rheobase: warning: ", format, arguments);
  va_end(arguments);
}

void rb_log_rank(int rank, const char *format, ...) {
  char prefix[32];
  (void)snprintf(prefix, sizeof prefix, "rank %d: ", rank);
  va_list arguments;
  va_start(arguments, format);
  print_line(stderr, prefix, format, arguments);
  va_end(arguments);
}

const char *rb_plural(long long count) { return count == 1 ? "" : "s"; }

void rb_log_error(const rb_context *ctx) {
  if (ctx->rank != 0) return;
  const rb_error *error = &ctx->error;
  char place[512] = "";
  if (error->code == RB_ERR_INTERNAL) {
    (void)snprintf(place, sizeof place, " (rank %d, %s:%d)", error->rank, error->file, error->line);
  }
  char line[sizeof error->message + sizeof place];
  (void)snprintf(line, sizeof line, "%s%s", error->message, place);
  rb_log_text(stderr, "rheobase: error: ", line);
}
