#include <math.h>
#include <string.h>

#include "calibration_internal.h"
#include "rheobase/analysis/diagnostic_type.h"
#include "rheobase/analysis/diagnostics.h"
#include "rheobase/base/clock.h"
#include "rheobase/base/memory.h"
#include "rheobase/base/quantile.h"
#include "rheobase/base/signals.h"
#include "rheobase/parallel/agree.h"

/* Its arrays. */
enum {
  ARRAY_R,
  ARRAY_NRMSE,
  ARRAY_CONTRACTION,
  ARRAY_Z_SCORE,
  ARRAY_REGIME_R,
  ARRAY_REGIME_NRMSE,
  ARRAY_REGIME_CONTRACTION,
  ARRAY_REGIME_Z_SCORE,
  ARRAYS
};

static const rb_calibration_row rows[ARRAYS] = {
    [ARRAY_R] = {"r", RB_F64, {RB_DIM_PARAMETER}, "1", "Pearson correlation of truth and median"},
    [ARRAY_NRMSE] = {"nrmse",
                     RB_F64,
                     {RB_DIM_NORMALISER, RB_DIM_PARAMETER},
                     "1",
                     "median rmse over a normaliser (that of 'none' in the parameter's unit)"},
    [ARRAY_CONTRACTION] = {"contraction", RB_F64, {RB_DIM_PARAMETER}, "1", "median contraction"},
    [ARRAY_Z_SCORE] = {"z_score", RB_F64, {RB_DIM_PARAMETER}, "1", "median posterior z-score"},
    [ARRAY_REGIME_R] = {"regime/r", RB_F64, {RB_DIM_REGIME, RB_DIM_PARAMETER}, "1", "as r"},
    [ARRAY_REGIME_NRMSE] = {"regime/nrmse",
                            RB_F64,
                            {RB_DIM_REGIME, RB_DIM_PARAMETER},
                            "1",
                            "as nrmse of normaliser 'prior'"},
    [ARRAY_REGIME_CONTRACTION] =
        {"regime/contraction", RB_F64, {RB_DIM_REGIME, RB_DIM_PARAMETER}, "1", "as contraction"},
    [ARRAY_REGIME_Z_SCORE] =
        {"regime/z_score", RB_F64, {RB_DIM_REGIME, RB_DIM_PARAMETER}, "1", "as z_score"},
};

enum { POOL = 65536 };  // truths that stand for the prior

/* What medians are of. */
enum { SD, RMSE, Z_SCORE, PRIOR_RMSE, KINDS };

typedef struct parameter_work {
  double *prior_rmse;      // (rows of the records, D)
  double *truth, *column;  // (rows)
  uint64_t *truths;        // (rows) keys
  uint64_t *key[KINDS];    // (rows)
  uint64_t *work;          // (rows)
  rb_truths of_truths;
} parameter_work;

static rb_status allocate(rb_summing *s, parameter_work *w) {
  rb_status status = RB_OK;
  RB_TRY(RB_ALLOCATE(s->ctx, w->prior_rmse, s->records->rows * s->D));
  RB_TRY(RB_ALLOCATE(s->ctx, w->truth, s->rows));
  RB_TRY(RB_ALLOCATE(s->ctx, w->column, s->rows));
  RB_TRY(RB_ALLOCATE(s->ctx, w->truths, s->rows));
  for (int k = 0; k < KINDS; ++k) RB_TRY(RB_ALLOCATE(s->ctx, w->key[k], s->rows));
  RB_TRY(RB_ALLOCATE(s->ctx, w->work, s->rows));
cleanup:
  return status;
}

static void release(parameter_work *w) {
  free(w->prior_rmse);
  free(w->truth);
  free(w->column);
  free(w->truths);
  for (int k = 0; k < KINDS; ++k) free(w->key[k]);
  free(w->work);
}

/* The first truths, also of data sets that failed, on every rank. @param pool (M, D) the caller
 * frees it */
static rb_status gather_pool(rb_summing *s, int64_t *M, double **pool) {
  rb_status status = RB_OK;
  const int64_t chunk = s->records->partition.chunk, N = s->records->partition.items;
  *M = N < POOL ? N : POOL;
  const int64_t whole = (*M + chunk - 1) / chunk * chunk;  // chunks
  const int64_t count = whole < N ? whole : N;
  RB_TRY(rb_agree(s->ctx, RB_ALLOCATE(s->ctx, *pool, count * s->D)));
  RB_TRY(rb_records_gather(s->ctx, s->records, RB_RECORD_TRUTH, 0, count, *pool));
  const rb_time_part outer = rb_clock_enter(s->ctx, RB_TIME_REDUCE);
  MPI_Bcast(*pool, (int)(*M * s->D), MPI_DOUBLE, 0, s->ctx->comm);
  rb_clock_leave(s->ctx, outer);
cleanup:
  return status;
}

/* The rmse of draws from the prior, of all parameters. @param rmse (rows of the records, D) */
static rb_status bootstrap_prior(rb_summing *s, double *rmse) {
  rb_status status = RB_OK;
  const rb_partition *partition = &s->records->partition;
  const rb_stream stream =
      rb_stream_make(s->seed, s->purpose, RB_RANDOM_NULLS, RB_NULL_BOOTSTRAP, 0);
  double *pool = NULL;
  int64_t M = 0;
  RB_TRY(gather_pool(s, &M, &pool));
  for (int64_t round = 0; round < partition->rounds && status == RB_OK; ++round) {
    const rb_range range = rb_partition_round(partition, round);
    const int64_t row = rb_records_row(s->records, round);
    if (range.count == 0) break;
    rb_prior_rmse(stream, M, s->D, pool, s->S, range.first, range.count,
                  rb_records_at(s->records, RB_RECORD_TRUTH, row), rmse + row * s->D);
    if (rb_signals_asked(s->ctx)) {
      status =
          RB_FAIL(s->ctx, RB_STOPPED, "stopped by a signal while summing up; start again to go on");
    }
  }
  RB_TRY(rb_agree(s->ctx, status));
cleanup:
  free(pool);
  return status;
}

/* Mean and spread of the truths, and their correlation with the medians. */
static void sum_moments(rb_summing *s, int d, parameter_work *w) {
  rb_moments truth[RB_PARTS], median[RB_PARTS];
  double products[RB_PARTS];
  rb_summing_column(s, RB_RECORD_TRUTH, d, w->truth);
  rb_summing_column(s, RB_RECORD_MEDIAN, d, w->column);
  rb_summing_moments(s, w->truth, truth);
  rb_summing_moments(s, w->column, median);
  rb_summing_products(s, w->truth, truth, w->column, median, products);
  for (int part = 0; part < RB_PARTS; ++part) {
    if (truth[part].count < 2) continue;  // stays NaN
    *rb_summing_place(s, part, d, ARRAY_R, ARRAY_REGIME_R) =
        products[part] / (sqrt(truth[part].squares) * sqrt(median[part].squares));
  }
  const rb_moments *all = &truth[RB_ALL];
  s->result->prior_variance[d] = all->squares / (double)(all->count - 1);
  w->of_truths.mean = all->mean;
  w->of_truths.std = sqrt(all->squares / (double)all->count);
}

/* Sorts what medians are taken of. */
static void sort_columns(rb_summing *s, int d, parameter_work *w) {
  rb_summing_sort(s, w->truth, w->truths, w->work);
  rb_summing_column(s, RB_RECORD_SD, d, w->column);
  rb_summing_sort(s, w->column, w->key[SD], w->work);
  for (int64_t i = 0; i < s->rows; ++i) {
    const double *mean = rb_summing_at(s, RB_RECORD_MEAN, i);
    w->column[i] = (mean[d] - w->truth[i]) / w->column[i];
  }
  rb_summing_sort(s, w->column, w->key[Z_SCORE], w->work);
  rb_summing_column(s, RB_RECORD_RMSE, d, w->column);
  rb_summing_sort(s, w->column, w->key[RMSE], w->work);
  for (int64_t i = 0; i < s->rows; ++i) w->column[i] = w->prior_rmse[s->row[i] * s->D + d];
  rb_summing_sort(s, w->column, w->key[PRIOR_RMSE], w->work);
}

static double mean_of(double a, double b) { return (a + b) / 2; }

/* Quotients are in the order of the rmse, or all in reverse: the middle ones are of the middle. */
static double nrmse_of(rb_order_middle rmse, double normaliser) {
  return mean_of(rmse.low / normaliser, rmse.high / normaliser);
}

static void set_medians(rb_summing *s, int part, int d, const rb_order_middle middle[KINDS]) {
  enum { FEWEST = 2 };
  if (rb_summing_datasets(s, part) < FEWEST) return;  // stays NaN
  const double variance = s->result->prior_variance[d];
  const double prior = mean_of(middle[PRIOR_RMSE].low, middle[PRIOR_RMSE].high);
  double *nrmse = part == RB_ALL ? rb_summing_values(s, ARRAY_NRMSE) + RB_NORMALISE_PRIOR * s->D + d
                                 : rb_summing_values(s, ARRAY_REGIME_NRMSE) + part * s->D + d;
  *nrmse = nrmse_of(middle[RMSE], prior);
  *rb_summing_place(s, part, d, ARRAY_CONTRACTION, ARRAY_REGIME_CONTRACTION) =
      mean_of(rb_contraction(middle[SD].low, variance), rb_contraction(middle[SD].high, variance));
  *rb_summing_place(s, part, d, ARRAY_Z_SCORE, ARRAY_REGIME_Z_SCORE) =
      mean_of(middle[Z_SCORE].low, middle[Z_SCORE].high);
}

enum { QUARTERS = 5 };  // quantiles 0, 1/4, 1/2, 3/4, 1

static void ask_quarters(const rb_summing *s, const uint64_t *truths, rb_order_query *query) {
  for (int k = 0; k < QUARTERS; ++k) {
    const int64_t below = k * (s->N - 1) / 4, above = below + 1 < s->N ? below + 1 : below;
    query[2 * k] = rb_summing_query(s, RB_ALL, truths, below);
    query[2 * k + 1] = rb_summing_query(s, RB_ALL, truths, above);
  }
}

static void get_quarters(const rb_summing *s, const rb_order_query *query, rb_truths *truths) {
  double *const quantile[QUARTERS] = {&truths->least, &truths->quarter, &truths->median,
                                      &truths->three_quarters, &truths->greatest};
  for (int k = 0; k < QUARTERS; ++k) {
    const double t = (double)(k * (s->N - 1) % 4) / 4;
    *quantile[k] = rb_quantile_between(t, query[2 * k].value, query[2 * k + 1].value);
  }
}

/* Everything that is a median or another quantile. */
static void sum_order(rb_summing *s, int d, parameter_work *w) {
  enum { MEDIANS = RB_PARTS * KINDS, TRUTHS = MEDIANS * RB_ORDER_MIDDLE_QUERIES };
  rb_order_query query[TRUTHS + 2 * QUARTERS];
  rb_order_middle middle[RB_PARTS][KINDS];
  sort_columns(s, d, w);
  for (int part = 0; part < RB_PARTS; ++part) {
    for (int k = 0; k < KINDS; ++k) {
      const rb_order_query like = rb_summing_query(s, part, w->key[k], 0);
      rb_order_ask_middle(rb_summing_datasets(s, part), &like,
                          query + (part * KINDS + k) * RB_ORDER_MIDDLE_QUERIES);
    }
  }
  ask_quarters(s, w->truths, query + TRUTHS);
  rb_order_find(s->ctx, TRUTHS + 2 * QUARTERS, query);
  for (int part = 0; part < RB_PARTS; ++part) {
    for (int k = 0; k < KINDS; ++k) {
      middle[part][k] = rb_order_get_middle(query + (part * KINDS + k) * RB_ORDER_MIDDLE_QUERIES);
    }
    set_medians(s, part, d, middle[part]);
  }
  get_quarters(s, query + TRUTHS, &w->of_truths);
  double *nrmse = rb_summing_values(s, ARRAY_NRMSE);
  for (int k = 0; k < RB_NORMALISE_PRIOR; ++k) {
    const double normaliser = rb_normaliser_of_truths((rb_normaliser)k, &w->of_truths);
    nrmse[k * s->D + d] = nrmse_of(middle[RB_ALL][RMSE], normaliser);
  }
}

static rb_status sum_recovery(rb_summing *s) {
  rb_status status = RB_OK;
  parameter_work w = {0};
  RB_TRY(rb_agree(s->ctx, allocate(s, &w)));
  RB_TRY(bootstrap_prior(s, w.prior_rmse));
  for (int d = 0; d < s->D; ++d) {
    sum_moments(s, d, &w);
    sum_order(s, d, &w);
    RB_TRY(rb_summing_continue(s->ctx));
  }
cleanup:
  release(&w);
  return status;
}

static const rb_diagnostic_column columns[] = {
    {.table = RB_TABLE_PARAMETERS,
     .set = "recovery",
     .row = &rows[ARRAY_R],
     .title = "r",
     .html = "<i>r</i>",
     .format = "%*.3f",
     .digits = 3,
     .warn = RB_WARN_NEVER},
    {.table = RB_TABLE_PARAMETERS,
     .set = "diagnostics",
     .row = &rows[ARRAY_NRMSE],
     .title = "NRMSE",
     .html = "NRMSE (of the prior's)",
     .format = "%*.3f",
     .digits = 3,
     .warn = RB_WARN_NEVER},
    {.table = RB_TABLE_PARAMETERS,
     .set = "diagnostics",
     .row = &rows[ARRAY_CONTRACTION],
     .title = "contraction",
     .format = "%*.3f",
     .digits = 3,
     .warn = RB_WARN_NEVER},
    {.table = RB_TABLE_PARAMETERS,
     .set = "diagnostics",
     .row = &rows[ARRAY_Z_SCORE],
     .title = "z-score",
     .format = "%*.3f",
     .digits = 2,
     .warn = RB_WARN_NEVER},
};

const rb_diagnostic rb_diagnostic_recovery = {.row = rows,
                                              .rows = ARRAYS,
                                              .compute = sum_recovery,
                                              .column = columns,
                                              .columns = sizeof columns / sizeof *columns};
