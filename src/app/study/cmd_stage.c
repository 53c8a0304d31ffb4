#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../commands.h"
#include "job.h"
#include "memory_needs.h"
#include "observed.h"
#include "refine_file.h"
#include "rheobase/base/log.h"
#include "rheobase/base/signals.h"
#include "rheobase/io/study.h"
#include "rheobase/parallel/agree.h"
#include "rheobase/report/report.h"
#include "source_files.h"
#include "stage_file.h"

/* The stages in order: what each writes, which settings and files it is made from, what does it. */
static const struct stage {
  rb_product product;
  const char *settings;
  unsigned sources;  // files of earlier stages, a bit for each product
  bool takes_data, takes_observation;
  /** Of stages with one name that is done whose range holds the number of --recording FILE. */
  int least_recordings, most_recordings;
  rb_status (*run)(rb_context *ctx, rb_job *job, const char *path);
  /** Where its file may hold unfinished work: how far it is, of how much. */
  rb_status (*position)(rb_context *ctx, const rb_file *file, int64_t *done, int64_t *total);
  bool predicts;    ///< recordings, from what rb_stage_predicts_from says
  bool not_in_run;  ///< done only when asked for by name
  /** Of an ensemble it writes files <member_kind>_member_<number>.h5 too, from this number on. */
  const char *member_kind;
  int first_member;
  /** What can be checked before any stage runs; NULL: nothing. */
  rb_status (*check)(rb_context *ctx, const rb_job *job);
  /** Whether its file, made from another recipe, is a beginning of what is asked for; NULL: never.
   */
  rb_status (*extends)(rb_context *ctx, const rb_job *job, const char *path, bool *extends,
                       char *why);
  bool needs_simulator;  ///< for parameters that stored simulations do not have
} stages[] = {
    {.product = RB_PRODUCT_SIMULATIONS,
     .settings = RB_SIMULATE_SETTINGS,
     .run = rb_stage_simulate,
     .extends = rb_simulate_extends},
    {.product = RB_PRODUCT_CHECKPOINT,
     .settings = RB_TRAIN_SETTINGS,
     .sources = 1U << RB_PRODUCT_SIMULATIONS,
     .takes_data = true,
     .run = rb_stage_train,
     .position = rb_checkpoint_position,
     .member_kind = "checkpoint",
     .first_member = 2,
     .check = rb_check_train},
    {.product = RB_PRODUCT_CALIBRATION,
     .settings = RB_CALIBRATE_SETTINGS,
     .sources = 1U << RB_PRODUCT_CHECKPOINT,
     .run = rb_stage_calibrate,
     .member_kind = "calibration",
     .first_member = 1},
    {.product = RB_PRODUCT_BASELINE,
     .settings = RB_BASELINE_SETTINGS,
     .run = rb_stage_baseline,
     .check = rb_check_baseline},
    {.product = RB_PRODUCT_BASELINE_CALIBRATION,
     .settings = RB_CALIBRATE_BASELINE_SETTINGS,
     .sources = 1U << RB_PRODUCT_BASELINE,
     .run = rb_stage_calibrate_baseline},
    {.product = RB_PRODUCT_POSTERIOR,
     .settings = RB_INFER_SETTINGS,
     .sources = 1U << RB_PRODUCT_CHECKPOINT,
     .takes_observation = true,
     .most_recordings = 1,
     .run = rb_stage_infer,
     .check = rb_observed_check},
    {.product = RB_PRODUCT_CELLS,
     .settings = RB_INFER_SETTINGS " predictive.replicates",
     .sources = 1U << RB_PRODUCT_CHECKPOINT,
     .least_recordings = 2,
     .most_recordings = RB_MAX_ARGUMENTS,
     .run = rb_stage_infer_cells,
     .not_in_run = true},
    {.product = RB_PRODUCT_PREDICTIVE,
     .settings = RB_PREDICT_SETTINGS,
     .sources = 1U << RB_PRODUCT_POSTERIOR,
     .run = rb_stage_predict,
     .needs_simulator = true},
    {.product = RB_PRODUCT_PREDICTION,
     .settings = RB_PREDICT_SETTINGS " predictive.posterior",
     .sources = 1U << RB_PRODUCT_POSTERIOR,
     .least_recordings = 1,
     .most_recordings = RB_MAX_ARGUMENTS,
     .run = rb_stage_predict_recording,
     .predicts = true,
     .not_in_run = true,
     .check = rb_check_recording,
     .needs_simulator = true},
    {.product = RB_PRODUCT_EXACT,
     .settings = RB_REFINE_SETTINGS,
     .sources = 1U << RB_PRODUCT_CHECKPOINT | 1U << RB_PRODUCT_POSTERIOR,
     .run = rb_stage_refine,
     .position = rb_refine_position,
     .not_in_run = true},
};
enum { STAGES = sizeof stages / sizeof *stages };

static const struct stage *stage_that_writes(rb_product product) {
  const struct stage *found = NULL;
  for (int i = 0; i < STAGES; ++i) {
    if (stages[i].product == product) found = &stages[i];
  }
  return found;
}

/* How many files the stage writes. */
static int file_count(const rb_job *job, const struct stage *stage) {
  const int members = job->input.training.ensemble;
  return members == 1 || stage->member_kind == NULL ? 1 : members - stage->first_member + 2;
}

/* Path of the stage's file k. @param path (RB_JOB_PATH) */
static void file_path(const rb_job *job, const struct stage *stage, int k, char *path) {
  if (k == 0) {
    rb_job_product_path(job, stage->product, path);
  } else {
    rb_job_member_path(job, stage->member_kind, stage->first_member + k - 1, path);
  }
}

/* What a stage's file is to be made from: one digest of all, and a list of them. */
typedef struct sources {
  const uint64_t
      *planned;  // (STAGES) digests that the stages' files will have; NULL: they are there
  uint64_t digest;
  FILE *list;
} sources;

static void add_source(sources *s, uint64_t digest, const char *option, const char *name) {
  s->digest = rb_hash(s->digest, &digest, sizeof digest);
  rb_recipe_add_file(s->list, digest, option, name);
}

/* What an earlier stage's file was made from. Local. */
static rb_status read_digest(rb_context *ctx, const struct stage *maker, const char *path,
                             uint64_t *made_from) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  status = rb_product_open_one(ctx, maker->product, path, &file);
  if (status == RB_ERR_FILE) {
    rb_error_clear(ctx);
    RB_TRY(RB_FAIL(ctx, RB_ERR_FILE, "%s cannot be opened: run `rheobase %s` first", path,
                   rb_products[maker->product].stage));
  }
  RB_TRY(status);
  RB_TRY(rb_recipe_read_digest(ctx, file, made_from));
cleanup:
  rb_file_close(&file);
  return status;
}

/* Adds an earlier stage's file. Collective. */
static rb_status add_file(rb_context *ctx, const struct stage *maker, const char *path,
                          sources *s) {
  rb_status status = RB_OK;
  uint64_t made_from = 0;
  if (ctx->rank == 0) status = read_digest(ctx, maker, path, &made_from);
  RB_TRY(rb_agree(ctx, status));
  MPI_Bcast(&made_from, 1, MPI_UINT64_T, 0, ctx->comm);
  add_source(s, made_from, NULL, strrchr(path, '/') + 1);
cleanup:
  return status;
}

/* Adds all files of the stage that writes `source`. Collective. */
static rb_status add_product(rb_context *ctx, const rb_job *job, rb_product source, sources *s) {
  rb_status status = RB_OK;
  const struct stage *maker = stage_that_writes(source);
  char path[RB_JOB_PATH];
  for (int k = 0; k < file_count(job, maker); ++k) {
    file_path(job, maker, k, path);
    if (s->planned == NULL) {
      RB_TRY(add_file(ctx, maker, path, s));
    } else {
      add_source(s, s->planned[maker - stages], NULL, strrchr(path, '/') + 1);
    }
  }
cleanup:
  return status;
}

/* Adds a file of the user's, by its content. Collective. */
static rb_status add_foreign(rb_context *ctx, const char *option, const char *path, sources *s) {
  uint64_t content = 0;
  const rb_status status = rb_study_hash_file(ctx, path, &content);
  if (status == RB_OK) add_source(s, content, option, path);
  return status;
}

/* Adds which sweeps of a recording are taken. */
static void add_sweeps(const char *list, sources *s) {
  if (list == NULL) return;
  add_source(s, rb_hash(RB_HASH_START, list, strlen(list)), "--sweeps", list);
}

/* The files of earlier stages that the stage reads, a bit for each product. */
static unsigned source_files(const rb_job *job, const struct stage *stage) {
  return stage->sources | (stage->predicts ? 1U << rb_stage_predicts_from(&job->input) : 0);
}

/* Adds all that the stage reads. Collective. */
static rb_status add_sources(rb_context *ctx, const rb_job *job, const struct stage *stage,
                             sources *s) {
  rb_status status = RB_OK;
  const char *data = stage->takes_data ? job->arguments->data : NULL;
  const rb_arguments *arguments = job->arguments;
  const char *observation = stage->takes_observation ? arguments->observation : NULL;
  if (data != NULL) {
    RB_TRY(add_foreign(ctx, "--data", data, s));
  } else {
    for (int p = 0; p < RB_PRODUCTS; ++p) {
      if ((source_files(job, stage) & 1U << p) == 0) continue;
      RB_TRY(add_product(ctx, job, (rb_product)p, s));
    }
  }
  if (observation != NULL) RB_TRY(add_foreign(ctx, "--observation", observation, s));
  if (stage->most_recordings == 0) return RB_OK;
  for (int k = 0; k < arguments->recordings; ++k) {
    RB_TRY(add_foreign(ctx, "--recording", arguments->recorded[k], s));
  }
  add_sweeps(arguments->recording.sweeps, s);
cleanup:
  return status;
}

static void free_recipe(rb_recipe *recipe) {
  free((char *)recipe->settings);
  free((char *)recipe->made_from);
  *recipe = (rb_recipe){0};
}

/* What the stage's file is to be made from, as job->recipe. Collective; the caller calls
 * free_recipe, also after a failure. @param planned as in `sources` */
static rb_status write_recipe(rb_context *ctx, rb_job *job, const struct stage *stage,
                              const uint64_t *planned) {
  rb_status status = RB_OK;
  char *lines = NULL, *list = NULL;
  size_t size = 0;
  sources s = {planned, RB_HASH_START, open_memstream(&list, &size)};
  const rb_status opened = s.list != NULL ? RB_OK : RB_FAIL(ctx, RB_ERR_MEMORY, "out of memory");
  RB_TRY(rb_agree(ctx, opened));
  RB_TRY(rb_agree(ctx, rb_input_lines(ctx, &job->input, stage->settings, &lines)));
  RB_TRY(add_sources(ctx, job, stage, &s));
cleanup:
  if (s.list != NULL) (void)fclose(s.list);
  job->recipe = (rb_recipe){lines, s.digest, list};
  return status;
}

/* Whether the work a current file of the stage holds is still to be finished. Collective. */
static rb_status is_unfinished(rb_context *ctx, const struct stage *stage, const char *path,
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
static rb_status look_at(rb_context *ctx, const rb_job *job, const struct stage *stage,
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
static void tell_skipped(const rb_context *ctx, const rb_job *job, const struct stage *stage) {
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
static rb_status check_source_files(rb_context *ctx, const rb_job *job, const struct stage *stage) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  for (int p = 0; p < RB_PRODUCTS; ++p) {
    char path[RB_JOB_PATH], why[RB_STUDY_WHY];
    if ((source_files(job, stage) & 1U << p) == 0 || p == RB_PRODUCT_SIMULATIONS) continue;
    rb_job_product_path(job, (rb_product)p, path);
    RB_TRY(rb_product_open_one(ctx, (rb_product)p, path, &file));
    RB_TRY(rb_stage_model_difference(ctx, job, file, why));
    rb_file_close(&file);
    if (why[0] == '\0') continue;
    rb_log_warning(ctx, "%s is of another model or prior than what is made from it now: %s", path,
                   why);
  }
  RB_TRY(rb_source_files_agree(ctx, job, source_files(job, stage)));
cleanup:
  rb_file_close(&file);
  return status;
}

/* Runs a stage unless its files are there and made from the same input. Collective. */
static rb_status run_stage(rb_context *ctx, rb_job *job, const struct stage *stage) {
  rb_status status = RB_OK;
  char path[RB_JOB_PATH];
  bool done = true;
  RB_TRY(write_recipe(ctx, job, stage, NULL));
  for (int k = file_count(job, stage) - 1; k >= 0; --k) {  // path is the first one's at the end
    file_path(job, stage, k, path);
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
  free_recipe(&job->recipe);
  return status;
}

/* @param name of a stage; NULL: those of `run` */
static bool is_asked_for(const rb_job *job, const struct stage *stage, const char *name) {
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
  for (int i = 0; i < STAGES; ++i) {
    const struct stage *stage = &stages[i];
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
  uint64_t planned[STAGES] = {0};
  char path[RB_JOB_PATH];
  for (int i = 0; i < STAGES; ++i) {
    if (!is_asked_for(job, &stages[i], NULL)) continue;
    RB_TRY(write_recipe(ctx, job, &stages[i], planned));
    planned[i] = rb_recipe_digest(&job->recipe);
    for (int k = 0; k < file_count(job, &stages[i]); ++k) {
      file_path(job, &stages[i], k, path);
      RB_TRY(look_at(ctx, job, &stages[i], path, &job->work[k]));
    }
    free_recipe(&job->recipe);
  }
cleanup:
  free_recipe(&job->recipe);
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
  for (int i = 0; i < STAGES; ++i) {
    if (is_asked_for(&job, &stages[i], name) && stages[i].check != NULL) {
      RB_TRY(stages[i].check(ctx, &job));
    }
  }
  if (name == NULL) RB_TRY(look_ahead(ctx, &job));
  for (int i = 0; i < STAGES; ++i) {
    if (is_asked_for(&job, &stages[i], name)) {
      RB_TRY(stop_before(ctx, rb_products[stages[i].product].stage));
      RB_TRY(run_stage(ctx, &job, &stages[i]));
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
