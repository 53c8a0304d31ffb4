#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "rheobase/io/hdf5_file.h"
#include "rheobase/parallel/agree.h"
#include "stage_file.h"

/* Simulations take long where the simulator does: what was made is kept in simulations.partial.h5
 * when simulating is stopped or the simulator fails, and every now and then; and those of a study
 * of another size are not made again. */

static const double LEAST_S = 10;  // between two files, which cost time

static const char ITEM_S[] = "simulation_s";  // attribute: how long one takes

#define COUNTS " -training.simulations -training.validation"

/* Whether a file holds simulations that differ from those of now in number at most. Local. */
static rb_status is_usable(rb_context *ctx, const rb_job *job, const rb_file *file, bool *usable) {
  rb_status status = RB_OK;
  char *before = NULL, *now = NULL;
  char why[RB_STUDY_WHY];
  RB_TRY(rb_file_get_string(ctx, file, "", "settings", &before));
  RB_TRY(rb_input_lines(ctx, &job->input, RB_SIMULATE_SETTINGS COUNTS, &now));
  *usable = rb_settings_difference(before, now, why, sizeof why) == 0;
cleanup:
  free(before);
  free(now);
  return status;
}

/* The same of a path; a file that is absent or damaged is not usable. Local. */
static bool is_usable_at(rb_context *ctx, const rb_job *job, const char *path) {
  rb_file *file = NULL;
  bool usable = false;
  rb_status status = RB_OK;
  if (access(path, F_OK) != 0) return false;
  status = rb_product_open_one(ctx, RB_PRODUCT_SIMULATIONS, path, &file);
  if (status == RB_OK) status = is_usable(ctx, job, file, &usable);
  rb_file_close(&file);
  if (status != RB_OK) rb_error_clear(ctx);
  return usable && status == RB_OK;
}

rb_status rb_simulate_extends(rb_context *ctx, const rb_job *job, const char *path, bool *extends) {
  int usable = ctx->rank == 0 && is_usable_at(ctx, job, path);
  MPI_Bcast(&usable, 1, MPI_INT, 0, ctx->comm);
  *extends = usable != 0;
  return RB_OK;
}

/* Opens what there is already on every rank: what stopped work has left, and the file of a study of
 * another size. Collective. @param path of the stage @param file (RB_EARLIER_FILES) NULL where
 * there is none */
static rb_status open_earlier(rb_context *ctx, const rb_job *job, const char *partial,
                              const char *path, rb_file **file) {
  rb_status status = RB_OK;
  const char *paths[RB_EARLIER_FILES] = {partial, path};
  const bool wanted[RB_EARLIER_FILES] = {true, job->work[0] == RB_WORK_TO_FINISH};
  for (int i = 0; i < RB_EARLIER_FILES; ++i) {
    bool extends = false;
    if (wanted[i]) RB_TRY(rb_simulate_extends(ctx, job, paths[i], &extends));
    if (extends) {
      RB_TRY(rb_agree(ctx, rb_product_open_one(ctx, RB_PRODUCT_SIMULATIONS, paths[i], &file[i])));
    }
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
  RB_TRY(write_group(ctx, job, file, "shape_check", RB_FOR_SHAPE_CHECK, input->sanity.simulations,
                     run));
  if (!run->paused) {
    RB_TRY(rb_oddities_write(ctx, file, &job->model, "shape_check", (uint64_t)input->seed,
                             RB_FOR_SHAPE_CHECK, input->sanity.simulations));
  }
  RB_TRY(rb_prior_check_write(ctx, file, &job->model, "prior_check", (uint64_t)input->seed,
                              input->sanity.prior_draws, input->sanity.bins));
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

/* Keeps what a stopped or failed run has made, and the reason. Collective. */
static rb_status keep(rb_context *ctx, const rb_job *job, const rb_simulations_run *run,
                      const char *partial, rb_file **file) {
  rb_status status = RB_OK;
  const rb_error reason = ctx->error;
  rb_error_clear(ctx);
  RB_TRY(rb_agree(ctx, rb_file_rename(ctx, *file, partial)));
  RB_TRY(commit(ctx, job, run, file));
cleanup:
  if (status == RB_OK) ctx->error = reason;
  return status;
}

/* Simulates until all is there or checkpoint.minutes have passed. Collective. */
static rb_status simulate(rb_context *ctx, const rb_job *job, const char *partial, const char *path,
                          rb_simulations_run *run) {
  rb_status status = RB_OK;
  rb_file *earlier[RB_EARLIER_FILES] = {NULL}, *file = NULL;
  RB_TRY(open_earlier(ctx, job, partial, path, earlier));
  for (int i = 0; i < RB_EARLIER_FILES; ++i) {
    run->earlier[i] = earlier[i];
    RB_TRY(read_time(ctx, earlier[i], run));
  }
  run->until_s = MPI_Wtime() + fmax(60 * job->input.training.checkpoint_minutes, LEAST_S);
  run->paused = false;
  run->written = 0;
  RB_TRY(rb_product_create(ctx, RB_PRODUCT_SIMULATIONS, path, &file));
  status = write_groups(ctx, job, file, run);
  const bool stopped = status == RB_STOPPED || status == RB_ERR_SIMULATOR;
  if ((stopped || (status == RB_OK && run->paused)) && run->written > 0) {
    RB_TRY(keep(ctx, job, run, partial, &file));
  }
  RB_TRY(status);
  if (!run->paused) RB_TRY(commit(ctx, job, run, &file));
cleanup:
  rb_file_abort(ctx, &file);
  for (int i = 0; i < RB_EARLIER_FILES; ++i) rb_file_close(&earlier[i]);
  return status;
}

rb_status rb_stage_simulate(rb_context *ctx, rb_job *job, const char *path) {
  rb_status status = RB_OK;
  char partial[RB_JOB_PATH];
  rb_simulations_run run = {0};
  rb_job_path(job, "simulations.partial.h5", partial);
  do {
    RB_TRY(simulate(ctx, job, partial, path, &run));
  } while (run.paused);
  if (ctx->rank == 0) (void)unlink(partial);
cleanup:
  return status;
}
