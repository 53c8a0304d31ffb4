#include <math.h>
#include <stdio.h>
#include <string.h>

#include "rheobase/analysis/bands.h"
#include "rheobase/analysis/binomial.h"
#include "rheobase/analysis/density.h"
#include "rheobase/analysis/diagnostics.h"
#include "rheobase/analysis/ranks.h"
#include "rheobase/base/memory.h"
#include "rheobase/base/quantile.h"
#include "verify_ensemble.h"

double rb_verify_error(double value, double reference) {
  if (value == reference) return 0;
  return fabs(value - reference) / fmax(1, fabs(reference));
}

rb_status rb_verify_row_add(rb_verify_group *group, const char *name, double error,
                            double tolerance) {
  char text[192];
  (void)snprintf(text, sizeof text, "%s/%s", group->name, name);
  return rb_verify_add(group->ctx, group->report, text, error, tolerance);
}

static int64_t elements(int rank, const int64_t *shape) {
  int64_t count = 1;
  for (int i = 0; i < rank; ++i) count *= shape[i];
  return count;
}

rb_status rb_verify_read(rb_verify_group *group, const char *name, int rank, const int64_t *shape,
                         double **reference) {
  rb_status status = RB_OK;
  char path[192];
  (void)snprintf(path, sizeof path, "%s/%s", group->name, name);
  *reference = NULL;
  if (!rb_file_has(group->file, path)) return RB_OK;
  RB_TRY(RB_ALLOCATE(group->ctx, *reference, elements(rank, shape)));
  RB_TRY(rb_file_read(group->ctx, group->file, path, RB_F64, false, rank, shape, *reference));
cleanup:
  return status;
}

rb_status rb_verify_compare(rb_verify_group *group, const char *name, int rank,
                            const int64_t *shape, const double *value) {
  rb_status status = RB_OK;
  double *reference = NULL, worst = 0;
  RB_TRY(rb_verify_read(group, name, rank, shape, &reference));
  if (reference == NULL) return RB_OK;
  const int64_t count = elements(rank, shape);
  for (int64_t i = 0; i < count; ++i) {
    // NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): it loses the length of compound literals
    const double error = rb_verify_error(value[i], reference[i]);
    if (!(error <= worst)) worst = error;  // NaN stays
  }
  RB_TRY(rb_verify_row_add(group, name, worst, RB_VERIFY_TOLERANCE));
cleanup:
  free(reference);
  return status;
}

static rb_status read_ensemble(rb_verify_group *g) {
  rb_status status = RB_OK;
  char path[192];
  int64_t shape[3];
  double *target = NULL;
  void *data = NULL;
  (void)snprintf(path, sizeof path, "%s/estimates", g->name);
  RB_TRY(rb_file_read_new(g->ctx, g->file, path, RB_F32, true, 3, shape, &data));
  g->estimates = data;
  g->N = shape[0];
  g->S = shape[1];
  g->D = shape[2];
  if (g->N < 2 || g->S < 2 || g->D < 1) {
    RB_TRY(RB_FAIL(g->ctx, RB_ERR_FORMAT, "%s: at least 2 data sets and 2 draws are needed", path));
  }
  RB_TRY(RB_ALLOCATE(g->ctx, g->target, g->D * g->N));
  (void)snprintf(path, sizeof path, "%s/targets", g->name);
  RB_TRY(RB_ALLOCATE(g->ctx, target, g->N * g->D));
  RB_TRY(rb_file_read(g->ctx, g->file, path, RB_F64, true, 2, (int64_t[]){g->N, g->D}, target));
  for (int64_t d = 0; d < g->D; ++d) {
    for (int64_t i = 0; i < g->N; ++i) g->target[d * g->N + i] = target[i * g->D + d];
  }
cleanup:
  free(target);
  return status;
}

static rb_status allocate(rb_verify_group *g) {
  rb_status status = RB_OK;
  double **const columns[] = {&g->median, &g->low, &g->high, &g->mean, &g->sd, &g->rmse};
  for (size_t i = 0; i < sizeof columns / sizeof *columns; ++i) {
    RB_TRY(RB_ALLOCATE(g->ctx, *columns[i], g->D * g->N));
  }
  RB_TRY(RB_ALLOCATE(g->ctx, g->rank, g->D * g->N));
  RB_TRY(RB_ALLOCATE(g->ctx, g->inside, g->D * RB_LEVELS));
  RB_TRY(RB_ALLOCATE(g->ctx, g->below, g->D * (g->S + 1)));
cleanup:
  return status;
}

static void release(rb_verify_group *g) {
  double *const columns[] = {g->target, g->median, g->low, g->high, g->mean, g->sd, g->rmse};
  for (size_t i = 0; i < sizeof columns / sizeof *columns; ++i) free(columns[i]);
  free(g->estimates);
  free(g->rank);
  free(g->inside);
  free(g->below);
}

/* Everything that is computed data set by data set. */
static rb_status reduce(rb_verify_group *g) {
  rb_status status = RB_OK;
  double *draws = NULL, *work = NULL;
  int64_t *count = NULL;
  RB_TRY(RB_ALLOCATE(g->ctx, draws, g->S));
  RB_TRY(RB_ALLOCATE(g->ctx, work, g->S + 1));
  RB_TRY(RB_ALLOCATE(g->ctx, count, g->S + 1));
  for (int64_t d = 0; d < g->D; ++d) {
    for (int64_t i = 0; i < g->N; ++i) {
      const int64_t at = d * g->N + i;
      for (int64_t s = 0; s < g->S; ++s) {
        draws[s] = (double)g->estimates[(i * g->S + s) * g->D + d];
      }
      rb_sort(g->S, draws);
      rb_reduced_draws reduced;
      rb_reduce_draws(g->S, draws, g->target[at], work, &reduced);
      g->rank[at] = reduced.rank;
      g->median[at] = reduced.median;
      g->low[at] = reduced.low;
      g->high[at] = reduced.high;
      g->mean[at] = reduced.mean;
      g->sd[at] = reduced.sd;
      g->rmse[at] = reduced.rmse;
      for (int a = 0; a < RB_LEVELS; ++a) {
        g->inside[d * RB_LEVELS + a] += reduced.central >> a & 1;
      }
    }
    rb_rank_counts(g->N, g->rank + d * g->N, g->S, count);
    rb_ranks_below(g->S, count, g->below + d * (g->S + 1));
  }
cleanup:
  free(draws);
  free(work);
  free(count);
  return status;
}

static rb_status check_ranks(rb_verify_group *g) {
  rb_status status = RB_OK;
  double *rank = NULL, *fractional = NULL, *counts = NULL, *edges = NULL;
  int64_t *rank_count = NULL;
  const int64_t bins = RB_NOTEBOOK_BINS, N = g->N, D = g->D;
  RB_TRY(RB_ALLOCATE(g->ctx, rank, N * D));
  RB_TRY(RB_ALLOCATE(g->ctx, fractional, N * D));
  RB_TRY(RB_ALLOCATE(g->ctx, counts, D * bins));
  RB_TRY(RB_ALLOCATE(g->ctx, edges, D * (bins + 1)));
  RB_TRY(RB_ALLOCATE(g->ctx, rank_count, g->S + 1));
  for (int64_t d = 0; d < D; ++d) {
    for (int64_t i = 0; i < N; ++i) {
      rank[i * D + d] = g->rank[d * N + i];
      fractional[i * D + d] = rank[i * D + d] / (double)g->S;
    }
    int64_t count[RB_NOTEBOOK_BINS];
    rb_rank_counts(N, g->rank + d * N, g->S, rank_count);
    rb_rank_histogram(g->S, rank_count, RB_NOTEBOOK_BINS, count, edges + d * (bins + 1));
    for (int b = 0; b < bins; ++b) counts[d * bins + b] = (double)count[b];
  }
  RB_TRY(rb_verify_compare(g, "ranks", 2, (int64_t[]){N, D}, rank));
  RB_TRY(rb_verify_compare(g, "fractional_ranks", 2, (int64_t[]){N, D}, fractional));
  RB_TRY(rb_verify_compare(g, "histogram_counts", 2, (int64_t[]){D, bins}, counts));
  RB_TRY(rb_verify_compare(g, "histogram_edges", 2, (int64_t[]){D, bins + 1}, edges));
  int64_t low = 0, high = 0;
  rb_binomial_interval(0.99, N, 1.0 / RB_NOTEBOOK_BINS, &low, &high);
  RB_TRY(rb_verify_compare(g, "binomial_interval_99", 1, (int64_t[]){2},
                           (double[]){(double)low, (double)high}));
cleanup:
  free(rank);
  free(fractional);
  free(counts);
  free(edges);
  free(rank_count);
  return status;
}

static rb_status check_recovery(rb_verify_group *g) {
  rb_status status = RB_OK;
  const int64_t N = g->N, D = g->D;
  double *median = NULL, *interval = NULL, *r = NULL;
  RB_TRY(RB_ALLOCATE(g->ctx, median, N * D));
  RB_TRY(RB_ALLOCATE(g->ctx, interval, 2 * N * D));
  RB_TRY(RB_ALLOCATE(g->ctx, r, D));
  for (int64_t d = 0; d < D; ++d) {
    for (int64_t i = 0; i < N; ++i) {
      median[i * D + d] = g->median[d * N + i];
      interval[i * D + d] = g->low[d * N + i];
      interval[(N + i) * D + d] = g->high[d * N + i];
    }
    r[d] = rb_correlation(N, g->target + d * N, g->median + d * N);
  }
  RB_TRY(rb_verify_compare(g, "median", 2, (int64_t[]){N, D}, median));
  RB_TRY(rb_verify_compare(g, "credible_interval_95", 3, (int64_t[]){2, N, D}, interval));
  RB_TRY(rb_verify_compare(g, "correlation_r", 1, &D, r));
cleanup:
  free(median);
  free(interval);
  free(r);
  return status;
}

static rb_status check_coverage(rb_verify_group *g) {
  rb_status status = RB_OK;
  double alpha[RB_LEVELS], *share = NULL, *error = NULL;
  RB_TRY(RB_ALLOCATE(g->ctx, share, RB_LEVELS * g->D));
  RB_TRY(RB_ALLOCATE(g->ctx, error, g->D));
  rb_coverage_levels(alpha);
  for (int64_t d = 0; d < g->D; ++d) {
    for (int a = 0; a < RB_LEVELS; ++a) {
      share[a * g->D + d] = (double)g->inside[d * RB_LEVELS + a] / (double)g->N;
    }
    error[d] = rb_calibration_error(g->N, g->inside + d * RB_LEVELS);
  }
  RB_TRY(rb_verify_compare(g, "coverage/alpha", 1, (int64_t[]){RB_LEVELS}, alpha));
  RB_TRY(rb_verify_compare(g, "coverage/empirical", 2, (int64_t[]){RB_LEVELS, g->D}, share));
  RB_TRY(rb_verify_compare(g, "calibration_error", 1, &g->D, error));
cleanup:
  free(share);
  free(error);
  return status;
}

static rb_status check_errors(rb_verify_group *g) {
  static const char *const names[] = {"rmse/None",  "rmse/mean", "rmse/median",
                                      "rmse/range", "rmse/std",  "rmse/iqr"};
  rb_status status = RB_OK;
  const int64_t N = g->N, D = g->D;
  double *work = NULL, *value = NULL, *contraction = NULL, *z_score = NULL;
  RB_TRY(RB_ALLOCATE(g->ctx, work, N));
  RB_TRY(RB_ALLOCATE(g->ctx, value, RB_NORMALISE_PRIOR * D));
  RB_TRY(RB_ALLOCATE(g->ctx, contraction, D));
  RB_TRY(RB_ALLOCATE(g->ctx, z_score, D));
  for (int64_t d = 0; d < D; ++d) {
    const double *target = g->target + d * N, *mean = g->mean + d * N, *sd = g->sd + d * N;
    const double variance = rb_variance(N, target);
    for (int64_t i = 0; i < N; ++i) work[i] = rb_contraction(sd[i], variance);
    contraction[d] = rb_median(N, work);
    for (int64_t i = 0; i < N; ++i) work[i] = (mean[i] - target[i]) / sd[i];
    z_score[d] = rb_median(N, work);
    double normaliser[RB_NORMALISE_PRIOR];
    memcpy(work, target, (size_t)N * sizeof *work);
    rb_sort(N, work);
    const rb_truths truths = rb_truths_of_sorted(N, work);
    for (int k = 0; k < RB_NORMALISE_PRIOR; ++k) {
      normaliser[k] = rb_normaliser_of_truths((rb_normaliser)k, &truths);
    }
    for (int k = 0; k < RB_NORMALISE_PRIOR; ++k) {
      value[k * D + d] = rb_nrmse(N, g->rmse + d * N, normaliser[k], work);
    }
  }
  for (int k = 0; k < RB_NORMALISE_PRIOR; ++k) {
    RB_TRY(rb_verify_compare(g, names[k], 1, &D, value + k * D));
  }
  RB_TRY(rb_verify_compare(g, "posterior_contraction", 1, &D, contraction));
  RB_TRY(rb_verify_compare(g, "posterior_z_score", 1, &D, z_score));
cleanup:
  free(work);
  free(value);
  free(contraction);
  free(z_score);
  return status;
}

/* The density estimate of the first parameter's draws for the first data set. */
static rb_status check_density(rb_verify_group *g) {
  rb_status status = RB_OK;
  char path[192];
  double *draws = NULL, grid[RB_DENSITY_POINTS], density[RB_DENSITY_POINTS], reference = 0;
  const int64_t points = RB_DENSITY_POINTS;
  RB_TRY(RB_ALLOCATE(g->ctx, draws, g->S));
  for (int64_t s = 0; s < g->S; ++s) draws[s] = (double)g->estimates[s * g->D];
  const double bandwidth = rb_scott_bandwidth(g->S, draws);
  rb_density_grid(g->S, draws, bandwidth, grid);
  rb_density(g->S, draws, bandwidth, points, grid, density);
  (void)snprintf(path, sizeof path, "%s/kde", g->name);
  if (rb_file_has_attribute(g->file, path, "bandwidth")) {
    RB_TRY(rb_file_get_double(g->ctx, g->file, path, "bandwidth", &reference));
    RB_TRY(rb_verify_row_add(g, "kde/bandwidth", rb_verify_error(bandwidth, reference),
                             RB_VERIFY_TOLERANCE));
  }
  RB_TRY(rb_verify_compare(g, "kde/x", 1, &points, grid));
  RB_TRY(rb_verify_compare(g, "kde/density", 1, &points, density));
cleanup:
  free(draws);
  return status;
}

static rb_status verify_ensemble(rb_verify_group *group) {
  rb_status status = RB_OK;
  RB_TRY(read_ensemble(group));
  RB_TRY(allocate(group));
  RB_TRY(reduce(group));
  RB_TRY(check_ranks(group));
  RB_TRY(check_recovery(group));
  RB_TRY(check_coverage(group));
  RB_TRY(check_errors(group));
  RB_TRY(check_density(group));
  RB_TRY(rb_verify_nulls(group));
cleanup:
  release(group);
  return status;
}

rb_status rb_verify_diagnostics(rb_context *ctx, const char *path, rb_verify_report *report) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  int64_t count = 0, known = 0;
  char **names = NULL, member[192];
  RB_TRY(rb_file_open_foreign(ctx, path, &file));
  RB_TRY(rb_file_list(ctx, file, "", &count, &names));
  for (int64_t i = 0; i < count; ++i) {
    rb_verify_group group = {.ctx = ctx, .file = file, .name = names[i], .report = report};
    (void)snprintf(member, sizeof member, "%s/estimates", names[i]);
    if (rb_file_has(file, member)) {
      RB_TRY(verify_ensemble(&group));
      ++known;
    }
    RB_TRY(rb_verify_predictive(&group, &known));
  }
  if (known == 0) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT,
                   "%s: no group has estimates or replicates, so there is nothing to verify",
                   path));
  }
cleanup:
  free(names);
  rb_file_close(&file);
  return status;
}
