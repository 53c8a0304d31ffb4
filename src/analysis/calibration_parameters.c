#include <math.h>
#include <string.h>

#include "calibration_internal.h"
#include "rheobase/agree.h"
#include "rheobase/bands.h"
#include "rheobase/binomial.h"
#include "rheobase/clock.h"
#include "rheobase/diagnostics.h"
#include "rheobase/memory.h"
#include "rheobase/quantile.h"

/* Columns of one parameter over all data sets. */
enum { TRUTH, MEDIAN, MEAN, SD, RMSE, CENTRAL, HPD, PRIOR_RMSE, COLUMNS };

typedef struct parameter_columns {
  double *column[COLUMNS];    // (N)
  double *selected[COLUMNS];  // (N) scratch: those of a part
  double *work;               // (N) scratch
} parameter_columns;

static rb_status allocate(rb_summing *s, parameter_columns *c) {
  rb_status status = RB_OK;
  for (int i = 0; i < COLUMNS; ++i) {
    RB_TRY(RB_ALLOCATE(s->ctx, c->column[i], s->N));
    RB_TRY(RB_ALLOCATE(s->ctx, c->selected[i], s->N));
  }
  RB_TRY(RB_ALLOCATE(s->ctx, c->work, s->N));
cleanup:
  return status;
}

static void release(parameter_columns *c) {
  for (int i = 0; i < COLUMNS; ++i) {
    free(c->column[i]);
    free(c->selected[i]);
  }
  free(c->work);
}

/* The rmse of draws from the prior; ranks split the data sets. */
static void bootstrap_prior(rb_summing *s, const double *truth, double *rmse) {
  const int64_t first = s->N * s->ctx->rank / s->ctx->size;
  const int64_t end = s->N * (s->ctx->rank + 1) / s->ctx->size;
  const rb_stream stream =
      rb_stream_make(s->seed, s->purpose, RB_RANDOM_NULLS, RB_NULL_BOOTSTRAP, 0);
  memset(rmse, 0, (size_t)s->N * sizeof *rmse);
  rb_prior_rmse(stream, s->N, truth, s->S, first, end - first, rmse + first);
  const rb_time_part outer = rb_clock_enter(s->ctx, RB_TIME_REDUCE);
  MPI_Allreduce(MPI_IN_PLACE, rmse, (int)s->N, MPI_DOUBLE, MPI_SUM, s->ctx->comm);
  rb_clock_leave(s->ctx, outer);
}

static rb_status gather(rb_summing *s, int d, parameter_columns *c) {
  static const rb_record fields[PRIOR_RMSE] = {
      [TRUTH] = RB_RECORD_TRUTH, [MEDIAN] = RB_RECORD_MEDIAN, [MEAN] = RB_RECORD_MEAN,
      [SD] = RB_RECORD_SD,       [RMSE] = RB_RECORD_RMSE,     [CENTRAL] = RB_RECORD_CENTRAL,
      [HPD] = RB_RECORD_HPD};
  rb_status status = RB_OK;
  for (int i = 0; i < PRIOR_RMSE; ++i) {
    RB_TRY(rb_records_column(s->ctx, s->records, fields[i], d, c->column[i]));
  }
  bootstrap_prior(s, c->column[TRUTH], c->column[PRIOR_RMSE]);
cleanup:
  return status;
}

/* How many intervals of each level hold the truth. */
static void count_inside(int64_t n, const double *bits, int64_t inside[RB_LEVELS]) {
  memset(inside, 0, RB_LEVELS * sizeof *inside);
  for (int64_t i = 0; i < n; ++i) {
    for (int a = 0; a < RB_LEVELS; ++a) inside[a] += (uint32_t)bits[i] >> a & 1;
  }
}

/* Where the numbers of a part go. */
typedef struct part_output {
  double *r, *nrmse, *contraction, *z_score, *calibration_error, *central;  // of parameter d
} part_output;

static part_output output_of(const rb_summing *s, int part, int d) {
  double *const r = rb_calibration_values(s->result, part == RB_ALL ? RB_CAL_R : RB_CAL_REGIME_R);
  double *const contraction = rb_calibration_values(
      s->result, part == RB_ALL ? RB_CAL_CONTRACTION : RB_CAL_REGIME_CONTRACTION);
  double *const z =
      rb_calibration_values(s->result, part == RB_ALL ? RB_CAL_Z_SCORE : RB_CAL_REGIME_Z_SCORE);
  double *const error = rb_calibration_values(
      s->result, part == RB_ALL ? RB_CAL_CALIBRATION_ERROR : RB_CAL_REGIME_CALIBRATION_ERROR);
  double *const central =
      rb_calibration_values(s->result, part == RB_ALL ? RB_CAL_CENTRAL : RB_CAL_REGIME_CENTRAL);
  double *const nrmse =
      part == RB_ALL
          ? rb_calibration_values(s->result, RB_CAL_NRMSE) + RB_NORMALISE_PRIOR * s->D + d
          : rb_calibration_values(s->result, RB_CAL_REGIME_NRMSE) + part * s->D + d;
  const int at = (part == RB_ALL ? 0 : part) * s->D + d;
  return (part_output){
      r + at, nrmse,      contraction + at,
      z + at, error + at, central + (part == RB_ALL ? 0 : part) * RB_LEVELS * s->D + d};
}

static void sum_part(rb_summing *s, int part, int d, parameter_columns *c) {
  enum { FEWEST = 2 };
  int64_t n = 0, inside[RB_LEVELS];
  for (int i = 0; i < COLUMNS; ++i) {
    n = rb_summing_select(s, part, c->column[i], c->selected[i]);
  }
  if (n < FEWEST) return;  // stays NaN
  const part_output out = output_of(s, part, d);
  const double *truth = c->selected[TRUTH], *sd = c->selected[SD];
  *out.r = rb_correlation(n, truth, c->selected[MEDIAN]);
  const double prior = rb_median(n, c->selected[PRIOR_RMSE]);
  *out.nrmse = rb_nrmse(n, c->selected[RMSE], prior, c->work);
  for (int64_t i = 0; i < n; ++i) {
    c->work[i] = rb_contraction(sd[i], s->result->prior_variance[d]);
  }
  *out.contraction = rb_median(n, c->work);
  for (int64_t i = 0; i < n; ++i) c->work[i] = (c->selected[MEAN][i] - truth[i]) / sd[i];
  *out.z_score = rb_median(n, c->work);
  count_inside(n, c->selected[CENTRAL], inside);
  *out.calibration_error = rb_calibration_error(n, inside);
  for (int a = 0; a < RB_LEVELS; ++a) out.central[a * s->D] = (double)inside[a] / (double)n;
}

/* What is only wanted over all data sets: the other normalisers, highest-density intervals. */
static void sum_whole(rb_summing *s, int d, parameter_columns *c) {
  double *nrmse = rb_calibration_values(s->result, RB_CAL_NRMSE);
  double *hpd = rb_calibration_values(s->result, RB_CAL_HPD);
  double *sorted = c->selected[TRUTH];
  memcpy(sorted, c->column[TRUTH], (size_t)s->N * sizeof *sorted);
  rb_sort(s->N, sorted);
  for (int k = 0; k < RB_NORMALISE_PRIOR; ++k) {
    const double normaliser = rb_normaliser_of_truths((rb_normaliser)k, s->N, sorted);
    nrmse[k * s->D + d] = rb_nrmse(s->N, c->column[RMSE], normaliser, c->work);
  }
  int64_t inside[RB_LEVELS];
  count_inside(s->N, c->column[HPD], inside);
  for (int a = 0; a < RB_LEVELS; ++a) hpd[a * s->D + d] = (double)inside[a] / (double)s->N;
}

static void coverage_bands(rb_summing *s) {
  double alpha[RB_LEVELS];
  rb_coverage_levels(alpha);
  const struct {
    rb_calibration_field low, high;
  } bands[2] = {{RB_CAL_CENTRAL_LOW, RB_CAL_CENTRAL_HIGH}, {RB_CAL_EXACT_LOW, RB_CAL_EXACT_HIGH}};
  for (int a = 0; a < RB_LEVELS; ++a) {
    const double exact = (double)rb_hpd_size(s->S, alpha[a]) / (double)(s->S + 1);
    rb_calibration_values(s->result, RB_CAL_EXACT_LEVEL)[a] = exact;
    for (int b = 0; b < 2; ++b) {
      int64_t low = 0, high = 0;
      rb_binomial_interval(0.95, s->N, b == 0 ? alpha[a] : exact, &low, &high);
      rb_calibration_values(s->result, bands[b].low)[a] = (double)low / (double)s->N;
      rb_calibration_values(s->result, bands[b].high)[a] = (double)high / (double)s->N;
    }
  }
}

rb_status rb_sum_parameters(rb_summing *s) {
  rb_status status = RB_OK;
  parameter_columns c = {0};
  double alpha[RB_LEVELS];
  RB_TRY(rb_agree(s->ctx, allocate(s, &c)));
  for (int d = 0; d < s->D; ++d) {
    RB_TRY(gather(s, d, &c));
    s->result->prior_variance[d] = rb_variance(s->N, c.column[TRUTH]);
    for (int part = 0; part <= RB_ALL; ++part) sum_part(s, part, d, &c);
    sum_whole(s, d, &c);
  }
  coverage_bands(s);
  rb_coverage_levels(alpha);
  RB_TRY(rb_null_quantile(s->ctx,
                          rb_stream_make(s->seed, s->purpose, RB_RANDOM_NULLS, RB_NULL_ERRORS, 0),
                          rb_calibration_error_of_counts, s->N, RB_LEVELS, alpha, 0.95,
                          rb_calibration_values(s->result, RB_CAL_CALIBRATION_ERROR_95)));
cleanup:
  release(&c);
  return status;
}
