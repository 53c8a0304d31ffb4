#include "rheobase/training.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "micro_batch.h"
#include "rheobase/agree.h"
#include "rheobase/exact_sum.h"
#include "rheobase/gradient_sum.h"
#include "rheobase/log.h"
#include "rheobase/memory.h"
#include "rheobase/partition.h"
#include "rheobase/progress.h"
#include "rheobase/signals.h"

enum { MAX_ROLLBACKS = 3 };

/* What one call of rb_train needs besides the training itself. */
typedef struct work {
  rb_micro_batch batch;
  rb_gradient_sum sum;
  rb_real *gradient;    // (weights)
  int64_t *order;       // (N) the running epoch's permutation
  int64_t order_epoch;  // the epoch `order` belongs to
  double saved_s;       // when the last checkpoint was written
} work;

static int64_t weights_of(const rb_training *training) {
  return rb_estimator_parameters(training->estimator)->count;
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
  const int64_t weights = weights_of(training);
  RB_TRY(RB_ALLOCATE(ctx, training->first_moment, weights));
  RB_TRY(RB_ALLOCATE(ctx, training->second_moment, weights));
  RB_TRY(RB_ALLOCATE(ctx, training->best, weights));
  RB_TRY(RB_ALLOCATE(ctx, training->history, settings->epochs));
  RB_TRY(rb_standardise_measure(ctx, data->training, data->training->theta,
                                &training->standardisation));
  RB_TRY(rb_estimator_initialise(ctx, estimator, seed, member));
cleanup:
  return status;
}

void rb_training_destroy(rb_training *training) {
  free(training->first_moment);
  free(training->second_moment);
  free(training->best);
  free(training->history);
  *training = (rb_training){0};
}

static rb_status work_create(rb_context *ctx, const rb_training *training,
                             const rb_training_data *data, work *w) {
  rb_status status = RB_OK;
  const rb_training_settings *settings = &training->settings;
  const int micro_batches =
      (settings->batch_size + settings->micro_batch - 1) / settings->micro_batch;
  *w = (work){.order_epoch = -1, .saved_s = MPI_Wtime()};
  RB_TRY(rb_micro_batch_create(ctx, data->model, settings->micro_batch, &w->batch));
  RB_TRY(rb_gradient_sum_create(ctx, weights_of(training), micro_batches, &w->sum));
  RB_TRY(RB_ALLOCATE(ctx, w->gradient, weights_of(training)));
  if (settings->mode == RB_OFFLINE) RB_TRY(RB_ALLOCATE(ctx, w->order, data->training->count));
cleanup:
  return status;
}

static void work_destroy(work *w) {
  rb_micro_batch_destroy(&w->batch);
  rb_gradient_sum_destroy(&w->sum);
  free(w->gradient);
  free(w->order);
}

/* A uniform permutation of 0 .. n-1 (Fisher and Yates), a function of seed, member and epoch. */
static void shuffle(uint64_t seed, uint16_t member, int64_t epoch, int64_t n, int64_t *order) {
  const rb_stream stream =
      rb_stream_make(seed, RB_FOR_TRAINING, RB_RANDOM_SHUFFLE, member, (uint64_t)epoch);
  for (int64_t i = 0; i < n; ++i) order[i] = i;
  for (int64_t i = n - 1; i > 0; --i) {
    const int64_t j = rb_stream_integer(stream, (uint32_t)i, i + 1);
    const int64_t held = order[i];
    order[i] = order[j];
    order[j] = held;
  }
}

/* Gradients of this rank's micro-batches of step training->step, added to w->sum. Local. */
static rb_status add_gradients(rb_context *ctx, rb_training *training, const rb_training_data *data,
                               work *w, int64_t first, int64_t samples) {
  rb_status status = RB_OK;
  const rb_training_settings *settings = &training->settings;
  const rb_partition partition = rb_partition_make(ctx, samples, settings->micro_batch);
  for (int64_t round = 0; round < partition.rounds; ++round) {
    const rb_range range = rb_partition_round(&partition, round);
    if (range.count == 0) continue;
    const int rows = (int)range.count;
    const double weight = 1.0 / (double)samples;
    const uint64_t seen = (uint64_t)(training->step * settings->batch_size + range.first);
    if (settings->mode == RB_OFFLINE) {
      rb_micro_batch_gather(&w->batch, &training->standardisation, data->training,
                            w->order + first + range.first, 0, rows, weight);
    } else {
      // Items after the stored ones: no sample of the standardisation set is trained on again.
      RB_TRY(rb_micro_batch_simulate(ctx, &w->batch, &training->standardisation, data->model,
                                     training->settings.support, training->seed,
                                     data->training->count + (int64_t)seen, rows, weight));
    }
    const rb_dropout_source dropout = {training->seed, training->member, seen};
    RB_TRY(rb_estimator_gradient(ctx, training->estimator, w->batch.size, w->batch.x,
                                 w->batch.theta, w->batch.weight, &dropout, w->gradient,
                                 w->batch.loss));
    rb_gradient_sum_add(&w->sum, w->gradient, w->batch.loss, rows);
  }
cleanup:
  return status;
}

/* The learning rate of a step (0-based): linear warm-up from a tenth, then a half cosine to 0. */
static double learning_rate(const rb_training *training) {
  const rb_training_settings *settings = &training->settings;
  return training->rate_factor * rb_learning_rate(settings->learning_rate,
                                                  settings->warmup_fraction, training->total_steps,
                                                  training->step);
}

/* Says which tensor of this rank's last gradient is not finite, on all ranks. Collective. */
static rb_status refuse_step(rb_context *ctx, const rb_training *training, const work *w,
                             bool overflow) {
  const rb_parameters *parameters = rb_estimator_parameters(training->estimator);
  const char *name = NULL;
  for (int k = 0; k < parameters->tensors && name == NULL; ++k) {
    const rb_tensor *tensor = &parameters->tensor[k];
    for (int64_t i = tensor->offset; i < tensor->offset + tensor->count; ++i) {
      if (!(fabs((double)w->gradient[i]) <= RB_GRADIENT_BOUND)) name = tensor->name;
    }
  }
  rb_status status = RB_OK;
  if (name != NULL) {
    status =
        RB_FAIL(ctx, RB_ERR_NUMERIC,
                "step %" PRId64
                ": the gradient of %s %s, the step was refused; lower training.learning_rate or "
                "training.clip_norm, or check the simulations for extreme values",
                training->step + 1, name, overflow ? "is too large" : "is not finite");
  }
  status = rb_agree(ctx, status);
  if (status != RB_OK) return status;
  return RB_FAIL(ctx, RB_ERR_NUMERIC,
                 "step %" PRId64
                 ": the loss is not finite, the step was refused; lower training.learning_rate, or "
                 "check the simulations for extreme values",
                 training->step + 1);
}

/* One optimiser step. Collective; @p checkpoint tells whether a rank wants one. */
static rb_status train_step(rb_context *ctx, rb_training *training, const rb_training_data *data,
                            work *w, bool *checkpoint) {
  rb_status status = RB_OK;
  const rb_training_settings *settings = &training->settings;
  const int64_t epoch = training->step / training->steps_per_epoch;
  const int64_t first = training->step % training->steps_per_epoch * settings->batch_size;
  int64_t samples = settings->batch_size;
  if (settings->mode == RB_OFFLINE) {
    const int64_t left = data->training->count - first;
    samples = left < samples ? left : samples;
    if (w->order_epoch != epoch) {
      shuffle(training->seed, training->member, epoch, data->training->count, w->order);
      w->order_epoch = epoch;
    }
  }
  rb_gradient_sum_clear(&w->sum);
  const rb_status local = add_gradients(ctx, training, data, w, first, samples);
  if (local != RB_OK) rb_gradient_sum_raise(&w->sum, RB_FLAG_FAILED);
  if (rb_signals_poll()) rb_gradient_sum_raise(&w->sum, RB_FLAG_STOP);
  if (ctx->rank == 0 && MPI_Wtime() - w->saved_s > 60 * settings->checkpoint_minutes) {
    rb_gradient_sum_raise(&w->sum, RB_FLAG_CHECKPOINT);
  }
  rb_gradient_sum_reduce(ctx, &w->sum);
  if (rb_gradient_sum_flag(&w->sum, RB_FLAG_FAILED) > 0) RB_TRY(rb_agree(ctx, local));
  const bool overflow = rb_gradient_sum_flag(&w->sum, RB_FLAG_OVERFLOW) > 0;
  if (overflow || rb_gradient_sum_flag(&w->sum, RB_FLAG_NONFINITE) > 0) {
    RB_TRY(refuse_step(ctx, training, w, overflow));
  }
  training->epoch_loss += rb_gradient_sum_get(&w->sum, w->gradient);
  training->epoch_samples += samples;
  const double rate = learning_rate(training);
  const rb_adamw adamw =
      rb_adamw_make(settings->mode == RB_ONLINE ? 0 : settings->weight_decay, settings->clip_norm);
  (void)rb_adamw_step(&adamw, training->step, rate, rb_estimator_parameters(training->estimator),
                      w->gradient, training->first_moment, training->second_moment);
  rb_estimator_weights_changed(training->estimator);
  training->history[epoch].learning_rate = rate;
  training->step += 1;
  ctx->stop = ctx->stop || rb_gradient_sum_flag(&w->sum, RB_FLAG_STOP) > 0;
  *checkpoint = ctx->stop || rb_gradient_sum_flag(&w->sum, RB_FLAG_CHECKPOINT) > 0;
cleanup:
  return status;
}

rb_status rb_validation_loss(rb_context *ctx, rb_training *training, const rb_dataset *dataset,
                             double *loss) {
  rb_status status = RB_OK;
  rb_micro_batch batch = {0};
  rb_real *summary = NULL;
  rb_exact_sum sum = {{0}, 0, 0, 0, 0};
  const rb_model shape = {
      .dim = dataset->dim, .channels = dataset->channels, .length = dataset->length};
  const int size = training->settings.micro_batch;
  RB_TRY(rb_micro_batch_create(ctx, &shape, size, &batch));
  RB_TRY(RB_ALLOCATE(ctx, summary, (int64_t)size * rb_estimator_summary_dim(training->estimator)));
  const rb_partition partition = rb_partition_make(ctx, dataset->count, size);
  for (int64_t round = 0; round < partition.rounds; ++round) {
    const rb_range range = rb_partition_round(&partition, round);
    if (range.count == 0) continue;
    rb_micro_batch_gather(&batch, &training->standardisation, dataset, NULL, range.first,
                          (int)range.count, 1);
    rb_estimator_summarise(training->estimator, size, batch.x, summary);
    rb_estimator_log_density(training->estimator, size, batch.theta, summary, NULL, batch.loss);
    for (int row = 0; row < batch.rows; ++row) rb_exact_sum_add(&sum, -(double)batch.loss[row]);
  }
  rb_exact_sum_reduce(ctx, &sum, 1);
  *loss = rb_exact_sum_value(&sum) / (double)dataset->count;
cleanup:
  free(summary);
  rb_micro_batch_destroy(&batch);
  return rb_agree(ctx, status);
}

/* Validation, history and the best weights, at the end of an epoch. Collective. */
static rb_status end_epoch(rb_context *ctx, rb_training *training, const rb_training_data *data) {
  rb_status status = RB_OK;
  const rb_parameters *parameters = rb_estimator_parameters(training->estimator);
  rb_epoch *epoch = &training->history[training->step / training->steps_per_epoch - 1];
  epoch->loss = training->epoch_loss / (double)training->epoch_samples;
  training->epoch_loss = 0;
  training->epoch_samples = 0;
  RB_TRY(rb_validation_loss(ctx, training, data->validation, &epoch->validation_loss));
  if (epoch->validation_loss < training->best_loss) {
    training->best_loss = epoch->validation_loss;
    memcpy(training->best, parameters->value, (size_t)parameters->count * sizeof(rb_real));
  }
cleanup:
  return status;
}

/* After a refused step: back to the last checkpoint with half the learning rate, if the settings
 * and the number of tries allow. Collective. */
static rb_status roll_back(rb_context *ctx, rb_training *training, rb_status failure,
                           rb_checkpoint_function restore, void *owner) {
  const int rollbacks = training->rollbacks + 1;
  if (failure != RB_ERR_NUMERIC || training->settings.on_nonfinite != RB_NONFINITE_ROLLBACK ||
      rollbacks > MAX_ROLLBACKS) {
    return failure;
  }
  rb_log_warning(ctx,
                 "%s; going back to the last checkpoint with half the learning rate (%d of %d)",
                 ctx->error.message, rollbacks, MAX_ROLLBACKS);
  rb_error_clear(ctx);
  const double factor = training->rate_factor / 2;
  const rb_status status = restore(ctx, training, owner);
  training->rollbacks = rollbacks;
  training->rate_factor = factor;
  return status;
}

static void show(rb_progress *progress, const rb_training *training, double loss_of_step) {
  char note[96];
  (void)snprintf(note, sizeof note, "loss %.3f, rate %.2e", loss_of_step, learning_rate(training));
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

static void use_best_weights(rb_training *training) {
  rb_parameters *parameters = rb_estimator_parameters(training->estimator);
  memcpy(parameters->value, training->best, (size_t)parameters->count * sizeof(rb_real));
  rb_estimator_weights_changed(training->estimator);
}

rb_status rb_train(rb_context *ctx, rb_training *training, const rb_training_data *data,
                   rb_checkpoint_function save, rb_checkpoint_function restore, void *owner) {
  rb_status status = RB_OK;
  work w;
  RB_TRY(rb_agree(ctx, work_create(ctx, training, data, &w)));
  rb_progress progress =
      rb_progress_begin(ctx, "train", "steps", training->total_steps, training->step);
  if (training->step == 0) RB_TRY(save(ctx, training, owner));
  while (training->step < training->total_steps) {
    bool checkpoint = false;
    const double before = training->epoch_loss;
    const int64_t seen = training->epoch_samples;
    const rb_status step_status = train_step(ctx, training, data, &w, &checkpoint);
    if (step_status != RB_OK) {
      RB_TRY(roll_back(ctx, training, step_status, restore, owner));
      continue;
    }
    show(&progress, training,
         (training->epoch_loss - before) / (double)(training->epoch_samples - seen));
    if (training->step % training->steps_per_epoch == 0) {
      RB_TRY(end_epoch(ctx, training, data));
      report_epoch(ctx, training);
      checkpoint = true;
    }
    if (checkpoint) {
      RB_TRY(save(ctx, training, owner));
      w.saved_s = MPI_Wtime();
    }
    if (ctx->stop && training->step < training->total_steps) {
      RB_TRY(RB_FAIL(ctx, RB_STOPPED,
                     "stopped by a signal after step %" PRId64 " of %" PRId64
                     "; the same command goes on from the checkpoint",
                     training->step, training->total_steps));
    }
  }
  char note[64];
  (void)snprintf(note, sizeof note, "validation loss %.4f",
                 training->history[training->settings.epochs - 1].validation_loss);
  rb_progress_end(&progress, note);
  if (training->settings.keep == RB_KEEP_BEST) use_best_weights(training);
cleanup:
  work_destroy(&w);
  return status;
}
