#include "stage_recipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/parallel/agree.h"

/* What a stage's file is to be made from: one digest of all, and a list of them. */
typedef struct sources {
  const uint64_t *planned;  // of products that are still to be made; NULL: they are there
  uint64_t digest;
  FILE *list;
} sources;

static void add_source(sources *s, uint64_t digest, const char *option, const char *name) {
  s->digest = rb_hash(s->digest, &digest, sizeof digest);
  rb_recipe_add_file(s->list, digest, option, name);
}

/* What an earlier stage's file was made from. Local. */
static rb_status read_digest(rb_context *ctx, const rb_stage *maker, const char *path,
                             uint64_t *made_from) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  status = rb_product_open_one(ctx, maker->product, path, &file);
  if (status == RB_ERR_FILE) {
    rb_error_clear(ctx);
    RB_TRY(RB_FAIL(ctx, RB_ERR_FILE, "%s cannot be opened: run `rheobase %s` first", path,
                   rb_products[maker->product].stage));
  }
  RB_TRY(status);
  RB_TRY(rb_recipe_read_digest(ctx, file, made_from));
cleanup:
  rb_file_close(&file);
  return status;
}

/* Adds an earlier stage's file. Collective. */
static rb_status add_file(rb_context *ctx, const rb_stage *maker, const char *path, sources *s) {
  rb_status status = RB_OK;
  uint64_t made_from = 0;
  if (ctx->rank == 0) status = read_digest(ctx, maker, path, &made_from);
  RB_TRY(rb_agree(ctx, status));
  MPI_Bcast(&made_from, 1, MPI_UINT64_T, 0, ctx->comm);
  add_source(s, made_from, NULL, strrchr(path, '/') + 1);
cleanup:
  return status;
}

/* Adds all files of the stage that writes `source`. Collective. */
static rb_status add_product(rb_context *ctx, const rb_job *job, rb_product source, sources *s) {
  rb_status status = RB_OK;
  const rb_stage *maker = rb_stage_that_writes(source);
  char path[RB_JOB_PATH];
  for (int k = 0; k < rb_stage_file_count(job, maker); ++k) {
    rb_stage_file_path(job, maker, k, path);
    if (s->planned == NULL) {
      RB_TRY(add_file(ctx, maker, path, s));
    } else {
      add_source(s, s->planned[source], NULL, strrchr(path, '/') + 1);
    }
  }
cleanup:
  return status;
}

/* Adds a file of the user's, by its content. Collective. */
static rb_status add_foreign(rb_context *ctx, const char *option, const char *path, sources *s) {
  uint64_t content = 0;
  const rb_status status = rb_study_hash_file(ctx, path, &content);
  if (status == RB_OK) add_source(s, content, option, path);
  return status;
}

/* Adds which sweeps of a recording are taken. */
static void add_sweeps(const char *list, sources *s) {
  if (list == NULL) return;
  add_source(s, rb_hash(RB_HASH_START, list, strlen(list)), "--sweeps", list);
}

/* Adds all that the stage reads. Collective. */
static rb_status add_sources(rb_context *ctx, const rb_job *job, const rb_stage *stage,
                             sources *s) {
  rb_status status = RB_OK;
  const char *data = stage->takes_data ? job->arguments->data : NULL;
  const rb_arguments *arguments = job->arguments;
  const char *observation = stage->takes_observation ? arguments->observation : NULL;
  if (data != NULL) {
    RB_TRY(add_foreign(ctx, "--data", data, s));
  } else {
    for (int p = 0; p < RB_PRODUCTS; ++p) {
      if ((rb_stage_sources(job, stage) & 1U << p) == 0) continue;
      RB_TRY(add_product(ctx, job, (rb_product)p, s));
    }
  }
  if (observation != NULL) RB_TRY(add_foreign(ctx, "--observation", observation, s));
  if (stage->most_recordings == 0) return RB_OK;
  for (int k = 0; k < arguments->recordings; ++k) {
    RB_TRY(add_foreign(ctx, "--recording", arguments->recorded[k], s));
  }
  add_sweeps(arguments->recording.sweeps, s);
cleanup:
  return status;
}

rb_status rb_stage_recipe_make(rb_context *ctx, rb_job *job, const rb_stage *stage,
                               const uint64_t *planned) {
  rb_status status = RB_OK;
  char *lines = NULL, *list = NULL;
  size_t size = 0;
  sources s = {planned, RB_HASH_START, open_memstream(&list, &size)};
  const rb_status opened = s.list != NULL ? RB_OK : RB_FAIL(ctx, RB_ERR_MEMORY, "out of memory");
  RB_TRY(rb_agree(ctx, opened));
  RB_TRY(rb_agree(ctx, rb_input_lines(ctx, &job->input, stage->settings, &lines)));
  RB_TRY(add_sources(ctx, job, stage, &s));
cleanup:
  if (s.list != NULL) (void)fclose(s.list);
  job->recipe = (rb_recipe){lines, s.digest, list};
  return status;
}

void rb_stage_recipe_free(rb_job *job) {
  rb_recipe *recipe = &job->recipe;
  free((char *)recipe->settings);
  free((char *)recipe->made_from);
  *recipe = (rb_recipe){0};
}
