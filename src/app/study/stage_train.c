#include <inttypes.h>
#include <stdlib.h>

#include "rheobase/base/log.h"
#include "rheobase/parallel/agree.h"
#include "rheobase/parallel/groups.h"
#include "stage_file.h"

/* What saving and restoring a checkpoint need to know. */
typedef struct target {
  const rb_job *job;
  char path[RB_JOB_PATH];
} target;

static rb_status write_file(rb_context *ctx, const target *t, const rb_training *training) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  RB_TRY(rb_product_create(ctx, RB_PRODUCT_CHECKPOINT, t->path, &file));
  RB_TRY(rb_checkpoint_write(ctx, file, &t->job->model, training));
  RB_TRY(rb_stage_file_commit(ctx, t->job, &file));
cleanup:
  rb_file_abort(ctx, &file);
  return status;
}

/* Rank 0 writes what all ranks hold: hundreds of arrays, each of which would cost the ranks several
 * agreements. Collective. */
static rb_status save(rb_context *ctx, rb_training *training, void *owner) {
  rb_status status = RB_OK;
  if (ctx->rank == 0) {
    rb_context alone = rb_context_alone(ctx);
    status = write_file(&alone, owner, training);
    ctx->error = alone.error;
  }
  return rb_agree(ctx, status);
}

static rb_status restore(rb_context *ctx, rb_training *training, void *owner) {
  rb_status status = RB_OK;
  const target *t = owner;
  rb_file *file = NULL;
  RB_TRY(rb_product_open(ctx, RB_PRODUCT_CHECKPOINT, t->path, &file));
  RB_TRY(rb_agree(ctx, rb_checkpoint_read(ctx, file, training)));
  RB_TRY(rb_agree(ctx, rb_checkpoint_read_scales(ctx, file, &t->job->model,
                                                 t->job->input.network.summary.type->features)));
cleanup:
  rb_file_close(&file);
  return status;
}

/* Whether simulations of ours are of the same simulator. Local. */
static rb_status check_simulator(rb_context *ctx, const rb_job *job, const rb_file *file,
                                 const char *path) {
  rb_status status = RB_OK;
  char why[RB_STUDY_WHY];
  RB_TRY(rb_stage_model_difference(ctx, job, file, why));
  if (why[0] != '\0') {
    RB_TRY(RB_FAIL(ctx, RB_ERR_STUDY,
                   "%s: is of another simulator: %s; rheobase simulate makes such", path, why));
  }
cleanup:
  return status;
}

/* Opens the study's simulations, or those of --data. Local.
 * @param groups (2) those of training and validation */
static rb_status open_data(rb_context *ctx, const rb_job *job, rb_file **file,
                           const char **groups) {
  rb_status status = RB_OK;
  char own[RB_JOB_PATH];
  rb_job_product_path(job, RB_PRODUCT_SIMULATIONS, own);
  const char *path = job->arguments->data != NULL ? job->arguments->data : own;
  RB_TRY(path == own ? rb_product_open_one(ctx, RB_PRODUCT_SIMULATIONS, path, file)
                     : rb_file_open_foreign(ctx, path, file));
  RB_TRY(check_simulator(ctx, job, *file, path));
  const bool short_names = rb_file_has(*file, "train");
  groups[0] = short_names ? "train" : "training";
  groups[1] = short_names ? "val" : "validation";
cleanup:
  return status;
}

/* Whether it has what read_data reads. Local. */
static rb_status check_data(rb_context *ctx, const rb_job *job) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  const char *groups[2];
  RB_TRY(open_data(ctx, job, &file, groups));
  for (int i = 0; i < 2; ++i) RB_TRY(rb_simulations_check(ctx, file, groups[i], &job->model));
cleanup:
  rb_file_close(&file);
  return status;
}

rb_status rb_check_train(rb_context *ctx, const rb_job *job) {
  rb_estimator *estimator = NULL;
  const rb_view view = rb_job_view(job);
  rb_status status = rb_view_check(ctx, &view);
  if (status == RB_OK) {
    status = rb_job_create_network(ctx, job, job->input.training.micro_batch, &estimator);
  }
  rb_estimator_destroy(estimator);
  if (status == RB_OK && job->arguments->data != NULL && ctx->rank == 0) {
    status = check_data(ctx, job);
  }
  return rb_agree(ctx, status);
}

/* Reads training and validation sets: the study's own, or those of --data, as the network sees
 * them. Collective. */
static rb_status read_data(rb_context *ctx, const rb_job *job, rb_dataset *training,
                           rb_dataset *validation) {
  rb_status status = RB_OK;
  const char *groups[2] = {"training", "validation"};
  const rb_view view = rb_job_view(job);
  rb_file *file = NULL;
  if (ctx->node_rank == 0) status = open_data(ctx, job, &file, groups);  // reads for its node
  RB_TRY(rb_agree(ctx, status));
  RB_TRY(rb_agree(ctx, rb_view_check(ctx, &view)));
  RB_TRY(rb_simulations_measure(ctx, file, groups[0], &view));
  RB_TRY(rb_simulations_read(ctx, file, groups[0], &view, training));
  RB_TRY(rb_simulations_read(ctx, file, groups[1], &view, validation));
cleanup:
  rb_file_close(&file);
  return status;
}

/* Trains member m, from where its checkpoint is if that is unfinished. Collective. */
static rb_status train_member(rb_context *ctx, rb_job *job, const rb_training_data *data, int m) {
  rb_status status = RB_OK;
  const rb_training_settings *settings = &job->input.training;
  rb_training train = {0};
  rb_estimator *estimator = NULL;
  target owner = {.job = job};
  rb_job_checkpoint_path(job, m + 1, owner.path);
  job->began_s = MPI_Wtime();
  job->ranks = ctx->size;
  if (settings->ensemble > 1) {
    rb_log_info(ctx, "train      member %d of %d", m + 1, settings->ensemble);
  }
  RB_TRY(rb_agree(ctx, rb_job_create_network(ctx, job, settings->micro_batch, &estimator)));
  RB_TRY(rb_training_create(ctx, settings, (uint64_t)job->input.seed, (uint16_t)m, estimator, data,
                            &train));
  if (job->work[m] == RB_WORK_TO_FINISH) {
    RB_TRY(restore(ctx, &train, &owner));
    rb_log_info(ctx, "train      going on from step %" PRId64 " of %" PRId64, train.step,
                train.total_steps);
  }
  RB_TRY(rb_train(ctx, &train, data, save, restore, &owner));
cleanup:
  rb_training_destroy(&train);
  rb_estimator_destroy(estimator);
  return status;
}

/* Trains the members that are not finished, in groups of ranks side by side where that is sooner.
 * Nothing that is computed depends on the groups. Collective. */
static rb_status train_members(rb_context *ctx, rb_job *job, const rb_training_data *data) {
  rb_status status = RB_OK;
  const rb_training_settings *settings = &job->input.training;
  int waiting[RB_MAX_MEMBERS], count = 0, index = 0;
  for (int m = 0; m < settings->ensemble; ++m) {
    if (job->work[m] != RB_WORK_DONE) waiting[count++] = m;
  }
  const int64_t micro_batches =
      (settings->batch_size + settings->micro_batch - 1) / settings->micro_batch;
  const int groups = rb_group_count(ctx->size, count, micro_batches);
  rb_context group;
  if (groups > 1) {
    rb_log_info(ctx, "train      %d members in %d groups of ranks; the first reports", count,
                groups);
  }
  RB_TRY(rb_group_enter(ctx, groups, &index, &group));
  for (int k = index; k < count && status == RB_OK; k += groups) {
    status = train_member(&group, job, data, waiting[k]);
  }
  RB_TRY(rb_group_leave(ctx, &group, status));
cleanup:
  return status;
}

rb_status rb_stage_train(rb_context *ctx, rb_job *job, const char *path) {
  rb_status status = RB_OK;
  rb_dataset training = {.window = MPI_WIN_NULL}, validation = {.window = MPI_WIN_NULL};
  (void)path;  // members have their own
  RB_TRY(read_data(ctx, job, &training, &validation));
  const rb_training_data data = {&job->model, &training, &validation};
  RB_TRY(train_members(ctx, job, &data));
cleanup:
  rb_dataset_destroy(&training);
  rb_dataset_destroy(&validation);
  return status;
}
