#include "rheobase/analysis/calibration.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "calibration_internal.h"
#include "rheobase/analysis/diagnostics.h"
#include "rheobase/analysis/ranks.h"
#include "rheobase/base/clock.h"
#include "rheobase/base/memory.h"
#include "rheobase/model/support.h"
#include "rheobase/parallel/agree.h"

double *rb_calibration_values(const rb_calibration *result, rb_calibration_field field) {
  return result->data[field];
}

int64_t *rb_calibration_counts(const rb_calibration *result, rb_calibration_field field) {
  return result->data[field];
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

/* All fields, NaN until they are set. */
static rb_status allocate(rb_summing *s, rb_calibration *result) {
  rb_status status = RB_OK;
  const rb_calibration_row *rows = rb_calibration_fields();
  set_lengths(s, result);
  for (int f = 0; f < RB_CAL_FIELD_COUNT; ++f) {
    int64_t count = 1;
    for (int i = 0; i < RB_CALIBRATION_MAX_RANK; ++i) count *= result->length[rows[f].dims[i]];
    double *value = NULL;
    RB_TRY(RB_ALLOCATE(s->ctx, value, count));
    for (int64_t i = 0; i < count && rows[f].type == RB_F64; ++i) value[i] = NAN;
    result->data[f] = value;
  }
cleanup:
  return status;
}

void rb_calibration_free(rb_calibration *result) {
  for (int f = 0; f < RB_CAL_FIELD_COUNT; ++f) free(result->data[f]);
  *result = (rb_calibration){0};
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
    rb_calibration_values(s->result, RB_CAL_REGIME_LOW)[g] = known ? bound[2 * g] : NAN;
    rb_calibration_values(s->result, RB_CAL_REGIME_HIGH)[g] = known ? -bound[2 * g + 1] : NAN;
  }
}

/* Puts every data set into a regime; with NaN for activity all have little. */
static rb_status find_regimes(rb_summing *s) {
  rb_status status = RB_OK;
  double *activity = NULL, middle = 0;
  int64_t *datasets = rb_calibration_counts(s->result, RB_CAL_REGIME_DATASETS);
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
  find_bounds(s, activity);
cleanup:
  free(activity);
  return status;
}

/* The standard error of a mean. */
static double error_of(const rb_moments *moments) {
  const double n = (double)moments->count;
  return sqrt(moments->squares / (n - 1) / n);
}

/* Minus the mean log density in the model's reference scales, of all data sets and by regime. */
static rb_status sum_loss(rb_summing *s) {
  rb_status status = RB_OK;
  double *loss = NULL;
  int64_t unclipped = 0;
  rb_moments moments[RB_PARTS];
  RB_TRY(rb_agree(s->ctx, RB_ALLOCATE(s->ctx, loss, s->rows)));
  rb_summing_column(s, RB_RECORD_LOG_DENSITY, 0, loss);
  const double log_scale = rb_model_log_scale(s->posterior->model);
  for (int64_t i = 0; i < s->rows; ++i) {
    const int32_t *clipped = rb_summing_at(s, RB_RECORD_CLIPPED, i);
    unclipped += *clipped == 0;
    loss[i] = *clipped != 0 ? NAN : -loss[i] - log_scale;
  }
  rb_summing_moments(s, loss, moments);
  rb_summing_add(s, 1, &unclipped);
  const rb_moments *all = &moments[RB_ALL];
  *rb_calibration_values(s->result, RB_CAL_LOSS) = all->mean;
  *rb_calibration_values(s->result, RB_CAL_LOSS_SE) = error_of(all);
  *rb_calibration_counts(s->result, RB_CAL_LOSS_DATASETS) = all->count;
  *rb_calibration_counts(s->result, RB_CAL_LOSS_NOT_FINITE) = unclipped - all->count;
  for (int g = 0; g < RB_REGIME_COUNT; ++g) {
    rb_calibration_values(s->result, RB_CAL_REGIME_LOSS)[g] = moments[g].mean;
    rb_calibration_counts(s->result, RB_CAL_REGIME_LOSS_DATASETS)[g] = moments[g].count;
  }
cleanup:
  free(loss);
  return status;
}

static void sum_outside(rb_summing *s) {
  int64_t count[RB_MAX_PARAMETERS + 1] = {0};
  for (int64_t i = 0; i < s->rows; ++i) {
    const int32_t *outside = rb_summing_at(s, RB_RECORD_OUTSIDE, i);
    for (int d = 0; d <= s->D; ++d) count[d] += outside[d];
  }
  rb_summing_add(s, s->D + 1, count);
  const double all = (double)s->N * (double)s->S;
  for (int d = 0; d < s->D; ++d) {
    rb_calibration_values(s->result, RB_CAL_OUTSIDE)[d] = (double)count[d] / all;
  }
  *rb_calibration_values(s->result, RB_CAL_OUTSIDE_ANY) = (double)count[s->D] / all;
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
  status = allocate(s, s->result);
  if (status == RB_OK) status = RB_ALLOCATE(s->ctx, s->regime, s->rows);
  RB_TRY(rb_agree(s->ctx, status));
  *rb_calibration_counts(s->result, RB_CAL_FAILED) = s->records->partition.items - s->N;
  RB_TRY(find_regimes(s));
  RB_TRY(rb_sum_parameters(s));
  RB_TRY(rb_sum_ranks(s));
  RB_TRY(sum_loss(s));
  sum_outside(s);
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
