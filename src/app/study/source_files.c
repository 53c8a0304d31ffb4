#include "source_files.h"

#include <stdlib.h>
#include <string.h>

#include "rheobase/io/product.h"
#include "rheobase/io/study.h"

static rb_status open_product(rb_context *ctx, const rb_job *job, rb_product product,
                              rb_file **file) {
  char path[RB_JOB_PATH];
  rb_job_product_path(job, product, path);
  return rb_product_open_one(ctx, product, path, file);
}

/* Whether `made` was made from the file of `source` that is there. */
static rb_status check_origin(rb_context *ctx, const rb_job *job, rb_product made,
                              rb_product source, uint64_t digest) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  uint64_t there = 0;
  RB_TRY(open_product(ctx, job, source, &file));
  RB_TRY(rb_recipe_read_digest(ctx, file, &there));
  if (there != digest) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_STUDY,
                   "%s/%s was made from another %s than is there: run `rheobase %s` again, with "
                   "--force",
                   job->study.folder, rb_products[made].file, rb_products[source].file,
                   rb_products[made].stage));
  }
cleanup:
  rb_file_close(&file);
  return status;
}

/* Checks one file against the others it was made from. */
static rb_status check_product(rb_context *ctx, const rb_job *job, unsigned products,
                               rb_product made) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  char *made_from = NULL;
  rb_origin origin;
  RB_TRY(open_product(ctx, job, made, &file));
  RB_TRY(rb_recipe_read_made_from(ctx, file, &made_from));
  for (const char *line = made_from;
       line != NULL && (line = rb_recipe_next_file(line, &origin)) != NULL;) {
    for (int p = 0; p < RB_PRODUCTS; ++p) {
      const bool is_read = (products & 1U << p) != 0 && origin.option[0] == '\0';
      if (!is_read || strcmp(origin.name, rb_products[p].file) != 0) continue;
      RB_TRY(check_origin(ctx, job, made, (rb_product)p, origin.digest));
    }
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
    if ((products & 1U << p) != 0) status = check_product(ctx, job, products, (rb_product)p);
  }
  return status;
}
