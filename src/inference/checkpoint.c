#include "rheobase/inference/checkpoint.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "feature_components.h"
#include "rheobase/base/memory.h"

/* The arrays besides the weights, which carry the tensors' own names below weights/ and best/. */
static const rb_field PARAMETER = {
    "parameter", RB_STRING, "parameter", "1", "names of the parameters", false};
static const rb_field CHANNEL = {
    "channel", RB_STRING, "channel", "1", "names of channels, then of the features", false};
static const rb_field PERMUTATIONS = {
    "permutations",
    RB_I32,
    "layer,parameter",
    "1",
    "order of the parameters after the permutation of each coupling layer",
    false};
static const rb_field THETA_MEAN = {
    "standardisation/theta_mean",      RB_F64, "parameter", "parameter's unit",
    "mean of the training parameters", false};
static const rb_field THETA_STD = {"standardisation/theta_std",
                                   RB_F64,
                                   "parameter",
                                   "parameter's unit",
                                   "standard deviation of the training parameters",
                                   false};
static const rb_field X_MEAN = {"standardisation/x_mean", RB_F64, "channel", "channel's unit",
                                "mean of the channel",    false};
static const rb_field X_STD = {"standardisation/x_std",
                               RB_F64,
                               "channel",
                               "channel's unit",
                               "standard deviation of the channel",
                               false};
static const rb_field RECORDED = {"standardisation/recorded",
                                  RB_STRING,
                                  "recorded",
                                  "1",
                                  "names of the channels that features are computed from",
                                  false};
static const rb_field RECORDED_MEAN = {
    "standardisation/recorded_mean",        RB_F64, "recorded", "channel's unit",
    "mean of the channel for its features", false};
static const rb_field RECORDED_STD = {"standardisation/recorded_std",
                                      RB_F64,
                                      "recorded",
                                      "channel's unit",
                                      "standard deviation of the channel for its features",
                                      false};
static const rb_field COMPONENT = {
    "standardisation/component",
    RB_TYPE_REAL,
    "feature,component",
    "1",
    "principal components of standardised features, over the fourth root of their variance",
    false};
static const rb_field FIRST_MOMENT = {"optimiser/first_moment",       RB_TYPE_REAL, "weight", "1",
                                      "running mean of the gradient", false};
static const rb_field SECOND_MOMENT = {"optimiser/second_moment",
                                       RB_TYPE_REAL,
                                       "weight",
                                       "1",
                                       "running mean of the squared gradient",
                                       false};
/* What is stored of each epoch. */
static const struct {
  size_t offset;  // within rb_epoch
  rb_field field;
} HISTORY[] = {
    {offsetof(rb_epoch, loss),
     {"history/loss", RB_F64, "epoch", "nat",
      "the loss over the epoch's samples, with dropout; as loss in calibration.h5", false}},
    {offsetof(rb_epoch, validation_loss),
     {"history/validation_loss", RB_F64, "epoch", "nat",
      "the loss of the validation set after the epoch, without dropout; as loss in calibration.h5",
      false}},
    {offsetof(rb_epoch, objective),
     {"history/validation_objective", RB_F64, "epoch", "nat",
      "mean -log q of the validation set, all data sets, in the network's standardised "
      "coordinates: for other programs; do not compare it with a loss",
      false}},
    {offsetof(rb_epoch, learning_rate),
     {"history/learning_rate", RB_F64, "epoch", "1", "learning rate of the epoch's last step",
      false}},
};
enum { COLUMNS = sizeof HISTORY / sizeof *HISTORY };

static int64_t finished_epochs(const rb_training *training) {
  return training->step / training->steps_per_epoch;
}

/* The field of a tensor below `group`; path and dims are the caller's buffers. */
static rb_field tensor_field(const rb_tensor *tensor, const char *group, char *path, size_t size,
                             char *dims, size_t dims_size) {
  (void)snprintf(path, size, "%s/%s", group, tensor->name);
  int at = 0;
  dims[0] = '\0';
  for (int k = 0; k < tensor->rank; ++k) {
    at += snprintf(dims + at, dims_size - (size_t)at, "%s%" PRId64, k ? "," : "", tensor->shape[k]);
  }
  return (rb_field){path, RB_TYPE_REAL, dims, "1", "weights of the network", false};
}

static rb_status write_weights(rb_context *ctx, rb_file *file, const rb_parameters *parameters,
                               const char *group, const rb_real *value) {
  rb_status status = RB_OK;
  for (int k = 0; k < parameters->tensors; ++k) {
    char path[2 * RB_TENSOR_NAME_SIZE], dims[128];
    const rb_tensor *tensor = &parameters->tensor[k];
    const rb_field field = tensor_field(tensor, group, path, sizeof path, dims, sizeof dims);
    RB_TRY(rb_file_write(ctx, file, &field, value + tensor->offset));
  }
cleanup:
  return status;
}

static rb_status read_weights(rb_context *ctx, const rb_file *file, const rb_parameters *parameters,
                              const char *group, rb_real *value) {
  rb_status status = RB_OK;
  for (int k = 0; k < parameters->tensors; ++k) {
    char path[2 * RB_TENSOR_NAME_SIZE];
    const rb_tensor *tensor = &parameters->tensor[k];
    (void)snprintf(path, sizeof path, "%s/%s", group, tensor->name);
    RB_TRY(rb_file_read(ctx, file, path, RB_TYPE_REAL, true, tensor->rank, tensor->shape,
                        value + tensor->offset));
  }
cleanup:
  return status;
}

static rb_status declare_dimensions(rb_context *ctx, rb_file *file, const rb_model *model,
                                    const rb_training *training) {
  rb_status status = RB_OK;
  const char *parameter[RB_MAX_PARAMETERS], *channel[RB_MAX_SCALES];
  char feature[RB_MAX_FEATURES][RB_FEATURE_NAME];
  const rb_feature_source *features = rb_estimator_summary_type(training->estimator)->features;
  const rb_shape shape = rb_estimator_shape(training->estimator);
  const int C = shape.channels, channels = rb_shape_scales(shape);
  int depth = 0;
  (void)rb_estimator_permutations(training->estimator, &depth);
  for (int d = 0; d < model->dim; ++d) parameter[d] = model->parameters[d].name;
  for (int c = 0; c < C; ++c) channel[c] = model->channel[c].quantity.name;
  for (int f = 0; f < shape.features; ++f) {
    features->name(model, f, feature[f]);
    channel[C + f] = feature[f];
  }
  RB_TRY(rb_file_dimension(ctx, file, "parameter", model->dim));
  RB_TRY(rb_file_dimension(ctx, file, "channel", channels));
  if (depth > 0) RB_TRY(rb_file_dimension(ctx, file, "layer", depth));
  if (training->standardisation.component != NULL) {
    RB_TRY(rb_file_dimension(ctx, file, "feature", shape.features));
    RB_TRY(rb_file_dimension(ctx, file, "component", shape.features));
  }
  RB_TRY(rb_file_dimension(ctx, file, "epoch", finished_epochs(training)));
  RB_TRY(
      rb_file_dimension(ctx, file, "weight", rb_estimator_parameters(training->estimator)->count));
  RB_TRY(rb_file_write(ctx, file, &PARAMETER, parameter));
  RB_TRY(rb_file_write(ctx, file, &CHANNEL, channel));
cleanup:
  return status;
}

static double *history_value(const rb_training *training, int64_t epoch, int c) {
  return (double *)(void *)((char *)&training->history[epoch] + HISTORY[c].offset);
}

static rb_status write_history(rb_context *ctx, rb_file *file, const rb_training *training) {
  rb_status status = RB_OK;
  const int64_t epochs = finished_epochs(training);
  double *column = NULL;
  RB_TRY(RB_ALLOCATE(ctx, column, epochs));
  for (int c = 0; c < COLUMNS; ++c) {
    for (int64_t i = 0; i < epochs; ++i) column[i] = *history_value(training, i, c);
    RB_TRY(rb_file_write(ctx, file, &HISTORY[c].field, column));
  }
cleanup:
  free(column);
  return status;
}

static rb_status write_position(rb_context *ctx, rb_file *file, const rb_training *training) {
  rb_status status = RB_OK;
  RB_TRY(rb_file_set_int(ctx, file, "", "step", training->step));
  RB_TRY(rb_file_set_int(ctx, file, "", "total_steps", training->total_steps));
  RB_TRY(rb_file_set_int(ctx, file, "", "member", training->member));
  RB_TRY(rb_file_set_double(ctx, file, "", "epoch_loss", training->epoch_loss));
  RB_TRY(rb_file_set_int(ctx, file, "", "epoch_samples", training->epoch_samples));
  RB_TRY(rb_file_set_double(ctx, file, "", "best_loss", training->best_loss));
  RB_TRY(rb_file_set_double(ctx, file, "", "rate_factor", training->rate_factor));
  RB_TRY(rb_file_set_int(ctx, file, "", "rollbacks", training->rollbacks));
  RB_TRY(rb_file_set_int(ctx, file, "", "scaling", training->standardisation.scaling));
cleanup:
  return status;
}

/* What features bring channels to scale by, where they do. */
static rb_status write_scales(rb_context *ctx, rb_file *file, const rb_model *model,
                              const rb_feature_source *features) {
  rb_status status = RB_OK;
  const char *name[RB_MAX_CHANNELS];
  if (features == NULL || features->scales == NULL) return RB_OK;
  const rb_channel_scales *scales = features->scales(model);
  for (int c = 0; c < model->channels; ++c) name[c] = model->channel[c].quantity.name;
  RB_TRY(rb_file_dimension(ctx, file, "standardisation/recorded", model->channels));
  RB_TRY(rb_file_write(ctx, file, &RECORDED, name));
  RB_TRY(rb_file_write(ctx, file, &RECORDED_MEAN, scales->mean));
  RB_TRY(rb_file_write(ctx, file, &RECORDED_STD, scales->sd));
cleanup:
  return status;
}

rb_status rb_checkpoint_write(rb_context *ctx, rb_file *file, const rb_model *model,
                              const rb_training *training) {
  rb_status status = RB_OK;
  const rb_parameters *parameters = rb_estimator_parameters(training->estimator);
  const rb_standardisation *s = &training->standardisation;
  int depth = 0;
  const int32_t *permutation = rb_estimator_permutations(training->estimator, &depth);
  RB_TRY(declare_dimensions(ctx, file, model, training));
  RB_TRY(write_position(ctx, file, training));
  RB_TRY(write_history(ctx, file, training));
  if (permutation != NULL) RB_TRY(rb_file_write(ctx, file, &PERMUTATIONS, permutation));
  RB_TRY(rb_file_write(ctx, file, &THETA_MEAN, s->theta_mean));
  RB_TRY(rb_file_write(ctx, file, &THETA_STD, s->theta_std));
  RB_TRY(rb_file_write(ctx, file, &X_MEAN, s->x_mean));
  RB_TRY(rb_file_write(ctx, file, &X_STD, s->x_std));
  RB_TRY(write_scales(ctx, file, model, rb_estimator_summary_type(training->estimator)->features));
  if (s->component != NULL) RB_TRY(rb_file_write(ctx, file, &COMPONENT, s->component));
  RB_TRY(rb_file_write(ctx, file, &FIRST_MOMENT, training->first_moment));
  RB_TRY(rb_file_write(ctx, file, &SECOND_MOMENT, training->second_moment));
  RB_TRY(write_weights(ctx, file, parameters, "weights", parameters->value));
  if (training->settings.average_steps > 0) {
    RB_TRY(write_weights(ctx, file, parameters, "average", training->average));
  }
  if (isfinite(training->best_loss)) {
    RB_TRY(write_weights(ctx, file, parameters, "best", training->best));
  }
cleanup:
  return status;
}

static rb_status read_history(rb_context *ctx, const rb_file *file, rb_training *training) {
  rb_status status = RB_OK;
  const int64_t epochs = finished_epochs(training);
  double *column = NULL;
  RB_TRY(RB_ALLOCATE(ctx, column, epochs));
  for (int c = 0; c < COLUMNS; ++c) {
    RB_TRY(rb_file_read(ctx, file, HISTORY[c].field.path, RB_F64, true, 1, &epochs, column));
    for (int64_t i = 0; i < epochs; ++i) *history_value(training, i, c) = column[i];
  }
cleanup:
  free(column);
  return status;
}

rb_status rb_checkpoint_position(rb_context *ctx, const rb_file *file, int64_t *step,
                                 int64_t *total_steps) {
  rb_status status = RB_OK;
  RB_TRY(rb_file_get_int(ctx, file, "", "step", step));
  RB_TRY(rb_file_get_int(ctx, file, "", "total_steps", total_steps));
  if (*step < 0 || *step > *total_steps) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT,
                   "the checkpoint's position, step %" PRId64 " of %" PRId64 ", is impossible",
                   *step, *total_steps));
  }
cleanup:
  return status;
}

static rb_status read_position(rb_context *ctx, const rb_file *file, rb_training *training) {
  rb_status status = RB_OK;
  int64_t total_steps = 0, rollbacks = 0, member = 0;
  RB_TRY(rb_checkpoint_position(ctx, file, &training->step, &total_steps));
  RB_TRY(rb_file_get_int(ctx, file, "", "member", &member));
  if (training->settings.patience > 0 && training->step == total_steps &&
      total_steps <= training->total_steps && total_steps % training->steps_per_epoch == 0) {
    training->total_steps = total_steps;  // it ended early
  }
  if (total_steps != training->total_steps || member != training->member) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT,
                   "the checkpoint is of another training: %" PRId64 " steps instead of %" PRId64
                   ", ensemble member %" PRId64 " instead of %d",
                   total_steps, training->total_steps, member, (int)training->member));
  }
  RB_TRY(rb_file_get_double(ctx, file, "", "epoch_loss", &training->epoch_loss));
  RB_TRY(rb_file_get_int(ctx, file, "", "epoch_samples", &training->epoch_samples));
  RB_TRY(rb_file_get_double(ctx, file, "", "best_loss", &training->best_loss));
  RB_TRY(rb_file_get_double(ctx, file, "", "rate_factor", &training->rate_factor));
  RB_TRY(rb_file_get_int(ctx, file, "", "rollbacks", &rollbacks));
  const int64_t steps = training->step % training->steps_per_epoch;
  if (!isfinite(training->epoch_loss) || training->epoch_samples < 0 ||
      training->epoch_samples > steps * training->settings.batch_size ||
      isnan(training->best_loss) || rollbacks < 0 || rollbacks > RB_TRAINING_ROLLBACKS ||
      !(training->rate_factor > 0 && training->rate_factor <= 1)) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT,
                   "the checkpoint's running sums or its learning rate are impossible"));
  }
  training->rollbacks = (int)rollbacks;
cleanup:
  return status;
}

static rb_status check_positive(rb_context *ctx, const rb_field *field, int64_t count,
                                const double *value) {
  for (int64_t i = 0; i < count; ++i) {
    if (value[i] > 0) continue;
    return RB_FAIL(ctx, RB_ERR_FORMAT, "the checkpoint's %s has the value %g; it must be positive",
                   field->path, value[i]);
  }
  return RB_OK;
}

/* Files of before there was a choice do not say. */
static rb_status read_scaling(rb_context *ctx, const rb_file *file, rb_scaling *scaling) {
  rb_status status = RB_OK;
  int64_t number = RB_SCALES_MOMENTS;
  if (rb_file_has_attribute(file, "", "scaling")) {
    RB_TRY(rb_file_get_int(ctx, file, "", "scaling", &number));
  }
  if (number < RB_SCALES_MOMENTS || number > RB_SCALES_COMPONENTS) {
    RB_TRY(
        RB_FAIL(ctx, RB_ERR_FORMAT, "the checkpoint's scaling, %" PRId64 ", is unknown", number));
  }
  *scaling = (rb_scaling)number;
cleanup:
  return status;
}

/* Permutations and standardisation. */
static rb_status read_fixed(rb_context *ctx, const rb_file *file, rb_estimator *estimator,
                            rb_standardisation *s) {
  rb_status status = RB_OK;
  const int64_t D = rb_estimator_dim(estimator);
  const int64_t C = rb_shape_scales(rb_estimator_shape(estimator));
  int depth = 0;
  int32_t *permutation = rb_estimator_permutations(estimator, &depth);
  if (permutation != NULL) {
    RB_TRY(rb_file_read(ctx, file, PERMUTATIONS.path, RB_I32, true, 2, (int64_t[]){depth, D},
                        permutation));
  }
  for (int64_t layer = 0; layer < depth; ++layer) {
    uint32_t seen = 0;
    for (int64_t d = 0; d < D; ++d) {
      const int32_t p = permutation[layer * D + d];
      if (p >= 0 && p < D) seen |= UINT32_C(1) << p;
    }
    if (seen != (UINT32_C(1) << D) - 1) {
      RB_TRY(
          RB_FAIL(ctx, RB_ERR_FORMAT, "permutation %" PRId64 " of the checkpoint is none", layer));
    }
  }
  RB_TRY(read_scaling(ctx, file, &s->scaling));
  RB_TRY(rb_file_read(ctx, file, THETA_MEAN.path, RB_F64, true, 1, &D, s->theta_mean));
  RB_TRY(rb_file_read(ctx, file, THETA_STD.path, RB_F64, true, 1, &D, s->theta_std));
  RB_TRY(rb_file_read(ctx, file, X_MEAN.path, RB_F64, true, 1, &C, s->x_mean));
  RB_TRY(rb_file_read(ctx, file, X_STD.path, RB_F64, true, 1, &C, s->x_std));
  RB_TRY(check_positive(ctx, &THETA_STD, D, s->theta_std));
  RB_TRY(check_positive(ctx, &X_STD, C, s->x_std));
  if (s->scaling == RB_SCALES_COMPONENTS) {
    const int64_t F = rb_estimator_shape(estimator).features;
    RB_TRY(rb_feature_components_allocate(ctx, (int)F, s));
    RB_TRY(rb_file_read(ctx, file, COMPONENT.path, RB_TYPE_REAL, true, 2, (int64_t[]){F, F},
                        s->component));
  }
cleanup:
  return status;
}

rb_status rb_checkpoint_read(rb_context *ctx, const rb_file *file, rb_training *training) {
  rb_status status = RB_OK;
  const rb_parameters *parameters = rb_estimator_parameters(training->estimator);
  RB_TRY(read_position(ctx, file, training));
  RB_TRY(read_history(ctx, file, training));
  RB_TRY(read_fixed(ctx, file, training->estimator, &training->standardisation));
  RB_TRY(read_weights(ctx, file, parameters, "weights", parameters->value));
  rb_estimator_weights_changed(training->estimator);
  if (training->settings.average_steps > 0) {
    RB_TRY(read_weights(ctx, file, parameters, "average", training->average));
  }
  if (isfinite(training->best_loss)) {
    RB_TRY(read_weights(ctx, file, parameters, "best", training->best));
  }
  RB_TRY(rb_file_read(ctx, file, FIRST_MOMENT.path, RB_TYPE_REAL, true, 1, &parameters->count,
                      training->first_moment));
  RB_TRY(rb_file_read(ctx, file, SECOND_MOMENT.path, RB_TYPE_REAL, true, 1, &parameters->count,
                      training->second_moment));
cleanup:
  return status;
}

rb_status rb_checkpoint_read_network(rb_context *ctx, const rb_file *file, bool best,
                                     rb_estimator *estimator, rb_standardisation *standardisation) {
  rb_status status = RB_OK;
  const rb_parameters *parameters = rb_estimator_parameters(estimator);
  RB_TRY(read_fixed(ctx, file, estimator, standardisation));
  const char *last = rb_file_has(file, "average") ? "average" : "weights";
  RB_TRY(read_weights(ctx, file, parameters, best ? "best" : last, parameters->value));
  rb_estimator_weights_changed(estimator);
cleanup:
  return status;
}

rb_status rb_checkpoint_read_scales(rb_context *ctx, const rb_file *file, const rb_model *model,
                                    const rb_feature_source *features) {
  rb_status status = RB_OK;
  const int64_t C = model->channels;
  if (features == NULL || features->scales == NULL) return RB_OK;
  if (!rb_file_has(file, RECORDED_MEAN.path)) {
    return RB_FAIL(ctx, RB_ERR_FORMAT,
                   "the checkpoint does not say what channels are brought to scale by, since an "
                   "earlier version made it; train again with --force");
  }
  rb_channel_scales *scales = features->scales(model);
  RB_TRY(rb_file_read(ctx, file, RECORDED_MEAN.path, RB_F64, true, 1, &C, scales->mean));
  RB_TRY(rb_file_read(ctx, file, RECORDED_STD.path, RB_F64, true, 1, &C, scales->sd));
  RB_TRY(check_positive(ctx, &RECORDED_STD, C, scales->sd));
cleanup:
  return status;
}
