#include <math.h>
#include <string.h>

#include "calibration_internal.h"
#include "rheobase/analysis/diagnostic_type.h"
#include "rheobase/base/clock.h"
#include "rheobase/base/memory.h"
#include "rheobase/parallel/agree.h"

/* Which data sets there are: those that failed, and groups of the others by activity, which the
 * diagnostics after this one look at as well. */

/* Its arrays. */
enum { ARRAY_FAILED, ARRAY_REGIME_DATASETS, ARRAY_REGIME_LOW, ARRAY_REGIME_HIGH, ARRAYS };

static const rb_calibration_row rows[ARRAYS] = {
    [ARRAY_FAILED] = {"failed",
                      RB_I64,
                      {RB_DIM_NONE},
                      "1",
                      "data sets that met a numerical error and are left out everywhere"},
    [ARRAY_REGIME_DATASETS] =
        {"regime/datasets", RB_I64, {RB_DIM_REGIME}, "1", "data sets in each regime"},
    [ARRAY_REGIME_LOW] = {"regime/activity_low", RB_F64, {RB_DIM_REGIME}, "1", "smallest activity"},
    [ARRAY_REGIME_HIGH] =
        {"regime/activity_high", RB_F64, {RB_DIM_REGIME}, "1", "largest activity"},
};

const char *rb_regime_name(const rb_model *model, rb_regime regime) {
  static const char *const names[RB_REGIME_COUNT] = {"none", "little", "much"};
  return model->regime != NULL ? model->regime[regime] : names[regime];
}

/* The median activity of the data sets that have any; 0 if there are none, NaN if it is unknown. */
static rb_status find_middle(rb_summing *s, const double *activity, double *middle) {
  rb_status status = RB_OK;
  uint64_t *key = NULL, *work = NULL;
  int64_t begin[2] = {0}, count = 0;
  status = RB_ALLOCATE(s->ctx, key, s->rows);
  if (status == RB_OK) status = RB_ALLOCATE(s->ctx, work, s->rows);
  RB_TRY(rb_agree(s->ctx, status));
  for (int64_t i = 0; i < s->rows; ++i) {
    if (activity[i] != 0) key[begin[1]++] = rb_order_key(activity[i]);
  }
  rb_order_sort(begin[1], key, work);
  count = begin[1];
  rb_summing_add(s, 1, &count);
  rb_order_query query[RB_ORDER_MIDDLE_QUERIES];
  rb_order_ask_middle(count, &(rb_order_query){.key = key, .begin = begin, .end = 1}, query);
  rb_order_find(s->ctx, RB_ORDER_MIDDLE_QUERIES, query);
  const rb_order_middle found = rb_order_get_middle(query);
  *middle = count > 0 ? (found.low + found.high) / 2 : 0;
cleanup:
  free(key);
  free(work);
  return status;
}

/* Least and greatest activity in each regime; NaN where it has none. */
static void find_bounds(rb_summing *s, const double *activity) {
  double bound[2 * RB_REGIME_COUNT];  // least, and minus greatest
  for (int k = 0; k < 2 * RB_REGIME_COUNT; ++k) bound[k] = INFINITY;
  for (int64_t i = 0; i < s->rows; ++i) {
    double *of_regime = bound + 2 * s->regime[i];
    of_regime[0] = fmin(of_regime[0], activity[i]);  // leaves a NaN behind
    of_regime[1] = fmin(of_regime[1], -activity[i]);
  }
  const rb_time_part outer = rb_clock_enter(s->ctx, RB_TIME_REDUCE);
  MPI_Allreduce(MPI_IN_PLACE, bound, 2 * RB_REGIME_COUNT, MPI_DOUBLE, MPI_MIN, s->ctx->comm);
  rb_clock_leave(s->ctx, outer);
  for (int g = 0; g < RB_REGIME_COUNT; ++g) {
    const bool known = isfinite(bound[2 * g]);
    rb_summing_values(s, ARRAY_REGIME_LOW)[g] = known ? bound[2 * g] : NAN;
    rb_summing_values(s, ARRAY_REGIME_HIGH)[g] = known ? -bound[2 * g + 1] : NAN;
  }
}

/* Puts every data set into a regime; with NaN for activity all have little. */
static rb_status find_regimes(rb_summing *s) {
  rb_status status = RB_OK;
  double *activity = NULL, middle = 0;
  int64_t *datasets = rb_summing_counts(s, ARRAY_REGIME_DATASETS);
  *rb_summing_counts(s, ARRAY_FAILED) = s->records->partition.items - s->N;
  RB_TRY(rb_agree(s->ctx, RB_ALLOCATE(s->ctx, activity, s->rows)));
  rb_summing_column(s, RB_RECORD_ACTIVITY, 0, activity);
  RB_TRY(find_middle(s, activity, &middle));
  for (int64_t i = 0; i < s->rows; ++i) {
    const rb_regime regime = activity[i] == 0       ? RB_REGIME_NONE
                             : activity[i] > middle ? RB_REGIME_MUCH
                                                    : RB_REGIME_LITTLE;
    s->regime[i] = (uint8_t)regime;
    ++datasets[regime];
  }
  for (int g = 0; g < RB_REGIME_COUNT; ++g) s->begin[g + 1] = s->begin[g] + datasets[g];
  rb_summing_add(s, RB_REGIME_COUNT, datasets);
  memcpy(s->datasets, datasets, sizeof s->datasets);
  find_bounds(s, activity);
cleanup:
  free(activity);
  return status;
}

const rb_diagnostic rb_diagnostic_regimes = {.row = rows, .rows = ARRAYS, .compute = find_regimes};
