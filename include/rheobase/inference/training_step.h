#ifndef RHEOBASE_TRAINING_STEP_H
#define RHEOBASE_TRAINING_STEP_H

#include "rheobase/inference/training.h"

/** @file training_step.h
 * One step of a training, and where its time goes. rb_train (training.h) takes all of them. */

/** Parts of a step, on this rank. */
typedef enum rb_step_part {
  RB_STEP_DATA,       ///< gathering or simulating the micro-batches
  RB_STEP_GRADIENT,   ///< forward and backward
  RB_STEP_SUM,        ///< gradients to integers, and their sum on the rank
  RB_STEP_REDUCE,     ///< the allreduce, waiting for slower ranks included
  RB_STEP_OPTIMISER,  ///< sum to gradient, optimiser, packing of the new weights
  RB_STEP_PARTS
} rb_step_part;

/** What the steps need besides the training itself. */
typedef struct rb_training_work rb_training_work;

/** Local. The caller frees *work with rb_training_work_destroy. Fails with RB_ERR_MEMORY. */
RB_NODISCARD rb_status rb_training_work_create(rb_context *ctx, const rb_training *training,
                                               const rb_training_data *data,
                                               rb_training_work **work);
void rb_training_work_destroy(rb_training_work *work);

/** Takes step training->step. Collective. A step whose loss or gradient is not finite, or is
 * beyond the bounds of gradient_sum.h with nothing that clips it, is refused with RB_ERR_NUMERIC.
 * @param checkpoint whether a checkpoint is due (also when ctx->stop was set)
 */
RB_NODISCARD rb_status rb_training_step(rb_context *ctx, rb_training *training,
                                        const rb_training_data *data, rb_training_work *work,
                                        bool *checkpoint);

/** Keeps no simulations for later epochs: those of a refused step may be at fault. Local. */
void rb_training_work_forget(rb_training_work *work);

/** An epoch's end asks for a checkpoint when as many times the duration of the last one has gone
 * by: they take less than a tenth of the time, however short epochs are. */
enum { RB_SAVING_DISTANCE = 10 };

/** Tells that a checkpoint was written now, in how many seconds. Local. */
void rb_training_work_saved(rb_training_work *work, double seconds);

/** Seconds spent in each part so far on this rank, (RB_STEP_PARTS). Local. */
const double *rb_training_work_seconds(const rb_training_work *work);

/** The highest learning rate: settings.learning_rate times batch_size / RB_REFERENCE_BATCH, its
 * square root, or 1, by settings.rate_rule. Local. */
double rb_training_highest_rate(const rb_training_settings *settings);

/** The learning rate of step training->step, by settings.schedule (adamw.h), halved by every
 * rollback. Local. */
double rb_training_rate(const rb_training *training);

#endif
