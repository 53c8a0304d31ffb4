#ifndef RHEOBASE_CHECKPOINT_H
#define RHEOBASE_CHECKPOINT_H

#include "rheobase/inference/training.h"
#include "rheobase/io/hdf5_file.h"

/** @file checkpoint.h
 * A training on disk: weights (last and best), optimiser, position, history, standardisation.
 * Collective. */

/** Writes @p training into an open file (rb_file_create with the schema above). */
RB_NODISCARD rb_status rb_checkpoint_write(rb_context *ctx, rb_file *file, const rb_model *model,
                                           const rb_training *training);

/** Reads everything back into a training made by rb_training_create with the same settings.
 * Fails with RB_ERR_FORMAT where the file is of another network or training. */
RB_NODISCARD rb_status rb_checkpoint_read(rb_context *ctx, const rb_file *file,
                                          rb_training *training);

/** Reads what inference needs: weights, permutations, standardisation. @param best the weights with
 * the lowest validation loss instead of the last. Local. */
RB_NODISCARD rb_status rb_checkpoint_read_network(rb_context *ctx, const rb_file *file, bool best,
                                                  rb_estimator *estimator,
                                                  rb_standardisation *standardisation);

/** Gives the model's features the scales of channels they had in training; nothing where they need
 * none. Local. Fails with RB_ERR_FORMAT where the file does not say or they are impossible. */
RB_NODISCARD rb_status rb_checkpoint_read_scales(rb_context *ctx, const rb_file *file,
                                                 const rb_model *model,
                                                 const rb_feature_source *features);

/** Position of the training in the file. */
RB_NODISCARD rb_status rb_checkpoint_position(rb_context *ctx, const rb_file *file, int64_t *step,
                                              int64_t *total_steps);

#endif
