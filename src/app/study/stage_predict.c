#include <math.h>
#include <stdio.h>

#include "job.h"
#include "rheobase/analysis/predictive.h"
#include "rheobase/base/log.h"
#include "rheobase/base/memory.h"
#include "rheobase/inference/replicates.h"
#include "rheobase/io/hdf5_file.h"
#include "rheobase/parallel/agree.h"
#include "stage_file.h"

typedef struct check {
  float *draws;   // (S, D) posterior draws
  double *theta;  // (S, D) the same
  int64_t S;
  float *x;  // (C, L) the observation
  rb_replicates replicates;
  rb_predictive numbers;
} check;

static void check_destroy(check *c) {
  free(c->draws);
  free(c->theta);
  free(c->x);
  rb_replicates_destroy(&c->replicates);
  rb_predictive_free(&c->numbers);
}

/* Reads the draws and the observation. Local, on rank 0. */
static rb_status read_posterior(rb_context *ctx, const rb_job *job, const rb_file *file, check *c) {
  rb_status status = RB_OK;
  const rb_model *model = &job->model;
  RB_TRY(rb_stage_read_draws(ctx, job, RB_PRODUCT_POSTERIOR, &c->S, &c->draws));
  RB_TRY(RB_ALLOCATE(ctx, c->x, model->channels * model->length));
  RB_TRY(rb_stage_read_observation(ctx, file, model, c->x));
cleanup:
  return status;
}

/* Simulates the replicates and compares them with the observation. Local, on rank 0. */
static rb_status compute(rb_context *ctx, const rb_job *job, check *c) {
  rb_status status = RB_OK;
  const rb_model *model = &job->model;
  const int64_t K = job->input.predictive_replicates, values = c->S * model->dim;
  RB_TRY(RB_ALLOCATE(ctx, c->theta, values));
  for (int64_t i = 0; i < values; ++i) c->theta[i] = (double)c->draws[i];
  RB_TRY(rb_replicates_create(ctx, model, (uint64_t)job->input.seed, c->x, c->S, c->draws, K,
                              &c->replicates));
  RB_TRY(rb_predictive_create(ctx, model, c->x, K, c->replicates.x, c->S, c->theta, &c->numbers));
cleanup:
  return status;
}

static const rb_field THETA = {"theta",
                               RB_F64,
                               "replicate,parameter",
                               "parameter's unit",
                               "posterior draw each replicate was simulated with",
                               false};
static const rb_field NAME = {"statistic", RB_STRING, "statistic", "1", "statistics of a recording",
                              false};
static const rb_field UNIT = {"statistic_unit",          RB_STRING, "statistic", "1",
                              "units of the statistics", false};
static const rb_field VALUES = {
    "replicates", RB_F64, "replicate,statistic", "statistic's unit", "statistics of each replicate",
    false};
static const rb_field OBSERVED = {
    "observed", RB_F64, "statistic", "statistic's unit", "the same of the observation", false};
static const rb_field PERCENTILE = {"percentile",
                                    RB_F64,
                                    "statistic",
                                    "1",
                                    "share of the replicates with at most the observed value",
                                    false};
static const rb_field REFUSED = {"refused_draws",
                                 RB_I64,
                                 "",
                                 "1",
                                 "posterior draws the simulator refused, and drawn again",
                                 false};

/* An array of a channel, <channel>_<what>. @param dims "" for a number */
static rb_status write_of_channel(rb_context *ctx, rb_file *file, const rb_channel *channel,
                                  const char *what, const char *dims, const char *unit,
                                  const char *description, const double *values) {
  char name[128];
  (void)snprintf(name, sizeof name, "%s_%s", channel->quantity.name, what);
  return rb_file_write(ctx, file, &(rb_field){name, RB_F64, dims, unit, description, false},
                       values);
}

static rb_status write_bands(rb_context *ctx, const rb_model *model, rb_file *file,
                             const rb_predictive *p, bool here) {
  rb_status status = RB_OK;
  const char *axis = model->axis.name;
  for (int c = 0; c < model->channels; ++c) {
    const rb_channel *channel = &model->channel[c];
    const char *unit = channel->quantity.unit;
    const int64_t at = here ? c * model->length : 0;
    if (!rb_channel_is_course(channel)) continue;
    RB_TRY(write_of_channel(ctx, file, channel, "low", axis, unit,
                            "5% quantile of the replicates at each sample, but for masked ones",
                            p->low + at));
    RB_TRY(write_of_channel(ctx, file, channel, "median", axis, unit,
                            "median of the replicates at each sample, but for masked ones",
                            p->median + at));
    RB_TRY(write_of_channel(ctx, file, channel, "high", axis, unit,
                            "95% quantile of the replicates at each sample, but for masked ones",
                            p->high + at));
    RB_TRY(write_of_channel(ctx, file, channel, "coverage", "", "1",
                            "share of the observed samples that are not masked inside the 90% band",
                            here ? p->coverage + c : p->coverage));
  }
cleanup:
  return status;
}

static rb_status write_statistics(rb_context *ctx, const rb_model *model, rb_file *file,
                                  const rb_predictive *p) {
  rb_status status = RB_OK;
  const char **names = NULL;
  const int count = model->summaries;
  if (count == 0) return RB_OK;
  RB_TRY(rb_agree(ctx, RB_ALLOCATE(ctx, names, 2 * (int64_t)count)));
  for (int s = 0; s < count; ++s) {
    names[s] = model->summary[s].name;
    names[count + s] = model->summary[s].unit;
  }
  RB_TRY(rb_file_dimension(ctx, file, "statistic", count));
  RB_TRY(rb_file_write(ctx, file, &NAME, names));
  RB_TRY(rb_file_write(ctx, file, &UNIT, names + count));
  RB_TRY(rb_file_write(ctx, file, &VALUES, p->statistic));
  RB_TRY(rb_file_write(ctx, file, &OBSERVED, p->observed));
  RB_TRY(rb_file_write(ctx, file, &PERCENTILE, p->percentile));
cleanup:
  free(names);
  return status;
}

static rb_status write(rb_context *ctx, const rb_job *job, rb_file *file, const check *c) {
  rb_status status = RB_OK;
  const rb_model *model = &job->model;
  RB_TRY(rb_axes_write(ctx, file, model));
  RB_TRY(rb_file_dimension(ctx, file, "replicate", job->input.predictive_replicates));
  RB_TRY(rb_stage_write_observation(ctx, file, model, c->x));
  RB_TRY(write_bands(ctx, model, file, &c->numbers, ctx->rank == 0));
  RB_TRY(write_statistics(ctx, model, file, &c->numbers));
  for (int k = 0; k < model->checks; ++k) {
    const rb_quantity *own = &model->check[k];
    const double *value = ctx->rank == 0 ? &c->numbers.check[k] : NULL;
    RB_TRY(rb_file_write(
        ctx, file, &(rb_field){own->name, RB_F64, "", own->unit, own->description, false}, value));
  }
  RB_TRY(rb_file_write(ctx, file, &THETA, c->replicates.theta));
  RB_TRY(rb_file_write(ctx, file, &REFUSED, &c->replicates.refused));
cleanup:
  return status;
}

/* One line: what a reader looks at first. */
static void print(const rb_context *ctx, const rb_model *model, int64_t replicates,
                  const check *c) {
  char line[1024] = "";
  size_t used = 0;
  const rb_predictive *p = &c->numbers;
  if (ctx->rank != 0) return;
  for (int k = 0; k < model->channels && used < sizeof line; ++k) {
    if (!rb_channel_is_course(&model->channel[k]) || isnan(p->coverage[k])) continue;
    used +=
        (size_t)snprintf(line + used, sizeof line - used, "%s coverage of the 90%% band %.1f%%, ",
                         model->channel[k].quantity.name, 100 * p->coverage[k]);
  }
  int worst = 0;
  double least = 2;  // beyond any share
  for (int s = 0; s < model->summaries; ++s) {
    const double tail =
        rb_predictive_tail(replicates, p->statistic + s, model->summaries, p->observed[s]);
    if (tail < least) worst = s;
    least = fmin(least, tail);
  }
  if (model->summaries > 0 && used < sizeof line) {
    used += (size_t)snprintf(line + used, sizeof line - used,
                             "most extreme of %d statistics: %s "
                             "at percentile %.2f, ",
                             model->summaries, model->summary[worst].name, p->percentile[worst]);
  }
  for (int k = 0; k < model->checks && used < sizeof line; ++k) {
    char value[64] = "does not apply";
    if (isfinite(p->check[k])) {
      (void)snprintf(value, sizeof value, "%.2f %s", p->check[k], model->check[k].unit);
    }
    used +=
        (size_t)snprintf(line + used, sizeof line - used, "%s %s, ", model->check[k].name, value);
  }
  rb_log_info(ctx, "predict    %s%lld draw%s refused", line, (long long)c->replicates.refused,
              rb_plural(c->replicates.refused));
}

/* Rank 0 alone computes what it writes: sharing the quantiles of all replicates would cost the
 * others as much memory. Local. */
static rb_status check_posterior(rb_context *ctx, const rb_job *job, const char *source, check *c) {
  rb_status status = RB_OK;
  rb_file *in = NULL;
  if (ctx->rank != 0) return RB_OK;
  RB_TRY(rb_product_open_one(ctx, RB_PRODUCT_POSTERIOR, source, &in));
  RB_TRY(read_posterior(ctx, job, in, c));
  RB_TRY(compute(ctx, job, c));
cleanup:
  rb_file_close(&in);
  return status;
}

rb_status rb_stage_predict(rb_context *ctx, rb_job *job, const char *path) {
  rb_status status = RB_OK;
  check c = {0};
  rb_file *out = NULL;
  char source[RB_JOB_PATH];
  rb_job_product_path(job, RB_PRODUCT_POSTERIOR, source);
  RB_TRY(rb_agree(ctx, check_posterior(ctx, job, source, &c)));
  RB_TRY(rb_product_create(ctx, RB_PRODUCT_PREDICTIVE, path, &out));
  RB_TRY(write(ctx, job, out, &c));
  RB_TRY(rb_stage_file_commit(ctx, job, &out));
  print(ctx, &job->model, job->input.predictive_replicates, &c);
cleanup:
  rb_file_abort(ctx, &out);
  check_destroy(&c);
  return status;
}
