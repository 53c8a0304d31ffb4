#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdio.h>

#include "job.h"
#include "rheobase/agree.h"
#include "rheobase/hdf5_file.h"
#include "rheobase/lif.h"
#include "rheobase/log.h"
#include "rheobase/memory.h"
#include "rheobase/predictive.h"
#include "rheobase/replicates.h"
#include "stage_file.h"

typedef struct check {
  float *draws;  // (S, D) posterior draws
  int64_t S;
  float *x;                     // (C, L) the observation
  double *observed;             // (L) its voltage
  double *low, *median, *high;  // (L)
  float *voltage;               // (K, L) of the replicates
  int64_t *spike_count;         // (K)
  int64_t observed_spikes;
  double threshold_mV;
  rb_replicates replicates;
  rb_predictive_check numbers;
} check;

static void check_destroy(check *c) {
  free(c->draws);
  free(c->x);
  free(c->observed);
  free(c->low);
  free(c->median);
  free(c->high);
  free(c->voltage);
  free(c->spike_count);
  rb_replicates_destroy(&c->replicates);
}

/* Reads the draws and the observation. Local, on rank 0. */
static rb_status read_posterior(rb_context *ctx, const rb_job *job, const rb_file *file, check *c) {
  rb_status status = RB_OK;
  const rb_model *model = &job->model;
  int64_t shape[2] = {0, 0};
  RB_TRY(rb_file_read_new(ctx, file, "draws", RB_F32, true, 2, shape, (void **)&c->draws));
  c->S = shape[0];
  if (shape[0] < 1 || shape[1] != model->dim) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "posterior.h5: draws has shape (%lld, %lld), not (n, %d)",
                   (long long)shape[0], (long long)shape[1], model->dim));
  }
  RB_TRY(RB_ALLOCATE(ctx, c->x, model->channels * model->length));
  RB_TRY(rb_stage_read_observation(ctx, file, model, c->x));
cleanup:
  return status;
}

static int64_t count_spikes(const rb_model *model, const float *x) {
  int64_t count = 0;
  for (int64_t t = 0; t < model->length; ++t) {
    count += x[RB_LIF_SPIKES * model->length + t] > 0.5F;
  }
  return count;
}

static rb_status median_threshold(rb_context *ctx, const rb_model *model, check *c) {
  double *column = NULL;
  if (RB_ALLOCATE(ctx, column, c->S) != RB_OK) return RB_ERR_MEMORY;
  for (int64_t s = 0; s < c->S; ++s) column[s] = (double)c->draws[s * model->dim + RB_LIF_V_TH];
  gsl_sort(column, 1, (size_t)c->S);
  c->threshold_mV = gsl_stats_median_from_sorted_data(column, 1, (size_t)c->S);
  free(column);
  return RB_OK;
}

/* Simulates the replicates and compares them with the observation. Local, on rank 0. */
static rb_status compute(rb_context *ctx, const rb_job *job, check *c) {
  rb_status status = RB_OK;
  const rb_model *model = &job->model;
  const int64_t K = job->input.predictive_replicates;
  const int64_t L = model->length;
  RB_TRY(RB_ALLOCATE(ctx, c->observed, L));
  RB_TRY(RB_ALLOCATE(ctx, c->low, L));
  RB_TRY(RB_ALLOCATE(ctx, c->median, L));
  RB_TRY(RB_ALLOCATE(ctx, c->high, L));
  RB_TRY(RB_ALLOCATE(ctx, c->voltage, K * L));
  RB_TRY(RB_ALLOCATE(ctx, c->spike_count, K));
  RB_TRY(rb_replicates_create(ctx, model, (uint64_t)job->input.seed, c->S, c->draws, K,
                              &c->replicates));
  for (int64_t k = 0; k < K; ++k) {
    const float *x = c->replicates.x + k * model->channels * L;
    for (int64_t t = 0; t < L; ++t) c->voltage[k * L + t] = x[RB_LIF_VOLTAGE * L + t];
    c->spike_count[k] = count_spikes(model, x);
  }
  for (int64_t t = 0; t < L; ++t) c->observed[t] = (double)c->x[RB_LIF_VOLTAGE * L + t];
  c->observed_spikes = count_spikes(model, c->x);
  RB_TRY(median_threshold(ctx, model, c));
  RB_TRY(rb_predictive_band(ctx, K, L, c->voltage, c->low, c->median, c->high));
  c->numbers = rb_predictive_compare(L, c->observed, c->low, c->median, c->high, K, c->spike_count,
                                     c->observed_spikes, c->threshold_mV);
cleanup:
  return status;
}

static const rb_field SPIKE_COUNT = {
    "spike_count", RB_I64, "replicate", "1", "spikes of each replicate", false};
static const rb_field THETA = {"theta",
                               RB_F64,
                               "replicate,parameter",
                               "parameter's unit",
                               "posterior draw each replicate was simulated with",
                               false};
static const rb_field VOLTAGE_COVERAGE = {
    "voltage_coverage", RB_F64, "", "1", "share of observed samples inside the 90% band", false};
static const rb_field PERCENTILE = {"spike_count_percentile",
                                    RB_F64,
                                    "",
                                    "1",
                                    "share of replicates with at most the observed spikes",
                                    false};
static const rb_field DEVIATION = {"subthreshold_deviation",
                                   RB_F64,
                                   "",
                                   "mV",
                                   "mean |observed - predictive median| over samples below the "
                                   "posterior median of V_th; NaN where "
                                   "there are none",
                                   false};
static const rb_field OBSERVED_SPIKES = {"observed_spike_count",      RB_I64, "", "1",
                                         "spikes of the observation", false};
static const rb_field REFUSED = {"refused_draws",
                                 RB_I64,
                                 "",
                                 "1",
                                 "posterior draws the simulator refused, and drawn again",
                                 false};

static rb_status write(rb_context *ctx, const rb_job *job, rb_file *file, const check *c) {
  rb_status status = RB_OK;
  const rb_model *model = &job->model;
  const char *time = model->axis.name;
  RB_TRY(rb_axes_write(ctx, file, model));
  RB_TRY(rb_file_dimension(ctx, file, "replicate", job->input.predictive_replicates));
  RB_TRY(rb_stage_write_observation(ctx, file, model, c->x));
  RB_TRY(rb_file_write(ctx, file,
                       &(rb_field){"voltage_low", RB_F64, time, "mV",
                                   "5% quantile of the replicates' voltage", false},
                       c->low));
  RB_TRY(rb_file_write(
      ctx, file,
      &(rb_field){"voltage_median", RB_F64, time, "mV", "median of the replicates' voltage", false},
      c->median));
  RB_TRY(rb_file_write(ctx, file,
                       &(rb_field){"voltage_high", RB_F64, time, "mV",
                                   "95% quantile of the replicates' voltage", false},
                       c->high));
  RB_TRY(rb_file_write(ctx, file, &SPIKE_COUNT, c->spike_count));
  RB_TRY(rb_file_write(ctx, file, &THETA, c->replicates.theta));
  RB_TRY(rb_file_write(ctx, file, &VOLTAGE_COVERAGE, &c->numbers.voltage_coverage));
  RB_TRY(rb_file_write(ctx, file, &PERCENTILE, &c->numbers.spike_count_percentile));
  RB_TRY(rb_file_write(ctx, file, &DEVIATION, &c->numbers.subthreshold_deviation_mV));
  RB_TRY(rb_file_write(ctx, file, &OBSERVED_SPIKES, &c->observed_spikes));
  RB_TRY(rb_file_write(ctx, file, &REFUSED, &c->replicates.refused));
cleanup:
  return status;
}

/* Rank 0 alone computes what it writes: sharing the quantiles of all replicates would cost the
 * others as much memory. Local. */
static rb_status check_posterior(rb_context *ctx, const rb_job *job, const char *source, check *c) {
  rb_status status = RB_OK;
  rb_file *in = NULL;
  if (ctx->rank != 0) return RB_OK;
  RB_TRY(rb_file_open_one(ctx, source, RB_POSTERIOR_SCHEMA, RB_POSTERIOR_VERSION, &in));
  RB_TRY(read_posterior(ctx, job, in, c));
  RB_TRY(compute(ctx, job, c));
cleanup:
  rb_file_close(&in);
  return status;
}

static void print(const rb_context *ctx, const check *c) {
  char deviation[64] = "no sample below the threshold";
  if (isfinite(c->numbers.subthreshold_deviation_mV)) {
    (void)snprintf(deviation, sizeof deviation, "subthreshold deviation %.2f mV",
                   c->numbers.subthreshold_deviation_mV);
  }
  rb_log_info(ctx,
              "predict    voltage coverage of the 90%% band %.1f%%, spike count percentile %.2f, "
              "%s, %lld draw%s refused",
              100 * c->numbers.voltage_coverage, c->numbers.spike_count_percentile, deviation,
              (long long)c->replicates.refused, rb_plural(c->replicates.refused));
}

rb_status rb_stage_predict(rb_context *ctx, rb_job *job, const char *path) {
  rb_status status = RB_OK;
  check c = {0};
  rb_file *out = NULL;
  char source[RB_JOB_PATH];
  rb_job_path(job, "posterior.h5", source);
  RB_TRY(rb_agree(ctx, check_posterior(ctx, job, source, &c)));
  RB_TRY(rb_file_create(ctx, path, RB_PREDICTIVE_SCHEMA, RB_PREDICTIVE_VERSION, &out));
  RB_TRY(write(ctx, job, out, &c));
  RB_TRY(rb_stage_file_commit(ctx, job, &out));
  print(ctx, &c);
cleanup:
  rb_file_abort(ctx, &out);
  check_destroy(&c);
  return status;
}
