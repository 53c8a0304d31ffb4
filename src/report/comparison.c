#include "comparison.h"

#include <math.h>
#include <stdlib.h>

#include "rheobase/base/memory.h"

const rb_compared rb_compared_measures[RB_COMPARED_MEASURES] = {
    {"r", "Correlation {/:Italic r} of median and truth", "recovery/r"},
    {"NRMSE", "NRMSE (of the prior''s)", "diagnostics/nrmse"},
    {"contraction", "Contraction", "diagnostics/contraction"},
    {"calibration error", "Calibration error", "diagnostics/calibration_error"}};

static rb_status read_one(const rb_study_data *study, int which, rb_comparison *c) {
  static const rb_product sources[2] = {RB_PRODUCT_CALIBRATION, RB_PRODUCT_BASELINE_CALIBRATION};
  rb_status status = RB_OK;
  const rb_product source = sources[which];
  for (int m = 0; m < RB_COMPARED_MEASURES; ++m) {
    RB_TRY(rb_study_last_row(study, source, rb_compared_measures[m].path, study->model->dim,
                             &c->value[m][which]));
  }
  RB_TRY(rb_study_number(study, source, "diagnostics/loss", &c->loss[which]));
  RB_TRY(rb_study_number(study, source, "diagnostics/loss_se", &c->loss_se[which]));
cleanup:
  return status;
}

static rb_status fill_with_nan(const rb_study_data *study, int which, rb_comparison *c) {
  rb_status status = RB_OK;
  for (int m = 0; m < RB_COMPARED_MEASURES; ++m) {
    RB_TRY(RB_ALLOCATE(study->ctx, c->value[m][which], study->model->dim));
    for (int d = 0; d < study->model->dim; ++d) c->value[m][which][d] = NAN;
  }
  c->loss[which] = c->loss_se[which] = NAN;
cleanup:
  return status;
}

rb_status rb_comparison_read(const rb_study_data *study, rb_comparison *c) {
  rb_status status = RB_OK;
  *c = (rb_comparison){.network = study->file[RB_PRODUCT_CALIBRATION] != NULL};
  if (c->network) {
    RB_TRY(read_one(study, RB_NETWORK, c));
  } else {
    RB_TRY(fill_with_nan(study, RB_NETWORK, c));
  }
  RB_TRY(read_one(study, RB_LINEAR, c));
cleanup:
  return status;
}

void rb_comparison_free(rb_comparison *c) {
  for (int m = 0; m < RB_COMPARED_MEASURES; ++m) {
    free(c->value[m][RB_NETWORK]);
    free(c->value[m][RB_LINEAR]);
  }
}
