#include <stdlib.h>

#include "block_cyclic_internal.h"
#include "rheobase/base/memory.h"
#include "rheobase/parallel/agree.h"

/* pdsyevd in pieces, so that a request to stop is met between them: reduction to tridiagonal form
 * block by block, as pdsytrd does it; divide and conquer of the tridiagonal matrix (one piece, but
 * of a small matrix's cost where eigenvalues deflate); back transformation, some eigenvectors at a
 * time. */

/* ScaLAPACK ships no header. */
void pb_topget_(const int *context, const char *operation, const char *scope, char *topology);
void pb_topset_(const int *context, const char *operation, const char *scope, const char *topology);
void pdlatrd_(const char *uplo, const int *n, const int *nb, double *a, const int *ia,
              const int *ja, const int *desca, double *d, double *e, double *tau, double *w,
              const int *iw, const int *jw, const int *descw, double *work);
void pdsyr2k_(const char *uplo, const char *trans, const int *n, const int *k, const double *alpha,
              const double *a, const int *ia, const int *ja, const int *desca, const double *b,
              const int *ib, const int *jb, const int *descb, const double *beta, double *c,
              const int *ic, const int *jc, const int *descc);
void pdelset_(double *a, const int *ia, const int *ja, const int *desca, const double *alpha);
void pdsytd2_(const char *uplo, const int *n, double *a, const int *ia, const int *ja,
              const int *desca, double *d, double *e, double *tau, double *work, const int *lwork,
              int *info);
void pdlared1d_(const int *n, const int *ia, const int *ja, const int *desc, const double *bycol,
                double *byall, double *work, const int *lwork);
void pdstedc_(const char *compz, const int *n, double *d, double *e, double *q, const int *iq,
              const int *jq, const int *descq, double *work, const int *lwork, int *iwork,
              const int *liwork, int *info);
void pdormtr_(const char *side, const char *uplo, const char *trans, const int *m, const int *n,
              const double *a, const int *ia, const int *ja, const int *desca, const double *tau,
              double *c, const int *ic, const int *jc, const int *descc, double *work,
              const int *lwork, int *info);

static const int ONE = 1;  // Fortran counts rows and columns from 1
static const int BLOCK = RB_BLOCK;

/* Eigenvectors between two looks for a request to stop: enough for products of full speed. */
enum { VECTORS_AT_ONCE = 8 * RB_BLOCK };

/* The tridiagonal matrix and the reflections that lead to it: a part per column of the grid, and
 * the whole on all ranks. */
typedef struct tridiagonal {
  double *tau, *diagonal, *below;  // (local columns) each
  double *whole_below;             // (n)
  double *work;
  int *iwork;
  int lwork, liwork;
} tridiagonal;

static void tridiagonal_free(tridiagonal *t) {
  free(t->tau);
  free(t->diagonal);
  free(t->below);
  free(t->whole_below);
  free(t->work);
  free(t->iwork);
}

static rb_status tridiagonal_create(rb_context *ctx, const rb_matrix *m, tridiagonal *t) {
  rb_status status = RB_OK;
  const double n = m->rows, local = (double)m->leading * m->local_columns;
  const int64_t columns = m->local_columns + 1;
  // What pdsyevd asks for; the reduction needs less.
  status =
      rb_matrix_work_size(ctx, m, 8 * n + 2 * local + (m->leading + 3.0) * RB_BLOCK, &t->lwork);
  t->liwork = 7 * m->rows + 8 * m->grid->columns + 2;
  if (status == RB_OK) status = RB_ALLOCATE(ctx, t->tau, columns);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, t->diagonal, columns);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, t->below, columns);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, t->whole_below, m->rows);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, t->work, t->lwork);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, t->iwork, t->liwork);
  return rb_agree(ctx, status);
}

/* One block of columns from global column `from`: its reflections, and the update of what lies to
 * the right of it. */
static void reduce_block(rb_matrix *m, int from, tridiagonal *t) {
  const rb_grid *grid = m->grid;
  const int rest = m->rows - from, after = rest - RB_BLOCK;
  const int at = from + 1, next = at + RB_BLOCK, last = next - 1;
  const int owner = from / RB_BLOCK % grid->columns;
  // Beside each row of the matrix a row of the block that updates it.
  const int handle[9] = {1,        grid->blacs, m->rows, RB_BLOCK,  RB_BLOCK,
                         RB_BLOCK, 0,           owner,   m->leading};
  const double minus = -1, one = 1;
  double *a = m->value, *work = t->work + (int64_t)m->leading * RB_BLOCK;
  pdlatrd_("L", &rest, &BLOCK, a, &at, &at, m->handle, t->diagonal, t->below, t->tau, t->work, &at,
           &ONE, handle, work);
  pdsyr2k_("L", "N", &after, &BLOCK, &minus, a, &next, &at, m->handle, t->work, &next, &ONE, handle,
           &one, a, &next, &next, m->handle);
  // The element below the block's last diagonal one, in whose place stood a 1.
  const double *element = &t->below[rb_matrix_share(last - 1, grid->column, grid->columns)];
  pdelset_(a, &next, &last, m->handle, element);
}

static rb_status reduce(rb_context *ctx, rb_matrix *m, double *diagonal, tridiagonal *t) {
  rb_status status = RB_OK;
  const int n = m->rows;
  int from = 0, info = 0;
  for (; from + RB_BLOCK < n; from += RB_BLOCK) {
    RB_TRY(rb_matrix_stop_if_asked(ctx, m));
    reduce_block(m, from, t);
  }
  const int rest = n - from, at = from + 1;
  pdsytd2_("L", &rest, m->value, &at, &at, m->handle, t->diagonal, t->below, t->tau, t->work,
           &t->lwork, &info);
  pdlared1d_(&n, &ONE, &ONE, m->handle, t->diagonal, diagonal, t->work, &t->lwork);
  pdlared1d_(&n, &ONE, &ONE, m->handle, t->below, t->whole_below, t->work, &t->lwork);
cleanup:
  return status;
}

/* The same with sums in one order on all ranks, which then decide alike. */
static rb_status reduce_alike(rb_context *ctx, rb_matrix *m, double *diagonal, tridiagonal *t) {
  static const char *const scopes[2] = {"Columnwise", "Rowwise"};
  const int *context = &m->grid->blacs;
  char before[2] = {' ', ' '};
  for (int k = 0; k < 2; ++k) {
    pb_topget_(context, "Combine", scopes[k], &before[k]);
    pb_topset_(context, "Combine", scopes[k], "1-tree");
  }
  const rb_status status = reduce(ctx, m, diagonal, t);
  for (int k = 0; k < 2; ++k) pb_topset_(context, "Combine", scopes[k], &before[k]);
  return status;
}

static rb_status transform_back(rb_context *ctx, const rb_matrix *m, tridiagonal *t,
                                rb_matrix *vectors) {
  rb_status status = RB_OK;
  const int n = m->rows;
  for (int from = 0; from < n; from += VECTORS_AT_ONCE) {
    const int some = n - from < VECTORS_AT_ONCE ? n - from : VECTORS_AT_ONCE, at = from + 1;
    int info = 0;
    RB_TRY(rb_matrix_stop_if_asked(ctx, m));
    pdormtr_("L", "L", "N", &n, &some, m->value, &ONE, &ONE, m->handle, t->tau, vectors->value,
             &ONE, &at, vectors->handle, t->work, &t->lwork, &info);
  }
cleanup:
  return status;
}

rb_status rb_matrix_eigen(rb_context *ctx, rb_matrix *matrix, double *values, rb_matrix *vectors) {
  rb_status status = RB_OK;
  tridiagonal t = {0};
  const int n = matrix->rows;
  int info = 0;
  RB_TRY(tridiagonal_create(ctx, matrix, &t));
  RB_TRY(reduce_alike(ctx, matrix, values, &t));
  RB_TRY(rb_matrix_stop_if_asked(ctx, matrix));
  pdstedc_("I", &n, values, t.whole_below, vectors->value, &ONE, &ONE, vectors->handle, t.work,
           &t.lwork, t.iwork, &t.liwork, &info);
  status = info == 0 ? RB_OK
                     : RB_FAIL(ctx, RB_ERR_NUMERIC,
                               "the eigenvalues of a symmetric matrix of %d x %d were not found "
                               "(pdstedc: info = %d)",
                               n, n, info);
  RB_TRY(rb_agree(ctx, status));
  RB_TRY(transform_back(ctx, matrix, &t, vectors));
  // A matrix of one block leaves the eigenvalues on the rank that holds it.
  MPI_Bcast(values, n, MPI_DOUBLE, 0, ctx->comm);
cleanup:
  tridiagonal_free(&t);
  return status;
}
