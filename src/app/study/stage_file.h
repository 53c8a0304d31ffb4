#ifndef RB_APP_STAGE_FILE_H
#define RB_APP_STAGE_FILE_H

#include "job.h"
#include "rheobase/inference/checkpoint.h"
#include "rheobase/inference/simulations.h"
#include "rheobase/io/hdf5_file.h"
#include "rheobase/io/product.h"

/** @file stage_file.h
 * What the stages' files have in common. */

/** Adds what a stage's file was made from, and where, and commits it. Collective. */
RB_NODISCARD rb_status rb_stage_file_commit(rb_context *ctx, const rb_job *job, rb_file **file);

/** How the model and prior of a file of ours differ from the input's, as "prior.NAME.mean was -55
 * and is -50 now". Local. @param why (RB_STUDY_WHY) "" if they do not, or the file does not say */
RB_NODISCARD rb_status rb_stage_model_difference(rb_context *ctx, const rb_job *job,
                                                 const rb_file *file, char *why);

/** One observation: an array per channel in group `observation`. Collective.
 * @param x (C, L) */
RB_NODISCARD rb_status rb_stage_write_observation(rb_context *ctx, rb_file *file,
                                                  const rb_model *model, const float *x);

/** Reads it back. Local. @param x (C, L) */
RB_NODISCARD rb_status rb_stage_read_observation(rb_context *ctx, const rb_file *file,
                                                 const rb_model *model, float *x);

/** Reads the draws of posterior.h5 or exact.h5. Local. @param draws (count, D) allocated; the
 * caller frees */
RB_NODISCARD rb_status rb_stage_read_draws(rb_context *ctx, const rb_job *job, rb_product product,
                                           int64_t *count, float **draws);

/** From which of the two recordings are predicted. Local. */
rb_product rb_stage_predicts_from(const rb_input *input);

#endif
