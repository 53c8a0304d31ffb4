#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/memory.h"
#include "rheobase/refinement.h"

enum { BOOTSTRAPS = 200 };

/* The data sets in use: pick[0 .. count-1], with repetitions when resampled; work (2 count). */
typedef struct sample {
  const rb_refined *refined;
  int64_t count;
  int64_t *pick;
  double *work;
} sample;

/* Median of a column, which starts `offset` doubles into a row; NaN if an entry is. */
static double median(const sample *s, size_t offset) {
  for (int64_t i = 0; i < s->count; ++i) {
    s->work[i] = ((const double *)&s->refined[s->pick[i]])[offset];
    if (isnan(s->work[i])) return NAN;
  }
  gsl_sort(s->work, 1, (size_t)s->count);
  return gsl_stats_median_from_sorted_data(s->work, 1, (size_t)s->count);
}

#define COLUMN(member) (offsetof(rb_refined, member) / sizeof(double))

/* Mean of a column over all data sets, or over those without a clipped parameter. */
static double mean(const sample *s, size_t offset, bool leave_out_clipped) {
  double sum = 0.0, count = 0.0;
  for (int64_t i = 0; i < s->count; ++i) {
    const rb_refined *row = &s->refined[s->pick[i]];
    if (leave_out_clipped && row->clipped > 0.0) continue;
    sum += ((const double *)row)[offset];
    count += 1.0;
  }
  return sum / count;
}

static double correlation(const sample *s, size_t offset, int d) {
  double *a = s->work, *b = s->work + s->count;
  for (int64_t i = 0; i < s->count; ++i) {
    a[i] = ((const double *)&s->refined[s->pick[i]])[offset + (size_t)d];
    b[i] = s->refined[s->pick[i]].truth[d];
  }
  return gsl_stats_correlation(a, 1, b, 1, (size_t)s->count);
}

/* Median of clip(1 - var_draws / var_truth, 0, 1). */
static double contraction(const sample *s, size_t sd_offset, int d) {
  double *a = s->work, *b = s->work + s->count;
  for (int64_t i = 0; i < s->count; ++i) b[i] = s->refined[s->pick[i]].truth[d];
  const double variance = gsl_stats_variance(b, 1, (size_t)s->count);
  for (int64_t i = 0; i < s->count; ++i) {
    const double sd = ((const double *)&s->refined[s->pick[i]])[sd_offset + (size_t)d];
    if (isnan(sd)) return NAN;
    a[i] = fmin(fmax(1.0 - sd * sd / variance, 0.0), 1.0);
  }
  gsl_sort(a, 1, (size_t)s->count);
  return gsl_stats_median_from_sorted_data(a, 1, (size_t)s->count);
}

static void statistics(const sample *s, int D, rb_refinement_summary *out) {
  out->floor = mean(s, COLUMN(exact_entropy), false);
  for (int d = 0; d < D; ++d) {
    out->exact_contraction[d] = contraction(s, COLUMN(exact_sd), d);
    out->exact_r[d] = correlation(s, COLUMN(exact_mean), d);
  }
}

/* Standard errors by resampling data sets. */
static rb_status standard_errors(rb_context *ctx, sample *s, int D, rb_refinement_summary *out) {
  enum { COUNT = 1 + 2 * RB_MAX_PARAMETERS };
  rb_status status = RB_OK;
  double *value = NULL;
  RB_TRY(RB_ALLOCATE(ctx, value, COUNT * BOOTSTRAPS));
  for (int64_t b = 0; b < BOOTSTRAPS; ++b) {
    const rb_stream stream = rb_stream_make(1, RB_FOR_EXACT, RB_RANDOM_NULLS, 0, (uint64_t)b);
    rb_refinement_summary one;
    for (int64_t i = 0; i < s->count; ++i) {
      s->pick[i] = rb_stream_integer(stream, (uint32_t)i, s->count);
    }
    statistics(s, D, &one);
    value[b] = one.floor;
    for (int d = 0; d < D; ++d) {
      value[(1 + d) * BOOTSTRAPS + b] = one.exact_contraction[d];
      value[(1 + RB_MAX_PARAMETERS + d) * BOOTSTRAPS + b] = one.exact_r[d];
    }
  }
  out->floor_se = gsl_stats_sd(value, 1, BOOTSTRAPS);
  for (int d = 0; d < D; ++d) {
    out->exact_contraction_se[d] = gsl_stats_sd(value + (1 + d) * BOOTSTRAPS, 1, BOOTSTRAPS);
    out->exact_r_se[d] =
        gsl_stats_sd(value + (1 + RB_MAX_PARAMETERS + d) * BOOTSTRAPS, 1, BOOTSTRAPS);
  }
cleanup:
  free(value);
  return status;
}

static void count_kinds(const sample *s, rb_refinement_summary *out) {
  for (int64_t i = 0; i < s->count; ++i) {
    const rb_refined *row = &s->refined[i];
    out->reliable += row->reliable > 0.0;
    out->clipped += row->clipped > 0.0;
    out->methods[(int)row->method] += 1;
  }
}

rb_status rb_refinement_summarise(rb_context *ctx, const rb_model *model, int64_t count,
                                  const rb_refined *refined, rb_refinement_summary *out) {
  rb_status status = RB_OK;
  const int D = model->dim;
  sample s = {.refined = refined, .count = count};
  *out = (rb_refinement_summary){.datasets = count};
  RB_TRY(RB_ALLOCATE(ctx, s.pick, count));
  RB_TRY(RB_ALLOCATE(ctx, s.work, 2 * count));
  RB_TRY(standard_errors(ctx, &s, D, out));
  for (int64_t i = 0; i < count; ++i) s.pick[i] = i;
  statistics(&s, D, out);
  count_kinds(&s, out);
  out->network_efficiency = median(&s, COLUMN(network_efficiency));
  out->efficiency = median(&s, COLUMN(efficiency));
  out->kl = median(&s, COLUMN(network_kl));
  out->c2st = median(&s, COLUMN(c2st));
  out->network_loss = mean(&s, COLUMN(network_loss), true);
  out->exact_loss = mean(&s, COLUMN(exact_loss), true);
  for (int d = 0; d < D; ++d) {
    out->network_contraction[d] = contraction(&s, COLUMN(network_sd), d);
    out->network_r[d] = correlation(&s, COLUMN(network_mean), d);
    out->wasserstein[d] = median(&s, COLUMN(wasserstein) + (size_t)d);
  }
cleanup:
  free(s.pick);
  free(s.work);
  return status;
}
