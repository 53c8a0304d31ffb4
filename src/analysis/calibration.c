#include "rheobase/calibration.h"

#include <math.h>
#include <string.h>

#include "calibration_internal.h"
#include "rheobase/agree.h"
#include "rheobase/bands.h"
#include "rheobase/clock.h"
#include "rheobase/diagnostics.h"
#include "rheobase/memory.h"
#include "rheobase/quantile.h"
#include "rheobase/ranks.h"
#include "rheobase/support.h"

double *rb_calibration_values(const rb_calibration *result, rb_calibration_field field) {
  return result->data[field];
}

int64_t *rb_calibration_counts(const rb_calibration *result, rb_calibration_field field) {
  return result->data[field];
}

int64_t rb_summing_select(const rb_summing *s, int part, const double *column, double *selected) {
  int64_t count = 0;
  for (int64_t i = 0; i < s->N; ++i) {
    if (part == RB_ALL || s->regime[i] == part) selected[count++] = column[i];
  }
  return count;
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

/* Puts every data set into a regime; with NaN for activity all are "few". */
static rb_status find_regimes(rb_summing *s) {
  rb_status status = RB_OK;
  double *activity = NULL, *active = NULL;
  status = RB_ALLOCATE(s->ctx, activity, s->N);
  if (status == RB_OK) status = RB_ALLOCATE(s->ctx, active, s->N);
  RB_TRY(rb_agree(s->ctx, status));
  RB_TRY(rb_records_column(s->ctx, s->records, RB_RECORD_ACTIVITY, 0, activity));
  int64_t count = 0;
  for (int64_t i = 0; i < s->N; ++i) {
    if (activity[i] != 0) active[count++] = activity[i];
  }
  const double middle = count > 0 ? rb_median(count, active) : 0;
  int64_t *datasets = rb_calibration_counts(s->result, RB_CAL_REGIME_DATASETS);
  double *low = rb_calibration_values(s->result, RB_CAL_REGIME_LOW);
  double *high = rb_calibration_values(s->result, RB_CAL_REGIME_HIGH);
  for (int64_t i = 0; i < s->N; ++i) {
    const rb_regime regime = activity[i] == 0       ? RB_SILENT
                             : activity[i] > middle ? RB_BURSTING
                                                    : RB_FEW;
    s->regime[i] = (uint8_t)regime;
    ++datasets[regime];
    low[regime] = fmin(low[regime], activity[i]);  // fmin and fmax leave a NaN behind
    high[regime] = fmax(high[regime], activity[i]);
  }
cleanup:
  free(activity);
  free(active);
  return status;
}

/* Mean, standard error and number of the finite values. */
static int64_t finite_mean(int64_t n, const double *value, double *mean, double *error) {
  int64_t count = 0;
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < n; ++i) {
    if (!isfinite(value[i])) continue;
    sum += value[i];
    ++count;
  }
  *mean = sum / (double)count;
  for (int64_t i = 0; i < n; ++i) {
    if (isfinite(value[i])) squares += (value[i] - *mean) * (value[i] - *mean);
  }
  *error = sqrt(squares / (double)(count - 1) / (double)count);
  return count;
}

/* Minus the mean log density in the model's reference scales, of all data sets and by regime. */
static rb_status sum_loss(rb_summing *s) {
  rb_status status = RB_OK;
  double *loss = NULL, *clipped = NULL;
  status = RB_ALLOCATE(s->ctx, loss, s->N);
  if (status == RB_OK) status = RB_ALLOCATE(s->ctx, clipped, s->N);
  RB_TRY(rb_agree(s->ctx, status));
  RB_TRY(rb_records_column(s->ctx, s->records, RB_RECORD_LOG_DENSITY, 0, loss));
  RB_TRY(rb_records_column(s->ctx, s->records, RB_RECORD_CLIPPED, 0, clipped));
  const double log_scale = rb_model_log_scale(s->posterior->model);
  int64_t unclipped = 0;
  for (int64_t i = 0; i < s->N; ++i) {
    unclipped += clipped[i] == 0;
    loss[i] = clipped[i] != 0 ? NAN : -loss[i] - log_scale;
  }
  const int64_t counted = finite_mean(s->N, loss, rb_calibration_values(s->result, RB_CAL_LOSS),
                                      rb_calibration_values(s->result, RB_CAL_LOSS_SE));
  *rb_calibration_counts(s->result, RB_CAL_LOSS_DATASETS) = counted;
  *rb_calibration_counts(s->result, RB_CAL_LOSS_NOT_FINITE) = unclipped - counted;
  for (int g = 0; g < RB_REGIME_COUNT; ++g) {
    double error = 0, *selected = clipped;
    const int64_t n = rb_summing_select(s, g, loss, selected);
    rb_calibration_counts(s->result, RB_CAL_REGIME_LOSS_DATASETS)[g] =
        finite_mean(n, selected, &rb_calibration_values(s->result, RB_CAL_REGIME_LOSS)[g], &error);
  }
cleanup:
  free(loss);
  free(clipped);
  return status;
}

static void sum_outside(rb_summing *s) {
  const rb_records *records = s->records;
  int64_t count[RB_MAX_PARAMETERS + 1] = {0};
  for (int64_t i = 0; i < records->rows; ++i) {
    const int32_t *outside = rb_records_at(records, RB_RECORD_OUTSIDE, i);
    for (int d = 0; d <= s->D; ++d) count[d] += outside[d];
  }
  const rb_time_part outer = rb_clock_enter(s->ctx, RB_TIME_REDUCE);
  MPI_Allreduce(MPI_IN_PLACE, count, s->D + 1, MPI_INT64_T, MPI_SUM, s->ctx->comm);
  rb_clock_leave(s->ctx, outer);
  const double all = (double)s->N * (double)s->S;
  for (int d = 0; d < s->D; ++d) {
    rb_calibration_values(s->result, RB_CAL_OUTSIDE)[d] = (double)count[d] / all;
  }
  *rb_calibration_values(s->result, RB_CAL_OUTSIDE_ANY) = (double)count[s->D] / all;
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
                  .N = N,
                  .S = S,
                  .D = records->dim,
                  .Q = records->quantities,
                  .bins = bins > 0 ? bins : rb_rank_bins(N, S)};
  if (s.bins > S + 1) s.bins = (int)(S + 1);
  if (records->done != N) {
    return RB_FAIL(ctx, RB_ERR_INTERNAL, "records are summed up before they are complete");
  }
  status = allocate(&s, result);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, s.regime, N);
  RB_TRY(rb_agree(ctx, status));
  RB_TRY(find_regimes(&s));
  RB_TRY(rb_sum_parameters(&s));
  RB_TRY(rb_sum_ranks(&s));
  RB_TRY(sum_loss(&s));
  sum_outside(&s);
cleanup:
  free(s.regime);
  if (status != RB_OK) rb_calibration_free(result);
  return status;
}
