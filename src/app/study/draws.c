#include "draws.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>

#include "rheobase/model/support.h"

const double rb_draw_level[RB_DRAW_LEVELS] = {0.025, 0.25, 0.5, 0.75, 0.975};

void rb_draws_clip(const rb_model *model, int64_t S, float *draws) {
  const int D = model->dim;
  for (int64_t s = 0; s < S; ++s) {
    double theta[RB_MAX_PARAMETERS];
    for (int d = 0; d < D; ++d) theta[d] = (double)draws[s * D + d];
    rb_model_from_latent(model, 1, theta, theta);
    for (int d = 0; d < D; ++d) draws[s * D + d] = (float)theta[d];
  }
}

rb_draw_summary rb_draws_summarise(int64_t S, int D, const float *draws, int d, double *sorted) {
  rb_draw_summary r;
  for (int64_t s = 0; s < S; ++s) sorted[s] = (double)draws[s * D + d];
  r.mean = gsl_stats_mean(sorted, 1, (size_t)S);
  r.sd = gsl_stats_sd(sorted, 1, (size_t)S);
  gsl_sort(sorted, 1, (size_t)S);
  for (int k = 0; k < RB_DRAW_LEVELS; ++k) {
    r.quantile[k] = gsl_stats_quantile_from_sorted_data(sorted, 1, (size_t)S, rb_draw_level[k]);
  }
  return r;
}

int64_t rb_draws_pick(const rb_model *model, int64_t S, const float *draws, int64_t wanted,
                      double *theta) {
  const int D = model->dim;
  int64_t count = 0;
  for (int64_t i = 0; i < wanted; ++i) {
    double *row = theta + count * D;
    const float *from = draws + i * S / wanted * D;
    for (int d = 0; d < D; ++d) row[d] = (double)from[d];
    count += model->accepts(model, row, NULL);
  }
  return count;
}
