#include "rheobase/model/replay.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/base/log.h"
#include "rheobase/base/memory.h"
#include "rheobase/io/text_file.h"

enum { LINE = 4096, MOST = 1 << 20 };  // characters of a line, lines of a file that are read

/* The first line. @param line (LINE) */
static void format_header(const rb_model *model, char *line) {
  size_t at = (size_t)snprintf(line, LINE, "purpose,item");
  for (int d = 0; d < model->dim && at < LINE; ++d) {
    at += (size_t)snprintf(line + at, LINE - at, ",%s", model->parameters[d].name);
  }
}

static void write_lines(const rb_model *model, rb_purpose purpose, int64_t first, int64_t count,
                        const double *theta, FILE *out) {
  char line[LINE];
  format_header(model, line);
  (void)fprintf(out, "%s\n", line);
  for (int64_t i = 0; i < count; ++i) {
    (void)fprintf(out, "%d,%" PRId64, (int)purpose, first + i);
    for (int d = 0; d < model->dim; ++d) (void)fprintf(out, ",%.17g", *theta++);
    (void)fprintf(out, "\n");
  }
}

void rb_replay_write(rb_context *ctx, const rb_model *model, rb_purpose purpose, int64_t first,
                     int64_t count, const double *theta) {
  char path[RB_TEXT_PATH], tmp[RB_TEXT_PATH];
  FILE *out = NULL;
  if (model->folder == NULL) return;
  (void)snprintf(path, sizeof path, "%s/failed_rank_%d.csv", model->folder, model->rank);
  rb_context own = rb_context_alone(ctx);  // why this fails must not take the place of why it did
  rb_error_clear(&own);
  rb_status status = rb_text_create(&own, path, tmp, &out);
  if (status == RB_OK) {
    write_lines(model, purpose, first, count, theta, out);
    status = rb_text_finish(&own, RB_OK, path, tmp, out);
  }
  if (status != RB_OK) {
    rb_log_warning(ctx, "%s", own.error.message);
    return;
  }
  char *end = ctx->error.message + strlen(ctx->error.message);
  (void)snprintf(end, RB_MESSAGE_SIZE - (size_t)(end - ctx->error.message),
                 "; `rheobase try` with --replay %s simulates it again", path);
  for (; *end != '\0'; ++end) *end = (char)(*end == '\n' ? ' ' : *end);
}

static rb_status read_line(rb_context *ctx, const rb_model *model, const char *path,
                           const char *line, rb_replay *r) {
  char *end = NULL;
  const char *at = line;
  const long purpose = strtol(at, &end, 10);
  bool right = end != at && *end == ',' && purpose >= 0 && purpose < RB_PURPOSE_COUNT;
  at = end + right;
  const long long item = right ? strtoll(at, &end, 10) : 0;
  right = right && end != at && item >= 0;
  for (int d = 0; d < model->dim && right; ++d) {
    right = *end == ',';
    at = end + right;
    r->theta[r->count * model->dim + d] = strtod(at, &end);
    right = right && end != at;
  }
  if (!right || strspn(end, "\r\n") != strlen(end)) {
    return RB_FAIL(ctx, RB_ERR_FORMAT,
                   "%s: line %" PRId64 " is not a purpose, an item and %d numbers", path,
                   r->count + 2, model->dim);
  }
  r->purpose[r->count] = (rb_purpose)purpose;
  r->item[r->count] = item;
  r->count += 1;
  return RB_OK;
}

static rb_status read_lines(rb_context *ctx, const rb_model *model, const char *path, FILE *in,
                            int64_t most, rb_replay *r) {
  rb_status status = RB_OK;
  char line[LINE], header[LINE];
  format_header(model, header);
  if (fgets(line, sizeof line, in) == NULL) line[0] = '\0';
  line[strcspn(line, "\r\n")] = '\0';
  if (strcmp(line, header) != 0) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "%s: is of another model: the first line is not %.400s",
                   path, header));
  }
  while (fgets(line, sizeof line, in) != NULL) {
    if (r->count == most) RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "%s: has too many lines", path));
    RB_TRY(read_line(ctx, model, path, line, r));
  }
cleanup:
  return status;
}

rb_status rb_replay_read(rb_context *ctx, const rb_model *model, const char *path,
                         rb_replay *replay) {
  rb_status status = RB_OK;
  int64_t most = 0;
  *replay = (rb_replay){0};
  FILE *in = fopen(path, "r");
  if (in == NULL) {
    return RB_FAIL(ctx, RB_ERR_FILE, "%s: cannot be read: %s", path, strerror(errno));
  }
  for (int c = getc(in); c != EOF && most < MOST; c = getc(in)) most += c == '\n';
  rewind(in);
  RB_TRY(RB_ALLOCATE(ctx, replay->purpose, most + 1));
  RB_TRY(RB_ALLOCATE(ctx, replay->item, most + 1));
  RB_TRY(RB_ALLOCATE(ctx, replay->theta, (most + 1) * model->dim));
  RB_TRY(read_lines(ctx, model, path, in, most + 1, replay));
cleanup:
  (void)fclose(in);
  return status;
}

void rb_replay_free(rb_replay *replay) {
  free(replay->purpose);
  free(replay->item);
  free(replay->theta);
  *replay = (rb_replay){0};
}
