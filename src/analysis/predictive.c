#include "rheobase/predictive.h"

#include <math.h>

#include "rheobase/memory.h"
#include "rheobase/quantile.h"

rb_status rb_predictive_band(rb_context *ctx, int64_t K, int64_t L, const float *replicate,
                             double *low, double *median, double *high) {
  rb_status status = RB_OK;
  double *column = NULL;
  RB_TRY(RB_ALLOCATE(ctx, column, K));
  for (int64_t t = 0; t < L; ++t) {
    for (int64_t k = 0; k < K; ++k) column[k] = (double)replicate[k * L + t];
    rb_sort(K, column);
    low[t] = rb_quantile_of_sorted(K, column, 0.05);
    median[t] = rb_quantile_of_sorted(K, column, 0.5);
    high[t] = rb_quantile_of_sorted(K, column, 0.95);
  }
cleanup:
  free(column);
  return status;
}

rb_predictive_check rb_predictive_compare(int64_t L, const double *observed, const double *low,
                                          const double *median, const double *high, int64_t K,
                                          const int64_t *spike_count, int64_t observed_spikes,
                                          double threshold_mV) {
  int64_t inside = 0, subthreshold = 0, at_most = 0;
  double deviation = 0;
  for (int64_t t = 0; t < L; ++t) {
    inside += observed[t] >= low[t] && observed[t] <= high[t];
    if (observed[t] < threshold_mV) {
      deviation += fabs(observed[t] - median[t]);
      ++subthreshold;
    }
  }
  for (int64_t k = 0; k < K; ++k) at_most += spike_count[k] <= observed_spikes;
  return (rb_predictive_check){
      .voltage_coverage = (double)inside / (double)L,
      .spike_count_percentile = (double)at_most / (double)K,
      .subthreshold_deviation_mV = subthreshold > 0 ? deviation / (double)subthreshold : NAN,
  };
}
