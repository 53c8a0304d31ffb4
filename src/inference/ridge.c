#include "ridge.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

#include "rheobase/base/clock.h"
#include "rheobase/base/memory.h"
#include "rheobase/parallel/agree.h"

/* Penalties tried: ten per decade from 1e-8 to 1e3, but none so small beside the largest
 * eigenvalue that the solution would be rounding. */
enum { PER_DECADE = 10 };
static const double LOWEST_LOG10 = -8, SMALLEST_RELATIVE = 1e-12;
/* Variance below which a feature, scaled to about 1, counts as constant. */
static const double CONSTANT = 1e-12;

rb_status rb_ridge_moments_create(rb_context *ctx, int features, int responses,
                                  rb_ridge_moments *moments) {
  rb_status status = RB_OK;
  *moments = (rb_ridge_moments){.features = features, .responses = responses};
  RB_TRY(RB_ALLOCATE(ctx, moments->feature_sum, features));
  RB_TRY(RB_ALLOCATE(ctx, moments->cross, (int64_t)features * responses));
cleanup:
  return status;
}

void rb_ridge_moments_destroy(rb_ridge_moments *moments) {
  free(moments->feature_sum);
  free(moments->cross);
  *moments = (rb_ridge_moments){0};
}

void rb_ridge_moments_add(rb_ridge_moments *moments, int64_t rows, const double *x,
                          const double *y) {
  const int f = moments->features, r = moments->responses;
  for (int64_t i = 0; i < rows; ++i) {
    const double *row = x + i * f, *response = y + i * r;
    for (int j = 0; j < f; ++j) moments->feature_sum[j] += row[j];
    for (int k = 0; k < r; ++k) {
      moments->response_sum[k] += response[k];
      moments->response_square[k] += response[k] * response[k];
    }
  }
  if (rows > 0) {
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, f, r, (int)rows, 1.0, x, f, y, r, 1.0,
                moments->cross, r);
  }
  moments->count += rows;
}

void rb_ridge_moments_reduce(const rb_context *ctx, rb_ridge_moments *moments) {
  const int f = moments->features, r = moments->responses;
  const rb_time_part outer = rb_clock_enter(ctx, RB_TIME_REDUCE);
  MPI_Allreduce(MPI_IN_PLACE, &moments->count, 1, MPI_INT64_T, MPI_SUM, ctx->comm);
  MPI_Allreduce(MPI_IN_PLACE, moments->feature_sum, f, MPI_DOUBLE, MPI_SUM, ctx->comm);
  MPI_Allreduce(MPI_IN_PLACE, moments->cross, f * r, MPI_DOUBLE, MPI_SUM, ctx->comm);
  MPI_Allreduce(MPI_IN_PLACE, moments->response_sum, r, MPI_DOUBLE, MPI_SUM, ctx->comm);
  MPI_Allreduce(MPI_IN_PLACE, moments->response_square, r, MPI_DOUBLE, MPI_SUM, ctx->comm);
  rb_clock_leave(ctx, outer);
}

void rb_ridge_destroy(rb_ridge *ridge) {
  free(ridge->centre);
  free(ridge->coefficient);
  free(ridge->spectrum);
  free(ridge->gcv);
  *ridge = (rb_ridge){0};
}

void rb_ridge_predict(const rb_ridge *ridge, const double *x, double *y) {
  const int r = ridge->responses;
  double sum[RB_RIDGE_MAX_RESPONSES] = {0};
  for (int j = 0; j < ridge->features; ++j) {
    const double value = x[j] - ridge->centre[j];
    const double *coefficient = ridge->coefficient + (int64_t)j * r;
    for (int k = 0; k < r; ++k) sum[k] += value * coefficient[k];
  }
  for (int k = 0; k < r; ++k) y[k] = ridge->mean[k] + sum[k];
}

double rb_ridge_bytes(const rb_context *ctx, int64_t features, double penalty) {
  if (penalty > 0) return 0;
  // Eigenvectors and the workspace of two such matrices.
  int rows = 1, columns = 1;
  rb_grid_shape(ctx->size, &rows, &columns);
  return 3.0 * sizeof(double) * rb_matrix_share((int)features, 0, rows) *
         rb_matrix_share((int)features, 0, columns);
}

/* What brings features and responses to mean 0 and variance 1. */
typedef struct scaling {
  double *inverse_sd;  // (features), 0 for a constant one
  double response_sd[RB_RIDGE_MAX_RESPONSES];
  double *correlation;  // (features, responses)
} scaling;

/* Turns the Gram matrix into the correlation matrix S, in place, and the moments into b. */
static rb_status correlate(rb_context *ctx, rb_matrix *gram, const rb_ridge_moments *moments,
                           rb_ridge *ridge, scaling *s) {
  rb_status status = RB_OK;
  const int f = moments->features, r = moments->responses;
  const double n = (double)moments->count;
  RB_TRY(rb_matrix_diagonal(ctx, gram, s->inverse_sd));
  for (int j = 0; j < f; ++j) {
    ridge->centre[j] = moments->feature_sum[j] / n;
    const double variance = s->inverse_sd[j] / n - ridge->centre[j] * ridge->centre[j];
    s->inverse_sd[j] = variance > CONSTANT ? 1 / sqrt(variance) : 0;
  }
  for (int column = 0; column < gram->local_columns; ++column) {
    const int j = rb_matrix_column(gram, column);
    double *value = gram->value + (int64_t)column * gram->leading;
    for (int row = 0; row < gram->local_rows; ++row) {
      const int i = rb_matrix_row(gram, row);
      value[row] = (value[row] / n - ridge->centre[i] * ridge->centre[j]) * s->inverse_sd[i] *
                   s->inverse_sd[j];
    }
  }
  for (int k = 0; k < r; ++k) {
    ridge->mean[k] = moments->response_sum[k] / n;
    const double variance = moments->response_square[k] / n - ridge->mean[k] * ridge->mean[k];
    s->response_sd[k] = variance > 0 ? sqrt(variance) : 1;
    for (int j = 0; j < f; ++j) {
      const int64_t jk = (int64_t)j * r + k;
      s->correlation[jk] = (moments->cross[jk] / n - ridge->centre[j] * ridge->mean[k]) *
                           s->inverse_sd[j] / s->response_sd[k];
    }
  }
cleanup:
  return status;
}

/* Scores of the penalties of the grid, and the best for each response.
 * @param rotated (features, responses) correlations in the basis of eigenvectors */
static void cross_validate(const double *rotated, int64_t count, rb_ridge *ridge) {
  const int f = ridge->features, r = ridge->responses;
  const double n = (double)count, largest = ridge->spectrum[f - 1];
  double best[RB_RIDGE_MAX_RESPONSES], smallest_used = INFINITY;
  for (int k = 0; k < r; ++k) best[k] = INFINITY;
  for (int p = 0; p < RB_RIDGE_PENALTIES; ++p) {
    const double penalty = pow(10, LOWEST_LOG10 + (double)p / PER_DECADE);
    double freedom = 1, explained[RB_RIDGE_MAX_RESPONSES] = {0};
    for (int i = 0; i < f; ++i) {
      const double value = fmax(ridge->spectrum[i], 0), sum = value + penalty;
      freedom += value / sum;
      for (int k = 0; k < r; ++k) {
        const double u = rotated[(int64_t)i * r + k];
        explained[k] += u * u * (value + 2 * penalty) / (sum * sum);
      }
    }
    ridge->grid[p] = penalty;
    const double left = 1 - freedom / n;
    for (int k = 0; k < r; ++k) {
      const double score = left > 0 ? (1 - explained[k]) / (left * left) : INFINITY;
      ridge->gcv[p * r + k] = score;
      if (score < best[k] && penalty >= SMALLEST_RELATIVE * largest) {
        best[k] = score;
        ridge->penalty[k] = penalty;
        ridge->freedom[k] = freedom;
      }
    }
  }
  for (int k = 0; k < r; ++k) smallest_used = fmin(smallest_used, ridge->penalty[k]);
  ridge->condition = (largest + smallest_used) / (fmax(ridge->spectrum[0], 0) + smallest_used);
}

/* Leaves (S + penalty)^-1 b in s->correlation. */
static rb_status solve_by_eigenvectors(rb_context *ctx, rb_matrix *matrix, int64_t count,
                                       rb_ridge *ridge, scaling *s) {
  rb_status status = RB_OK;
  const int f = ridge->features, r = ridge->responses;
  rb_matrix vectors = {0}, right = {0}, rotated = {0};
  status = RB_ALLOCATE(ctx, ridge->spectrum, f);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, ridge->gcv, (int64_t)RB_RIDGE_PENALTIES * r);
  RB_TRY(rb_agree(ctx, status));
  RB_TRY(rb_matrix_create(ctx, matrix->grid, f, f, &vectors));
  RB_TRY(rb_matrix_create(ctx, matrix->grid, f, r, &right));
  RB_TRY(rb_matrix_create(ctx, matrix->grid, f, r, &rotated));
  RB_TRY(rb_matrix_eigen(ctx, matrix, ridge->spectrum, &vectors));
  rb_matrix_scatter(&right, s->correlation);
  RB_TRY(rb_matrix_multiply(ctx, true, &vectors, &right, &rotated));
  RB_TRY(rb_matrix_gather(ctx, &rotated, s->correlation));
  cross_validate(s->correlation, count, ridge);
  for (int i = 0; i < f; ++i) {
    for (int k = 0; k < r; ++k) {
      s->correlation[(int64_t)i * r + k] /= fmax(ridge->spectrum[i], 0) + ridge->penalty[k];
    }
  }
  rb_matrix_scatter(&rotated, s->correlation);
  RB_TRY(rb_matrix_multiply(ctx, false, &vectors, &rotated, &right));
  RB_TRY(rb_matrix_gather(ctx, &right, s->correlation));
cleanup:
  rb_matrix_destroy(&vectors);
  rb_matrix_destroy(&right);
  rb_matrix_destroy(&rotated);
  return status;
}

static rb_status solve_by_cholesky(rb_context *ctx, rb_matrix *matrix, double penalty,
                                   rb_ridge *ridge, scaling *s) {
  rb_status status = RB_OK;
  const int f = ridge->features, r = ridge->responses;
  rb_matrix right = {0};
  rb_cholesky result;
  double *pivot = NULL;
  RB_TRY(rb_agree(ctx, RB_ALLOCATE(ctx, pivot, f)));
  rb_matrix_add_to_diagonal(matrix, penalty);
  for (int k = 0; k < r; ++k) {
    ridge->penalty[k] = penalty;
    ridge->freedom[k] = NAN;
  }
  RB_TRY(rb_matrix_cholesky(ctx, matrix, &result));
  ridge->condition = result.condition;
  ridge->weakest = result.failed_row;
  if (result.failed_row >= 0) goto cleanup;
  RB_TRY(rb_matrix_diagonal(ctx, matrix, pivot));
  ridge->weakest = 0;
  for (int j = 0; j < f; ++j) {
    // A constant feature has the pivot of the penalty alone and harms nobody.
    if (s->inverse_sd[j] > 0 && pivot[j] < pivot[ridge->weakest]) ridge->weakest = j;
  }
  RB_TRY(rb_matrix_create(ctx, matrix->grid, f, r, &right));
  rb_matrix_scatter(&right, s->correlation);
  RB_TRY(rb_matrix_cholesky_solve(ctx, matrix, &right));
  RB_TRY(rb_matrix_gather(ctx, &right, s->correlation));
cleanup:
  rb_matrix_destroy(&right);
  free(pivot);
  return status;
}

rb_status rb_ridge_fit(rb_context *ctx, rb_gram *gram, const rb_ridge_moments *moments,
                       double penalty, rb_ridge *ridge) {
  rb_status status = RB_OK;
  const int f = moments->features, r = moments->responses;
  *ridge = (rb_ridge){.features = f, .responses = r, .weakest = -1};
  scaling s = {0};
  rb_matrix *matrix = rb_gram_matrix(gram);
  status = RB_ALLOCATE(ctx, ridge->centre, f);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, ridge->coefficient, (int64_t)f * r);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, s.inverse_sd, f);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, s.correlation, (int64_t)f * r);
  RB_TRY(rb_agree(ctx, status));
  const double began = MPI_Wtime();
  RB_TRY(correlate(ctx, matrix, moments, ridge, &s));
  if (penalty > 0) {
    RB_TRY(solve_by_cholesky(ctx, matrix, penalty, ridge, &s));
  } else {
    RB_TRY(solve_by_eigenvectors(ctx, matrix, moments->count, ridge, &s));
  }
  ridge->solve_s = MPI_Wtime() - began;
  for (int j = 0; j < f && isfinite(ridge->condition); ++j) {
    for (int k = 0; k < r; ++k) {
      const int64_t jk = (int64_t)j * r + k;
      ridge->coefficient[jk] = s.correlation[jk] * s.inverse_sd[j] * s.response_sd[k];
    }
  }
cleanup:
  free(s.inverse_sd);
  free(s.correlation);
  return status;
}
