#include "source_files.h"

#include <stdlib.h>
#include <string.h>

#include "rheobase/io/product.h"
#include "rheobase/io/study.h"

/* Checks what one file was made from against the files of that name in the stage's recipe. */
static rb_status check_origin(rb_context *ctx, const rb_job *job, rb_product made,
                              const rb_origin *origin) {
  rb_origin there;
  for (const char *line = job->recipe.made_from;
       (line = rb_recipe_next_file(line, &there)) != NULL;) {
    if (there.option[0] != '\0' || strcmp(there.name, origin->name) != 0) continue;
    if (there.digest == origin->digest) continue;
    return RB_FAIL(ctx, RB_ERR_STUDY,
                   "%s/%s was made from another %s than is there: run `rheobase %s` again, with "
                   "--force",
                   job->study.folder, rb_products[made].file, there.name, rb_products[made].stage);
  }
  return RB_OK;
}

static rb_status check_product(rb_context *ctx, const rb_job *job, rb_product made) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  char *made_from = NULL;
  rb_origin origin;
  char path[RB_JOB_PATH];
  rb_job_product_path(job, made, path);
  RB_TRY(rb_product_open_one(ctx, made, path, &file));
  RB_TRY(rb_recipe_read_made_from(ctx, file, &made_from));
  for (const char *line = made_from;
       line != NULL && (line = rb_recipe_next_file(line, &origin)) != NULL;) {
    if (origin.option[0] == '\0') RB_TRY(check_origin(ctx, job, made, &origin));
  }
cleanup:
  rb_file_close(&file);
  free(made_from);
  return status;
}

rb_status rb_source_files_agree(rb_context *ctx, const rb_job *job, unsigned products) {
  rb_status status = RB_OK;
  products &= ~(1U << RB_PRODUCT_SIMULATIONS);
  for (int p = 0; p < RB_PRODUCTS && status == RB_OK; ++p) {
    if ((products & 1U << p) != 0) status = check_product(ctx, job, (rb_product)p);
  }
  return status;
}
