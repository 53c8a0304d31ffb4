#include "rheobase/inference/training_step.h"

#include <inttypes.h>
#include <math.h>

#include "kept_batches.h"
#include "rheobase/base/memory.h"
#include "rheobase/base/signals.h"
#include "rheobase/parallel/agree.h"
#include "rheobase/parallel/gradient_sum.h"
#include "rheobase/parallel/partition.h"
#include "rheobase/random/permutation.h"

struct rb_training_work {
  rb_micro_batch batch;
  rb_kept_batches kept;  // online with several passes
  rb_gradient_sum sum;
  rb_real *gradient;  // (weights)
  int64_t *sample;    // (micro_batch) offline: which samples a micro-batch has
  double saved_s;     // when the last checkpoint was written
  double saving_s;    // how long that took
  double seconds[RB_STEP_PARTS];
};

/* The sum of gradients, with a scale for each tensor. */
static rb_status create_sum(rb_context *ctx, const rb_training *training, int micro_batches,
                            rb_training_work *w) {
  rb_status status = RB_OK;
  const rb_parameters *parameters = rb_estimator_parameters(training->estimator);
  int64_t *size = NULL;
  RB_TRY(RB_ALLOCATE(ctx, size, parameters->tensors));
  for (int k = 0; k < parameters->tensors; ++k) size[k] = parameters->tensor[k].count;
  RB_TRY(rb_gradient_sum_create(ctx, parameters->tensors, size, micro_batches, &w->sum));
  RB_TRY(RB_ALLOCATE(ctx, w->gradient, parameters->count));
cleanup:
  free(size);
  return status;
}

rb_status rb_training_work_create(rb_context *ctx, const rb_training *training,
                                  const rb_training_data *data, rb_training_work **out) {
  rb_status status = RB_OK;
  const rb_training_settings *settings = &training->settings;
  const int micro_batches =
      (settings->batch_size + settings->micro_batch - 1) / settings->micro_batch;
  rb_training_work *w = NULL;
  RB_TRY(RB_ALLOCATE(ctx, w, 1));
  w->saved_s = MPI_Wtime();
  const rb_view view = {data->model, rb_estimator_summary_type(training->estimator),
                        settings->coordinates};
  RB_TRY(rb_view_check(ctx, &view));
  if (settings->mode == RB_ONLINE) {
    RB_TRY(rb_micro_batch_create_online(ctx, &view, settings->micro_batch, &w->batch));
    if (settings->passes > 1 && settings->epochs > 1) {
      const rb_partition p = rb_partition_make(ctx, settings->batch_size, settings->micro_batch);
      RB_TRY(
          rb_kept_batches_create(ctx, &w->batch, training->steps_per_epoch * p.rounds, &w->kept));
    }
  } else {
    const rb_dataset *stored = data->training;
    RB_TRY(
        rb_micro_batch_create(ctx, stored->dim, stored->shape, settings->micro_batch, &w->batch));
  }
  RB_TRY(create_sum(ctx, training, micro_batches, w));
  RB_TRY(RB_ALLOCATE(ctx, w->sample, settings->micro_batch));
  *out = w;
  w = NULL;
cleanup:
  rb_training_work_destroy(w);
  return status;
}

void rb_training_work_destroy(rb_training_work *w) {
  if (w == NULL) return;
  rb_micro_batch_destroy(&w->batch);
  rb_kept_batches_destroy(&w->kept);
  rb_gradient_sum_destroy(&w->sum);
  free(w->gradient);
  free(w->sample);
  free(w);
}

void rb_training_work_forget(rb_training_work *w) { rb_kept_batches_forget(&w->kept); }

void rb_training_work_saved(rb_training_work *w, double seconds) {
  w->saved_s = MPI_Wtime();
  w->saving_s = seconds;
}

/* Whether the checkpoint of the step that is being taken is due, by this rank's clock. */
static bool is_due(const rb_training *training, const rb_training_work *w) {
  const rb_training_settings *settings = &training->settings;
  const double unsaved_s = MPI_Wtime() - w->saved_s;
  if (unsaved_s > 60 * settings->checkpoint_minutes) return true;
  if ((training->step + 1) % training->steps_per_epoch != 0) return false;
  // A rollback goes back to the last checkpoint, which must not depend on the clock.
  return settings->on_nonfinite == RB_NONFINITE_ROLLBACK ||
         unsaved_s >= RB_SAVING_DISTANCE * w->saving_s;
}

const double *rb_training_work_seconds(const rb_training_work *w) { return w->seconds; }

/* Adds the time since *since to a part, and starts the next one. */
static void lap(rb_training_work *w, rb_step_part part, double *since) {
  const double now = MPI_Wtime();
  w->seconds[part] += now - *since;
  *since = now;
}

/* The micro-batch at a range of step training->step's batch. @param round of @p rounds on this
 * rank. Local. */
static rb_status simulate_or_take(rb_context *ctx, const rb_training *training,
                                  const rb_training_data *data, rb_training_work *w, int64_t round,
                                  int64_t rounds, rb_range range, double weight) {
  rb_status status = RB_OK;
  const rb_training_settings *settings = &training->settings;
  const int rows = (int)range.count;
  const int64_t epoch = training->step / training->steps_per_epoch;
  const int64_t step = training->step % training->steps_per_epoch;
  // Items after the stored ones: no sample of the standardisation set is trained on again; and
  // after those of the members before: each member sees simulations of its own.
  const int64_t before = training->member * training->total_steps * settings->batch_size;
  const int64_t fresh = epoch / settings->passes * training->steps_per_epoch + step;
  const int64_t item = data->training->count + before + fresh * settings->batch_size + range.first;
  const int64_t slot = step * rounds + round;
  const bool keeps = w->kept.slots > 0;
  if (keeps && rb_kept_batches_take(&w->kept, slot, item, rows, weight, &w->batch)) return RB_OK;
  RB_TRY(rb_micro_batch_simulate(ctx, &w->batch, &training->standardisation, training->seed, item,
                                 rows, weight));
  if (keeps) rb_kept_batches_put(&w->kept, slot, item, &w->batch);
cleanup:
  return status;
}

/* Gradients of this rank's micro-batches of step training->step, added to w->sum. Local. */
static rb_status add_gradients(rb_context *ctx, rb_training *training, const rb_training_data *data,
                               rb_training_work *w, int64_t first, int64_t samples) {
  rb_status status = RB_OK;
  const rb_training_settings *settings = &training->settings;
  const rb_partition partition = rb_partition_make(ctx, samples, settings->micro_batch);
  const int64_t epoch = training->step / training->steps_per_epoch;
  const rb_permutation order =
      rb_permutation_make(rb_stream_make(training->seed, RB_FOR_TRAINING, RB_RANDOM_SHUFFLE,
                                         training->member, (uint64_t)epoch),
                          data->training->count);
  for (int64_t round = 0; round < partition.rounds; ++round) {
    const rb_range range = rb_partition_round(&partition, round);
    if (range.count == 0) continue;
    const int rows = (int)range.count;
    const double weight = 1.0 / (double)samples;
    double since = MPI_Wtime();
    const uint64_t seen = (uint64_t)(training->step * settings->batch_size + range.first);
    if (settings->mode == RB_OFFLINE) {
      for (int row = 0; row < rows; ++row) {
        w->sample[row] = rb_permutation_at(&order, first + range.first + row);
      }
      rb_micro_batch_gather(&w->batch, &training->standardisation, data->training, w->sample, 0,
                            rows, weight);
    } else {
      RB_TRY(simulate_or_take(ctx, training, data, w, round, partition.rounds, range, weight));
    }
    lap(w, RB_STEP_DATA, &since);
    const rb_dropout_source dropout = {training->seed, training->member, seen};
    RB_TRY(rb_estimator_gradient(ctx, training->estimator, w->batch.size, w->batch.x,
                                 w->batch.theta, w->batch.weight, &dropout, w->gradient,
                                 w->batch.loss));
    lap(w, RB_STEP_GRADIENT, &since);
    rb_gradient_sum_count(&w->sum, rb_micro_batch_losses(&w->batch, training->loss_shift));
    rb_gradient_sum_add(&w->sum, w->gradient, w->batch.loss, rows);
    lap(w, RB_STEP_SUM, &since);
  }
cleanup:
  return status;
}

double rb_training_highest_rate(const rb_training_settings *settings) {
  const double ratio = (double)settings->batch_size / RB_REFERENCE_BATCH;
  switch (settings->rate_rule) {
    case RB_RATE_SQRT:
      return settings->learning_rate * sqrt(ratio);
    case RB_RATE_LINEAR:
      return settings->learning_rate * ratio;
    case RB_RATE_CONSTANT:
      break;
  }
  return settings->learning_rate;
}

double rb_training_rate(const rb_training *training) {
  const rb_training_settings *settings = &training->settings;
  return training->rate_factor *
         rb_learning_rate(settings->schedule, rb_training_highest_rate(settings),
                          settings->warmup_fraction, training->total_steps, training->step);
}

/* Says what of this rank's micro-batches could not be summed, on all ranks. Collective. */
static rb_status refuse_step(rb_context *ctx, const rb_training *training,
                             const rb_training_work *w) {
  rb_status status = RB_OK;
  const rb_parameters *parameters = rb_estimator_parameters(training->estimator);
  const int loss = parameters->tensors;
  int k = 0;
  while (k <= loss && w->sum.excess[k] == 0) ++k;
  if (k <= loss) {
    const bool finite = isfinite(w->sum.excess[k]);
    status =
        RB_FAIL(ctx, RB_ERR_NUMERIC,
                "step %" PRId64
                ": the %s%s is %s, the step was refused; %s training.clip_norm, lower "
                "training.learning_rate, or check the simulations for extreme values",
                training->step + 1, k < loss ? "gradient of " : "loss",
                k < loss ? parameters->tensor[k].name : "",
                finite ? "too large without clipping" : "not finite", finite ? "set" : "lower");
  }
  return rb_agree(ctx, status);
}

/* Moves the running means towards the weights of the step that was taken: plain means at first,
 * then with exponential forgetting. */
static void average_weights(rb_training *training) {
  const int64_t horizon = training->settings.average_steps, step = training->step;
  if (horizon == 0) return;
  const rb_parameters *parameters = rb_estimator_parameters(training->estimator);
  const rb_real share = (rb_real)(1.0 / (double)(step < horizon ? step : horizon));
  for (int64_t i = 0; i < parameters->count; ++i) {
    training->average[i] += share * (parameters->value[i] - training->average[i]);
  }
}

/* Whether a gradient of any finite size takes a step of bounded size. */
static bool clips(const rb_training_settings *settings) {
  return settings->clip_norm > 0 || settings->clip_global > 0;
}

/* Sums the gradients of a step's micro-batches, with what the ranks have to tell. Collective. */
static rb_status sum_gradients(rb_context *ctx, rb_training *training, const rb_training_data *data,
                               rb_training_work *w, int64_t first, int64_t samples) {
  const rb_status local = add_gradients(ctx, training, data, w, first, samples);
  if (local != RB_OK) rb_gradient_sum_raise(&w->sum, RB_FLAG_FAILED);
  if (rb_signals_poll()) rb_gradient_sum_raise(&w->sum, RB_FLAG_STOP);
  if (ctx->rank == 0 && is_due(training, w)) rb_gradient_sum_raise(&w->sum, RB_FLAG_CHECKPOINT);
  double since = MPI_Wtime();
  rb_gradient_sum_reduce(ctx, &w->sum);
  lap(w, RB_STEP_REDUCE, &since);
  return rb_gradient_sum_flag(&w->sum, RB_FLAG_FAILED) > 0 ? rb_agree(ctx, local) : RB_OK;
}

rb_status rb_training_step(rb_context *ctx, rb_training *training, const rb_training_data *data,
                           rb_training_work *w, bool *checkpoint) {
  rb_status status = RB_OK;
  const rb_training_settings *settings = &training->settings;
  const int64_t epoch = training->step / training->steps_per_epoch;
  const int64_t first = training->step % training->steps_per_epoch * settings->batch_size;
  int64_t samples = settings->batch_size;
  if (settings->mode == RB_OFFLINE) {
    const int64_t left = data->training->count - first;
    samples = left < samples ? left : samples;
  }
  rb_gradient_sum_clear(&w->sum);
  RB_TRY(sum_gradients(ctx, training, data, w, first, samples));
  if (clips(settings) && rb_gradient_sum_flag(&w->sum, RB_FLAG_NONFINITE) == 0 &&
      rb_gradient_sum_flag(&w->sum, RB_FLAG_OVERFLOW) > 0) {
    rb_gradient_sum_widen(ctx, &w->sum);
    RB_TRY(sum_gradients(ctx, training, data, w, first, samples));
  }
  if (rb_gradient_sum_flag(&w->sum, RB_FLAG_NONFINITE) > 0 ||
      rb_gradient_sum_flag(&w->sum, RB_FLAG_OVERFLOW) > 0) {
    RB_TRY(refuse_step(ctx, training, w));
  }
  double since = MPI_Wtime();
  training->epoch_loss += rb_gradient_sum_get(&w->sum, w->gradient);
  training->epoch_samples += rb_gradient_sum_samples(&w->sum);
  const double rate = rb_training_rate(training);
  rb_adamw adamw =
      rb_adamw_make(settings->mode == RB_ONLINE ? 0 : settings->weight_decay, settings->clip_norm);
  adamw.clip_global = settings->clip_global;
  (void)rb_adamw_step(&adamw, training->step, rate, rb_estimator_parameters(training->estimator),
                      w->gradient, training->first_moment, training->second_moment);
  rb_estimator_weights_changed(training->estimator);
  lap(w, RB_STEP_OPTIMISER, &since);
  training->history[epoch].learning_rate = rate;
  training->step += 1;
  average_weights(training);
  ctx->stop = ctx->stop || rb_gradient_sum_flag(&w->sum, RB_FLAG_STOP) > 0;
  *checkpoint = ctx->stop || rb_gradient_sum_flag(&w->sum, RB_FLAG_CHECKPOINT) > 0;
cleanup:
  return status;
}
