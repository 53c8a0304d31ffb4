#include "stage_file.h"

#include <stdio.h>
#include <stdlib.h>

#include "rheobase/io/provenance.h"
#include "rheobase/parallel/agree.h"

rb_status rb_stage_file_commit(rb_context *ctx, const rb_job *job, rb_file **file) {
  rb_status status = RB_OK;
  char *text = NULL;
  RB_TRY(rb_agree(ctx, rb_input_text(ctx, &job->input, false, &text)));
  const rb_provenance provenance = {text, job->input.seed, job->began_s, job->ranks};
  RB_TRY(rb_recipe_write(ctx, *file, &job->recipe));
  RB_TRY(rb_provenance_write(ctx, *file, &provenance));
  RB_TRY(rb_file_commit(ctx, file));
cleanup:
  free(text);
  return status;
}

static void channel_path(const rb_model *model, int c, char *path, size_t size) {
  (void)snprintf(path, size, "observation/%s", model->channel[c].quantity.name);
}

rb_status rb_stage_model_difference(rb_context *ctx, const rb_job *job, const rb_file *file,
                                    char *why) {
  rb_status status = RB_OK;
  char *before = NULL;
  why[0] = '\0';
  if (!rb_file_has_attribute(file, "", "settings")) return RB_OK;
  RB_TRY(rb_file_get_string(ctx, file, "", "settings", &before));
  RB_TRY(rb_input_difference(ctx, &job->input, before,
                             RB_SIMULATE_SETTINGS " -seed -sanity -training", RB_STUDY_WHY, why));
cleanup:
  free(before);
  return status;
}

rb_status rb_stage_write_observation(rb_context *ctx, rb_file *file, const rb_model *model,
                                     const float *x) {
  rb_status status = RB_OK;
  for (int c = 0; c < model->channels; ++c) {
    const rb_quantity *quantity = &model->channel[c].quantity;
    char path[128];
    channel_path(model, c, path, sizeof path);
    const rb_field field = {path, RB_F32, model->axis.name, quantity->unit, quantity->description,
                            false};
    RB_TRY(rb_file_write(ctx, file, &field, x + c * model->length));
  }
cleanup:
  return status;
}

rb_status rb_stage_read_observation(rb_context *ctx, const rb_file *file, const rb_model *model,
                                    float *x) {
  rb_status status = RB_OK;
  for (int c = 0; c < model->channels; ++c) {
    char path[128];
    channel_path(model, c, path, sizeof path);
    RB_TRY(rb_file_read(ctx, file, path, RB_F32, true, 1, &model->length, x + c * model->length));
  }
cleanup:
  return status;
}

rb_product rb_stage_predicts_from(const rb_input *input) {
  return input->predictive_exact ? RB_PRODUCT_EXACT : RB_PRODUCT_POSTERIOR;
}

rb_status rb_stage_read_draws(rb_context *ctx, const rb_job *job, rb_product product,
                              int64_t *count, float **draws) {
  rb_status status = RB_OK;
  const char *array = product == RB_PRODUCT_EXACT ? "observation/draws" : "draws";
  int64_t shape[2] = {0, 0};
  void *data = NULL;
  rb_file *file = NULL;
  char path[RB_JOB_PATH];
  rb_job_product_path(job, product, path);
  RB_TRY(rb_product_open_one(ctx, product, path, &file));
  RB_TRY(rb_file_read_new(ctx, file, array, RB_F32, true, 2, shape, &data));
  if (shape[0] < 1 || shape[1] != job->model.dim) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "%s: %s has shape (%lld, %lld), not (n, %d)", path, array,
                   (long long)shape[0], (long long)shape[1], job->model.dim));
  }
cleanup:
  rb_file_close(&file);
  *count = shape[0];
  *draws = data;
  return status;
}
