#include <string.h>

#include "draws.h"
#include "job.h"
#include "misfit_file.h"
#include "observed.h"
#include "rheobase/analysis/density.h"
#include "rheobase/base/log.h"
#include "rheobase/base/memory.h"
#include "rheobase/io/hdf5_file.h"
#include "rheobase/model/draw.h"
#include "rheobase/parallel/agree.h"
#include "stage_file.h"

enum { LEVEL_COUNT = RB_DRAW_LEVELS };

/* Everything that posterior.h5 holds. Draws, and what comes from them, on rank 0 only. */
typedef struct result {
  bool truth_known;
  double truth[RB_MAX_PARAMETERS], latent[RB_MAX_PARAMETERS];
  float *x;                // (C, L)
  const char *impossible;  // why no parameters can produce it; "" if some can
  float *draws;            // (S, D)
  double *log_density;     // (S)
  double *column;          // (S) one parameter's draws, sorted
  double mean[RB_MAX_PARAMETERS], sd[RB_MAX_PARAMETERS];
  double quantile[RB_MAX_PARAMETERS * LEVEL_COUNT];
  double grid[RB_MAX_PARAMETERS * RB_DENSITY_POINTS];
  double density[RB_MAX_PARAMETERS * RB_DENSITY_POINTS];
} result;

static rb_status result_create(rb_context *ctx, const rb_model *model, int64_t S, result *r) {
  rb_status status = RB_OK;
  *r = (result){.impossible = ""};
  RB_TRY(RB_ALLOCATE(ctx, r->x, model->channels * model->length));
  if (ctx->rank != 0) return RB_OK;
  RB_TRY(RB_ALLOCATE(ctx, r->draws, S * model->dim));
  RB_TRY(RB_ALLOCATE(ctx, r->log_density, S));
  RB_TRY(RB_ALLOCATE(ctx, r->column, S));
cleanup:
  return status;
}

static void result_destroy(result *r) {
  free(r->x);
  free(r->draws);
  free(r->log_density);
  free(r->column);
}

/* The observation: from the user's file, or simulated from a draw of the prior. Collective. */
static rb_status observe(rb_context *ctx, const rb_job *job, result *r) {
  rb_status status = RB_OK;
  const rb_model *model = &job->model;
  const uint64_t seed = (uint64_t)job->input.seed;
  if (rb_observed_file(job->arguments) != NULL) {
    RB_TRY(rb_observed_read(ctx, job, true, r->x));
    RB_TRY(rb_observed_explain(ctx, job, r->x, &r->impossible));
  } else {
    r->truth_known = true;
    RB_TRY(rb_model_draw(model, ctx, seed, RB_FOR_OBSERVATION, 0, 1, r->truth, r->latent, r->x));
  }
cleanup:
  return status;
}

/* Moments, quantiles and density estimate of each parameter's draws. */
static void summarise(const rb_model *model, int64_t S, result *r) {
  const int D = model->dim;
  for (int d = 0; d < D; ++d) {
    const rb_draw_summary summary = rb_draws_summarise(S, D, r->draws, d, r->column);
    r->mean[d] = summary.mean;
    r->sd[d] = summary.sd;
    memcpy(&r->quantile[d * LEVEL_COUNT], summary.quantile, sizeof summary.quantile);
    double *grid = r->grid + (int64_t)d * RB_DENSITY_POINTS;
    const double bandwidth = rb_scott_bandwidth(S, r->column);
    rb_density_grid(S, r->column, bandwidth, grid);
    rb_density(S, r->column, bandwidth, RB_DENSITY_POINTS, grid,
               r->density + (int64_t)d * RB_DENSITY_POINTS);
  }
}

/* One data set: rank 0 alone draws. Local. */
static rb_status draw(rb_context *ctx, const rb_job *job, result *r) {
  rb_status status = RB_OK;
  const int64_t S = job->input.observation_draws;
  if (ctx->rank != 0) return RB_OK;
  RB_TRY(job->network->sample(job->network, ctx, (uint64_t)job->input.seed, RB_FOR_OBSERVATION, 0,
                              1, r->x, S, r->draws, r->log_density));
  if (job->network->latent) rb_draws_clip(&job->model, S, r->draws);
  summarise(&job->model, S, r);
cleanup:
  return status;
}

static const rb_field DRAWS = {"draws",           RB_F32, "draw,parameter", "parameter's unit",
                               "posterior draws", false};
static const rb_field LOG_DENSITY = {
    "log_density",
    RB_F64,
    "draw",
    "nat",
    "log posterior density of each draw, per unit of the parameters",
    false};
static const rb_field TRUTH = {"truth",
                               RB_F64,
                               "parameter",
                               "parameter's unit",
                               "parameters the observation was simulated with",
                               false};
static const rb_field MEAN = {"mean",           RB_F64, "parameter", "parameter's unit",
                              "posterior mean", false};
static const rb_field SD = {
    "sd", RB_F64, "parameter", "parameter's unit", "posterior standard deviation", false};
static const rb_field LEVEL = {"level", RB_F64, "level", "1", "probabilities of the quantiles",
                               false};
static const rb_field QUANTILE = {
    "quantile", RB_F64, "parameter,level", "parameter's unit", "posterior quantiles", false};
static const rb_field GRID = {"density/grid",
                              RB_F64,
                              "parameter,point",
                              "parameter's unit",
                              "where the densities are evaluated",
                              false};
static const rb_field DENSITY = {"density/posterior",
                                 RB_F64,
                                 "parameter,point",
                                 "1 / parameter's unit",
                                 "Gaussian kernel estimate of the posterior, Scott's bandwidth",
                                 false};

static rb_status write(rb_context *ctx, const rb_job *job, rb_file *file, const result *r,
                       const rb_misfit_study *misfit) {
  rb_status status = RB_OK;
  RB_TRY(rb_axes_write(ctx, file, &job->model));
  RB_TRY(rb_file_dimension(ctx, file, "draw", job->input.observation_draws));
  RB_TRY(rb_file_dimension(ctx, file, "level", LEVEL_COUNT));
  RB_TRY(rb_file_dimension(ctx, file, "density/point", RB_DENSITY_POINTS));
  RB_TRY(rb_file_write(ctx, file, &DRAWS, r->draws));
  RB_TRY(rb_file_write(ctx, file, &LOG_DENSITY, r->log_density));
  if (r->truth_known) RB_TRY(rb_file_write(ctx, file, &TRUTH, r->truth));
  RB_TRY(rb_stage_write_observation(ctx, file, &job->model, r->x));
  RB_TRY(rb_observed_write(ctx, job, file, r->impossible));
  RB_TRY(rb_file_write(ctx, file, &MEAN, r->mean));
  RB_TRY(rb_file_write(ctx, file, &SD, r->sd));
  RB_TRY(rb_file_write(ctx, file, &LEVEL, rb_draw_level));
  RB_TRY(rb_file_write(ctx, file, &QUANTILE, r->quantile));
  RB_TRY(rb_file_write(ctx, file, &GRID, r->grid));
  RB_TRY(rb_file_write(ctx, file, &DENSITY, r->density));
  RB_TRY(rb_misfit_write(ctx, file, misfit));
cleanup:
  return status;
}

static void print(const rb_context *ctx, const rb_model *model, const result *r) {
  rb_log_info(ctx, "%-8s %-4s %10s %10s %10s %10s%s", "", "", "mean", "sd", "2.5%", "97.5%",
              r->truth_known ? "      truth" : "");
  for (int d = 0; d < model->dim; ++d) {
    const rb_quantity *p = &model->parameters[d];
    char truth[32] = "";
    if (r->truth_known) (void)snprintf(truth, sizeof truth, " %10.3f", r->truth[d]);
    rb_log_info(ctx, "%-8s %-4s %10.3f %10.3f %10.3f %10.3f%s", p->name, p->unit, r->mean[d],
                r->sd[d], r->quantile[d * LEVEL_COUNT], r->quantile[d * LEVEL_COUNT + 4], truth);
  }
}

rb_status rb_stage_infer(rb_context *ctx, rb_job *job, const char *path) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  result r = {0};
  rb_misfit_study misfit = {0};
  RB_TRY(rb_job_load_network(ctx, job));
  RB_TRY(rb_agree(ctx, result_create(ctx, &job->model, job->input.observation_draws, &r)));
  RB_TRY(rb_agree(ctx, observe(ctx, job, &r)));
  RB_TRY(rb_agree(ctx, draw(ctx, job, &r)));
  RB_TRY(rb_misfit_of_observations(ctx, job, 1, r.x, &misfit));
  RB_TRY(rb_product_create(ctx, RB_PRODUCT_POSTERIOR, path, &file));
  RB_TRY(write(ctx, job, file, &r, &misfit));
  RB_TRY(rb_stage_file_commit(ctx, job, &file));
  print(ctx, &job->model, &r);
  if (r.impossible[0] != '\0') {
    rb_log_warning(ctx, "the model cannot produce the observation: %s", r.impossible);
  }
  rb_misfit_print_observation(ctx, &misfit, r.truth_known);
cleanup:
  rb_file_abort(ctx, &file);
  result_destroy(&r);
  rb_misfit_study_free(&misfit);
  return status;
}
