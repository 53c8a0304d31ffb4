#include "rheobase/analysis/predictive.h"

#include <math.h>

#include "rheobase/base/memory.h"
#include "rheobase/base/quantile.h"

rb_status rb_predictive_band(rb_context *ctx, int64_t K, int64_t L, const float *replicate,
                             const float *mask, int64_t stride, double *low, double *median,
                             double *high) {
  rb_status status = RB_OK;
  double *column = NULL;
  RB_TRY(RB_ALLOCATE(ctx, column, K));
  for (int64_t t = 0; t < L; ++t) {
    int64_t seen = 0;
    for (int64_t k = 0; k < K; ++k) {
      const int64_t at = k * stride + t;
      if (mask == NULL || !(mask[at] > 0.5F)) column[seen++] = (double)replicate[at];
    }
    low[t] = median[t] = high[t] = NAN;
    if (seen == 0) continue;
    rb_sort(seen, column);
    low[t] = rb_quantile_of_sorted(seen, column, 0.05);
    median[t] = rb_quantile_of_sorted(seen, column, 0.5);
    high[t] = rb_quantile_of_sorted(seen, column, 0.95);
  }
cleanup:
  free(column);
  return status;
}

double rb_predictive_coverage(int64_t L, const float *x, const float *mask, const double *low,
                              const double *high) {
  int64_t inside = 0, seen = 0;
  for (int64_t t = 0; t < L; ++t) {
    if ((mask != NULL && mask[t] > 0.5F) || isnan(low[t])) continue;
    ++seen;
    inside += (double)x[t] >= low[t] && (double)x[t] <= high[t];
  }
  return seen > 0 ? (double)inside / (double)seen : NAN;
}

double rb_predictive_percentile(int64_t K, const double *value, int64_t stride, double observed) {
  int64_t at_most = 0;
  for (int64_t k = 0; k < K; ++k) at_most += value[k * stride] <= observed;
  return (double)at_most / (double)K;
}

double rb_predictive_tail(int64_t K, const double *value, int64_t stride, double observed) {
  int64_t at_most = 0, at_least = 0;
  for (int64_t k = 0; k < K; ++k) {
    at_most += value[k * stride] <= observed;
    at_least += value[k * stride] >= observed;
  }
  return (double)(at_most < at_least ? at_most : at_least) / (double)K;
}

void rb_predictive_free(rb_predictive *p) {
  free(p->low);
  free(p->median);
  free(p->high);
  free(p->coverage);
  free(p->statistic);
  free(p->observed);
  free(p->percentile);
  free(p->check);
  *p = (rb_predictive){0};
}

static rb_status allocate(rb_context *ctx, const rb_model *model, int64_t K, rb_predictive *p) {
  rb_status status = RB_OK;
  const int64_t size = model->channels * model->length;
  RB_TRY(RB_ALLOCATE(ctx, p->low, size));
  RB_TRY(RB_ALLOCATE(ctx, p->median, size));
  RB_TRY(RB_ALLOCATE(ctx, p->high, size));
  RB_TRY(RB_ALLOCATE(ctx, p->coverage, model->channels));
  RB_TRY(RB_ALLOCATE(ctx, p->statistic, K * model->summaries));
  RB_TRY(RB_ALLOCATE(ctx, p->observed, model->summaries));
  RB_TRY(RB_ALLOCATE(ctx, p->percentile, model->summaries));
  RB_TRY(RB_ALLOCATE(ctx, p->check, model->checks));
cleanup:
  return status;
}

static void compare_statistics(const rb_model *model, const float *x, int64_t K,
                               const float *replicate, rb_predictive *p) {
  const int64_t size = model->channels * model->length;
  const int count = model->summaries;
  if (count == 0) return;
  model->summarise(model, x, p->observed);
  for (int64_t k = 0; k < K; ++k) {
    model->summarise(model, replicate + k * size, p->statistic + k * count);
  }
  for (int s = 0; s < count; ++s) {
    p->percentile[s] = rb_predictive_percentile(K, p->statistic + s, count, p->observed[s]);
  }
}

rb_status rb_predictive_create(rb_context *ctx, const rb_model *model, const float *x, int64_t K,
                               const float *replicate, int64_t S, const double *theta,
                               rb_predictive *p) {
  rb_status status = RB_OK;
  const int64_t L = model->length, size = model->channels * L;
  const int64_t hidden = rb_model_channel(model, RB_CHANNEL_MASK) * L;  // below 0: nothing is
  *p = (rb_predictive){0};
  RB_TRY(allocate(ctx, model, K, p));
  for (int c = 0; c < model->channels; ++c) {
    const int64_t at = c * L;
    if (!rb_channel_is_course(&model->channel[c])) continue;
    RB_TRY(rb_predictive_band(ctx, K, L, replicate + at, hidden < 0 ? NULL : replicate + hidden,
                              size, p->low + at, p->median + at, p->high + at));
    p->coverage[c] = rb_predictive_coverage(L, x + at, hidden < 0 ? NULL : x + hidden, p->low + at,
                                            p->high + at);
  }
  compare_statistics(model, x, K, replicate, p);
  if (model->checks > 0) RB_TRY(model->compare(model, ctx, x, p->median, S, theta, p->check));
cleanup:
  return status;
}
