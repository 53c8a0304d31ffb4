#include "feature_components.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

#include "rheobase/base/memory.h"
#include "rheobase/parallel/agree.h"

/* OpenBLAS ships no header for it. */
void dsyevd_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w,
             double *work, const int *lwork, int *iwork, const int *liwork, int *info);

/* Rows at once; and data sets whose covariance is taken: more tell nothing new of it. */
enum { ROWS = 64, MOST = 32768 };
static const double LEAST_VARIANCE = 1e-3;
static const rb_real LARGEST = 8;  // what features are clipped to before

rb_status rb_feature_components_allocate(rb_context *ctx, int features, rb_standardisation *s) {
  rb_status status = RB_OK;
  const int64_t F = features;
  rb_standardisation_destroy(s);
  RB_TRY(RB_ALLOCATE(ctx, s->component, F * F));
  RB_TRY(RB_ALLOCATE(ctx, s->clipped, ROWS * F));
cleanup:
  return status;
}

void rb_standardisation_destroy(rb_standardisation *s) {
  free(s->component);
  free(s->clipped);
  s->component = s->clipped = NULL;
}

rb_status rb_standardisation_copy(rb_context *ctx, int features, const rb_standardisation *from,
                                  rb_standardisation *to) {
  rb_status status = RB_OK;
  *to = *from;
  to->component = to->clipped = NULL;
  if (from->component == NULL) return RB_OK;
  RB_TRY(rb_feature_components_allocate(ctx, features, to));
  memcpy(to->component, from->component,
         (size_t)features * (size_t)features * sizeof *to->component);
cleanup:
  return status;
}

/* Clipped features of some rows, side by side. */
static void clip(rb_shape shape, int64_t rows, const rb_real *x, rb_real *out) {
  const int64_t F = shape.features, row = rb_shape_row(shape);
  const rb_real *feature = x + rb_shape_series(shape);
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t f = 0; f < F; ++f) {
      const rb_real value = feature[r * row + f];
      const rb_real low = value < -LARGEST ? -LARGEST : value;
      out[r * F + f] = low > LARGEST ? LARGEST : low;
    }
  }
}

void rb_standardise_finish(const rb_standardisation *s, rb_shape shape, int64_t rows, rb_real *x) {
  const int F = shape.features;
  const int64_t row = rb_shape_row(shape);
  for (int64_t first = 0; s->component != NULL && first < rows; first += ROWS) {
    const int here = (int)(rows - first < ROWS ? rows - first : ROWS);
    rb_real *own = x + first * row;
    clip(shape, here, own, s->clipped);
#if RB_REAL_IS_DOUBLE
    cblas_dgemm(
#else
    cblas_sgemm(
#endif
        CblasRowMajor, CblasNoTrans, CblasNoTrans, here, F, F, 1, s->clipped, F, s->component, F, 0,
        own + rb_shape_series(shape), (int)row);
  }
}

/* Covariance of the clipped features, its lower triangle. @param row (row) @param x (ROWS, F)
 * @param c (F, F) zero */
static void sum_products(const rb_dataset *dataset, const rb_standardisation *s, rb_real *row,
                         double *x, double *mean, double *c) {
  const rb_shape shape = dataset->shape;
  const int F = shape.features;
  const int64_t n = dataset->count < MOST ? dataset->count : MOST, samples = rb_shape_row(shape);
  for (int64_t first = 0; first < n; first += ROWS) {
    const int here = (int)(n - first < ROWS ? n - first : ROWS);
    for (int r = 0; r < here; ++r) {
      rb_standardise_x(s, shape, dataset->x + (first + r) * samples, row);
      clip(shape, 1, row, s->clipped);
      for (int f = 0; f < F; ++f) {
        x[r * F + f] = (double)s->clipped[f];
        mean[f] += (double)s->clipped[f] / (double)n;
      }
    }
    cblas_dsyrk(CblasRowMajor, CblasLower, CblasTrans, F, here, 1.0 / (double)n, x, F, 1.0, c, F);
  }
  cblas_dsyr(CblasRowMajor, CblasLower, F, -1.0, mean, 1, c, F);
}

/* Eigenvectors in place of a symmetric matrix, as rows. */
static rb_status decompose(rb_context *ctx, int F, double *c, double *variance) {
  rb_status status = RB_OK;
  const int lwork = 1 + 6 * F + 2 * F * F, liwork = 3 + 5 * F;
  int info = 0, *iwork = NULL;
  double *work = NULL;
  RB_TRY(RB_ALLOCATE(ctx, work, lwork));
  RB_TRY(RB_ALLOCATE(ctx, iwork, liwork));
  dsyevd_("V", "U", &F, c, &F, variance, work, &lwork, iwork, &liwork, &info);
  if (info != 0) {
    RB_TRY(
        RB_FAIL(ctx, RB_ERR_NUMERIC, "principal components of the features: dsyevd says %d", info));
  }
cleanup:
  free(work);
  free(iwork);
  return status;
}

/* Rank 0's part. */
static rb_status find(rb_context *ctx, const rb_dataset *dataset, rb_standardisation *s) {
  rb_status status = RB_OK;
  const int64_t F = dataset->shape.features;
  rb_real *row = NULL;
  double *x = NULL, *mean = NULL, *c = NULL, *variance = NULL;
  RB_TRY(RB_ALLOCATE(ctx, row, rb_shape_row(dataset->shape)));
  RB_TRY(RB_ALLOCATE(ctx, x, ROWS * F));
  RB_TRY(RB_ALLOCATE(ctx, mean, F));
  RB_TRY(RB_ALLOCATE(ctx, c, F * F));
  RB_TRY(RB_ALLOCATE(ctx, variance, F));
  sum_products(dataset, s, row, x, mean, c);
  RB_TRY(decompose(ctx, (int)F, c, variance));
  for (int64_t k = 0; k < F; ++k) {
    const double scale = sqrt(sqrt(fmax(variance[k], 0) + LEAST_VARIANCE));
    for (int64_t f = 0; f < F; ++f) s->component[f * F + k] = (rb_real)(c[k * F + f] / scale);
  }
cleanup:
  free(row);
  free(x);
  free(mean);
  free(c);
  free(variance);
  return status;
}

rb_status rb_feature_components_measure(rb_context *ctx, const rb_dataset *dataset,
                                        rb_standardisation *s) {
  rb_status status = RB_OK;
  const int64_t F = dataset->shape.features;
  if (F == 0) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_SETTING,
                   "training.scales = \"components\" needs features; choose \"moments\", or a "
                   "summary that starts from features"));
  }
  RB_TRY(rb_agree(ctx, rb_feature_components_allocate(ctx, (int)F, s)));
  RB_TRY(rb_agree(ctx, ctx->rank == 0 ? find(ctx, dataset, s) : RB_OK));
  MPI_Bcast(s->component, (int)(F * F), sizeof(rb_real) == sizeof(double) ? MPI_DOUBLE : MPI_FLOAT,
            0, ctx->comm);
cleanup:
  return status;
}
