#include "settings_text.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/base/memory.h"
#include "rheobase/io/input_file.h"
#include "rheobase/parallel/agree.h"
#include "settings_internal.h"

enum { MAX_INPUT_BYTES = 1 << 20 };

static rb_status read_text(rb_context *ctx, const char *path, char *text, int64_t *size) {
  rb_status status = RB_OK;
  FILE *stream = NULL;
  RB_TRY(rb_input_open(ctx, path, &stream));  // read several times: from a pipe it would be empty
  errno = 0;
  *size = (int64_t)fread(text, 1, MAX_INPUT_BYTES, stream);
  const bool failed = ferror(stream) != 0;
  const int reason = errno;
  const bool whole = fgetc(stream) == EOF;
  (void)fclose(stream);
  if (failed) return RB_FAIL(ctx, RB_ERR_FILE, "%s: cannot be read: %s", path, strerror(reason));
  if (!whole || memchr(text, '\0', (size_t)*size) != NULL) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "%s: is not an input file (not text, or above 1 MB)", path);
  }
  if (strncmp(text, "\xef\xbb\xbf", 3) == 0) memset(text, ' ', 3);  // a byte order mark
cleanup:
  return status;
}

rb_status rb_settings_read_file(rb_context *ctx, const char *path, char **text) {
  rb_status status = RB_OK;
  int64_t size = 0;
  status = RB_ALLOCATE(ctx, *text, MAX_INPUT_BYTES + 1);
  if (status == RB_OK && ctx->rank == 0) status = read_text(ctx, path, *text, &size);
  RB_TRY(rb_agree(ctx, status));
  MPI_Bcast(&size, 1, MPI_INT64_T, 0, ctx->comm);
  MPI_Bcast(*text, (int)size, MPI_BYTE, 0, ctx->comm);
cleanup:
  return status;
}

// What libconfig finds wrong, with the line itself.
static rb_status syntax_error(const rb_settings_place *s, const config_t *config,
                              const char *text) {
  const int number = config_error_line(config);
  for (int i = 1; i < number && *text != '\0'; ++i) text += strcspn(text, "\n") + 1;
  char line[80];
  (void)snprintf(line, sizeof line, "%s", text + strspn(text, " \t"));
  rb_settings_place at = *s;
  at.line = number > 0 ? number : 1;
  const bool twice = strstr(config_error_text(config), "duplicate") != NULL;
  return RB_PLACE_FAIL(&at, "%s: %.*s", twice ? "this setting is given twice" : "syntax error",
                       (int)strcspn(line, "\r\n"), line);
}

rb_status rb_settings_parse_text(const rb_settings_place *s, const char *text, config_t *config) {
  rb_status status = RB_OK;
  char *widened = NULL;
  RB_TRY(rb_settings_widen(s->ctx, s->name, text, &widened));
  if (config_read_string(config, widened) != CONFIG_TRUE) RB_TRY(syntax_error(s, config, text));
cleanup:
  free(widened);
  return status;
}

void rb_settings_trim(const char *text, size_t length, char *copy, size_t size) {
  while (length > 0 && isspace((unsigned char)*text)) ++text, --length;
  while (length > 0 && isspace((unsigned char)text[length - 1])) --length;
  (void)snprintf(copy, size, "%.*s", (int)length, text);
}
