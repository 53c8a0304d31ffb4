#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/analysis/predictive.h"
#include "rheobase/base/memory.h"
#include "verify_ensemble.h"

#define PREFIX "replicated_"

/* Reads replicated_<what>. @param shape (rank) out, without zeros @param data the caller frees */
static rb_status read_replicates(rb_verify_group *g, const char *what, rb_type type, int rank,
                                 int64_t *shape, void **data) {
  rb_status status = RB_OK;
  char path[512];
  (void)snprintf(path, sizeof path, "%s/" PREFIX "%s", g->name, what);
  RB_TRY(rb_file_read_new(g->ctx, g->file, path, type, true, rank, shape, data));
  for (int i = 0; i < rank; ++i) {
    if (shape[i] > 0) continue;
    RB_TRY(RB_FAIL(g->ctx, RB_ERR_FORMAT, "%s is empty and cannot be verified", path));
  }
cleanup:
  return status;
}

static rb_status read_observed(rb_verify_group *g, const char *what, rb_type type, int rank,
                               const int64_t *shape, void *data) {
  char path[512];
  (void)snprintf(path, sizeof path, "%s/observed_%s", g->name, what);
  return rb_file_read(g->ctx, g->file, path, type, true, rank, shape, data);
}

static rb_status compare_channel(rb_verify_group *g, const char *what) {
  rb_status status = RB_OK;
  int64_t shape[2] = {0};
  void *replicate = NULL;
  float *observed = NULL;
  double *low = NULL, *median = NULL, *high = NULL;
  char name[192];
  RB_TRY(read_replicates(g, what, RB_F32, 2, shape, &replicate));
  const int64_t K = shape[0], L = shape[1];
  RB_TRY(RB_ALLOCATE(g->ctx, observed, L));
  RB_TRY(read_observed(g, what, RB_F32, 1, &L, observed));
  RB_TRY(RB_ALLOCATE(g->ctx, low, L));
  RB_TRY(RB_ALLOCATE(g->ctx, median, L));
  RB_TRY(RB_ALLOCATE(g->ctx, high, L));
  RB_TRY(rb_predictive_band(g->ctx, K, L, replicate, NULL, L, low, median, high));
  RB_TRY(rb_verify_compare(g, "band_5", 1, &L, low));
  RB_TRY(rb_verify_compare(g, "band_median", 1, &L, median));
  RB_TRY(rb_verify_compare(g, "band_95", 1, &L, high));
  const double coverage = rb_predictive_coverage(L, observed, NULL, low, high);
  (void)snprintf(name, sizeof name, "%s_coverage", what);
  RB_TRY(rb_verify_compare(g, name, 0, NULL, &coverage));
cleanup:
  free(replicate);
  free(observed);
  free(low);
  free(median);
  free(high);
  return status;
}

static rb_status compare_statistic(rb_verify_group *g, const char *what) {
  rb_status status = RB_OK;
  int64_t K = 0;
  void *replicate = NULL;
  double observed = 0;
  char name[192];
  RB_TRY(read_replicates(g, what, RB_F64, 1, &K, &replicate));
  RB_TRY(read_observed(g, what, RB_F64, 0, NULL, &observed));
  const double percentile = rb_predictive_percentile(K, replicate, 1, observed);
  (void)snprintf(name, sizeof name, "%s_percentile", what);
  RB_TRY(rb_verify_compare(g, name, 0, NULL, &percentile));
cleanup:
  free(replicate);
  return status;
}

rb_status rb_verify_predictive(rb_verify_group *group, int64_t *known) {
  rb_status status = RB_OK;
  int64_t members = 0;
  char **member = NULL;
  if (!rb_file_is_group(group->file, group->name)) return RB_OK;
  RB_TRY(rb_file_list(group->ctx, group->file, group->name, &members, &member));
  for (int64_t i = 0; i < members; ++i) {
    if (strncmp(member[i], PREFIX, strlen(PREFIX)) != 0) continue;
    const char *what = member[i] + strlen(PREFIX);
    char path[512];
    int rank = -1;
    int64_t shape[RB_FILE_MAX_RANK];
    (void)snprintf(path, sizeof path, "%s/%s", group->name, member[i]);
    RB_TRY(rb_file_shape(group->ctx, group->file, path, &rank, shape));
    if (rank == 2) {
      RB_TRY(compare_channel(group, what));
    } else {
      RB_TRY(compare_statistic(group, what));
    }
    ++*known;
  }
cleanup:
  free(member);
  return status;
}
