#include "job.h"

#include <stdio.h>
#include <string.h>

#include "rheobase/base/signals.h"
#include "rheobase/inference/mixture_posterior.h"
#include "rheobase/parallel/agree.h"
#include "stage_file.h"

enum { INFERENCE_BATCH = 16 };  // data sets per pass through the summary network

/* The folder of -o, else the study that was named, else results/NAME for an input NAME.cfg.
 * @param own (RB_STUDY_PATH) keeps the last */
static const char *choose_folder(const rb_arguments *arguments, char *own) {
  if (arguments->output != NULL) return arguments->output;
  if (rb_input_is_study(arguments->input[0])) return arguments->input[0];
  const char *slash = strrchr(arguments->input[0], '/');
  (void)snprintf(own, RB_STUDY_PATH, "results/%s", slash ? slash + 1 : arguments->input[0]);
  char *dot = strrchr(own, '.');
  if (dot != NULL && strcmp(dot, ".cfg") == 0) *dot = '\0';
  return own;
}

rb_status rb_job_open(rb_context *ctx, const rb_arguments *arguments, rb_job *job) {
  rb_status status = RB_OK;
  *job = (rb_job){.arguments = arguments};
  rb_signals_catch_interrupt();
  RB_TRY(rb_input_read(ctx, arguments, &job->input));
  RB_TRY(rb_input_model(ctx, &job->input, &job->model));
  char own[RB_STUDY_PATH];
  RB_TRY(rb_study_open(ctx, choose_folder(arguments, own), &job->study));
  job->model.core->folder = job->study.folder;
cleanup:
  return status;
}

static void free_baseline(rb_job *job) {
  if (job->baseline.destroy != NULL) job->baseline.destroy(&job->baseline);
  job->baseline = (rb_posterior){0};
  rb_baseline_destroy(job->linear);
  job->linear = NULL;
}

static void free_network(rb_job *job) {
  if (job->mixture.destroy != NULL) job->mixture.destroy(&job->mixture);
  job->mixture = (rb_posterior){0};
  for (int m = 0; m < RB_MAX_MEMBERS; ++m) {
    if (job->member[m].destroy != NULL) job->member[m].destroy(&job->member[m]);
    job->member[m] = (rb_posterior){0};
    rb_estimator_destroy(job->estimator[m]);
    job->estimator[m] = NULL;
  }
  job->network = NULL;
}

void rb_job_close(rb_context *ctx, rb_job *job) {
  rb_study_close(ctx, &job->study);
  free_network(job);
  free_baseline(job);
  if (job->model.destroy != NULL) job->model.destroy(&job->model);
  rb_input_free(&job->input);
}

void rb_job_path(const rb_job *job, const char *file, char *path) {
  (void)snprintf(path, RB_JOB_PATH, "%s/%s", job->study.folder, file);
}

void rb_job_product_path(const rb_job *job, rb_product product, char *path) {
  rb_job_path(job, rb_products[product].file, path);
}

void rb_job_member_path(const rb_job *job, const char *kind, int number, char *path) {
  (void)snprintf(path, RB_JOB_PATH, "%s/%.20s_member_%d.h5", job->study.folder, kind, number);
}

void rb_job_checkpoint_path(const rb_job *job, int number, char *path) {
  if (number == 1) {
    rb_job_product_path(job, RB_PRODUCT_CHECKPOINT, path);
  } else {
    rb_job_member_path(job, "checkpoint", number, path);
  }
}

rb_view rb_job_view(const rb_job *job) {
  return (rb_view){&job->model, job->input.network.summary.type, job->input.training.coordinates};
}

rb_status rb_job_create_network(rb_context *ctx, const rb_job *job, int batch,
                                rb_estimator **estimator) {
  const rb_view view = rb_job_view(job);
  return rb_estimator_create(ctx, &job->input.network, rb_view_shape(&view), job->model.dim, batch,
                             estimator);
}

/* Whether the file holds that member of a finished training. Local. */
static rb_status check_member(rb_context *ctx, const rb_file *file, const char *path, int m) {
  rb_status status = RB_OK;
  int64_t step = 0, total_steps = 0, member = 0;
  RB_TRY(rb_checkpoint_position(ctx, file, &step, &total_steps));
  RB_TRY(rb_file_get_int(ctx, file, "", "member", &member));
  if (member != m) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_STUDY, "%s: is of member %lld of an ensemble, not %d", path,
                   (long long)member + 1, m + 1));
  }
  if (step < total_steps) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_STUDY,
                   "%s: the training is at step %lld of %lld; finish it with `rheobase train`",
                   path, (long long)step, (long long)total_steps));
  }
cleanup:
  return status;
}

/* Local part of loading. */
static rb_status load(rb_context *ctx, rb_job *job, const rb_file *file, const char *path, int m) {
  rb_status status = RB_OK;
  rb_standardisation standardisation = {0};
  RB_TRY(check_member(ctx, file, path, m));
  RB_TRY(rb_job_create_network(ctx, job, INFERENCE_BATCH, &job->estimator[m]));
  RB_TRY(rb_checkpoint_read_network(ctx, file, job->input.training.keep == RB_KEEP_BEST,
                                    job->estimator[m], &standardisation));
  RB_TRY(
      rb_checkpoint_read_scales(ctx, file, &job->model, job->input.network.summary.type->features));
  RB_TRY(rb_flow_posterior_create(ctx, &job->model, job->input.training.coordinates,
                                  job->estimator[m], &standardisation, INFERENCE_BATCH, (uint16_t)m,
                                  &job->member[m]));
cleanup:
  rb_standardisation_destroy(&standardisation);
  return status;
}

/* @param digest of the first member's training, which the others' have to have too */
static rb_status load_member(rb_context *ctx, rb_job *job, int m, uint64_t *digest) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  char path[RB_JOB_PATH];
  uint64_t made_from = 0;
  rb_job_checkpoint_path(job, m + 1, path);
  RB_TRY(rb_product_open(ctx, RB_PRODUCT_CHECKPOINT, path, &file));
  RB_TRY(rb_agree(ctx, rb_recipe_read_digest(ctx, file, &made_from)));
  if (m == 0) *digest = made_from;
  if (made_from != *digest) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_STUDY,
                   "%s: was trained with other settings or simulations than checkpoint.h5", path));
  }
  RB_TRY(rb_agree(ctx, load(ctx, job, file, path, m)));
cleanup:
  rb_file_close(&file);
  return status;
}

rb_status rb_job_load_network(rb_context *ctx, rb_job *job) {
  rb_status status = RB_OK;
  const int members = job->input.training.ensemble;
  uint64_t digest = 0;
  if (job->network != NULL) return RB_OK;
  for (int m = 0; m < members; ++m) RB_TRY(load_member(ctx, job, m, &digest));
  if (members > 1) {
    RB_TRY(rb_agree(ctx, rb_mixture_posterior_create(ctx, members, job->member, &job->mixture)));
  }
  job->network = members > 1 ? &job->mixture : &job->member[0];
cleanup:
  if (status != RB_OK) free_network(job);
  return status;
}

rb_status rb_job_load_baseline(rb_context *ctx, rb_job *job) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  char path[RB_JOB_PATH];
  if (job->baseline.sample != NULL) return RB_OK;
  rb_job_product_path(job, RB_PRODUCT_BASELINE, path);
  RB_TRY(rb_product_open(ctx, RB_PRODUCT_BASELINE, path, &file));
  status = rb_baseline_read(ctx, file, &job->model, &job->linear);
  if (status == RB_OK) {
    status = rb_baseline_posterior(ctx, job->linear, (uint64_t)job->input.seed, &job->baseline);
  }
  RB_TRY(rb_agree(ctx, status));
cleanup:
  rb_file_close(&file);
  if (status != RB_OK) free_baseline(job);
  return status;
}
