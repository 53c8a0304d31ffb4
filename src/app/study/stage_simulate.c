#include "rheobase/io/hdf5_file.h"
#include "stage_file.h"

rb_status rb_stage_simulate(rb_context *ctx, rb_job *job, const char *path) {
  rb_status status = RB_OK;
  const rb_input *input = &job->input;
  const rb_model *model = &job->model;
  const uint64_t seed = (uint64_t)input->seed;
  rb_file *file = NULL;
  RB_TRY(rb_product_create(ctx, RB_PRODUCT_SIMULATIONS, path, &file));
  RB_TRY(rb_axes_write(ctx, file, model));
  RB_TRY(rb_simulations_write(ctx, file, model, "shape_check", seed, RB_FOR_SHAPE_CHECK,
                              input->sanity.simulations));
  RB_TRY(rb_oddities_write(ctx, file, model, "shape_check", seed, RB_FOR_SHAPE_CHECK,
                           input->sanity.simulations));
  RB_TRY(rb_prior_check_write(ctx, file, model, "prior_check", seed, input->sanity.prior_draws,
                              input->sanity.bins));
  RB_TRY(rb_simulations_write(ctx, file, model, "training", seed, RB_FOR_TRAINING,
                              input->training.simulations));
  RB_TRY(rb_simulations_write(ctx, file, model, "validation", seed, RB_FOR_VALIDATION,
                              input->training.validation));
  RB_TRY(rb_stage_file_commit(ctx, job, &file));
cleanup:
  rb_file_abort(ctx, &file);
  return status;
}
