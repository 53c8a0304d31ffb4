#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rheobase/base/memory.h"
#include "rheobase/io/input_file.h"
#include "rheobase/io/settings.h"
#include "rheobase/io/study.h"
#include "rheobase/parallel/agree.h"

/* What a file of the study was made from (study.h). */

uint64_t rb_recipe_digest(const rb_recipe *recipe) {
  const uint64_t hash = rb_hash(RB_HASH_START, recipe->settings, strlen(recipe->settings));
  return rb_hash(hash, &recipe->sources, sizeof recipe->sources);
}

static void format_hash(uint64_t hash, char text[17]) {
  (void)snprintf(text, 17, "%016" PRIx64, hash);
}

rb_status rb_recipe_write(rb_context *ctx, rb_file *file, const rb_recipe *recipe) {
  rb_status status = RB_OK;
  char digest[17];
  char sources[17];
  format_hash(rb_recipe_digest(recipe), digest);
  format_hash(recipe->sources, sources);
  RB_TRY(rb_file_set_string(ctx, file, "", "settings", recipe->settings));
  RB_TRY(rb_file_set_string(ctx, file, "", "sources", sources));
  RB_TRY(rb_file_set_string(ctx, file, "", "digest", digest));
  if (recipe->made_from != NULL) {
    RB_TRY(rb_file_set_string(ctx, file, "", "made_from", recipe->made_from));
  }
cleanup:
  return status;
}

void rb_recipe_add_file(FILE *made_from, uint64_t digest, const char *option, const char *name) {
  (void)fprintf(made_from, "%016" PRIx64 " %s ", digest, option != NULL ? option : "-");
  for (; *name != '\0'; ++name) (void)fputc(*name == '\n' ? '?' : *name, made_from);
  (void)fputc('\n', made_from);
}

const char *rb_recipe_next_file(const char *made_from, rb_origin *origin) {
  char *end = NULL;
  *origin = (rb_origin){.digest = strtoull(made_from, &end, 16)};
  if (end != made_from + 16 || *end != ' ') return NULL;
  const char *option = end + 1, *name = option + strcspn(option, " \n");
  if (*name != ' ') return NULL;
  if (*option != '-' || option + 1 != name) {
    (void)snprintf(origin->option, sizeof origin->option, "%.*s", (int)(name - option), option);
  }
  ++name;
  const size_t length = strcspn(name, "\n");
  (void)snprintf(origin->name, sizeof origin->name, "%.*s", (int)length, name);
  return name + length + (name[length] == '\n');
}

rb_status rb_recipe_read_made_from(rb_context *ctx, const rb_file *file, char **made_from) {
  *made_from = NULL;
  if (!rb_file_has_attribute(file, "", "made_from")) return RB_OK;
  return rb_file_get_string(ctx, file, "", "made_from", made_from);
}

rb_status rb_recipe_read_digest(rb_context *ctx, const rb_file *file, uint64_t *digest) {
  rb_status status = RB_OK;
  char *text = NULL;
  char *end = NULL;
  RB_TRY(rb_file_get_string(ctx, file, "", "digest", &text));
  *digest = strtoull(text, &end, 16);
  if (end != text + 16 || *end != '\0') {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "the digest '%.40s' is damaged", text));
  }
cleanup:
  free(text);
  return status;
}

/* Compares the recipe with an open file. */
static rb_status compare(rb_context *ctx, const rb_file *file, const rb_recipe *recipe, bool *same,
                         char *why) {
  rb_status status = RB_OK;
  char *settings = NULL;
  uint64_t digest = 0;
  RB_TRY(rb_recipe_read_digest(ctx, file, &digest));
  RB_TRY(rb_file_get_string(ctx, file, "", "settings", &settings));
  *same = digest == rb_recipe_digest(recipe);
  if (!*same && rb_settings_difference(settings, recipe->settings, NULL, why, RB_STUDY_WHY) == 0) {
    (void)snprintf(why, RB_STUDY_WHY, "the files it was made from have changed");
  }
cleanup:
  free(settings);
  return status;
}

rb_status rb_recipe_check(rb_context *ctx, const char *path, const char *schema, int version,
                          const rb_recipe *recipe, rb_product_state *state, char *why) {
  int found = RB_PRODUCT_ABSENT;
  memset(why, 0, RB_STUDY_WHY);
  if (ctx->rank == 0 && access(path, F_OK) == 0) {
    rb_file *file = NULL;
    bool same = false;
    rb_status status = rb_file_open_one(ctx, path, schema, version, &file);
    if (status == RB_OK) status = compare(ctx, file, recipe, &same, why);
    rb_file_close(&file);
    found = status == RB_OK && same ? RB_PRODUCT_CURRENT : RB_PRODUCT_DIFFERENT;
    if (status != RB_OK) {  // a damaged file is one that has to be made again
      (void)snprintf(why, RB_STUDY_WHY, "%.500s", ctx->error.message);
      rb_error_clear(ctx);
    }
  }
  MPI_Bcast(&found, 1, MPI_INT, 0, ctx->comm);
  MPI_Bcast(why, RB_STUDY_WHY, MPI_CHAR, 0, ctx->comm);
  *state = (rb_product_state)found;
  return RB_OK;
}

rb_status rb_hash_file(rb_context *ctx, const char *path, uint64_t *digest) {
  rb_status status = RB_OK;
  enum { PIECE = 1 << 20 };
  unsigned char *piece = NULL;
  FILE *stream = NULL;
  *digest = RB_HASH_START;
  RB_TRY(rb_input_open(ctx, path, &stream));
  RB_TRY(RB_ALLOCATE(ctx, piece, PIECE));
  for (;;) {
    const size_t length = fread(piece, 1, PIECE, stream);
    if (length == 0) break;
    *digest = rb_hash(*digest, piece, length);
  }
  if (ferror(stream) != 0) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FILE, "%s: cannot be read: %s", path, strerror(errno)));
  }
cleanup:
  if (stream != NULL) (void)fclose(stream);
  free(piece);
  return status;
}

rb_status rb_study_refuse(rb_context *ctx, const char *path, const char *why) {
  static const char *const remedy = "use another folder, or --force to replace it";
  if (strncmp(why, path, strlen(path)) == 0) {  // it cannot be read
    return RB_FAIL(ctx, RB_ERR_STUDY, "%s; %s", why, remedy);
  }
  return RB_FAIL(ctx, RB_ERR_STUDY, "%s is of another study: %s; %s", path, why, remedy);
}

rb_status rb_study_hash_file(rb_context *ctx, const char *path, uint64_t *digest) {
  const rb_status status = ctx->rank == 0 ? rb_hash_file(ctx, path, digest) : RB_OK;
  const rb_status agreed = rb_agree(ctx, status);
  if (agreed == RB_OK) MPI_Bcast(digest, 1, MPI_UINT64_T, 0, ctx->comm);
  return agreed;
}
