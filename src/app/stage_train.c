#include <inttypes.h>

#include "rheobase/agree.h"
#include "rheobase/log.h"
#include "stage_file.h"

/* What saving and restoring a checkpoint need to know. */
typedef struct target {
  const rb_job *job;
  const char *path;
} target;

static rb_status save(rb_context *ctx, rb_training *training, void *owner) {
  rb_status status = RB_OK;
  const target *t = owner;
  rb_file *file = NULL;
  RB_TRY(rb_file_create(ctx, t->path, RB_CHECKPOINT_SCHEMA, RB_CHECKPOINT_VERSION, &file));
  RB_TRY(rb_checkpoint_write(ctx, file, &t->job->model, training));
  RB_TRY(rb_stage_file_commit(ctx, t->job, &file));
cleanup:
  rb_file_abort(ctx, &file);
  return status;
}

static rb_status restore(rb_context *ctx, rb_training *training, void *owner) {
  rb_status status = RB_OK;
  const target *t = owner;
  rb_file *file = NULL;
  RB_TRY(rb_file_open(ctx, t->path, RB_CHECKPOINT_SCHEMA, RB_CHECKPOINT_VERSION, &file));
  RB_TRY(rb_agree(ctx, rb_checkpoint_read(ctx, file, training)));
cleanup:
  rb_file_close(&file);
  return status;
}

/* Reads training and validation sets: the study's own, or those of --data. Collective. */
static rb_status read_data(rb_context *ctx, const rb_job *job, rb_dataset *training,
                           rb_dataset *validation) {
  rb_status status = RB_OK;
  const char *foreign = job->arguments->data;
  rb_file *file = NULL;
  char path[RB_JOB_PATH];
  rb_job_path(job, "simulations.h5", path);
  if (foreign != NULL) {
    RB_TRY(rb_agree(ctx, rb_file_open_foreign(ctx, foreign, &file)));
  } else {
    RB_TRY(rb_file_open(ctx, path, RB_SIMULATIONS_SCHEMA, RB_SIMULATIONS_VERSION, &file));
  }
  RB_TRY(rb_simulations_read(ctx, file, foreign ? "train" : "training", &job->model, training));
  RB_TRY(rb_simulations_read(ctx, file, foreign ? "val" : "validation", &job->model, validation));
cleanup:
  rb_file_close(&file);
  return status;
}

rb_status rb_stage_train(rb_context *ctx, rb_job *job, const char *path) {
  rb_status status = RB_OK;
  const rb_training_settings *settings = &job->input.training;
  rb_dataset training = {.window = MPI_WIN_NULL}, validation = {.window = MPI_WIN_NULL};
  rb_training train = {0};
  target owner = {job, path};
  RB_TRY(read_data(ctx, job, &training, &validation));
  const rb_view view = rb_job_view(job);
  RB_TRY(rb_agree(ctx, rb_view_check(ctx, &view)));
  RB_TRY(rb_dataset_see(ctx, &view, &training));
  RB_TRY(rb_dataset_see(ctx, &view, &validation));
  const rb_training_data data = {&job->model, &training, &validation};
  RB_TRY(rb_agree(ctx, rb_job_create_network(ctx, job, settings->micro_batch)));
  RB_TRY(rb_training_create(ctx, settings, (uint64_t)job->input.seed, 0, job->estimator, &data,
                            &train));
  if (job->resume) {
    RB_TRY(restore(ctx, &train, &owner));
    rb_log_info(ctx, "train      going on from step %" PRId64 " of %" PRId64, train.step,
                train.total_steps);
  }
  RB_TRY(rb_train(ctx, &train, &data, save, restore, &owner));
cleanup:
  rb_training_destroy(&train);
  rb_job_free_network(job);
  rb_dataset_destroy(&training);
  rb_dataset_destroy(&validation);
  return status;
}
