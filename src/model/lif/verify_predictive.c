#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../verify_groups.h"
#include "lif.h"
#include "rheobase/base/memory.h"
#include "rheobase/base/quantile.h"
#include "rheobase/io/hdf5_file.h"
#include "verify.h"

#define DEVIATION "subthreshold_deviation_mV"
static const double TOLERANCE = 1e-6;

/* A group of the file. Arrays are owned. */
typedef struct replicates {
  int64_t K, L, draws;
  double *voltage;    // (K, L)
  double *threshold;  // (draws)
  float *observed;    // (L)
  double deviation;
} replicates;

static void free_arrays(replicates *r) {
  free(r->voltage);
  free(r->threshold);
  free(r->observed);
}

static const char *path_of(const char *group, const char *name, size_t size, char *path) {
  (void)snprintf(path, size, "%s/%s", group, name);
  return path;
}

static rb_status read_group(rb_context *ctx, const rb_file *file, const char *group,
                            replicates *r) {
  rb_status status = RB_OK;
  char path[512];
  int64_t shape[2] = {0};
  void *data = NULL;
  const size_t size = sizeof path;
  RB_TRY(rb_file_read_new(ctx, file, path_of(group, "replicated_voltage", size, path), RB_F64, true,
                          2, shape, &data));
  r->voltage = data;
  r->K = shape[0];
  r->L = shape[1];
  RB_TRY(rb_file_read_new(ctx, file, path_of(group, "V_th_draws", size, path), RB_F64, true, 1,
                          &r->draws, &data));
  r->threshold = data;
  if (r->K < 1 || r->L < 1 || r->draws < 1) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "%s: empty arrays cannot be verified", group));
  }
  RB_TRY(RB_ALLOCATE(ctx, r->observed, r->L));
  RB_TRY(rb_file_read(ctx, file, path_of(group, "observed_voltage", size, path), RB_F32, true, 1,
                      &r->L, r->observed));
  RB_TRY(rb_file_read(ctx, file, path_of(group, DEVIATION, size, path), RB_F64, true, 0, NULL,
                      &r->deviation));
cleanup:
  return status;
}

static rb_status verify_group(rb_context *ctx, const rb_file *file, const char *group,
                              rb_verify_report *report) {
  rb_status status = RB_OK;
  replicates r = {0};
  double *median = NULL, *column = NULL;
  char name[512];
  if (!rb_file_has(file, path_of(group, DEVIATION, sizeof name, name))) return RB_OK;
  RB_TRY(read_group(ctx, file, group, &r));
  RB_TRY(RB_ALLOCATE(ctx, median, r.L));
  RB_TRY(RB_ALLOCATE(ctx, column, r.K));
  for (int64_t t = 0; t < r.L; ++t) {
    for (int64_t k = 0; k < r.K; ++k) column[k] = r.voltage[k * r.L + t];
    median[t] = rb_median(r.K, column);
  }
  const double value =
      rb_lif_subthreshold_deviation(r.L, r.observed, median, rb_median(r.draws, r.threshold));
  RB_TRY(rb_verify_add(ctx, report, path_of(group, DEVIATION, sizeof name, name),
                       fabs(value - r.deviation) / fmax(1, fabs(r.deviation)), TOLERANCE));
cleanup:
  free_arrays(&r);
  free(median);
  free(column);
  return status;
}

rb_status rb_lif_verify_predictive(rb_context *ctx, const char *path, rb_verify_report *report) {
  return rb_verify_groups(ctx, path, verify_group, report);
}
