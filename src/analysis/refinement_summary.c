#include <gsl/gsl_statistics_double.h>
#include <stdlib.h>

#include "refinement_internal.h"
#include "rheobase/analysis/diagnostics.h"
#include "rheobase/analysis/merit.h"
#include "rheobase/base/clock.h"
#include "rheobase/base/memory.h"
#include "rheobase/base/quantile.h"
#include "rheobase/base/signals.h"
#include "rheobase/parallel/agree.h"

/* Fewer data sets have no correlation. */
enum { BOOTSTRAPS = 200, LEAST_DATASETS = 2 };

double rb_refined_median(const rb_refined_sample *s, size_t column) {
  int64_t count = 0;
  for (int64_t i = 0; i < s->count; ++i) {
    const double value = rb_refined_value(&s->refined[s->pick[i]], column);
    if (!isnan(value)) s->work[count++] = value;
  }
  return count > 0 ? rb_median(count, s->work) : NAN;
}

double rb_refined_mean(const rb_refined_sample *s, size_t column) {
  double sum = 0.0, count = 0.0;
  for (int64_t i = 0; i < s->count; ++i) {
    const double value = rb_refined_value(&s->refined[s->pick[i]], column);
    if (isnan(value)) continue;
    sum += value;
    count += 1.0;
  }
  return sum / count;
}

double rb_refined_loss(const rb_refined_sample *s, size_t column, double *datasets) {
  double sum = 0.0, count = 0.0;
  for (int64_t i = 0; i < s->count; ++i) {
    const rb_refined *row = &s->refined[s->pick[i]];
    if (row->clipped > 0.0 || !(row->evidence_valid > 0.0)) continue;
    sum += rb_refined_value(row, column);
    count += 1.0;
  }
  if (datasets != NULL) *datasets = count;
  return sum / count;
}

static double correlation(const rb_refined_sample *s, size_t mean, int d) {
  double *a = s->work, *b = s->work + s->count;
  for (int64_t i = 0; i < s->count; ++i) {
    a[i] = rb_refined_value(&s->refined[s->pick[i]], mean + (size_t)d);
    b[i] = s->refined[s->pick[i]].truth[d];
  }
  return gsl_stats_correlation(a, 1, b, 1, (size_t)s->count);
}

static double contraction(const rb_refined_sample *s, size_t sd, int d) {
  double *a = s->work, *b = s->work + s->count;
  for (int64_t i = 0; i < s->count; ++i) b[i] = s->refined[s->pick[i]].truth[d];
  const double variance = rb_variance(s->count, b);
  for (int64_t i = 0; i < s->count; ++i) {
    a[i] = rb_contraction(rb_refined_value(&s->refined[s->pick[i]], sd + (size_t)d), variance);
  }
  return rb_median(s->count, a);
}

static void statistics(const rb_refined_sample *s, int D, rb_refinement_summary *out) {
  out->floor = rb_refined_mean(s, RB_COLUMN(exact_entropy));
  for (int d = 0; d < D; ++d) {
    out->exact_contraction[d] = contraction(s, RB_COLUMN(exact_sd), d);
    out->exact_r[d] = correlation(s, RB_COLUMN(exact_mean), d);
  }
}

enum { STATISTICS = 1 + 2 * RB_MAX_PARAMETERS };

/* Every size-th resampling of the data sets. @param pick (count) room
 * @param value (STATISTICS, BOOTSTRAPS), zero where another rank computes them */
static rb_status resample(rb_context *ctx, const rb_refined_sample *s, int D, int64_t *pick,
                          double *value) {
  const rb_refined_sample resampled = {s->refined, s->count, pick, s->work};
  for (int64_t b = ctx->rank; b < BOOTSTRAPS; b += ctx->size) {
    const rb_stream stream = rb_stream_make(1, RB_FOR_EXACT, RB_RANDOM_NULLS, 0, (uint64_t)b);
    rb_refinement_summary one;
    if (rb_signals_asked(ctx)) {
      return RB_FAIL(ctx, RB_STOPPED, "stopped by a signal while summing up; start again to go on");
    }
    for (int64_t i = 0; i < s->count; ++i) {
      pick[i] = s->pick[rb_stream_integer(stream, (uint32_t)i, s->count)];
    }
    statistics(&resampled, D, &one);
    value[b] = one.floor;
    for (int d = 0; d < D; ++d) {
      value[(1 + d) * BOOTSTRAPS + b] = one.exact_contraction[d];
      value[(1 + RB_MAX_PARAMETERS + d) * BOOTSTRAPS + b] = one.exact_r[d];
    }
  }
  return RB_OK;
}

/* Standard errors by resampling data sets. Collective: each resampling is computed by one rank, and
 * its bits are joined with the others' zeros. @param pick (count) room */
static rb_status standard_errors(rb_context *ctx, const rb_refined_sample *s, int D, int64_t *pick,
                                 rb_refinement_summary *out) {
  rb_status status = RB_OK;
  double *value = NULL;
  status = RB_ALLOCATE(ctx, value, STATISTICS * BOOTSTRAPS);
  if (status == RB_OK) status = resample(ctx, s, D, pick, value);
  RB_TRY(rb_agree(ctx, status));
  const rb_time_part outer = rb_clock_enter(ctx, RB_TIME_REDUCE);
  MPI_Allreduce(MPI_IN_PLACE, value, STATISTICS * BOOTSTRAPS, MPI_UINT64_T, MPI_BOR, ctx->comm);
  rb_clock_leave(ctx, outer);
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

/* The data sets of which something is known. @return how many */
static int64_t pick_rows(int64_t count, const rb_refined *refined, bool reliable, int64_t *pick) {
  int64_t picked = 0;
  for (int64_t i = 0; i < count; ++i) {
    if (refined[i].failed > 0.0 || (reliable && !rb_refined_is_reliable(&refined[i]))) continue;
    pick[picked++] = i;
  }
  return picked;
}

static void count_kinds(const rb_refined_sample *s, rb_refinement_summary *out) {
  for (int64_t i = 0; i < s->count; ++i) {
    const rb_refined *row = &s->refined[s->pick[i]];
    out->reliable += row->reliable > 0.0;
    out->evidence_valid += row->evidence_valid > 0.0;
    out->methods[(int)row->method] += 1;
  }
}

/* A column of the picked data sets. @param value (count) */
static void take(const rb_refined_sample *s, size_t column, double *value) {
  for (int64_t i = 0; i < s->count; ++i) {
    value[i] = rb_refined_value(&s->refined[s->pick[i]], column);
  }
}

/* Where the columns of one posterior, network or exact, begin. */
typedef struct columns {
  size_t mean, sd, below, below_log_posterior, below_log_likelihood;
} columns;

/* Its figures of merit. */
typedef struct merits {
  rb_merit parameter[RB_MAX_PARAMETERS];
  double log_posterior, log_likelihood;  // log gamma
} merits;

static rb_status judge(rb_context *ctx, const rb_refined_sample *s, int D, int64_t draws,
                       double gamma_null, const columns *c, merits *out) {
  rb_status status = RB_OK;
  const int64_t n = s->count;
  double *value = NULL;
  RB_TRY(RB_ALLOCATE(ctx, value, 4 * n));
  double *truth = value, *mean = value + n, *sd = value + 2 * n, *below = value + 3 * n;
  for (int d = 0; d < D; ++d) {
    take(s, RB_COLUMN(truth) + (size_t)d, truth);
    take(s, c->mean + (size_t)d, mean);
    take(s, c->sd + (size_t)d, sd);
    take(s, c->below + (size_t)d, below);
    RB_TRY(rb_merit_of(ctx, n, draws, truth, mean, sd, below, gamma_null, &out->parameter[d]));
  }
  take(s, c->below_log_posterior, below);
  out->log_posterior = rb_merit_log_gamma(n, draws, below, gamma_null);
  take(s, c->below_log_likelihood, below);
  out->log_likelihood = rb_merit_log_gamma(n, draws, below, gamma_null);
cleanup:
  free(value);
  return status;
}

static rb_status compare_merits(rb_context *ctx, const rb_refined_sample *s, int D, int64_t draws,
                                rb_refinement_summary *out) {
  static const columns network = {RB_COLUMN(network_mean), RB_COLUMN(network_sd),
                                  RB_COLUMN(network_below), RB_COLUMN(network_below_log_posterior),
                                  RB_COLUMN(network_below_log_likelihood)};
  static const columns exact = {RB_COLUMN(exact_mean), RB_COLUMN(exact_sd), RB_COLUMN(exact_below),
                                RB_COLUMN(exact_below_log_posterior),
                                RB_COLUMN(exact_below_log_likelihood)};
  rb_status status = RB_OK;
  merits a, b;
  double gamma_null;
  RB_TRY(rb_merit_gamma_null(ctx, s->count, draws, &gamma_null));
  RB_TRY(judge(ctx, s, D, draws, gamma_null, &network, &a));
  RB_TRY(judge(ctx, s, D, draws, gamma_null, &exact, &b));
  for (int d = 0; d < D; ++d) {
    out->network_r[d] = a.parameter[d].r;
    out->network_contraction[d] = a.parameter[d].contraction;
    out->network_nrmse[d] = a.parameter[d].nrmse;
    out->network_z_score[d] = a.parameter[d].z_score;
    out->network_calibration_error[d] = a.parameter[d].calibration_error;
    out->network_log_gamma[d] = a.parameter[d].log_gamma;
    out->exact_nrmse[d] = b.parameter[d].nrmse;
    out->exact_z_score[d] = b.parameter[d].z_score;
    out->exact_calibration_error[d] = b.parameter[d].calibration_error;
    out->exact_log_gamma[d] = b.parameter[d].log_gamma;
  }
  out->network_log_gamma_log_posterior = a.log_posterior;
  out->network_log_gamma_log_likelihood = a.log_likelihood;
  out->exact_log_gamma_log_posterior = b.log_posterior;
  out->exact_log_gamma_log_likelihood = b.log_likelihood;
cleanup:
  return status;
}

/* What is known of all data sets, and what of those with a valid evidence. */
static void summarise_all(const rb_refined_sample *s, int D, rb_refinement_summary *out) {
  count_kinds(s, out);
  out->network_efficiency = rb_refined_median(s, RB_COLUMN(network_efficiency));
  out->network_inside = rb_refined_mean(s, RB_COLUMN(network_inside));
  out->efficiency = rb_refined_median(s, RB_COLUMN(efficiency));
  out->kl = rb_refined_median(s, RB_COLUMN(network_kl));
  out->c2st = rb_refined_median(s, RB_COLUMN(c2st));
  out->network_loss = rb_refined_loss(s, RB_COLUMN(network_loss), &out->unclipped);
  out->exact_loss = rb_refined_loss(s, RB_COLUMN(exact_loss), NULL);
  for (int d = 0; d < D; ++d) {
    out->wasserstein[d] = rb_refined_median(s, RB_COLUMN(wasserstein) + (size_t)d);
  }
}

/* Everything that is not filled in later is not known. */
static void forget(rb_refinement_summary *out) {
  double *const value = (double *)(void *)&out->network_efficiency;
  const size_t count =
      (sizeof *out - offsetof(rb_refinement_summary, network_efficiency)) / sizeof *value;
  *out = (rb_refinement_summary){0};
  for (size_t k = 0; k < count; ++k) value[k] = NAN;
}

/* Everything but the standard errors. Local. @param spare (count) room */
static rb_status summarise(rb_context *ctx, int D, int64_t draws, const rb_refined_sample *all,
                           const rb_refined_sample *reliable, int64_t *spare,
                           rb_refinement_summary *out) {
  summarise_all(all, D, out);
  rb_refinement_find_worst(all, D, spare, out);
  if (reliable->count < LEAST_DATASETS) return RB_OK;
  statistics(reliable, D, out);
  return compare_merits(ctx, reliable, D, draws, out);
}

rb_status rb_refinement_summarise(rb_context *ctx, const rb_model *model, int64_t draws,
                                  int64_t count, const rb_refined *refined,
                                  rb_refinement_summary *out) {
  rb_status status = RB_OK;
  const int D = model->dim;
  rb_refined_sample all = {.refined = refined}, reliable = {.refined = refined};
  int64_t *spare = NULL;
  forget(out);
  status = RB_ALLOCATE(ctx, all.pick, count);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, reliable.pick, count);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, spare, count);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, all.work, 2 * count);
  if (status == RB_OK) {
    reliable.work = all.work;
    all.count = pick_rows(count, refined, false, all.pick);
    reliable.count = pick_rows(count, refined, true, reliable.pick);
    out->datasets = (double)count;
    out->failed = (double)(count - all.count);
    status = summarise(ctx, D, draws, &all, &reliable, spare, out);
  }
  RB_TRY(rb_agree(ctx, status));
  if (reliable.count >= LEAST_DATASETS) {
    RB_TRY(standard_errors(ctx, &reliable, D, spare, out));
  }
cleanup:
  free(all.pick);
  free(reliable.pick);
  free(spare);
  free(all.work);
  return status;
}
