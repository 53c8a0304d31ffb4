#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "block_cyclic_internal.h"
#include "rheobase/base/memory.h"
#include "rheobase/parallel/agree.h"

/* ScaLAPACK ships no header. */
double pdlansy_(const char *norm, const char *uplo, const int *n, const double *a, const int *ia,
                const int *ja, const int *desca, double *work);
void pdpotrf_(const char *uplo, const int *n, double *a, const int *ia, const int *ja,
              const int *desca, int *info);
void pdtrsm_(const char *side, const char *uplo, const char *trans, const char *diag, const int *m,
             const int *n, const double *alpha, const double *a, const int *ia, const int *ja,
             const int *desca, double *b, const int *ib, const int *jb, const int *descb);
void pdsyrk_(const char *uplo, const char *trans, const int *n, const int *k, const double *alpha,
             const double *a, const int *ia, const int *ja, const int *desca, const double *beta,
             double *c, const int *ic, const int *jc, const int *descc);
void pdpotrs_(const char *uplo, const int *n, const int *nrhs, const double *a, const int *ia,
              const int *ja, const int *desca, double *b, const int *ib, const int *jb,
              const int *descb, int *info);
void pdpocon_(const char *uplo, const int *n, const double *a, const int *ia, const int *ja,
              const int *desca, const double *anorm, double *rcond, double *work, const int *lwork,
              int *iwork, const int *liwork, int *info);

static const int ONE = 1;  // Fortran counts rows and columns from 1

/* Columns between two looks for a request to stop: enough for products of full speed. */
enum { COLUMNS_AT_ONCE = 8 * RB_BLOCK };

/* Condition number of a factored matrix whose 1-norm was @p norm. */
static rb_status condition(rb_context *ctx, const rb_matrix *factor, double norm, double *result) {
  rb_status status = RB_OK;
  double *work = NULL;
  int *iwork = NULL;
  const int n = factor->rows, query = -1;
  int info = 0, iasked = 0, lwork = 0;
  double asked = 0, reciprocal = 0;
  pdpocon_("L", &n, factor->value, &ONE, &ONE, factor->handle, &norm, &reciprocal, &asked, &query,
           &iasked, &query, &info);
  status = rb_matrix_work_size(ctx, factor, asked, &lwork);
  const int liwork = iasked + n;
  if (status == RB_OK) status = RB_ALLOCATE(ctx, work, lwork);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, iwork, liwork);
  RB_TRY(rb_agree(ctx, status));
  pdpocon_("L", &n, factor->value, &ONE, &ONE, factor->handle, &norm, &reciprocal, work, &lwork,
           iwork, &liwork, &info);
  *result = reciprocal > 0 ? 1 / reciprocal : INFINITY;
cleanup:
  free(work);
  free(iwork);
  return status;
}

/* Factors columns from..from+count-1, of which all to the left are taken account of, and takes
 * account of them in those to the right. @param info as pdpotrf's, of the whole matrix */
static void factor_columns(rb_matrix *matrix, int from, int count, int *info) {
  const double one = 1, minus = -1;
  const int at = from + 1, below = at + count, rest = matrix->rows - from - count;
  double *a = matrix->value;
  const int *h = matrix->handle;
  pdpotrf_("L", &count, a, &at, &at, h, info);
  if (*info > 0) *info += from;
  if (*info != 0 || rest == 0) return;
  pdtrsm_("R", "L", "T", "N", &rest, &count, &one, a, &at, &at, h, a, &below, &at, h);
  pdsyrk_("L", "N", &rest, &count, &minus, a, &below, &at, h, &one, a, &below, &below, h);
}

/* pdpotrf in pieces. @param row the first whose pivot is not positive, or INT_MAX, on all ranks */
static rb_status factor(rb_context *ctx, rb_matrix *matrix, int *row) {
  rb_status status = RB_OK;
  const int n = matrix->rows;
  *row = INT_MAX;
  for (int from = 0; from < n && *row == INT_MAX; from += COLUMNS_AT_ONCE) {
    int info = 0;
    RB_TRY(rb_matrix_stop_if_asked(ctx, matrix));
    factor_columns(matrix, from, n - from < COLUMNS_AT_ONCE ? n - from : COLUMNS_AT_ONCE, &info);
    // The rank that met the pivot knows its row; some versions leave the others with info = 0.
    *row = info > 0 ? info - 1 : INT_MAX;
    MPI_Allreduce(MPI_IN_PLACE, row, 1, MPI_INT, MPI_MIN, ctx->comm);
  }
cleanup:
  return status;
}

rb_status rb_matrix_cholesky(rb_context *ctx, rb_matrix *matrix, rb_cholesky *result) {
  rb_status status = RB_OK;
  double *work = NULL;
  const int n = matrix->rows;
  int row = INT_MAX;
  *result = (rb_cholesky){.failed_row = -1, .condition = INFINITY};
  // pdlansy: 2 (Nq + Np + ldw) and a block more.
  const int64_t lwork = 4 * ((int64_t)matrix->local_rows + matrix->local_columns + n + RB_BLOCK);
  RB_TRY(rb_agree(ctx, RB_ALLOCATE(ctx, work, lwork)));
  const double norm = pdlansy_("1", "L", &n, matrix->value, &ONE, &ONE, matrix->handle, work);
  RB_TRY(factor(ctx, matrix, &row));
  if (row != INT_MAX) {
    result->failed_row = row;
  } else {
    RB_TRY(condition(ctx, matrix, norm, &result->condition));
  }
cleanup:
  free(work);
  return status;
}

rb_status rb_matrix_cholesky_solve(rb_context *ctx, const rb_matrix *factor, rb_matrix *right) {
  if (factor->rows != right->rows) {
    return RB_FAIL(ctx, RB_ERR_INTERNAL, "shapes of a linear system do not fit");
  }
  int info = 0;
  pdpotrs_("L", &factor->rows, &right->columns, factor->value, &ONE, &ONE, factor->handle,
           right->value, &ONE, &ONE, right->handle, &info);
  return RB_OK;
}
