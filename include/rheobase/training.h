#ifndef RHEOBASE_TRAINING_H
#define RHEOBASE_TRAINING_H

#include "rheobase/estimator.h"

/** @file training.h
 * Settings of the training of a neural posterior estimator (input group `training`). */

typedef enum rb_training_mode { RB_OFFLINE, RB_ONLINE } rb_training_mode;
typedef enum rb_keep { RB_KEEP_LAST, RB_KEEP_BEST } rb_keep;
typedef enum rb_on_nonfinite { RB_NONFINITE_STOP, RB_NONFINITE_ROLLBACK } rb_on_nonfinite;

typedef struct rb_training_settings {
  rb_training_mode mode;
  int64_t simulations, validation;  ///< data sets
  int64_t epochs;
  int64_t steps_per_epoch;  ///< online only: batches that make an epoch
  int batch_size, micro_batch;
  double learning_rate, warmup_fraction, weight_decay, clip_norm;
  rb_keep keep;
  rb_on_nonfinite on_nonfinite;
  double checkpoint_minutes;
} rb_training_settings;

#endif
