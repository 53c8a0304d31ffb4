#include "rheobase/io/text_file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

rb_status rb_text_create(rb_context *ctx, const char *path, char *tmp, FILE **out) {
  if (snprintf(tmp, RB_TEXT_PATH, "%s.%ld.tmp", path, (long)getpid()) >= RB_TEXT_PATH) {
    return RB_FAIL(ctx, RB_ERR_FILE, "%.100s...: the path is too long", path);
  }
  *out = fopen(tmp, "w");
  if (*out == NULL) {
    return RB_FAIL(ctx, RB_ERR_FILE, "%s: cannot be written: %s", tmp, strerror(errno));
  }
  return RB_OK;
}

rb_status rb_text_finish(rb_context *ctx, rb_status status, const char *path, const char *tmp,
                         FILE *out) {
  const bool written = ferror(out) == 0 && fflush(out) == 0 && fsync(fileno(out)) == 0;
  const bool closed = fclose(out) == 0;
  if (status == RB_OK && (!written || !closed || rename(tmp, path) != 0)) {
    status = RB_FAIL(ctx, RB_ERR_FILE, "%s: cannot be written: %s", path, strerror(errno));
  }
  if (status != RB_OK) (void)unlink(tmp);
  return status;
}

void rb_text_csv_field(FILE *out, const char *text) {
  if (text[strcspn(text, ",\"\r\n")] == '\0') {
    (void)fputs(text, out);
    return;
  }
  (void)fputc('"', out);
  for (; *text != '\0'; ++text) {
    if (*text == '"') (void)fputc('"', out);
    (void)fputc(*text, out);
  }
  (void)fputc('"', out);
}
