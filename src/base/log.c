#include "rheobase/base/log.h"

#include <stdarg.h>
#include <stdio.h>

static void print_line(FILE *stream, const char *prefix, const char *format, va_list arguments) {
  char line[2048];
  (void)vsnprintf(line, sizeof line, format, arguments);
  (void)fprintf(stream, "%s%s\n", prefix, line);
  (void)fflush(stream);
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
  if (error->code == RB_ERR_INTERNAL) {
    (void)fprintf(stderr, "rheobase: error: %s (rank %d, %s:%d)\n", error->message, error->rank,
                  error->file, error->line);
  } else {
    (void)fprintf(stderr, "rheobase: error: %s\n", error->message);
  }
  (void)fflush(stderr);
}
