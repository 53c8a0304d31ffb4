#include <math.h>
#include <string.h>

#include "calibration_internal.h"
#include "rheobase/analysis/bands.h"
#include "rheobase/analysis/binomial.h"
#include "rheobase/analysis/diagnostics.h"
#include "rheobase/base/clock.h"
#include "rheobase/base/memory.h"
#include "rheobase/base/quantile.h"
#include "rheobase/base/signals.h"
#include "rheobase/parallel/agree.h"

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

/* Where the number of a parameter and part goes; the two fields are that of all and of regimes. */
static double *place_of(const rb_summing *s, int part, int d, rb_calibration_field all,
                        rb_calibration_field by_regime) {
  return part == RB_ALL ? rb_calibration_values(s->result, all) + d
                        : rb_calibration_values(s->result, by_regime) + part * s->D + d;
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
    *place_of(s, part, d, RB_CAL_R, RB_CAL_REGIME_R) =
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
  double *nrmse =
      part == RB_ALL
          ? rb_calibration_values(s->result, RB_CAL_NRMSE) + RB_NORMALISE_PRIOR * s->D + d
          : rb_calibration_values(s->result, RB_CAL_REGIME_NRMSE) + part * s->D + d;
  *nrmse = nrmse_of(middle[RMSE], prior);
  *place_of(s, part, d, RB_CAL_CONTRACTION, RB_CAL_REGIME_CONTRACTION) =
      mean_of(rb_contraction(middle[SD].low, variance), rb_contraction(middle[SD].high, variance));
  *place_of(s, part, d, RB_CAL_Z_SCORE, RB_CAL_REGIME_Z_SCORE) =
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
  double *nrmse = rb_calibration_values(s->result, RB_CAL_NRMSE);
  for (int k = 0; k < RB_NORMALISE_PRIOR; ++k) {
    const double normaliser = rb_normaliser_of_truths((rb_normaliser)k, &w->of_truths);
    nrmse[k * s->D + d] = nrmse_of(middle[RB_ALL][RMSE], normaliser);
  }
}

/* How many intervals of each level hold the truth: central ones by regime, highest-density ones. */
static void count_inside(rb_summing *s, int d) {
  int64_t inside[RB_PARTS + 1][RB_LEVELS] = {{0}};  // of regimes, all; the highest-density ones
  enum { HPD = RB_PARTS };
  for (int64_t i = 0; i < s->rows; ++i) {
    const int32_t *central = rb_summing_at(s, RB_RECORD_CENTRAL, i);
    const int32_t *hpd = rb_summing_at(s, RB_RECORD_HPD, i);
    for (int a = 0; a < RB_LEVELS; ++a) {
      inside[s->regime[i]][a] += (uint32_t)central[d] >> a & 1;
      inside[HPD][a] += (uint32_t)hpd[d] >> a & 1;
    }
  }
  rb_summing_add(s, (RB_PARTS + 1) * RB_LEVELS, inside[0]);
  for (int part = 0; part < RB_PARTS; ++part) {
    const int64_t n = rb_summing_datasets(s, part);
    double *share =
        rb_calibration_values(s->result, part == RB_ALL ? RB_CAL_CENTRAL : RB_CAL_REGIME_CENTRAL);
    if (part != RB_ALL) share += part * RB_LEVELS * s->D;
    for (int a = 0; a < RB_LEVELS; ++a) {
      if (part != RB_ALL) inside[RB_ALL][a] += inside[part][a];
      if (n >= 2) share[a * s->D + d] = (double)inside[part][a] / (double)n;
    }
    if (n < 2) continue;  // stays NaN
    *place_of(s, part, d, RB_CAL_CALIBRATION_ERROR, RB_CAL_REGIME_CALIBRATION_ERROR) =
        rb_calibration_error(n, inside[part]);
  }
  double *hpd = rb_calibration_values(s->result, RB_CAL_HPD);
  for (int a = 0; a < RB_LEVELS; ++a) {
    hpd[a * s->D + d] = (double)inside[HPD][a] / (double)s->N;
  }
}

static void coverage_bands(rb_summing *s) {
  double alpha[RB_LEVELS];
  rb_coverage_levels(alpha);
  const struct {
    rb_calibration_field low, high;
  } bands[2] = {{RB_CAL_CENTRAL_LOW, RB_CAL_CENTRAL_HIGH}, {RB_CAL_EXACT_LOW, RB_CAL_EXACT_HIGH}};
  for (int a = 0; a < RB_LEVELS; ++a) {
    const double exact = (double)rb_hpd_size(s->S, alpha[a]) / (double)(s->S + 1);
    const double expected[2] = {rb_central_coverage(s->S, alpha[a]), exact};
    rb_calibration_values(s->result, RB_CAL_EXACT_LEVEL)[a] = exact;
    for (int b = 0; b < 2; ++b) {
      int64_t low = 0, high = 0;
      rb_binomial_interval(0.95, s->N, expected[b], &low, &high);
      rb_calibration_values(s->result, bands[b].low)[a] = (double)low / (double)s->N;
      rb_calibration_values(s->result, bands[b].high)[a] = (double)high / (double)s->N;
    }
  }
}

rb_status rb_sum_parameters(rb_summing *s) {
  rb_status status = RB_OK;
  parameter_work w = {0};
  double covered[RB_LEVELS];  // by the central intervals of a posterior that is right
  RB_TRY(rb_agree(s->ctx, allocate(s, &w)));
  RB_TRY(bootstrap_prior(s, w.prior_rmse));
  for (int d = 0; d < s->D; ++d) {
    sum_moments(s, d, &w);
    sum_order(s, d, &w);
    count_inside(s, d);
    RB_TRY(rb_summing_continue(s->ctx));
  }
  coverage_bands(s);
  rb_coverage_levels(covered);
  for (int a = 0; a < RB_LEVELS; ++a) covered[a] = rb_central_coverage(s->S, covered[a]);
  RB_TRY(rb_null_quantile(s->ctx,
                          rb_stream_make(s->seed, s->purpose, RB_RANDOM_NULLS, RB_NULL_ERRORS, 0),
                          rb_calibration_error_of_counts, s->N, RB_LEVELS, covered, 0.95,
                          rb_calibration_values(s->result, RB_CAL_CALIBRATION_ERROR_95)));
cleanup:
  release(&w);
  return status;
}
