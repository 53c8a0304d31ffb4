#include <math.h>
#include <stdio.h>
#include <string.h>

#include "draws.h"
#include "misfit_file.h"
#include "recording_data.h"
#include "rheobase/analysis/recording_prediction.h"
#include "rheobase/base/log.h"
#include "rheobase/base/memory.h"
#include "rheobase/io/hdf5_file.h"
#include "rheobase/io/text_file.h"
#include "rheobase/parallel/agree.h"
#include "stage_file.h"

/* `infer --recording A --recording B ...`: many cells through one network, a row of a table each.
 * Sweeps that --sweeps leaves out are predicted. */

/* Numbers of the table that are no parameters; the scores follow them. */
enum { MISFIT_P, PREDICTED, RELIABILITY, COLUMNS };
static const rb_quantity columns[COLUMNS] = {
    [MISFIT_P] = {"misfit_p", "1",
                  "p-value of the misfit, see posterior.h5; below 0.01: unlike the simulator's"},
    [PREDICTED] = {"predicted", "1", "sweeps that were not used, and are predicted"},
    [RELIABILITY] = {"reliability", "1", "coincidence factor of one repeat of them with another"}};

typedef struct cells {
  const rb_job *job;
  int64_t count, draws;
  float *x;           // (count, C, L)
  float *draw;        // (count, draws, D) on rank 0
  double *mean, *sd;  // (count, D)
  double *quantile;   // (count, D, levels)
  double *number;     // (COLUMNS + RB_SCORES, count)
  rb_misfit_study misfit;
} cells;

static void free_cells(cells *c) {
  free(c->x);
  free(c->draw);
  free(c->mean);
  free(c->sd);
  free(c->quantile);
  free(c->number);
  rb_misfit_study_free(&c->misfit);
}

static rb_status allocate(rb_context *ctx, cells *c) {
  rb_status status = RB_OK;
  const rb_model *m = &c->job->model;
  RB_TRY(RB_ALLOCATE(ctx, c->x, c->count * m->channels * m->length));
  RB_TRY(RB_ALLOCATE(ctx, c->mean, c->count * m->dim));
  RB_TRY(RB_ALLOCATE(ctx, c->sd, c->count * m->dim));
  RB_TRY(RB_ALLOCATE(ctx, c->quantile, c->count * m->dim * RB_DRAW_LEVELS));
  RB_TRY(RB_ALLOCATE(ctx, c->number, c->count * (COLUMNS + RB_SCORES)));
  for (int64_t i = 0; i < c->count * (COLUMNS + RB_SCORES); ++i) c->number[i] = NAN;
cleanup:
  return status;
}

/* Rank 0 alone draws. Local. */
static rb_status draw(rb_context *ctx, cells *c) {
  rb_status status = RB_OK;
  const rb_job *job = c->job;
  const int D = job->model.dim;
  const int64_t S = c->draws;
  double *log_density = NULL, *sorted = NULL;
  if (ctx->rank != 0) return RB_OK;
  RB_TRY(RB_ALLOCATE(ctx, c->draw, c->count * S * D));
  RB_TRY(RB_ALLOCATE(ctx, log_density, c->count * S));
  RB_TRY(RB_ALLOCATE(ctx, sorted, S));
  RB_TRY(job->network->sample(job->network, ctx, (uint64_t)job->input.seed, RB_FOR_OBSERVATION, 0,
                              c->count, c->x, S, c->draw, log_density));
  if (job->network->latent) rb_draws_clip(&job->model, c->count * S, c->draw);
  for (int64_t k = 0; k < c->count * D; ++k) {
    const int d = (int)(k % D);
    const rb_draw_summary s = rb_draws_summarise(S, D, c->draw + k / D * S * D, d, sorted);
    c->mean[k] = s.mean;
    c->sd[k] = s.sd;
    memcpy(&c->quantile[k * RB_DRAW_LEVELS], s.quantile, sizeof s.quantile);
  }
cleanup:
  free(log_density);
  free(sorted);
  return status;
}

/* Sums of scores over sweeps that have them; the reliability comes first. */
typedef struct score_sums {
  double sum[1 + RB_SCORES];
  int64_t count[1 + RB_SCORES];
} score_sums;

static void add_score(score_sums *s, int q, double value) {
  if (!isfinite(value)) return;
  s->sum[q] += value;
  ++s->count[q];
}

/* Draws of a cell that are followed. */
typedef struct followed {
  int64_t draws;
  double *theta;  // (draws, D)
  double level;   // of runs without noise
} followed;

/* Adds to the numbers of cell k what is predicted of a sweep. */
static rb_status add_sweep(rb_context *ctx, cells *c, int64_t k, const rb_recorded *recording,
                           int64_t sweep, const followed *f, score_sums *sums) {
  rb_status status = RB_OK;
  rb_prediction p = {0};
  rb_repeats repeats;
  double n[RB_SCORE_NUMBERS];
  RB_TRY(rb_recording_fits(ctx, &c->job->model, c->job->arguments->recorded[k],
                           &recording->sweep[sweep]));
  RB_TRY(rb_prediction_create(ctx, &c->job->model, (uint64_t)c->job->input.seed, sweep,
                              &recording->sweep[sweep], f->draws, f->theta, f->level, &p));
  RB_TRY(rb_prediction_repeats(ctx, recording, sweep, &p, &repeats));
  add_score(sums, 0, repeats.reliability);
  for (int q = 0; q < RB_SCORES; ++q) {
    RB_TRY(rb_prediction_summary(ctx, &p, (rb_prediction_score)q, n));
    add_score(sums, 1 + q, n[0]);
  }
cleanup:
  rb_prediction_free(&p);
  return status;
}

/* Predicts the sweeps of a cell that are not in the list. Local, on rank 0.
 * @param used (recording->sweeps) */
static rb_status predict_rest(rb_context *ctx, cells *c, int64_t k, const rb_recorded *recording,
                              const bool *used) {
  rb_status status = RB_OK;
  const rb_model *m = &c->job->model;
  const int64_t wanted = c->job->input.predictive_replicates;
  followed f = {0};
  score_sums sums = {0};
  int64_t predicted = 0;
  RB_TRY(RB_ALLOCATE(ctx, f.theta, wanted * m->dim));
  f.draws = rb_draws_pick(m, c->draws, c->draw + k * c->draws * m->dim, wanted, f.theta);
  RB_TRY(
      rb_prediction_level(ctx, m, c->x + k * m->channels * m->length, f.draws, f.theta, &f.level));
  for (int64_t s = 0; f.draws > 0 && s < recording->sweeps; ++s) {
    if (used[s]) continue;
    RB_TRY(add_sweep(ctx, c, k, recording, s, &f, &sums));
    ++predicted;
  }
  c->number[PREDICTED * c->count + k] = (double)predicted;
  for (int q = 0; q < 1 + RB_SCORES; ++q) {  // the scores follow the reliability in the table
    c->number[(RELIABILITY + q) * c->count + k] = sums.sum[q] / (double)sums.count[q];
  }
cleanup:
  free(f.theta);
  return status;
}

/* Rank 0 does it. Collective: all read the file. */
static rb_status predict_cell(rb_context *ctx, cells *c, int64_t k) {
  rb_status status = RB_OK;
  const rb_arguments *a = c->job->arguments;
  rb_recorded recording = {0};
  int64_t *chosen = NULL, count = 0;
  bool *used = NULL;
  c->number[PREDICTED * c->count + k] = 0;
  if (a->recording.sweeps == NULL || c->job->model.predictor == NULL) return RB_OK;
  RB_TRY(rb_recorded_read(ctx, a->recorded[k], NULL, &recording));
  if (ctx->rank != 0) goto cleanup;
  RB_TRY(RB_ALLOCATE(ctx, chosen, recording.sweeps));
  RB_TRY(RB_ALLOCATE(ctx, used, recording.sweeps));
  RB_TRY(rb_sweep_list(ctx, a->recording.sweeps, recording.sweeps, chosen, &count));
  for (int64_t i = 0; i < count; ++i) used[chosen[i]] = true;
  RB_TRY(predict_rest(ctx, c, k, &recording, used));
cleanup:
  free(chosen);
  free(used);
  rb_recorded_free(&recording);
  return status;
}

static const rb_field CELL = {"cell", RB_STRING, "cell", "1", "files of the recordings", false};
static const rb_field LEVEL = {"level", RB_F64, "level", "1", "probabilities of the quantiles",
                               false};
static const rb_field MEAN = {"mean",           RB_F64, "cell,parameter", "parameter's unit",
                              "posterior mean", false};
static const rb_field SD = {
    "sd", RB_F64, "cell,parameter", "parameter's unit", "posterior standard deviation", false};
static const rb_field QUANTILE = {
    "quantile", RB_F64, "cell,parameter,level", "parameter's unit", "posterior quantiles", false};
static const rb_field DRAWS = {"draws",           RB_F32, "cell,draw,parameter", "parameter's unit",
                               "posterior draws", false};

/* What a number of the table is. */
static const rb_quantity *column(int k) {
  return k < COLUMNS ? &columns[k] : &rb_prediction_scores[k - COLUMNS];
}

static rb_status write(rb_context *ctx, rb_file *file, const cells *c) {
  rb_status status = RB_OK;
  RB_TRY(rb_parameters_write(ctx, file, &c->job->model));
  RB_TRY(rb_file_dimension(ctx, file, "cell", c->count));
  RB_TRY(rb_file_dimension(ctx, file, "draw", c->draws));
  RB_TRY(rb_file_dimension(ctx, file, "level", RB_DRAW_LEVELS));
  RB_TRY(rb_file_write(ctx, file, &CELL, c->job->arguments->recorded));
  RB_TRY(rb_file_write(ctx, file, &LEVEL, rb_draw_level));
  RB_TRY(rb_file_write(ctx, file, &MEAN, c->mean));
  RB_TRY(rb_file_write(ctx, file, &SD, c->sd));
  RB_TRY(rb_file_write(ctx, file, &QUANTILE, c->quantile));
  RB_TRY(rb_file_write(ctx, file, &DRAWS, c->draw));
  for (int k = 0; k < COLUMNS + RB_SCORES; ++k) {
    const rb_quantity *q = column(k);
    RB_TRY(rb_file_write(ctx, file,
                         &(rb_field){q->name, RB_F64, "cell", q->unit, q->description, false},
                         c->number + k * c->count));
  }
cleanup:
  return status;
}

static void write_table(FILE *out, const cells *c) {
  const rb_model *m = &c->job->model;
  (void)fputs("cell", out);
  for (int d = 0; d < m->dim; ++d) {
    const char *name = m->parameters[d].name;
    (void)fprintf(out, ",%s,%s_low,%s_high", name, name, name);
  }
  for (int k = 0; k < COLUMNS + RB_SCORES; ++k) (void)fprintf(out, ",%s", column(k)->name);
  for (int64_t i = 0; i < c->count; ++i) {
    (void)fputc('\n', out);
    rb_text_csv_field(out, c->job->arguments->recorded[i]);
    for (int d = 0; d < m->dim; ++d) {
      const double *quantile = &c->quantile[(i * m->dim + d) * RB_DRAW_LEVELS];
      (void)fprintf(out, ",%.6g,%.6g,%.6g", c->mean[i * m->dim + d], quantile[0],
                    quantile[RB_DRAW_LEVELS - 1]);
    }
    for (int k = 0; k < COLUMNS + RB_SCORES; ++k) {
      const double value = c->number[k * c->count + i];
      if (isfinite(value)) {
        (void)fprintf(out, ",%.6g", value);
      } else {
        (void)fputc(',', out);
      }
    }
  }
  (void)fputc('\n', out);
}

/* cells.csv beside the file. Local, on rank 0. */
static rb_status write_csv(rb_context *ctx, const cells *c) {
  rb_status status = RB_OK;
  char path[RB_JOB_PATH], tmp[RB_TEXT_PATH];
  FILE *out = NULL;
  if (ctx->rank != 0) return RB_OK;
  rb_job_path(c->job, "cells.csv", path);
  RB_TRY(rb_text_create(ctx, path, tmp, &out));
  write_table(out, c);
  RB_TRY(rb_text_finish(ctx, RB_OK, path, tmp, out));
  rb_log_info(ctx, "infer      %lld cells: %s", (long long)c->count, path);
cleanup:
  return status;
}

static void warn(const rb_context *ctx, const cells *c) {
  for (int64_t k = 0; k < c->misfit.count; ++k) {
    const rb_misfit *m = &c->misfit.misfit[k];
    if (rb_misfit_verdict(m->p_all, m->far, c->misfit.references) != RB_VERDICT_OUTSIDE) continue;
    rb_log_warning(
        ctx,
        "%s lies outside what the simulator makes (p = %.4f): its posterior is not to be "
        "trusted",
        c->job->arguments->recorded[k], m->p_all);
  }
}

rb_status rb_stage_infer_cells(rb_context *ctx, rb_job *job, const char *path) {
  rb_status status = RB_OK;
  const rb_arguments *a = job->arguments;
  const int64_t row = job->model.channels * job->model.length;
  cells c = {.job = job, .count = a->recordings, .draws = job->input.observation_draws};
  rb_file *file = NULL;
  RB_TRY(rb_job_load_network(ctx, job));
  RB_TRY(rb_agree(ctx, allocate(ctx, &c)));
  for (int64_t k = 0; k < c.count; ++k) {
    RB_TRY(rb_recording_observe(ctx, &job->model, a->recorded[k], a->recording.sweeps, "infer",
                                c.x + k * row));
  }
  RB_TRY(rb_agree(ctx, draw(ctx, &c)));
  RB_TRY(rb_misfit_of_observations(ctx, job, c.count, c.x, &c.misfit));
  for (int64_t k = 0; k < c.misfit.count; ++k)
    c.number[MISFIT_P * c.count + k] = c.misfit.misfit[k].p_all;
  for (int64_t k = 0; k < c.count; ++k) RB_TRY(rb_agree(ctx, predict_cell(ctx, &c, k)));
  RB_TRY(rb_product_create(ctx, RB_PRODUCT_CELLS, path, &file));
  RB_TRY(write(ctx, file, &c));
  RB_TRY(rb_agree(ctx, write_csv(ctx, &c)));  // before the file that says the stage is finished
  RB_TRY(rb_stage_file_commit(ctx, job, &file));
  warn(ctx, &c);
cleanup:
  rb_file_abort(ctx, &file);
  free_cells(&c);
  return status;
}
