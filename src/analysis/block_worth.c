#include "rheobase/analysis/block_worth.h"

#include <math.h>

#include "calibration_internal.h"
#include "rheobase/analysis/diagnostics.h"
#include "rheobase/base/clock.h"
#include "rheobase/base/memory.h"
#include "rheobase/base/progress.h"
#include "rheobase/base/quantile.h"
#include "rheobase/model/draw.h"
#include "rheobase/model/support.h"
#include "rheobase/parallel/agree.h"

/* Work of rb_block_worth_measure. K = 1 + B: with all features, then without each block. */
typedef struct work {
  rb_posterior *posterior;
  uint64_t seed;
  rb_purpose purpose;
  const rb_records *records;
  const rb_feature_blocks *blocks;
  int64_t N, S, K, D;      // N data sets are looked at
  double *theta, *latent;  // (chunk, D)
  float *x;                // (chunk, C, L)
  float *draws;            // (K, chunk, S, D)
  double *log_truth;       // (K, chunk)
  double *column;          // (S or N, the larger)

  // What is kept of each data set, in one piece. Those of other ranks are zeros until they are
  // added up.
  int64_t numbers;
  double *valid;  // (N) 1: it did not fail
  double *loss;   // (N, K) NaN where a parameter was clipped
  double *sd;     // (N, K, D) of the draws
  double *truth;  // (N, D)
} work;

static rb_status allocate(rb_context *ctx, const rb_model *model, int64_t chunk, work *w) {
  rb_status status = RB_OK;
  const int64_t K = w->K, N = w->N, D = w->D;
  RB_TRY(RB_ALLOCATE(ctx, w->theta, chunk * D));
  RB_TRY(RB_ALLOCATE(ctx, w->latent, chunk * D));
  RB_TRY(RB_ALLOCATE(ctx, w->x, chunk * model->channels * model->length));
  RB_TRY(RB_ALLOCATE(ctx, w->draws, K * chunk * w->S * D));
  RB_TRY(RB_ALLOCATE(ctx, w->log_truth, K * chunk));
  RB_TRY(RB_ALLOCATE(ctx, w->column, w->S > N ? w->S : N));
  w->numbers = N * (1 + K + K * D + D);
  RB_TRY(RB_ALLOCATE(ctx, w->valid, w->numbers));
  w->loss = w->valid + N;
  w->sd = w->loss + N * K;
  w->truth = w->sd + N * K * D;
cleanup:
  return status;
}

static void release(work *w) {
  free(w->theta);
  free(w->latent);
  free(w->x);
  free(w->draws);
  free(w->log_truth);
  free(w->column);
  free(w->valid);
}

/* The deviation of the draws of parameter d; infinite if one is. @param draws (S, D) */
static double deviation(const work *w, const float *draws, int64_t d) {
  for (int64_t s = 0; s < w->S; ++s) {
    w->column[s] = (double)draws[s * w->D + d];
    if (!isfinite(w->column[s])) return INFINITY;
  }
  return sqrt(rb_variance(w->S, w->column));
}

/* Data sets first .. first+count-1, none of which failed. Local. */
static rb_status measure(rb_context *ctx, work *w, int64_t first, int64_t count) {
  rb_status status = RB_OK;
  const rb_model *model = w->posterior->model;
  const double log_scale = rb_model_log_scale(model);
  const double *truth = w->posterior->latent ? w->latent : w->theta;
  const int64_t D = w->D, K = w->K;
  RB_TRY(rb_model_draw(model, ctx, w->seed, w->purpose, first, count, w->theta, w->latent, w->x));
  RB_TRY(rb_flow_posterior_without(w->posterior, ctx, w->seed, w->purpose, first, count, w->x,
                                   w->blocks, w->S, truth, w->draws, w->log_truth));
  for (int64_t i = 0; i < count; ++i) {
    const int64_t to = first + i;
    bool clipped = false;
    w->valid[to] = 1;
    for (int64_t d = 0; d < D; ++d) {
      w->truth[to * D + d] = truth[i * D + d];
      clipped = clipped || w->theta[i * D + d] != w->latent[i * D + d];
    }
    for (int64_t k = 0; k < K; ++k) {
      const int64_t row = k * count + i;
      w->loss[to * K + k] = clipped ? (double)NAN : -w->log_truth[row] - log_scale;
      for (int64_t d = 0; d < D; ++d) {
        w->sd[(to * K + k) * D + d] = deviation(w, w->draws + row * w->S * D, d);
      }
    }
  }
cleanup:
  return status;
}

/* A chunk, without the data sets that failed. @param row of its records. Local. */
static rb_status measure_chunk(rb_context *ctx, work *w, rb_range range, int64_t row) {
  for (int64_t i = 0; i < range.count; ++i) {
    int64_t count = 0;
    while (i + count < range.count && !rb_records_failed(w->records, row + i + count)) ++count;
    if (count == 0) continue;
    const rb_status status = measure(ctx, w, range.first + i, count);
    if (status != RB_OK) return status;
    i += count;
  }
  return RB_OK;
}

/* The mean of finite values and its standard error, in their order. */
static double mean_of(int64_t n, const double *x, int64_t *count, double *error) {
  double sum = 0, squares = 0;
  *count = 0;
  for (int64_t i = 0; i < n; ++i) {
    if (!isfinite(x[i])) continue;
    sum += x[i];
    ++*count;
  }
  const double mean = sum / (double)*count;
  for (int64_t i = 0; i < n; ++i) {
    if (isfinite(x[i])) squares += (x[i] - mean) * (x[i] - mean);
  }
  *error = sqrt(squares / (double)(*count - 1) / (double)*count);
  return mean;
}

static void sum_losses(const work *w, rb_block_worth *worth) {
  double error = 0;
  for (int64_t k = 0; k < w->K; ++k) {
    int64_t count = 0;
    for (int64_t i = 0; i < w->N; ++i) w->column[i] = w->loss[i * w->K + k];
    *(k > 0 ? &worth->loss[k - 1] : &worth->loss_all) = mean_of(w->N, w->column, &count, &error);
    if (k == 0) continue;
    for (int64_t i = 0; i < w->N; ++i) w->column[i] -= w->loss[i * w->K];
    worth->worse_by[k - 1] =
        mean_of(w->N, w->column, &worth->loss_datasets[k - 1], &worth->worse_by_se[k - 1]);
  }
}

static void sum_contractions(const work *w, rb_block_worth *worth) {
  const int64_t D = w->D, K = w->K, N = w->N;
  for (int64_t d = 0; d < D; ++d) {
    for (int64_t i = 0; i < N; ++i) w->column[i] = w->truth[i * D + d];
    const double prior_variance = rb_variance(N, w->column);
    for (int64_t k = 0; k < K; ++k) {
      for (int64_t i = 0; i < N; ++i) {
        w->column[i] = rb_contraction(w->sd[(i * K + k) * D + d], prior_variance);
      }
      *(k > 0 ? &worth->contraction[(k - 1) * D + d] : &worth->contraction_all[d]) =
          N > 1 ? rb_median(N, w->column) : (double)NAN;
    }
  }
}

/* Moves the data sets that did not fail to the front. */
static void keep_valid(work *w) {
  const int64_t D = w->D, K = w->K;
  int64_t kept = 0;
  for (int64_t i = 0; i < w->N; ++i) {
    if (w->valid[i] == 0) continue;
    for (int64_t k = 0; k < K; ++k) w->loss[kept * K + k] = w->loss[i * K + k];
    for (int64_t k = 0; k < K * D; ++k) w->sd[kept * K * D + k] = w->sd[i * K * D + k];
    for (int64_t d = 0; d < D; ++d) w->truth[kept * D + d] = w->truth[i * D + d];
    ++kept;
  }
  w->N = kept;
}

rb_status rb_block_worth_measure(rb_context *ctx, rb_posterior *posterior, uint64_t seed,
                                 const rb_test_set *set, const rb_records *records,
                                 rb_block_worth *worth) {
  rb_status status = RB_OK;
  *worth = (rb_block_worth){.dim = posterior->model->dim};
  rb_flow_posterior_blocks(posterior, &worth->blocks);
  if (worth->blocks.count == 0) return RB_OK;
  work w = {.posterior = posterior,
            .seed = seed,
            .purpose = set->purpose,
            .records = records,
            .blocks = &worth->blocks,
            .N = set->datasets < RB_WORTH_DATASETS ? set->datasets : RB_WORTH_DATASETS,
            .S = set->draws < RB_WORTH_DRAWS ? set->draws : RB_WORTH_DRAWS,
            .K = 1 + worth->blocks.count,
            .D = posterior->model->dim};
  // With the records' chunks every rank has the records of the data sets it works on.
  const rb_partition partition = rb_partition_make(ctx, w.N, records->partition.chunk);
  const int64_t chunk = w.N < partition.chunk ? w.N : partition.chunk;
  RB_TRY(rb_agree(ctx, allocate(ctx, posterior->model, chunk, &w)));
  rb_progress progress = rb_progress_begin(ctx, "blocks", "data sets", w.N, 0);
  for (int64_t round = 0; round < partition.rounds; ++round) {
    const rb_range range = rb_partition_round(&partition, round);
    RB_TRY(rb_agree(ctx, measure_chunk(ctx, &w, range, rb_records_row(records, round))));
    rb_progress_update(&progress, w.N * (round + 1) / partition.rounds, NULL);
    RB_TRY(rb_summing_continue(ctx));
  }
  rb_progress_end(&progress, NULL);
  const rb_time_part outer = rb_clock_enter(ctx, RB_TIME_REDUCE);
  MPI_Allreduce(MPI_IN_PLACE, w.valid, (int)w.numbers, MPI_DOUBLE, MPI_SUM, ctx->comm);
  rb_clock_leave(ctx, outer);
  keep_valid(&w);
  worth->datasets = w.N;
  worth->draws = w.S;
  sum_losses(&w, worth);
  sum_contractions(&w, worth);
cleanup:
  release(&w);
  return status;
}
