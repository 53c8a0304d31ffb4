#include <math.h>

#include "calibration_internal.h"
#include "rheobase/analysis/diagnostic_type.h"
#include "rheobase/base/memory.h"
#include "rheobase/model/support.h"
#include "rheobase/parallel/agree.h"

/* Its arrays. */
enum {
  ARRAY_LOSS,
  ARRAY_LOSS_SE,
  ARRAY_LOSS_DATASETS,
  ARRAY_LOSS_NOT_FINITE,
  ARRAY_REGIME_LOSS,
  ARRAY_REGIME_LOSS_DATASETS,
  ARRAYS
};

static const rb_calibration_row rows[ARRAYS] = {
    [ARRAY_LOSS] = {"loss",
                    RB_F64,
                    {RB_DIM_NONE},
                    "nat",
                    "minus the mean log density of the truths per reference scale, without data "
                    "sets with a clipped parameter: compares between all estimators"},
    [ARRAY_LOSS_SE] = {"loss_se", RB_F64, {RB_DIM_NONE}, "nat", "its standard error"},
    [ARRAY_LOSS_DATASETS] =
        {"loss_datasets", RB_I64, {RB_DIM_NONE}, "1", "data sets it is the mean of"},
    [ARRAY_LOSS_NOT_FINITE] = {"loss_not_finite",
                               RB_I64,
                               {RB_DIM_NONE},
                               "1",
                               "data sets without a clipped parameter and with no finite log "
                               "density, left out of it all the same"},
    [ARRAY_REGIME_LOSS] = {"regime/loss", RB_F64, {RB_DIM_REGIME}, "nat", "as loss"},
    [ARRAY_REGIME_LOSS_DATASETS] =
        {"regime/loss_datasets",
         RB_I64,
         {RB_DIM_REGIME},
         "1",
         "as loss_datasets: the weights with which regime/loss averages to loss"},
};

/* The standard error of a mean. */
static double error_of(const rb_moments *moments) {
  const double n = (double)moments->count;
  return sqrt(moments->squares / (n - 1) / n);
}

/* Minus the mean log density in the model's reference scales, of all data sets and by regime. */
static rb_status sum_loss(rb_summing *s) {
  rb_status status = RB_OK;
  double *loss = NULL;
  int64_t unclipped = 0;
  rb_moments moments[RB_PARTS];
  RB_TRY(rb_agree(s->ctx, RB_ALLOCATE(s->ctx, loss, s->rows)));
  rb_summing_column(s, RB_RECORD_LOG_DENSITY, 0, loss);
  const double log_scale = rb_model_log_scale(s->posterior->model);
  for (int64_t i = 0; i < s->rows; ++i) {
    const int32_t *clipped = rb_summing_at(s, RB_RECORD_CLIPPED, i);
    unclipped += *clipped == 0;
    loss[i] = *clipped != 0 ? NAN : -loss[i] - log_scale;
  }
  rb_summing_moments(s, loss, moments);
  rb_summing_add(s, 1, &unclipped);
  const rb_moments *all = &moments[RB_ALL];
  *rb_summing_values(s, ARRAY_LOSS) = all->mean;
  *rb_summing_values(s, ARRAY_LOSS_SE) = error_of(all);
  *rb_summing_counts(s, ARRAY_LOSS_DATASETS) = all->count;
  *rb_summing_counts(s, ARRAY_LOSS_NOT_FINITE) = unclipped - all->count;
  for (int g = 0; g < RB_REGIME_COUNT; ++g) {
    rb_summing_values(s, ARRAY_REGIME_LOSS)[g] = moments[g].mean;
    rb_summing_counts(s, ARRAY_REGIME_LOSS_DATASETS)[g] = moments[g].count;
  }
cleanup:
  free(loss);
  return status;
}

const rb_diagnostic rb_diagnostic_loss = {.row = rows, .rows = ARRAYS, .compute = sum_loss};
