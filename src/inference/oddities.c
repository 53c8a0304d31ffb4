#include "oddities.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/base/log.h"
#include "rheobase/base/memory.h"
#include "rheobase/parallel/agree.h"

/* Data sets of the prior that show something out of the ordinary, counted. */

enum { ROWS = 64, LINE = 400 };

/* Looks at data sets first .. first+n-1 of the group, items in a row together. Local.
 * @param counts (oddities) are added to */
static rb_status count_some(rb_context *ctx, const rb_group_of_items *group, int64_t first,
                            int64_t n, double *theta, uint8_t *found, int64_t *counts) {
  rb_status status = RB_OK;
  const rb_model *model = group->model;
  for (int64_t i = first, run = 1; i < first + n; i += run, run = 1) {
    const int64_t item = rb_skipped_item(group->skipped, i);
    while (i + run < first + n && rb_skipped_item(group->skipped, i + run) == item + run) ++run;
    RB_TRY(model->draw_prior(model, ctx, group->seed, group->purpose, item, run, theta, NULL));
    RB_TRY(model->find_oddities(model, ctx, group->seed, group->purpose, item, run, theta, found));
    for (int64_t k = 0; k < run * model->oddities; ++k) counts[k % model->oddities] += found[k];
  }
cleanup:
  return status;
}

/* Looks at this rank's share. Local. @param counts (oddities) are added to */
static rb_status count_share(rb_context *ctx, const rb_group_of_items *group, int64_t *counts) {
  rb_status status = RB_OK;
  const int64_t end = group->count * (ctx->rank + 1) / ctx->size;
  double *theta = NULL;
  uint8_t *found = NULL;
  RB_TRY(RB_ALLOCATE(ctx, theta, ROWS * group->model->dim));
  RB_TRY(RB_ALLOCATE(ctx, found, ROWS * group->model->oddities));
  for (int64_t first = group->count * ctx->rank / ctx->size; first < end; first += ROWS) {
    const int64_t n = end - first < ROWS ? end - first : ROWS;
    RB_TRY(count_some(ctx, group, first, n, theta, found, counts));
  }
cleanup:
  free(theta);
  free(found);
  return status;
}

static void tell(const rb_context *ctx, const rb_model *model, int64_t count,
                 const int64_t *counts) {
  char line[LINE] = "";
  for (int o = 0; o < model->oddities; ++o) {
    const size_t at = strlen(line);
    (void)snprintf(line + at, sizeof line - at, "%s%" PRId64 " %s", o > 0 ? ", " : "", counts[o],
                   model->oddity[o].name);
  }
  rb_log_info(ctx, "of %" PRId64 " simulations: %s", count, line);
}

rb_status rb_oddities_write(rb_context *ctx, rb_file *file, const rb_group_of_items *group) {
  rb_status status = RB_OK;
  const rb_model *model = group->model;
  int64_t counts[RB_MAX_ODDITIES] = {0};
  const char *names[RB_MAX_ODDITIES];
  char dimension[128], path[128];
  if (model->oddities == 0) return RB_OK;
  RB_TRY(rb_agree(ctx, count_share(ctx, group, counts)));
  MPI_Allreduce(MPI_IN_PLACE, counts, model->oddities, MPI_INT64_T, MPI_SUM, ctx->comm);
  for (int o = 0; o < model->oddities; ++o) names[o] = model->oddity[o].name;
  (void)snprintf(dimension, sizeof dimension, "%s/oddity", group->name);
  (void)snprintf(path, sizeof path, "%s/oddity_count", group->name);
  RB_TRY(rb_file_dimension(ctx, file, dimension, model->oddities));
  RB_TRY(rb_file_write(ctx, file,
                       &(rb_field){dimension, RB_STRING, "oddity", "1",
                                   "what is out of the ordinary in a simulation", false},
                       names));
  RB_TRY(rb_file_write(
      ctx, file,
      &(rb_field){path, RB_I64, "oddity", "1", "data sets of this group that show it", false},
      counts));
  tell(ctx, model, group->count, counts);
cleanup:
  return status;
}
