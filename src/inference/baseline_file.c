#include <inttypes.h>
#include <string.h>

#include "baseline.h"
#include "rheobase/base/memory.h"
#include "rheobase/inference/simulations.h"
#include "rheobase/parallel/agree.h"

enum { NAME = 64 };

static const rb_field FEATURE = {"feature", RB_STRING, "feature", "1", "names of the features",
                                 false};
static const rb_field CENTRE = {
    "centre", RB_F64, "feature", "feature's unit", "mean of each feature over the training set",
    false};
static const rb_field COEFFICIENT = {"coefficient",
                                     RB_F64,
                                     "feature,parameter",
                                     "parameter's unit per feature's unit",
                                     "ridge regression of the parameters on the features",
                                     false};
static const rb_field MEAN = {
    "mean", RB_F64, "parameter", "parameter's unit", "mean of each parameter over the training set",
    false};
static const rb_field COVARIANCE = {"covariance",
                                    RB_F64,
                                    "parameter,parameter",
                                    "product of the parameters' units",
                                    "covariance of the residuals on the validation set",
                                    false};
static const rb_field PENALTY = {
    "penalty", RB_F64, "parameter", "1", "penalty used, for features of unit variance", false};
static const rb_field FREEDOM = {"degrees_of_freedom",
                                 RB_F64,
                                 "parameter",
                                 "1",
                                 "effective number of coefficients; NaN for a given penalty",
                                 false};
static const rb_field PRIOR_SD = {"prior_sd",
                                  RB_F64,
                                  "parameter",
                                  "parameter's unit",
                                  "standard deviation of each parameter over the training set",
                                  false};
static const rb_field SPECTRUM = {"spectrum",
                                  RB_F64,
                                  "feature",
                                  "1",
                                  "eigenvalues of the features' correlation matrix, ascending",
                                  false};
static const rb_field GRID = {"cross_validation/penalty", RB_F64, "penalty_tried", "1",
                              "penalties tried",          false};
static const rb_field GCV = {"cross_validation/score",
                             RB_F64,
                             "penalty_tried,parameter",
                             "1",
                             "generalised cross-validation: mean squared residual over its share "
                             "of freedom squared, for parameters of unit variance",
                             false};
static const rb_field CHANNEL_MEAN = {"random/channel_mean",
                                      RB_F64,
                                      "channel",
                                      "channel's unit",
                                      "mean of the downsampled traces",
                                      false};
static const rb_field CHANNEL_SD = {"random/channel_sd",
                                    RB_F64,
                                    "channel",
                                    "channel's unit",
                                    "standard deviation of the downsampled traces",
                                    false};
static const rb_field CHANNEL = {"channel", RB_STRING, "channel", "1", "names of channels", false};

/* Names of the features, one block of memory. Local. */
static rb_status name_features(rb_context *ctx, const rb_baseline *b, const char ***names) {
  const int count = b->features.count;
  char *block = rb_allocate(ctx, count, sizeof(char *) + NAME);
  if (block == NULL) return RB_ERR_MEMORY;
  *names = (const char **)(void *)block;
  char *text = block + (size_t)count * sizeof(char *);
  for (int j = 0; j < count; ++j) {
    rb_baseline_features_name(&b->features, j, text + (size_t)j * NAME, NAME);
    (*names)[j] = text + (size_t)j * NAME;
  }
  return RB_OK;
}

static rb_status declare(rb_context *ctx, rb_file *file, const rb_baseline *b) {
  rb_status status = RB_OK;
  const char **names = NULL, *channel[RB_MAX_CHANNELS];
  const rb_model *model = b->model;
  for (int c = 0; c < model->channels; ++c) channel[c] = model->channel[c].quantity.name;
  RB_TRY(rb_agree(ctx, name_features(ctx, b, &names)));
  RB_TRY(rb_axes_write(ctx, file, model));
  RB_TRY(rb_file_dimension(ctx, file, "feature", b->features.count));
  RB_TRY(rb_file_dimension(ctx, file, "channel", model->channels));
  RB_TRY(rb_file_write(ctx, file, &FEATURE, names));
  RB_TRY(rb_file_write(ctx, file, &CHANNEL, channel));
cleanup:
  free(names);
  return status;
}

rb_status rb_baseline_write(rb_context *ctx, rb_file *file, const rb_baseline *b) {
  rb_status status = RB_OK;
  const rb_ridge *ridge = &b->ridge;
  RB_TRY(declare(ctx, file, b));
  RB_TRY(rb_file_write(ctx, file, &CENTRE, ridge->centre));
  RB_TRY(rb_file_write(ctx, file, &COEFFICIENT, ridge->coefficient));
  RB_TRY(rb_file_write(ctx, file, &MEAN, ridge->mean));
  RB_TRY(rb_file_write(ctx, file, &COVARIANCE, b->covariance));
  RB_TRY(rb_file_write(ctx, file, &PENALTY, ridge->penalty));
  RB_TRY(rb_file_write(ctx, file, &FREEDOM, ridge->freedom));
  RB_TRY(rb_file_write(ctx, file, &PRIOR_SD, b->report.prior_sd));
  if (ridge->spectrum != NULL) {
    RB_TRY(rb_file_dimension(ctx, file, "penalty_tried", RB_RIDGE_PENALTIES));
    RB_TRY(rb_file_write(ctx, file, &SPECTRUM, ridge->spectrum));
    RB_TRY(rb_file_write(ctx, file, &GRID, ridge->grid));
    RB_TRY(rb_file_write(ctx, file, &GCV, ridge->gcv));
  }
  RB_TRY(rb_file_write(ctx, file, &CHANNEL_MEAN, b->features.mean));
  RB_TRY(rb_file_write(ctx, file, &CHANNEL_SD, b->features.sd));
  RB_TRY(rb_file_set_double(ctx, file, "random", "width", b->features.width));
  RB_TRY(rb_file_set_int(ctx, file, "random", "features", b->features.random));
  RB_TRY(rb_file_set_int(ctx, file, "random", "seed", (int64_t)b->features.seed));
  RB_TRY(rb_file_set_int(ctx, file, "", "simulations", b->report.simulations));
  RB_TRY(rb_file_set_int(ctx, file, "", "validation", b->report.validation));
  RB_TRY(rb_file_set_double(ctx, file, "", "condition", b->report.condition));
cleanup:
  return status;
}

static rb_status read_features(rb_context *ctx, const rb_file *file, rb_baseline_features *f) {
  rb_status status = RB_OK;
  int64_t random = 0, seed = 0;
  const int64_t channels = f->model->channels;
  RB_TRY(rb_file_read(ctx, file, CHANNEL_MEAN.path, RB_F64, true, 1, &channels, f->mean));
  RB_TRY(rb_file_read(ctx, file, CHANNEL_SD.path, RB_F64, true, 1, &channels, f->sd));
  RB_TRY(rb_file_get_double(ctx, file, "random", "width", &f->width));
  RB_TRY(rb_file_get_int(ctx, file, "random", "features", &random));
  RB_TRY(rb_file_get_int(ctx, file, "random", "seed", &seed));
  if (random < 0 || random > RB_BASELINE_MAX_RANDOM || !(f->width > 0)) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT,
                   "the baseline's file has %" PRId64 " random features of width %g: damaged",
                   random, f->width));
  }
  f->seed = (uint64_t)seed;
  f->random = (int)random;
  RB_TRY(rb_baseline_features_restore(ctx, f));
cleanup:
  return status;
}

static rb_status read_baseline(rb_context *ctx, const rb_file *file, rb_baseline *b) {
  rb_status status = RB_OK;
  rb_ridge *ridge = &b->ridge;
  RB_TRY(read_features(ctx, file, &b->features));
  const int64_t D = b->model->dim, f = b->features.count;
  const int64_t square[2] = {D, D}, shape[2] = {f, D};
  ridge->features = b->features.count;
  ridge->responses = b->model->dim;
  RB_TRY(RB_ALLOCATE(ctx, ridge->centre, f));
  RB_TRY(RB_ALLOCATE(ctx, ridge->coefficient, f * D));
  RB_TRY(rb_file_read(ctx, file, CENTRE.path, RB_F64, true, 1, &f, ridge->centre));
  RB_TRY(rb_file_read(ctx, file, COEFFICIENT.path, RB_F64, true, 2, shape, ridge->coefficient));
  RB_TRY(rb_file_read(ctx, file, MEAN.path, RB_F64, true, 1, &D, ridge->mean));
  RB_TRY(rb_file_read(ctx, file, COVARIANCE.path, RB_F64, true, 2, square, b->covariance));
  RB_TRY(rb_file_read(ctx, file, PENALTY.path, RB_F64, true, 1, &D, ridge->penalty));
  RB_TRY(rb_file_read(ctx, file, FREEDOM.path, RB_F64, false, 1, &D, ridge->freedom));
  RB_TRY(rb_file_read(ctx, file, PRIOR_SD.path, RB_F64, true, 1, &D, b->report.prior_sd));
  for (int d = 0; d < (int)D; ++d) {
    if (b->report.prior_sd[d] > 0) continue;
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "the baseline's file has a prior_sd that is not positive"));
  }
cleanup:
  return status;
}

rb_status rb_baseline_read(rb_context *ctx, const rb_file *file, const rb_model *model,
                           rb_baseline **result) {
  rb_status status = RB_OK;
  rb_baseline *b = NULL;
  RB_TRY(RB_ALLOCATE(ctx, b, 1));
  b->model = model;
  b->features.model = model;
  RB_TRY(read_baseline(ctx, file, b));
  *result = b;
  b = NULL;
cleanup:
  rb_baseline_destroy(b);
  return status;
}
