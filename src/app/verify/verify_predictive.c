#include <stdio.h>

#include "rheobase/analysis/predictive.h"
#include "rheobase/base/memory.h"
#include "rheobase/base/quantile.h"
#include "rheobase/model/lif.h"
#include "verify_ensemble.h"

typedef struct trace_check {
  int64_t K, L, draws;
  float *replicate;             // (K, L)
  float *observed;              // (L)
  double *low, *median, *high;  // (L)
  double *threshold;            // (draws)
  double *spike_count;          // (K)
  int64_t observed_spike_count;
} trace_check;

static rb_status read_new(rb_verify_group *g, const char *name, rb_type type, int rank,
                          int64_t *shape, void **data) {
  char path[192];
  (void)snprintf(path, sizeof path, "%s/%s", g->name, name);
  return rb_file_read_new(g->ctx, g->file, path, type, true, rank, shape, data);
}

static rb_status read_exactly(rb_verify_group *g, const char *name, rb_type type, int rank,
                              const int64_t *shape, void *data) {
  char path[192];
  (void)snprintf(path, sizeof path, "%s/%s", g->name, name);
  return rb_file_read(g->ctx, g->file, path, type, true, rank, shape, data);
}

static rb_status read_traces(rb_verify_group *g, trace_check *c) {
  rb_status status = RB_OK;
  int64_t shape[2];
  void *data = NULL;
  RB_TRY(read_new(g, "replicated_voltage", RB_F32, 2, shape, &data));
  c->replicate = data;
  c->K = shape[0];
  c->L = shape[1];
  RB_TRY(read_new(g, "V_th_draws", RB_F64, 1, shape, &data));
  c->threshold = data;
  c->draws = shape[0];
  if (c->K < 1 || c->L < 1 || c->draws < 1) {
    RB_TRY(RB_FAIL(g->ctx, RB_ERR_FORMAT, "%s: empty arrays cannot be verified", g->name));
  }
  double **const columns[] = {&c->low, &c->median, &c->high};
  for (size_t i = 0; i < sizeof columns / sizeof *columns; ++i) {
    RB_TRY(RB_ALLOCATE(g->ctx, *columns[i], c->L));
  }
  RB_TRY(RB_ALLOCATE(g->ctx, c->observed, c->L));
  RB_TRY(RB_ALLOCATE(g->ctx, c->spike_count, c->K));
  RB_TRY(read_exactly(g, "observed_voltage", RB_F32, 1, &c->L, c->observed));
  RB_TRY(read_exactly(g, "replicated_spike_count", RB_F64, 1, &c->K, c->spike_count));
  RB_TRY(read_exactly(g, "observed_spike_count", RB_I64, 0, NULL, &c->observed_spike_count));
cleanup:
  return status;
}

static void release(trace_check *c) {
  free(c->replicate);
  free(c->observed);
  free(c->low);
  free(c->median);
  free(c->high);
  free(c->threshold);
  free(c->spike_count);
}

rb_status rb_verify_predictive(rb_verify_group *group) {
  rb_status status = RB_OK;
  trace_check c = {0};
  RB_TRY(read_traces(group, &c));
  RB_TRY(rb_predictive_band(group->ctx, c.K, c.L, c.replicate, c.L, c.low, c.median, c.high));
  RB_TRY(rb_verify_compare(group, "band_5", 1, &c.L, c.low));
  RB_TRY(rb_verify_compare(group, "band_median", 1, &c.L, c.median));
  RB_TRY(rb_verify_compare(group, "band_95", 1, &c.L, c.high));
  const double coverage = rb_predictive_coverage(c.L, c.observed, c.low, c.high);
  const double percentile =
      rb_predictive_percentile(c.K, c.spike_count, 1, (double)c.observed_spike_count);
  const double deviation =
      rb_lif_subthreshold_deviation(c.L, c.observed, c.median, rb_median(c.draws, c.threshold));
  RB_TRY(rb_verify_compare(group, "voltage_coverage", 0, NULL, &coverage));
  RB_TRY(rb_verify_compare(group, "spike_count_percentile", 0, NULL, &percentile));
  RB_TRY(rb_verify_compare(group, "subthreshold_deviation_mV", 0, NULL, &deviation));
cleanup:
  release(&c);
  return status;
}
