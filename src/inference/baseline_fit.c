#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "baseline.h"
#include "rheobase/base/clock.h"
#include "rheobase/base/memory.h"
#include "rheobase/base/progress.h"
#include "rheobase/base/signals.h"
#include "rheobase/model/draw.h"
#include "rheobase/parallel/agree.h"
#include "rheobase/parallel/partition.h"

/* Rows that all ranks together add to the Gram matrix at once, about: enough for full speed. */
enum { ROWS_TOGETHER = 512 };
/* A system worse than this gives coefficients without a correct digit to speak of. */
static const double WORST_CONDITION = 1e13;
static const double GIGABYTE = 1e9;

/* One piece of data sets and the scales that keep sums of products well-conditioned. */
typedef struct piece {
  int64_t rows;          // at most
  double *theta;         // (rows, D), later scaled
  float *x;              // (rows, C, L)
  double *value;         // (rows, features)
  double *shift, *unit;  // (features) from the pilots: scaled feature = (feature - shift) / unit
  double theta_shift[RB_MAX_PARAMETERS], theta_unit[RB_MAX_PARAMETERS];
} piece;

static void piece_destroy(piece *p) {
  free(p->theta);
  free(p->x);
  free(p->value);
  free(p->shift);
  free(p->unit);
}

static int64_t rows_per_rank(const rb_context *ctx) {
  const int64_t rows = ROWS_TOGETHER / ctx->size;
  if (rows < RB_BASELINE_LEAST_ROWS) return RB_BASELINE_LEAST_ROWS;
  return rows < RB_BASELINE_MOST_ROWS ? rows : RB_BASELINE_MOST_ROWS;
}

static rb_status piece_create(rb_context *ctx, const rb_baseline *b, piece *p) {
  rb_status status = RB_OK;
  p->rows = rows_per_rank(ctx);
  RB_TRY(RB_ALLOCATE(ctx, p->theta, p->rows * b->model->dim));
  RB_TRY(RB_ALLOCATE(ctx, p->x, p->rows * b->features.row));
  RB_TRY(RB_ALLOCATE(ctx, p->value, p->rows * b->features.count));
  RB_TRY(RB_ALLOCATE(ctx, p->shift, b->features.count));
  RB_TRY(RB_ALLOCATE(ctx, p->unit, b->features.count));
cleanup:
  return status;
}

/* Draws, simulates and computes the features of items of a purpose. Local. */
static rb_status piece_fill(rb_context *ctx, const rb_baseline *b, rb_purpose purpose,
                            rb_range range, piece *p) {
  rb_status status = RB_OK;
  const rb_model *model = b->model;
  const uint64_t seed = b->features.seed;
  RB_TRY(rb_model_draw(model, ctx, seed, purpose, range.first, range.count, p->theta, NULL, p->x));
  rb_baseline_features_compute(&b->features, range.count, p->x, p->value);
  for (int64_t i = 0; i < range.count * b->features.count; ++i) {
    if (isfinite(p->value[i])) continue;
    char name[64];
    rb_baseline_features_name(&b->features, (int)(i % b->features.count), name, sizeof name);
    RB_TRY(RB_FAIL(ctx, RB_ERR_NUMERIC,
                   "baseline: feature %s of data set %" PRId64 " is not finite", name,
                   range.first + i / b->features.count));
  }
cleanup:
  return status;
}

/* Running mean and sum of squared deviations (Welford). */
static void welford(int64_t n, double value, double *mean, double *square) {
  const double delta = value - *mean;
  *mean += delta / (double)n;
  *square += delta * (value - *mean);
}

static double unit_of(double square, int64_t n) {
  return square > 0 ? sqrt(square / (double)n) : 1;
}

/* Means and deviations of the pilots: every rank computes the same. Local. */
static rb_status measure_pilots(rb_context *ctx, const rb_baseline *b, piece *p) {
  rb_status status = RB_OK;
  const int f = b->features.count, D = b->model->dim;
  double theta_square[RB_MAX_PARAMETERS] = {0};
  for (int64_t first = 0; first < RB_BASELINE_PILOTS; first += p->rows) {
    const int64_t left = RB_BASELINE_PILOTS - first;
    const rb_range range = {first, left < p->rows ? left : p->rows};
    RB_TRY(piece_fill(ctx, b, RB_FOR_TRAINING, range, p));
    for (int64_t i = 0; i < range.count; ++i) {
      for (int j = 0; j < f; ++j) {
        welford(first + i + 1, p->value[i * f + j], &p->shift[j], &p->unit[j]);
      }
      for (int d = 0; d < D; ++d) {
        welford(first + i + 1, p->theta[i * D + d], &p->theta_shift[d], &theta_square[d]);
      }
    }
  }
  for (int j = 0; j < f; ++j) p->unit[j] = unit_of(p->unit[j], RB_BASELINE_PILOTS);
  for (int d = 0; d < D; ++d) p->theta_unit[d] = unit_of(theta_square[d], RB_BASELINE_PILOTS);
cleanup:
  return status;
}

static void piece_scale(const rb_baseline *b, int64_t count, piece *p) {
  const int f = b->features.count, D = b->model->dim;
  for (int64_t i = 0; i < count; ++i) {
    double *row = p->value + i * f, *theta = p->theta + i * D;
    for (int j = 0; j < f; ++j) row[j] = (row[j] - p->shift[j]) / p->unit[j];
    for (int d = 0; d < D; ++d) theta[d] = (theta[d] - p->theta_shift[d]) / p->theta_unit[d];
  }
}

static rb_status stop_if_asked(rb_context *ctx) {
  if (!rb_signals_agree(ctx)) return RB_OK;
  return RB_FAIL(ctx, RB_STOPPED, "stopped while fitting the baseline; start again to redo it");
}

/* Streams the training set through moments and Gram matrix. Collective. */
static rb_status accumulate(rb_context *ctx, rb_baseline *b, piece *p, rb_gram *gram,
                            rb_ridge_moments *moments) {
  rb_status status = RB_OK;
  rb_baseline_report *report = &b->report;
  const rb_partition partition = rb_partition_make(ctx, report->simulations, p->rows);
  rb_progress progress = rb_progress_begin(ctx, "baseline", "data sets", report->simulations, 0);
  for (int64_t round = 0; round < partition.rounds; ++round) {
    const rb_range range = rb_partition_round(&partition, round);
    const double began = MPI_Wtime();
    RB_TRY(rb_agree(ctx, piece_fill(ctx, b, RB_FOR_TRAINING, range, p)));
    piece_scale(b, range.count, p);
    const double between = MPI_Wtime();
    RB_TRY(rb_gram_add(ctx, gram, range.count, p->value));
    rb_ridge_moments_add(moments, range.count, p->value, p->theta);
    report->features_s += between - began;
    report->gram_s += MPI_Wtime() - between;
    const int64_t done = (round + 1) * partition.size * p->rows;
    rb_progress_update(&progress, done < report->simulations ? done : report->simulations, "sums");
    RB_TRY(stop_if_asked(ctx));
  }
  rb_progress_end(&progress, "sums");
  rb_ridge_moments_reduce(ctx, moments);
  report->gram_product_s = rb_gram_product_seconds(gram);
cleanup:
  return status;
}

/* From scaled features and parameters back to raw ones. */
static void unscale(rb_baseline *b, const piece *p, const rb_ridge_moments *moments) {
  rb_ridge *ridge = &b->ridge;
  const int D = b->model->dim;
  for (int d = 0; d < D; ++d) {
    const double n = (double)moments->count, mean = moments->response_sum[d] / n;
    b->report.prior_sd[d] =
        sqrt(fmax(moments->response_square[d] / n - mean * mean, 0)) * p->theta_unit[d];
    if (!(b->report.prior_sd[d] > 0)) b->report.prior_sd[d] = 1;
    ridge->mean[d] = p->theta_shift[d] + ridge->mean[d] * p->theta_unit[d];
    b->report.penalty[d] = ridge->penalty[d];
    b->report.freedom[d] = ridge->freedom[d];
  }
  for (int j = 0; j < ridge->features; ++j) {
    ridge->centre[j] = p->shift[j] + ridge->centre[j] * p->unit[j];
    for (int d = 0; d < D; ++d) {
      ridge->coefficient[(int64_t)j * D + d] *= p->theta_unit[d] / p->unit[j];
    }
  }
  b->report.condition = ridge->condition;
  b->report.solve_s = ridge->solve_s;
}

/* Covariance of the residuals of the validation set about zero. Collective. */
static rb_status validate(rb_context *ctx, rb_baseline *b, piece *p) {
  rb_status status = RB_OK;
  const int D = b->model->dim, f = b->features.count;
  const int64_t N = b->report.validation;
  const double began = MPI_Wtime();
  const rb_partition partition = rb_partition_make(ctx, N, p->rows);
  for (int64_t round = 0; round < partition.rounds; ++round) {
    const rb_range range = rb_partition_round(&partition, round);
    RB_TRY(rb_agree(ctx, piece_fill(ctx, b, RB_FOR_VALIDATION, range, p)));
    for (int64_t i = 0; i < range.count; ++i) {
      double residual[RB_MAX_PARAMETERS];
      rb_ridge_predict(&b->ridge, p->value + i * f, residual);
      for (int d = 0; d < D; ++d) residual[d] = p->theta[i * D + d] - residual[d];
      for (int d = 0; d < D; ++d) {
        for (int e = 0; e < D; ++e) b->covariance[d * D + e] += residual[d] * residual[e];
      }
    }
    RB_TRY(stop_if_asked(ctx));
  }
  const rb_time_part outer = rb_clock_enter(ctx, RB_TIME_REDUCE);
  MPI_Allreduce(MPI_IN_PLACE, b->covariance, D * D, MPI_DOUBLE, MPI_SUM, ctx->comm);
  rb_clock_leave(ctx, outer);
  for (int k = 0; k < D * D; ++k) b->covariance[k] /= (double)N;
  for (int d = 0; d < D; ++d) b->report.residual_sd[d] = sqrt(b->covariance[d * D + d]);
  b->report.validate_s = MPI_Wtime() - began;
cleanup:
  return status;
}

/* Bytes a rank of @p ctx needs for the fit. */
static double bytes_per_rank(const rb_context *ctx, const rb_model *model,
                             const rb_baseline_settings *settings) {
  const int64_t f = rb_baseline_features_count(model, settings->random_features);
  const int64_t rows = rows_per_rank(ctx);
  const double weights = (double)settings->random_features * RB_BASELINE_BINS * sizeof(double);
  return rb_gram_bytes(ctx, f, rows) + rb_ridge_bytes(ctx, f, settings->penalty) + weights +
         (double)rows * ((double)f * sizeof(double) +
                         (double)(model->channels * model->length) * sizeof(float));
}

/* Refuses what cannot work before anything large is allocated. */
static rb_status check(rb_context *ctx, const rb_model *model, const rb_baseline_settings *settings,
                       double *bytes) {
  const int64_t f = rb_baseline_features_count(model, settings->random_features);
  if (settings->simulations <= f) {
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "baseline: %" PRId64 " simulations are too few for %" PRId64
                   " features: set baseline.simulations to more than %" PRId64
                   " (several times as many are better) or lower baseline.random_features (%" PRId64
                   ")",
                   settings->simulations, f, f, settings->random_features);
  }
  if (settings->validation <= model->dim) {
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "baseline: %" PRId64
                   " validation data sets give no covariance of %d parameters: "
                   "set training.validation to at least %d",
                   settings->validation, model->dim, 20 * model->dim);
  }
  *bytes = bytes_per_rank(ctx, model, settings);
  const bool given = settings->memory_limit_GB > 0;
  const double limit = given ? settings->memory_limit_GB * GIGABYTE : rb_memory_per_rank(ctx);
  if (*bytes <= limit) return RB_OK;
  int grid_rows = 1, grid_columns = 1;
  char better[64] = "";
  rb_grid_shape(ctx->size, &grid_rows, &grid_columns);
  rb_context fewer = *ctx;
  fewer.size = rb_grid_near_square(ctx->size);
  if (bytes_per_rank(&fewer, model, settings) < *bytes) {
    (void)snprintf(better, sizeof better, "%d ranks, whose grid is nearer to a square, ",
                   fewer.size);
  }
  return RB_FAIL(ctx, RB_ERR_MEMORY,
                 "baseline: %" PRId64
                 " features need %.3g GB per rank on %d ranks (a grid of %d x %d), and %s %.3g GB: "
                 "use %smore ranks on more nodes, or lower baseline.random_features (%" PRId64 ")",
                 f, *bytes / GIGABYTE, ctx->size, grid_rows, grid_columns,
                 given ? "baseline.memory_limit_GB allows" : "this node has for each",
                 limit / GIGABYTE, better, settings->random_features);
}

rb_status rb_baseline_check(rb_context *ctx, const rb_model *model,
                            const rb_baseline_settings *settings) {
  double bytes = 0;
  return check(ctx, model, settings, &bytes);
}

/* The sentence about a system that has no usable solution. A Cholesky factorisation of a matrix
 * with a diagonal of ones can only fail if its smallest eigenvalue is below n (n + 1) u (Demmel
 * 1989). */
static rb_status check_condition(rb_context *ctx, const rb_baseline *b) {
  const rb_ridge *ridge = &b->ridge;
  if (ridge->weakest < 0 || ridge->condition <= WORST_CONDITION) return RB_OK;
  char name[64];
  rb_baseline_features_name(&b->features, ridge->weakest, name, sizeof name);
  const double n = ridge->features;
  const bool failed = !isfinite(ridge->condition);
  return RB_FAIL(
      ctx, RB_ERR_NUMERIC,
      "baseline: with baseline.penalty = %g the system's condition number is %s%.1e: feature %s is "
      "nearly a linear combination of the features before it; raise the penalty, or set it to 0 to "
      "have it chosen by cross-validation",
      ridge->penalty[0], failed ? "above " : "",
      failed ? 1 / (n * (n + 1) * DBL_EPSILON / 2) : ridge->condition, name);
}

/* Everything after the checks. */
static rb_status fit(rb_context *ctx, rb_baseline *b, double penalty) {
  rb_status status = RB_OK;
  piece p = {0};
  rb_grid grid = {0};
  rb_gram *gram = NULL;
  rb_ridge_moments moments = {0};
  status = piece_create(ctx, b, &p);
  if (status == RB_OK) status = measure_pilots(ctx, b, &p);
  if (status == RB_OK) {
    status = rb_ridge_moments_create(ctx, b->features.count, b->model->dim, &moments);
  }
  RB_TRY(rb_agree(ctx, status));
  RB_TRY(rb_grid_create(ctx, &grid));
  RB_TRY(rb_gram_create(ctx, &grid, b->features.count, p.rows, &gram));
  b->report.grid_rows = grid.rows;
  b->report.grid_columns = grid.columns;
  const rb_matrix *matrix = rb_gram_matrix(gram);
  b->report.matrix_bytes = (double)matrix->leading * matrix->local_columns * sizeof(double);
  RB_TRY(accumulate(ctx, b, &p, gram, &moments));
  RB_TRY(rb_ridge_fit(ctx, gram, &moments, penalty, &b->ridge));
  RB_TRY(check_condition(ctx, b));
  unscale(b, &p, &moments);
  RB_TRY(validate(ctx, b, &p));
cleanup:
  piece_destroy(&p);
  rb_ridge_moments_destroy(&moments);
  rb_gram_destroy(gram);
  rb_grid_destroy(&grid);
  return status;
}

rb_status rb_baseline_fit(rb_context *ctx, const rb_model *model,
                          const rb_baseline_settings *settings, uint64_t seed,
                          rb_baseline **result) {
  rb_status status = RB_OK;
  rb_baseline *b = NULL;
  double bytes = 0;
  RB_TRY(rb_agree(ctx, check(ctx, model, settings, &bytes)));
  status = RB_ALLOCATE(ctx, b, 1);
  if (status == RB_OK) {
    b->model = model;
    b->report.simulations = settings->simulations;
    b->report.validation = settings->validation;
    b->report.memory_bytes = bytes;
    status = rb_baseline_features_create(ctx, model, seed, settings->random_features, &b->features);
    b->report.features = b->features.count;
  }
  RB_TRY(rb_agree(ctx, status));
  RB_TRY(fit(ctx, b, settings->penalty));
  double *slowest[] = {&b->report.features_s, &b->report.gram_s,     &b->report.gram_product_s,
                       &b->report.solve_s,    &b->report.validate_s, &b->report.matrix_bytes};
  for (size_t i = 0; i < sizeof slowest / sizeof *slowest; ++i) {
    MPI_Allreduce(MPI_IN_PLACE, slowest[i], 1, MPI_DOUBLE, MPI_MAX, ctx->comm);
  }
  *result = b;
  b = NULL;
cleanup:
  rb_baseline_destroy(b);
  return status;
}
