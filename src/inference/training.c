#include "rheobase/inference/training.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "micro_batch.h"
#include "rheobase/base/log.h"
#include "rheobase/base/memory.h"
#include "rheobase/base/progress.h"
#include "rheobase/inference/training_step.h"
#include "rheobase/io/settings.h"
#include "rheobase/model/support.h"
#include "rheobase/parallel/agree.h"
#include "rheobase/parallel/exact_sum.h"
#include "rheobase/parallel/partition.h"

static int64_t weights_of(const rb_training *training) {
  return rb_estimator_parameters(training->estimator)->count;
}

static rb_status allocate(rb_context *ctx, rb_training *training) {
  rb_status status = RB_OK;
  const int64_t weights = weights_of(training);
  RB_TRY(RB_ALLOCATE(ctx, training->first_moment, weights));
  RB_TRY(RB_ALLOCATE(ctx, training->second_moment, weights));
  RB_TRY(RB_ALLOCATE(ctx, training->average, weights));
  RB_TRY(RB_ALLOCATE(ctx, training->best, weights));
  RB_TRY(RB_ALLOCATE(ctx, training->history, training->settings.epochs));
cleanup:
  return status;
}

rb_status rb_training_create(rb_context *ctx, const rb_training_settings *settings, uint64_t seed,
                             uint16_t member, rb_estimator *estimator, const rb_training_data *data,
                             rb_training *training) {
  rb_status status = RB_OK;
  const int64_t batch = settings->batch_size;
  *training = (rb_training){.settings = *settings,
                            .seed = seed,
                            .member = member,
                            .estimator = estimator,
                            .best_loss = INFINITY,
                            .rate_factor = 1};
  training->steps_per_epoch = settings->mode == RB_ONLINE
                                  ? settings->steps_per_epoch
                                  : (data->training->count + batch - 1) / batch;
  training->total_steps = settings->epochs * training->steps_per_epoch;
  RB_TRY(rb_agree(ctx, allocate(ctx, training)));
  const rb_feature_source *features = rb_estimator_summary_type(estimator)->features;
  RB_TRY(rb_standardise_measure(ctx, data->training, data->training->theta, settings->scales,
                                features != NULL ? features->least_deviation : 0,
                                &training->standardisation));
  training->loss_shift = -rb_model_log_scale(data->model);
  for (int d = 0; d < data->model->dim; ++d) {
    training->loss_shift += log(training->standardisation.theta_std[d]);
  }
  RB_TRY(rb_agree(ctx, rb_estimator_initialise(ctx, estimator, seed, member)));
cleanup:
  return status;
}

void rb_training_destroy(rb_training *training) {
  rb_standardisation_destroy(&training->standardisation);
  free(training->first_moment);
  free(training->second_moment);
  free(training->average);
  free(training->best);
  free(training->history);
  *training = (rb_training){0};
}

rb_status rb_validation_loss(rb_context *ctx, rb_training *training, const rb_dataset *dataset,
                             rb_epoch *epoch) {
  enum { LOSS, COUNTED, OBJECTIVE, SUMS };
  rb_status status = RB_OK;
  rb_micro_batch batch = {0};
  rb_real *summary = NULL;
  rb_exact_sum sum[SUMS] = {0};
  const int size = training->settings.micro_batch;
  RB_TRY(rb_micro_batch_create(ctx, dataset->dim, dataset->shape, size, &batch));
  RB_TRY(RB_ALLOCATE(ctx, summary, (int64_t)size * rb_estimator_summary_dim(training->estimator)));
  const rb_partition partition = rb_partition_make(ctx, dataset->count, size);
  for (int64_t round = 0; round < partition.rounds; ++round) {
    const rb_range range = rb_partition_round(&partition, round);
    if (range.count == 0) continue;
    rb_micro_batch_gather(&batch, &training->standardisation, dataset, NULL, range.first,
                          (int)range.count, 1);
    rb_estimator_summarise(training->estimator, size, batch.x, summary);
    rb_estimator_log_density(training->estimator, size, batch.theta, summary, NULL, batch.loss);
    for (int row = 0; row < batch.rows; ++row) {
      batch.loss[row] = -batch.loss[row];
      rb_exact_sum_add(&sum[OBJECTIVE], (double)batch.loss[row]);
    }
    rb_exact_sum_add(&sum[COUNTED], rb_micro_batch_losses(&batch, training->loss_shift));
    for (int row = 0; row < batch.rows; ++row) {
      rb_exact_sum_add(&sum[LOSS], (double)batch.loss[row]);
    }
  }
cleanup:
  free(summary);
  rb_micro_batch_destroy(&batch);
  status = rb_agree(ctx, status);
  if (status != RB_OK) return status;
  rb_exact_sum_reduce(ctx, sum, SUMS);
  const double counted = rb_exact_sum_value(&sum[COUNTED]);
  epoch->validation_loss = rb_exact_sum_value(&sum[LOSS]) / counted;
  epoch->objective = rb_exact_sum_value(&sum[OBJECTIVE]) / (double)dataset->count;
  return RB_OK;
}

static void swap(int64_t count, rb_real *a, rb_real *b) {
  for (int64_t i = 0; i < count; ++i) {
    const rb_real kept = a[i];
    a[i] = b[i];
    b[i] = kept;
  }
}

/* Puts the averaged weights into the network and those of the last step in their place, or back. */
static void exchange_average(rb_training *training) {
  rb_parameters *parameters = rb_estimator_parameters(training->estimator);
  if (training->settings.average_steps == 0) return;
  swap(parameters->count, parameters->value, training->average);
  rb_estimator_weights_changed(training->estimator);
}

/* Validation loss of the weights that would be used, which are kept if they are the best. */
static rb_status judge(rb_context *ctx, rb_training *training, const rb_dataset *validation,
                       rb_epoch *epoch) {
  const rb_parameters *parameters = rb_estimator_parameters(training->estimator);
  exchange_average(training);
  const rb_status status = rb_validation_loss(ctx, training, validation, epoch);
  if (status == RB_OK && epoch->validation_loss < training->best_loss) {
    training->best_loss = epoch->validation_loss;
    memcpy(training->best, parameters->value, (size_t)parameters->count * sizeof(rb_real));
  }
  exchange_average(training);
  return status;
}

/* Whether the last epochs, as many as the patience, have brought no lower validation loss. */
static bool is_spent(const rb_training *training) {
  const int64_t epochs = training->step / training->steps_per_epoch;
  int64_t best = 0;
  for (int64_t e = 1; e < epochs; ++e) {
    if (training->history[e].validation_loss < training->history[best].validation_loss) best = e;
  }
  return training->settings.patience > 0 && epochs - 1 - best >= training->settings.patience;
}

/* Validation, history and the best weights, at the end of an epoch. Collective. */
static rb_status end_epoch(rb_context *ctx, rb_training *training, const rb_training_data *data) {
  rb_status status = RB_OK;
  rb_epoch *epoch = &training->history[training->step / training->steps_per_epoch - 1];
  epoch->loss = training->epoch_loss / (double)training->epoch_samples;
  training->epoch_loss = 0;
  training->epoch_samples = 0;
  RB_TRY(judge(ctx, training, data->validation, epoch));
  if (!isfinite(epoch->validation_loss) || !isfinite(epoch->objective)) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_NUMERIC,
                   "step %" PRId64 ": the validation loss of the epoch is not finite; lower "
                   "training.learning_rate, or check the simulations for extreme values",
                   training->step));
  }
  if (is_spent(training)) training->total_steps = training->step;
cleanup:
  return status;
}

static bool all_finite(const rb_real *value, int64_t count) {
  bool finite = true;
  for (int64_t i = 0; i < count; ++i) finite = finite && isfinite(value[i]);
  return finite;
}

/* Refuses to replace the last good checkpoint by weights or moments that are not finite, or that
 * the ranks do not agree on to the bit. Collective. */
static rb_status check_state(rb_context *ctx, const rb_training *training) {
  const rb_parameters *parameters = rb_estimator_parameters(training->estimator);
  const rb_real *const arrays[] = {parameters->value, training->first_moment,
                                   training->second_moment};
  static const char *const names[] = {"", "the first moment of ", "the second moment of "};
  const char *what = NULL, *tensor = NULL;
  uint64_t hash = RB_HASH_START;
  for (int a = 0; a < 3; ++a) {
    hash = rb_hash(hash, arrays[a], (size_t)parameters->count * sizeof(rb_real));
    for (int k = 0; k < parameters->tensors && tensor == NULL; ++k) {
      const rb_tensor *t = &parameters->tensor[k];
      if (all_finite(arrays[a] + t->offset, t->count)) continue;
      what = names[a];
      tensor = t->name;
    }
  }
  uint64_t bounds[2] = {hash, ~hash};  // the largest, and the complement of the smallest
  MPI_Allreduce(MPI_IN_PLACE, bounds, 2, MPI_UINT64_T, MPI_MAX, ctx->comm);
  if (bounds[0] != ~bounds[1]) {
    return RB_FAIL(ctx, RB_ERR_INTERNAL,
                   "step %" PRId64
                   ": the ranks do not have the same weights, so this step is not written; is a "
                   "node's memory or processor faulty?",
                   training->step);
  }
  if (tensor == NULL) return RB_OK;
  return RB_FAIL(ctx, RB_ERR_NUMERIC,
                 "step %" PRId64
                 ": %s%s is not finite, so this step is not written; lower training.learning_rate",
                 training->step, what, tensor);
}

/* After a refused step: back to the last checkpoint with half the learning rate, if the settings
 * and the number of tries allow. Collective. */
static rb_status roll_back(rb_context *ctx, rb_training *training, rb_status failure,
                           rb_checkpoint_function restore, void *owner) {
  const int rollbacks = training->rollbacks + 1;
  if (failure != RB_ERR_NUMERIC || training->settings.on_nonfinite != RB_NONFINITE_ROLLBACK ||
      rollbacks > RB_TRAINING_ROLLBACKS) {
    return failure;
  }
  rb_log_warning(ctx,
                 "%s; going back to the last checkpoint with half the learning rate (%d of %d)",
                 ctx->error.message, rollbacks, RB_TRAINING_ROLLBACKS);
  rb_error_clear(ctx);
  const double factor = training->rate_factor / 2;
  const rb_status status = restore(ctx, training, owner);
  training->rollbacks = rollbacks;
  training->rate_factor = factor;
  return status;
}

static void show(rb_progress *progress, const rb_training *training, double loss_of_step) {
  char note[96];
  (void)snprintf(note, sizeof note, "loss %.3f, rate %.2e", loss_of_step,
                 rb_training_rate(training));
  rb_progress_update(progress, training->step, note);
}

static void report_epoch(const rb_context *ctx, const rb_training *training) {
  const int64_t epoch = training->step / training->steps_per_epoch;
  const rb_epoch *last = &training->history[epoch - 1];
  if (ctx->terminal) return;  // the bar shows it
  rb_log_info(ctx, "epoch %" PRId64 "/%" PRId64 ": loss %.4f, validation loss %.4f, rate %.2e",
              epoch, training->settings.epochs, last->loss, last->validation_loss,
              last->learning_rate);
}

/* Leaves the weights that are to be used in the network. */
static void choose_weights(rb_training *training) {
  rb_parameters *parameters = rb_estimator_parameters(training->estimator);
  exchange_average(training);
  if (training->settings.keep == RB_KEEP_BEST) {
    memcpy(parameters->value, training->best, (size_t)parameters->count * sizeof(rb_real));
    rb_estimator_weights_changed(training->estimator);
  }
}

/* How many steps it took, how good the weights are that are used, and why there are no more steps.
 */
static void show_end(rb_progress *progress, const rb_training *training) {
  const int64_t epochs = training->step / training->steps_per_epoch;
  const bool best = training->settings.keep == RB_KEEP_BEST;
  const double last = training->history[epochs - 1].validation_loss;
  char note[128];
  const int written = snprintf(note, sizeof note, "validation loss %.4f%s",
                               best ? training->best_loss : last, best ? " at best" : "");
  if (epochs < training->settings.epochs) {
    (void)snprintf(note + written, sizeof note - (size_t)written,
                   ", no lower one in %" PRId64 " epoch%s", training->settings.patience,
                   rb_plural(training->settings.patience));
  }
  progress->total = training->step;
  rb_progress_end(progress, note);
}

/* One step, with what the end of an epoch asks for. Collective. @param due whether the state, which
 * then has been checked, is to be saved */
static rb_status advance(rb_context *ctx, rb_training *training, const rb_training_data *data,
                         rb_training_work *work, rb_progress *progress, bool *due) {
  rb_status status = RB_OK;
  const double before = training->epoch_loss;
  const int64_t seen = training->epoch_samples;
  RB_TRY(rb_training_step(ctx, training, data, work, due));
  show(progress, training,
       (training->epoch_loss - before) / (double)(training->epoch_samples - seen));
  if (training->step % training->steps_per_epoch == 0) {
    RB_TRY(end_epoch(ctx, training, data));
    report_epoch(ctx, training);
  }
  *due = *due || training->step == training->total_steps;
  if (*due) RB_TRY(check_state(ctx, training));
cleanup:
  return status;
}

/* Every checkpoint is judged by the validation loss, so some data set must have one. */
static rb_status check_validation(rb_context *ctx, const rb_dataset *validation) {
  for (int64_t i = 0; i < validation->count; ++i) {
    if (!isnan(validation->log_det[i])) return RB_OK;
  }
  return RB_FAIL(ctx, RB_ERR_SETTING,
                 "each of the %" PRId64
                 " validation data sets has a clipped parameter, so that there is no validation "
                 "loss; raise training.validation",
                 validation->count);
}

static rb_status save_timed(rb_context *ctx, rb_training *training, rb_training_work *work,
                            rb_checkpoint_function save, void *owner) {
  const double began_s = MPI_Wtime();
  const rb_status status = save(ctx, training, owner);
  rb_training_work_saved(work, MPI_Wtime() - began_s);
  return status;
}

rb_status rb_train(rb_context *ctx, rb_training *training, const rb_training_data *data,
                   rb_checkpoint_function save, rb_checkpoint_function restore, void *owner) {
  rb_status status = RB_OK;
  rb_training_work *work = NULL;
  RB_TRY(check_validation(ctx, data->validation));  // the same on all ranks
  RB_TRY(rb_agree(ctx, rb_training_work_create(ctx, training, data, &work)));
  const rb_partition batch =
      rb_partition_make(ctx, training->settings.batch_size, training->settings.micro_batch);
  rb_partition_report(ctx, &batch, "train", "data sets (training.micro_batch)",
                      "fewer ranks or a larger training.batch_size would be better");
  rb_progress progress =
      rb_progress_begin(ctx, "train", "steps", training->total_steps, training->step);
  if (training->step == 0) RB_TRY(save_timed(ctx, training, work, save, owner));
  while (training->step < training->total_steps) {
    bool due = false;
    const rb_status step_status = advance(ctx, training, data, work, &progress, &due);
    if (step_status != RB_OK) {
      RB_TRY(roll_back(ctx, training, step_status, restore, owner));
      rb_training_work_forget(work);
      continue;
    }
    if (due) RB_TRY(save_timed(ctx, training, work, save, owner));
    if (ctx->stop && training->step < training->total_steps) {
      RB_TRY(RB_FAIL(ctx, RB_STOPPED,
                     "stopped by a signal after step %" PRId64 " of %" PRId64
                     "; the same command goes on from the checkpoint",
                     training->step, training->total_steps));
    }
  }
  show_end(&progress, training);
  choose_weights(training);
cleanup:
  rb_training_work_destroy(work);
  return status;
}
