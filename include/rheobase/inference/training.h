#ifndef RHEOBASE_TRAINING_H
#define RHEOBASE_TRAINING_H

#include "rheobase/inference/standardise.h"
#include "rheobase/inference/view.h"
#include "rheobase/model/model.h"
#include "rheobase/network/adamw.h"
#include "rheobase/network/estimator.h"

/** @file training.h
 * Data-parallel training of a neural posterior estimator by maximum likelihood: ranks share the
 * micro-batches of every batch, gradients are summed exactly (gradient_sum.h), the optimiser runs
 * alike on all ranks. The weights after any number of steps are bitwise the same on any number of
 * ranks, and after a resume. */

enum { RB_TRAINING_ROLLBACKS = 3 };  ///< at most, before a training gives up

typedef enum rb_training_mode { RB_OFFLINE, RB_ONLINE } rb_training_mode;
/** How the highest learning rate follows the batch size: not at all, by the square root, in
 * proportion. */
typedef enum rb_rate_rule { RB_RATE_CONSTANT, RB_RATE_SQRT, RB_RATE_LINEAR } rb_rate_rule;
/** The batch size at which the rules agree: settings.learning_rate is meant for it. */
enum { RB_REFERENCE_BATCH = 128 };
typedef enum rb_keep { RB_KEEP_LAST, RB_KEEP_BEST } rb_keep;
typedef enum rb_on_nonfinite { RB_NONFINITE_STOP, RB_NONFINITE_ROLLBACK } rb_on_nonfinite;

enum { RB_MAX_MEMBERS = 64 };

/** Settings of the training (input group `training`). */
typedef struct rb_training_settings {
  rb_training_mode mode;
  int64_t simulations, validation;  ///< data sets
  int64_t epochs;
  int64_t steps_per_epoch;  ///< online only: batches that make an epoch
  int64_t passes;           ///< online only, at least 1: epochs on the same simulations
  int batch_size, micro_batch;
  double learning_rate;  ///< the highest, for batches of RB_REFERENCE_BATCH
  rb_rate_rule rate_rule;
  rb_schedule schedule;
  double warmup_fraction, weight_decay;
  double clip_norm, clip_global;  ///< bounds of each tensor's gradient and the whole one; 0: none
  rb_coordinates coordinates;
  rb_scaling scales;
  rb_keep keep;
  rb_on_nonfinite on_nonfinite;
  double checkpoint_minutes;
  int ensemble;           ///< networks that are trained, each by itself
  int64_t patience;       ///< ends after so many epochs without a lower validation loss; 0: never
  int64_t average_steps;  ///< the weights that are judged and used are means over about so many
                          ///< steps; 0: those of the last step
} rb_training_settings;

/** What one epoch gave. The loss is what rb_calibration calls so, and all that compares estimators:
 * the mean of -log q at the true latent parameters per reference scale (model.h, support.h),
 * without data sets with a clipped parameter. */
typedef struct rb_epoch {
  double loss;             ///< over the epoch's samples, with dropout; NaN if all were clipped
  double validation_loss;  ///< of the validation set after the epoch, without dropout
  double objective;      ///< the same set's mean -log q as the optimiser has it: of all data sets,
                         ///< in the network's own coordinates, standardised
  double learning_rate;  ///< of the epoch's last step
} rb_epoch;

/** Everything a checkpoint carries. */
typedef struct rb_training {
  rb_training_settings settings;
  uint64_t seed;
  uint16_t member;          ///< of an ensemble
  rb_estimator *estimator;  ///< not owned
  rb_standardisation standardisation;
  rb_real *first_moment, *second_moment;  ///< (weights) of the optimiser
  int64_t step;                           ///< finished steps
  int64_t steps_per_epoch, total_steps;   ///< total_steps: of all epochs, or where it ended early
  double epoch_loss;                      ///< sum of the losses of the running epoch's samples
  int64_t epoch_samples;                  ///< samples of the running epoch that have a loss
  rb_epoch *history;                      ///< (epochs), filled up to step / steps_per_epoch
  double loss_shift;   ///< added to -log q of standardised coordinates and to their
                       ///< log |d latent / d coordinates| it gives a sample's loss
  rb_real *average;    ///< (weights) running means; not used without settings.average_steps
  rb_real *best;       ///< (weights) with the lowest validation loss
  double best_loss;    ///< infinite before the first validation
  double rate_factor;  ///< 1, halved by every rollback
  int rollbacks;
} rb_training;

/** Where the samples come from. */
typedef struct rb_training_data {
  const rb_model *model;
  const rb_dataset *training;  ///< as the network sees it (rb_simulations_read), like validation;
                               ///< offline: all samples; online: for standardisation only
  const rb_dataset *validation;
} rb_training_data;

/** Called on all ranks when a checkpoint is due. Collective. */
typedef rb_status (*rb_checkpoint_function)(rb_context *ctx, rb_training *training, void *owner);

/** Sets up a training that begins at step 0: initial weights, standardisation of the training set.
 * Collective. The caller frees it with rb_training_destroy. */
RB_NODISCARD rb_status rb_training_create(rb_context *ctx, const rb_training_settings *settings,
                                          uint64_t seed, uint16_t member, rb_estimator *estimator,
                                          const rb_training_data *data, rb_training *training);
void rb_training_destroy(rb_training *training);

/** Trains from training->step to the end. Collective. Calls @p save at the beginning and the end,
 * at the end of an epoch unless the last save was too short a time ago (training_step.h; of every
 * epoch if settings.on_nonfinite is a rollback), after settings.checkpoint_minutes, and when asked
 * to stop (then returns RB_STOPPED). A step whose loss or gradient is not finite (or very large,
 * where nothing clips it) is refused, and so is a checkpoint whose weights, moments or validation
 * loss are not: RB_ERR_NUMERIC, or a rollback through @p restore, at most RB_TRAINING_ROLLBACKS
 * times. Ends early where settings.patience is spent. Weights that differ between ranks are
 * RB_ERR_INTERNAL. Fails with RB_ERR_SETTING where all validation data sets have a clipped
 * parameter. At the end the estimator holds the weights that are to be used (settings.keep). */
RB_NODISCARD rb_status rb_train(rb_context *ctx, rb_training *training,
                                const rb_training_data *data, rb_checkpoint_function save,
                                rb_checkpoint_function restore, void *owner);

/** Sets validation_loss and objective of @p epoch; the same bits on any number of ranks.
 * Collective. */
RB_NODISCARD rb_status rb_validation_loss(rb_context *ctx, rb_training *training,
                                          const rb_dataset *dataset, rb_epoch *epoch);

#endif
