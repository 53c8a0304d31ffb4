#include <inttypes.h>
#include <string.h>

#include "../commands.h"
#include "job.h"
#include "memory_needs.h"
#include "observed.h"
#include "rheobase/base/log.h"
#include "rheobase/base/signals.h"
#include "rheobase/io/study.h"
#include "rheobase/parallel/agree.h"
#include "rheobase/report/report.h"
#include "source_files.h"
#include "stage_file.h"
#include "stage_recipe.h"

/* Whether the work a current file of the stage holds is still to be finished. Collective. */
static rb_status is_unfinished(rb_context *ctx, const rb_stage *stage, const char *path,
                               bool *unfinished) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  int64_t done[2] = {0, 0};  // and of how much
  *unfinished = false;
  if (stage->position == NULL) return RB_OK;
  if (ctx->rank == 0) {
    status = rb_product_open_one(ctx, stage->product, path, &file);
    if (status == RB_OK) status = stage->position(ctx, file, &done[0], &done[1]);
    rb_file_close(&file);
  }
  RB_TRY(rb_agree(ctx, status));
  MPI_Bcast(done, 2, MPI_INT64_T, 0, ctx->comm);
  *unfinished = done[0] < done[1];
cleanup:
  return status;
}

/* What is to be done about a file of the stage. Collective. */
static rb_status look_at(rb_context *ctx, const rb_job *job, const rb_stage *stage,
                         const char *path, rb_work *work) {
  rb_status status = RB_OK;
  char why[RB_STUDY_WHY];
  rb_product_state state = RB_PRODUCT_ABSENT;
  bool unfinished = false;
  bool extends = false;
  *work = RB_WORK_TO_DO;
  RB_TRY(rb_recipe_check(ctx, path, rb_products[stage->product].schema,
                         rb_products[stage->product].version, &job->recipe, &state, why));
  if (state == RB_PRODUCT_DIFFERENT && stage->extends != NULL) {
    RB_TRY(stage->extends(ctx, job, path, &extends, why));
  }
  if (extends) *work = RB_WORK_TO_FINISH;
  if (state == RB_PRODUCT_ABSENT || extends || job->arguments->force) goto cleanup;
  if (state == RB_PRODUCT_DIFFERENT) {
    if (stage->takes_observation) RB_TRY(rb_observed_difference(ctx, job, path, why));
    RB_TRY(rb_study_refuse(ctx, path, why));
  }
  RB_TRY(is_unfinished(ctx, stage, path, &unfinished));
  *work = unfinished ? RB_WORK_TO_FINISH : RB_WORK_DONE;
cleanup:
  return status;
}

/* Says how many simulations a stage has skipped of those it made as it needed them, and begins to
 * count anew. Collective. */
static void tell_skipped(const rb_context *ctx, const rb_job *job, const rb_stage *stage) {
  rb_tally *tally = &job->model.core->tally;
  int64_t sums[2] = {tally->invalid, tally->tried};
  MPI_Allreduce(MPI_IN_PLACE, sums, 2, MPI_INT64_T, MPI_SUM, ctx->comm);
  if (sums[0] > 0) {
    rb_log_info(ctx,
                "%-10s %" PRId64 " of %" PRId64
                " simulations (%.3g%%) were invalid; others took their places",
                rb_products[stage->product].stage, sums[0], sums[1],
                100 * (double)sums[0] / (double)sums[1]);
  }
  *tally = (rb_tally){0};
}

/* Whether earlier files belong together, and tells of those that are of another model or prior:
 * what is made from them fits neither. Local. */
static rb_status check_source_files(rb_context *ctx, const rb_job *job, const rb_stage *stage) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  RB_TRY(rb_source_files_agree(ctx, job, rb_stage_sources(job, stage)));
  for (int p = 0; p < RB_PRODUCTS; ++p) {
    char path[RB_JOB_PATH], why[RB_STUDY_WHY];
    if ((rb_stage_sources(job, stage) & 1U << p) == 0 || p == RB_PRODUCT_SIMULATIONS) continue;
    rb_job_product_path(job, (rb_product)p, path);
    RB_TRY(rb_product_open_one(ctx, (rb_product)p, path, &file));
    RB_TRY(rb_stage_model_difference(ctx, job, file, why));
    rb_file_close(&file);
    if (why[0] == '\0') continue;
    rb_log_warning(ctx, "%s is of another model or prior than what is made from it now: %s", path,
                   why);
  }
cleanup:
  rb_file_close(&file);
  return status;
}

/* Runs a stage unless its files are there and made from the same input. Collective. */
static rb_status run_stage(rb_context *ctx, rb_job *job, const rb_stage *stage) {
  rb_status status = RB_OK;
  char path[RB_JOB_PATH];
  bool done = true;
  RB_TRY(rb_stage_recipe_make(ctx, job, stage, NULL));
  for (int k = rb_stage_file_count(job, stage) - 1; k >= 0;
       --k) {  // path is the first one's at the end
    rb_stage_file_path(job, stage, k, path);
    RB_TRY(look_at(ctx, job, stage, path, &job->work[k]));
    done = done && job->work[k] == RB_WORK_DONE;
  }
  if (done) {
    rb_log_info(ctx, "%-10s finished earlier: %s", rb_products[stage->product].stage, path);
    goto cleanup;
  }
  RB_TRY(rb_agree(ctx, ctx->rank == 0 ? check_source_files(ctx, job, stage) : RB_OK));
  job->began_s = MPI_Wtime();
  job->ranks = ctx->size;
  RB_TRY(stage->run(ctx, job, path));
  tell_skipped(ctx, job, stage);
cleanup:
  rb_stage_recipe_free(job);
  return status;
}

/* @param name of a stage; NULL: those of `run` */
static bool is_asked_for(const rb_job *job, const rb_stage *stage, const char *name) {
  const int recordings = job->arguments->recordings;
  if (name != NULL) {
    return strcmp(rb_products[stage->product].stage, name) == 0 &&
           recordings >= stage->least_recordings && recordings <= stage->most_recordings;
  }
  return !stage->not_in_run && !(stage->needs_simulator && rb_input_is_stored(&job->input));
}

/* Says what stored simulations cannot be used for, before anything runs. Collective. */
static rb_status check_simulator(rb_context *ctx, const rb_job *job, const char *name) {
  const rb_input *input = &job->input;
  if (!rb_input_is_stored(input)) return RB_OK;
  rb_log_info(ctx,
              "%-10s has %" PRId64 " data sets to train on, %" PRId64 " for validation, %" PRId64
              " for calibration",
              input->model, input->type->available(input->simulator, RB_FOR_TRAINING),
              input->type->available(input->simulator, RB_FOR_VALIDATION),
              input->type->available(input->simulator, RB_FOR_SBC));
  for (int i = 0; i < rb_stage_count; ++i) {
    const rb_stage *stage = &rb_stages[i];
    if (!stage->needs_simulator) continue;
    if (name == NULL) {
      rb_log_info(ctx, "%-10s is left out: model \"%s\" has no simulator",
                  rb_products[stage->product].stage, input->model);
    } else if (strcmp(rb_products[stage->product].stage, name) == 0) {
      return RB_FAIL(ctx, RB_ERR_SETTING, "%s needs a simulator, and model \"%s\" has none", name,
                     input->model);
    }
  }
  return RB_OK;
}

/* Whether each stage of `run` may write its files, before the first one begins: a file carries the
 * digest of its recipe, so what later ones are made from is known already. Collective. */
static rb_status look_ahead(rb_context *ctx, rb_job *job) {
  rb_status status = RB_OK;
  uint64_t planned[RB_PRODUCTS] = {0};
  char path[RB_JOB_PATH];
  for (int i = 0; i < rb_stage_count; ++i) {
    if (!is_asked_for(job, &rb_stages[i], NULL)) continue;
    RB_TRY(rb_stage_recipe_make(ctx, job, &rb_stages[i], planned));
    planned[rb_stages[i].product] = rb_recipe_digest(&job->recipe);
    for (int k = 0; k < rb_stage_file_count(job, &rb_stages[i]); ++k) {
      rb_stage_file_path(job, &rb_stages[i], k, path);
      RB_TRY(look_at(ctx, job, &rb_stages[i], path, &job->work[k]));
    }
    rb_stage_recipe_free(job);
  }
cleanup:
  rb_stage_recipe_free(job);
  return status;
}

/* Fails if a signal has asked to stop: stages without safe points of their own run to their end.
 * Collective. */
static rb_status stop_before(rb_context *ctx, const char *next) {
  if (!rb_signals_agree(ctx)) return RB_OK;
  return RB_FAIL(ctx, RB_STOPPED, "stopped by a signal before %s; the same command goes on there",
                 next);
}

/* Runs one stage, or all of them and the report if `name` is NULL. */
static rb_status run_stages(rb_context *ctx, const rb_arguments *arguments, const char *name) {
  rb_status status = RB_OK;
  rb_job job = {0};
  rb_figure_format format = RB_FIGURE_PNG;
  RB_TRY(rb_figure_format_parse(ctx, arguments->format, &format));
  RB_TRY(rb_job_open(ctx, arguments, &job));
  RB_TRY(check_simulator(ctx, &job, name));
  RB_TRY(rb_check_memory_needs(ctx, &job, name));
  for (int i = 0; i < rb_stage_count; ++i) {
    if (is_asked_for(&job, &rb_stages[i], name) && rb_stages[i].check != NULL) {
      RB_TRY(rb_stages[i].check(ctx, &job));
    }
  }
  if (name == NULL) RB_TRY(look_ahead(ctx, &job));
  for (int i = 0; i < rb_stage_count; ++i) {
    if (is_asked_for(&job, &rb_stages[i], name)) {
      RB_TRY(stop_before(ctx, rb_products[rb_stages[i].product].stage));
      RB_TRY(run_stage(ctx, &job, &rb_stages[i]));
    }
  }
  if (name == NULL) {
    RB_TRY(stop_before(ctx, "report"));
    RB_TRY(rb_report_write(ctx, &job.model, job.study.folder, format));
  }
cleanup:
  rb_job_close(ctx, &job);
  return status;
}

rb_status rb_cmd_run(rb_context *ctx, const rb_arguments *arguments) {
  return run_stages(ctx, arguments, NULL);
}
rb_status rb_cmd_simulate(rb_context *ctx, const rb_arguments *arguments) {
  return run_stages(ctx, arguments, "simulate");
}
rb_status rb_cmd_train(rb_context *ctx, const rb_arguments *arguments) {
  return run_stages(ctx, arguments, "train");
}
rb_status rb_cmd_baseline(rb_context *ctx, const rb_arguments *arguments) {
  return run_stages(ctx, arguments, "baseline");
}
rb_status rb_cmd_calibrate(rb_context *ctx, const rb_arguments *arguments) {
  return run_stages(ctx, arguments, "calibrate");
}
rb_status rb_cmd_infer(rb_context *ctx, const rb_arguments *arguments) {
  return run_stages(ctx, arguments, "infer");
}
rb_status rb_cmd_predict(rb_context *ctx, const rb_arguments *arguments) {
  return run_stages(ctx, arguments, "predict");
}
rb_status rb_cmd_refine(rb_context *ctx, const rb_arguments *arguments) {
  return run_stages(ctx, arguments, "refine");
}
