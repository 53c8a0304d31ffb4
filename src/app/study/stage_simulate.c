#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "rheobase/io/hdf5_file.h"
#include "rheobase/parallel/agree.h"
#include "stage_file.h"

/* Simulations take long where the simulator does: what was made is kept in parts,
 * simulations.partial*.h5, when simulating is stopped or the simulator fails, and every now and
 * then. Each part holds what is new since the one before, so that it costs no more than that. When
 * all is there they are put together. Simulations of a study of another size are not made again. */

static const double LEAST_S = 1;  // between two parts, each of which is a file

static const char ITEM_S[] = "simulation_s";  // attribute: how long one takes

#define COUNTS " -training.simulations -training.validation"

/* Whether a file holds simulations that differ from those of now in number at most. Local.
 * @param why (RB_STUDY_WHY) how they differ otherwise; "": they do not */
static rb_status is_usable(rb_context *ctx, const rb_job *job, const rb_file *file, bool *usable,
                           char *why) {
  rb_status status = RB_OK;
  char *before = NULL;
  RB_TRY(rb_file_get_string(ctx, file, "", "settings", &before));
  RB_TRY(rb_input_difference(ctx, &job->input, before, RB_SIMULATE_SETTINGS COUNTS, RB_STUDY_WHY,
                             why));
  *usable = why[0] == '\0';
cleanup:
  free(before);
  return status;
}

/* The same of a path; a file that is absent or damaged is not usable. Local. */
static bool is_usable_at(rb_context *ctx, const rb_job *job, const char *path, char *why) {
  rb_file *file = NULL;
  bool usable = false;
  rb_status status = RB_OK;
  if (access(path, F_OK) != 0) return false;
  status = rb_product_open_one(ctx, RB_PRODUCT_SIMULATIONS, path, &file);
  if (status == RB_OK) status = is_usable(ctx, job, file, &usable, why);
  rb_file_close(&file);
  if (status != RB_OK) {
    (void)snprintf(why, RB_STUDY_WHY, "%.*s", RB_STUDY_WHY - 1, ctx->error.message);
    rb_error_clear(ctx);
  }
  return usable && status == RB_OK;
}

rb_status rb_simulate_extends(rb_context *ctx, const rb_job *job, const char *path, bool *extends,
                              char *why) {
  int usable = ctx->rank == 0 && is_usable_at(ctx, job, path, why);
  MPI_Bcast(&usable, 1, MPI_INT, 0, ctx->comm);
  MPI_Bcast(why, RB_STUDY_WHY, MPI_CHAR, 0, ctx->comm);
  *extends = usable != 0;
  return RB_OK;
}

/* @param path (RB_JOB_PATH) of part k */
static void part_path(const rb_job *job, int k, char *path) {
  char name[64] = "simulations.partial.h5";
  if (k > 0) (void)snprintf(name, sizeof name, "simulations.partial_%d.h5", k);
  rb_job_path(job, name, path);
}

/* The last ones first: what is left if this is cut short goes together. Local. */
static void remove_parts(const rb_job *job, int from) {
  char path[RB_JOB_PATH];
  for (int k = RB_SIMULATIONS_PARTS - 1; k >= from; --k) {
    part_path(job, k, path);
    (void)unlink(path);
  }
}

/* Opens an earlier file on every rank if it is of use. Collective. @param why (RB_STUDY_WHY) why
 * not */
static rb_status open_one(rb_context *ctx, const rb_job *job, const char *path, rb_file **file,
                          char *why) {
  rb_status status = RB_OK;
  bool extends = false;
  RB_TRY(rb_simulate_extends(ctx, job, path, &extends, why));
  if (!extends) return RB_OK;
  RB_TRY(rb_agree(ctx, rb_product_open_one(ctx, RB_PRODUCT_SIMULATIONS, path, file)));
cleanup:
  return status;
}

/* Opens what there is already: the file of a study of another size, and the parts that stopped work
 * has left. Collective. @param file (RB_EARLIER_FILES) NULL where there is none @param parts how
 * many */
static rb_status open_earlier(rb_context *ctx, const rb_job *job, const char *path, rb_file **file,
                              int *parts) {
  rb_status status = RB_OK;
  char part[RB_JOB_PATH], why[RB_STUDY_WHY] = "";
  if (job->work[0] == RB_WORK_TO_FINISH) RB_TRY(open_one(ctx, job, path, &file[0], why));
  for (*parts = 0; *parts < RB_SIMULATIONS_PARTS; ++*parts) {
    why[0] = '\0';
    part_path(job, *parts, part);
    RB_TRY(open_one(ctx, job, part, &file[1 + *parts], why));
    if (file[1 + *parts] == NULL) break;
  }
  // What costly work has left is not replaced because of a setting mistyped.
  if (*parts == 0 && why[0] != '\0' && !job->arguments->force) {
    RB_TRY(rb_study_refuse(ctx, part, why));
  }
cleanup:
  return status;
}

/* How long a simulation takes, as far as earlier files know. Collective. */
static rb_status read_time(rb_context *ctx, const rb_file *earlier, rb_simulations_run *run) {
  rb_status status = RB_OK;
  double seconds = 0;
  if (earlier == NULL || !rb_file_has_attribute(earlier, "provenance", ITEM_S)) return RB_OK;
  RB_TRY(rb_agree(ctx, rb_file_get_double(ctx, earlier, "provenance", ITEM_S, &seconds)));
  run->item_s = fmax(run->item_s, seconds);
cleanup:
  return status;
}

/* Simulates one group, unless it is time to pause. Collective. */
static rb_status write_group(rb_context *ctx, const rb_job *job, rb_file *file, const char *group,
                             rb_purpose purpose, int64_t count, rb_simulations_run *run) {
  if (run->paused) return RB_OK;
  return rb_simulations_write(ctx, file, &job->model, group, (uint64_t)job->input.seed, purpose,
                              count, run);
}

static rb_status write_groups(rb_context *ctx, const rb_job *job, rb_file *file,
                              rb_simulations_run *run) {
  rb_status status = RB_OK;
  const rb_input *input = &job->input;
  RB_TRY(rb_axes_write(ctx, file, &job->model));
  run->look = true;
  RB_TRY(write_group(ctx, job, file, "shape_check", RB_FOR_SHAPE_CHECK, input->sanity.simulations,
                     run));
  run->look = false;
  if (!run->paused && run->form == RB_SIMULATIONS_ALL) {
    RB_TRY(rb_prior_check_write(ctx, file, &job->model, "prior_check", (uint64_t)input->seed,
                                input->sanity.prior_draws, input->sanity.bins));
  }
  RB_TRY(
      write_group(ctx, job, file, "training", RB_FOR_TRAINING, input->training.simulations, run));
  RB_TRY(write_group(ctx, job, file, "validation", RB_FOR_VALIDATION, input->training.validation,
                     run));
cleanup:
  return status;
}

/* Collective. */
static rb_status commit(rb_context *ctx, const rb_job *job, const rb_simulations_run *run,
                        rb_file **file) {
  rb_status status = RB_OK;
  RB_TRY(rb_file_set_double(ctx, *file, "provenance", ITEM_S, run->item_s));
  RB_TRY(rb_stage_file_commit(ctx, job, file));
cleanup:
  return status;
}

/* Keeps what there is in a file as part k, and the reason why it is not all. Collective. */
static rb_status keep(rb_context *ctx, const rb_job *job, const rb_simulations_run *run, int k,
                      rb_file **file) {
  rb_status status = RB_OK;
  const rb_error reason = ctx->error;
  char path[RB_JOB_PATH];
  rb_error_clear(ctx);
  part_path(job, k, path);
  // Parts behind it are of another study, or, where all are put into one, no longer needed.
  if (ctx->rank == 0 && run->form != RB_SIMULATIONS_OLD) remove_parts(job, k + 1);
  RB_TRY(rb_agree(ctx, rb_file_rename(ctx, *file, path)));
  RB_TRY(commit(ctx, job, run, file));
  if (ctx->rank == 0) remove_parts(job, k + 1);
cleanup:
  if (status == RB_OK) ctx->error = reason;
  return status;
}

/* What the next file is to hold: the parts that are there in one, where they are many; what is new;
 * or all, where there is no part yet. */
static rb_simulations_form choose_form(int parts, bool complete) {
  if (parts == 0 || complete) return RB_SIMULATIONS_ALL;
  return parts == RB_SIMULATIONS_PARTS ? RB_SIMULATIONS_OLD : RB_SIMULATIONS_NEW;
}

/* Writes one file: until it holds what it is to hold, or checkpoint.minutes have passed.
 * Collective.
 * @param complete whether earlier files hold everything; set when they do
 * @param done set when the file at path is there */
static rb_status write_file(rb_context *ctx, const rb_job *job, const char *path,
                            rb_simulations_run *run, bool *complete, bool *done) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  int parts = 0;
  for (int i = 0; i < RB_EARLIER_FILES; ++i) run->earlier[i] = NULL;
  RB_TRY(open_earlier(ctx, job, path, run->earlier, &parts));
  for (int i = 0; i < RB_EARLIER_FILES; ++i) RB_TRY(read_time(ctx, run->earlier[i], run));
  run->form = choose_form(parts, *complete);
  run->pause_s = fmax(60 * job->input.training.checkpoint_minutes, LEAST_S);
  run->until_s = MPI_Wtime() + run->pause_s;
  run->paused = false;
  run->written = run->left = 0;
  RB_TRY(rb_product_create(ctx, RB_PRODUCT_SIMULATIONS, path, &file));
  status = write_groups(ctx, job, file, run);
  const bool stopped = status == RB_STOPPED || status == RB_ERR_SIMULATOR;
  *complete = status == RB_OK && !run->paused && run->form != RB_SIMULATIONS_OLD;
  *done = *complete && run->left == 0;
  // Where everything is put together, the parts stay until it is.
  const bool to_keep = run->form != RB_SIMULATIONS_ALL || parts == 0;
  if ((status == RB_OK || stopped) && !*done && run->written > 0 && to_keep) {
    RB_TRY(keep(ctx, job, run, run->form == RB_SIMULATIONS_NEW ? parts : 0, &file));
  }
  RB_TRY(status);
  if (*done) RB_TRY(commit(ctx, job, run, &file));
cleanup:
  rb_file_abort(ctx, &file);
  for (int i = 0; i < RB_EARLIER_FILES; ++i) rb_file_close(&run->earlier[i]);
  return status;
}

rb_status rb_stage_simulate(rb_context *ctx, rb_job *job, const char *path) {
  rb_status status = RB_OK;
  rb_simulations_run run = {0};
  bool complete = false, done = false;
  while (!done) RB_TRY(write_file(ctx, job, path, &run, &complete, &done));
  if (ctx->rank == 0) remove_parts(job, 0);
cleanup:
  return status;
}
