#include "rheobase/analysis/principal_components.h"

#include <cblas.h>
#include <math.h>

#include "rheobase/base/memory.h"
#include "rheobase/parallel/agree.h"
#include "rheobase/parallel/gram.h"

/* A direction with less than this share of the largest variance has none. */
static const double NO_VARIANCE = 1e-12;

struct rb_component_sums {
  rb_grid grid;
  rb_gram *gram;
  int dim;
  int64_t count, max_rows;
  double *centre, *sum;  // (dim)
  double *row;           // (max_rows, dim) centred
};

void rb_components_destroy(rb_components *components) {
  free(components->mean);
  free(components->spectrum);
  free(components->axis);
  *components = (rb_components){0};
}

void rb_component_sums_destroy(rb_component_sums *sums) {
  if (sums == NULL) return;
  rb_gram_destroy(sums->gram);
  rb_grid_destroy(&sums->grid);
  free(sums->centre);
  free(sums->sum);
  free(sums->row);
  free(sums);
}

rb_status rb_component_sums_create(rb_context *ctx, int dim, const double *centre, int64_t max_rows,
                                   rb_component_sums **result) {
  rb_status status = RB_OK;
  rb_component_sums *sums = NULL;
  RB_TRY(rb_agree(ctx, RB_ALLOCATE(ctx, sums, 1)));
  sums->dim = dim;
  sums->max_rows = max_rows;
  RB_TRY(rb_grid_create(ctx, &sums->grid));
  RB_TRY(rb_gram_create(ctx, &sums->grid, dim, max_rows, &sums->gram));
  status = RB_ALLOCATE(ctx, sums->centre, dim);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, sums->sum, dim);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, sums->row, max_rows * dim);
  RB_TRY(rb_agree(ctx, status));
  for (int j = 0; j < dim; ++j) sums->centre[j] = centre[j];
  *result = sums;
  sums = NULL;
cleanup:
  rb_component_sums_destroy(sums);
  return status;
}

rb_status rb_component_sums_add(rb_context *ctx, rb_component_sums *sums, int64_t rows,
                                const double *x) {
  for (int64_t i = 0; i < rows && rows <= sums->max_rows; ++i) {
    for (int j = 0; j < sums->dim; ++j) {
      const double value = x[i * sums->dim + j] - sums->centre[j];
      sums->row[i * sums->dim + j] = value;
      sums->sum[j] += value;
    }
  }
  sums->count += rows;
  return rb_gram_add(ctx, sums->gram, rows, sums->row);
}

/* From sums of products about `centre` to the covariance about the mean. */
static void covariance(const rb_component_sums *sums, rb_matrix *gram) {
  const double n = (double)sums->count;
  for (int column = 0; column < gram->local_columns; ++column) {
    const int j = rb_matrix_column(gram, column);
    double *value = gram->value + (int64_t)column * gram->leading;
    for (int row = 0; row < gram->local_rows; ++row) {
      const int i = rb_matrix_row(gram, row);
      value[row] = (value[row] - sums->sum[i] * sums->sum[j] / n) / (n - 1);
    }
  }
}

/* The last `kept` columns of the eigenvectors as rows on every rank, largest variance first. */
static void gather_axes(const rb_context *ctx, const rb_matrix *vectors, rb_components *c) {
  for (int column = 0; column < vectors->local_columns; ++column) {
    const int k = c->dim - 1 - rb_matrix_column(vectors, column);
    if (k >= c->kept) continue;
    double *axis = c->axis + (int64_t)k * c->dim;
    for (int row = 0; row < vectors->local_rows; ++row) {
      axis[rb_matrix_row(vectors, row)] = vectors->value[row + (int64_t)column * vectors->leading];
    }
  }
  for (int k = 0; k < c->kept; ++k) {
    double *axis = c->axis + (int64_t)k * c->dim, largest = 0;
    MPI_Allreduce(MPI_IN_PLACE, axis, c->dim, MPI_DOUBLE, MPI_SUM, ctx->comm);
    for (int j = 0; j < c->dim; ++j) largest = fabs(axis[j]) > fabs(largest) ? axis[j] : largest;
    for (int j = 0; j < c->dim && largest < 0; ++j) axis[j] = -axis[j];
  }
}

rb_status rb_components_finish(rb_context *ctx, rb_component_sums *sums, int keep,
                               rb_components *c) {
  rb_status status = RB_OK;
  const int dim = sums->dim;
  rb_matrix vectors = {0};
  *c = (rb_components){.dim = dim, .kept = keep < dim ? keep : dim};
  MPI_Allreduce(MPI_IN_PLACE, &sums->count, 1, MPI_INT64_T, MPI_SUM, ctx->comm);
  MPI_Allreduce(MPI_IN_PLACE, sums->sum, dim, MPI_DOUBLE, MPI_SUM, ctx->comm);
  if (sums->count < 2) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_SETTING, "principal components need at least two data sets"));
  }
  status = RB_ALLOCATE(ctx, c->mean, dim);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, c->spectrum, dim);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, c->axis, (int64_t)c->kept * dim);
  RB_TRY(rb_agree(ctx, status));
  for (int j = 0; j < dim; ++j) c->mean[j] = sums->centre[j] + sums->sum[j] / (double)sums->count;
  rb_matrix *gram = rb_gram_matrix(sums->gram);
  covariance(sums, gram);
  RB_TRY(rb_matrix_create(ctx, &sums->grid, dim, dim, &vectors));
  RB_TRY(rb_matrix_eigen(ctx, gram, c->spectrum, &vectors));
  for (int i = 0; i < dim / 2; ++i) {
    const double value = c->spectrum[i];
    c->spectrum[i] = c->spectrum[dim - 1 - i];
    c->spectrum[dim - 1 - i] = value;
  }
  while (c->kept > 0 && !(c->spectrum[c->kept - 1] > NO_VARIANCE * c->spectrum[0])) --c->kept;
  gather_axes(ctx, &vectors, c);
  for (int j = c->kept; j < dim; ++j) {
    c->rest_variance += fmax(c->spectrum[j], 0) / (dim - c->kept);
  }
  if (!(c->rest_variance > NO_VARIANCE * c->spectrum[0])) c->rest_variance = 0;
cleanup:
  rb_matrix_destroy(&vectors);
  if (status != RB_OK) rb_components_destroy(c);
  return status;
}

double rb_components_distance(const rb_components *c, int leading, const double *x, double *work,
                              double *rest) {
  double front = 0, back = 0, inside = 0;
  for (int j = 0; j < c->dim; ++j) work[j] = x[j] - c->mean[j];
  for (int k = 0; k < c->kept; ++k) {
    const double score = cblas_ddot(c->dim, c->axis + (int64_t)k * c->dim, 1, work, 1);
    *(k < leading ? &front : &back) += score * score / c->spectrum[k];
    inside += score * score;
  }
  const double total = cblas_ddot(c->dim, work, 1, work, 1);
  if (c->rest_variance > 0) back += fmax(total - inside, 0) / c->rest_variance;
  if (rest != NULL) *rest = back;
  return front;
}
