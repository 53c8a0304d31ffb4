#include <math.h>

#include "lif_state.h"
#include "rheobase/base/memory.h"
#include "rheobase/base/quantile.h"

const rb_quantity rb_lif_check[RB_LIF_CHECKS] = {
    {"subthreshold_deviation", "mV",
     "mean |observed - predictive median| over samples below the posterior median of V_th; NaN "
     "where there are none"}};

double rb_lif_subthreshold_deviation(int64_t L, const float *voltage, const double *median,
                                     double threshold_mV) {
  int64_t samples = 0;
  double sum = 0;
  for (int64_t t = 0; t < L; ++t) {
    if (!((double)voltage[t] < threshold_mV)) continue;
    sum += fabs((double)voltage[t] - median[t]);
    ++samples;
  }
  return samples > 0 ? sum / (double)samples : NAN;
}

rb_status rb_lif_compare(const rb_model *model, rb_context *ctx, const float *x,
                         const double *median, int64_t S, const double *theta, double *out) {
  rb_status status = RB_OK;
  const int64_t at = RB_LIF_VOLTAGE * model->length;
  double *threshold = NULL;
  RB_TRY(RB_ALLOCATE(ctx, threshold, S));
  for (int64_t s = 0; s < S; ++s) threshold[s] = theta[s * RB_LIF_DIM + RB_LIF_V_TH];
  out[0] =
      rb_lif_subthreshold_deviation(model->length, x + at, median + at, rb_median(S, threshold));
cleanup:
  free(threshold);
  return status;
}
