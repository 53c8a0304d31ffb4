#include "rheobase/analysis/calibration.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "calibration_internal.h"
#include "rheobase/analysis/diagnostic_type.h"
#include "rheobase/analysis/diagnostics.h"
#include "rheobase/analysis/ranks.h"
#include "rheobase/base/clock.h"
#include "rheobase/base/memory.h"
#include "rheobase/model/support.h"
#include "rheobase/parallel/agree.h"

#define RB_DIAGNOSTIC(name) &rb_diagnostic_##name,
const rb_diagnostic *const rb_diagnostics[] = {
#include "rheobase/analysis/diagnostic_list.h"
    NULL};
#undef RB_DIAGNOSTIC

static void *find(const rb_calibration *result, const char *name) {
  for (int a = 0; a < result->arrays; ++a) {
    if (strcmp(result->row[a]->name, name) == 0) return result->data[a];
  }
  return NULL;
}

double *rb_calibration_values(const rb_calibration *result, const char *name) {
  return find(result, name);
}

int64_t *rb_calibration_counts(const rb_calibration *result, const char *name) {
  return find(result, name);
}

static void set_lengths(const rb_summing *s, rb_calibration *result) {
  const int64_t lengths[RB_DIM_COUNT] = {
      [RB_DIM_NONE] = 1,
      [RB_DIM_PARAMETER] = s->D,
      [RB_DIM_QUANTITY] = s->Q,
      [RB_DIM_LEVEL] = RB_LEVELS,
      [RB_DIM_NORMALISER] = RB_NORMALISE_COUNT,
      [RB_DIM_REGIME] = RB_REGIME_COUNT,
      [RB_DIM_NOTEBOOK_BIN] = RB_NOTEBOOK_BINS,
      [RB_DIM_NOTEBOOK_EDGE] = RB_NOTEBOOK_BINS + 1,
      [RB_DIM_RANK] = s->S + 1,
      [RB_DIM_BIN] = s->bins,
      [RB_DIM_EDGE] = s->bins + 1,
      [RB_DIM_WIDTH] = s->S / 2 + 1,
  };
  memcpy(result->length, lengths, sizeof lengths);
}

/* The arrays of one diagnostic, NaN until they are set. */
static rb_status allocate(rb_context *ctx, const rb_diagnostic *diagnostic,
                          rb_calibration *result) {
  rb_status status = RB_OK;
  if (result->arrays + diagnostic->rows > RB_CALIBRATION_ARRAYS) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_INTERNAL, "calibration has more than %d arrays",
                   RB_CALIBRATION_ARRAYS));
  }
  for (int r = 0; r < diagnostic->rows; ++r) {
    const rb_calibration_row *row = &diagnostic->row[r];
    int64_t count = 1;
    for (int i = 0; i < RB_CALIBRATION_MAX_RANK; ++i) count *= result->length[row->dims[i]];
    double *value = NULL;
    RB_TRY(RB_ALLOCATE(ctx, value, count));
    for (int64_t i = 0; i < count && row->type == RB_F64; ++i) value[i] = NAN;
    result->row[result->arrays] = row;
    result->data[result->arrays++] = value;
  }
cleanup:
  return status;
}

void rb_calibration_free(rb_calibration *result) {
  for (int a = 0; a < result->arrays; ++a) free(result->data[a]);
  *result = (rb_calibration){0};
}

/* Picks the data sets that did not fail. */
static rb_status find_valid(rb_summing *s) {
  rb_status status = RB_OK;
  const int64_t all = s->records->partition.items;
  RB_TRY(rb_agree(s->ctx, RB_ALLOCATE(s->ctx, s->row, s->records->rows)));
  for (int64_t row = 0; row < s->records->rows; ++row) {
    if (!rb_records_failed(s->records, row)) s->row[s->rows++] = row;
  }
  s->N = s->rows;
  rb_summing_add(s, 1, &s->N);
  if (s->N < 2) {
    RB_TRY(RB_FAIL(s->ctx, RB_ERR_NUMERIC,
                   "%" PRId64 " of %" PRId64
                   " data sets of a test set failed, and too few are left to sum up; train again",
                   all - s->N, all));
  }
cleanup:
  return status;
}

/* The sums of the data sets that are left. */
static rb_status sum_up(rb_summing *s) {
  rb_status status = RB_OK;
  set_lengths(s, s->result);
  for (const rb_diagnostic *const *diagnostic = rb_diagnostics; *diagnostic != NULL; ++diagnostic) {
    if (status == RB_OK) status = allocate(s->ctx, *diagnostic, s->result);
  }
  if (status == RB_OK) status = RB_ALLOCATE(s->ctx, s->regime, s->rows);
  RB_TRY(rb_agree(s->ctx, status));
  for (const rb_diagnostic *const *diagnostic = rb_diagnostics; *diagnostic != NULL; ++diagnostic) {
    RB_TRY((*diagnostic)->compute(s));
    s->first += (*diagnostic)->rows;
  }
cleanup:
  return status;
}

rb_status rb_calibration_compute(rb_context *ctx, const rb_records *records, uint64_t seed,
                                 rb_purpose purpose, const rb_posterior *posterior, int bins,
                                 rb_calibration *result) {
  rb_status status = RB_OK;
  const int64_t N = records->partition.items, S = records->draws;
  *result = (rb_calibration){.datasets = N, .draws = S};
  rb_summing s = {.ctx = ctx,
                  .records = records,
                  .result = result,
                  .seed = seed,
                  .purpose = purpose,
                  .posterior = posterior,
                  .S = S,
                  .D = records->dim,
                  .Q = records->quantities};
  if (records->done != N) {
    return RB_FAIL(ctx, RB_ERR_INTERNAL, "records are summed up before they are complete");
  }
  RB_TRY(find_valid(&s));
  s.bins = bins > 0 ? bins : rb_rank_bins(s.N, S);
  if (s.bins > S + 1) s.bins = (int)(S + 1);
  RB_TRY(sum_up(&s));
cleanup:
  free(s.row);
  free(s.regime);
  if (status != RB_OK) rb_calibration_free(result);
  return status;
}
