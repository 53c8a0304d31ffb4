#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "block_cyclic_internal.h"
#include "rheobase/base/memory.h"
#include "rheobase/base/signals.h"
#include "rheobase/parallel/agree.h"

/* Neither library ships a header. */
int Csys2blacs_handle(MPI_Comm comm);
void Cfree_blacs_system_handle(int handle);
void Cblacs_gridinit(int *context, const char *order, int rows, int columns);
void Cblacs_gridinfo(int context, int *rows, int *columns, int *row, int *column);
void Cblacs_gridexit(int context);
void pdgemm_(const char *transa, const char *transb, const int *m, const int *n, const int *k,
             const double *alpha, const double *a, const int *ia, const int *ja, const int *desca,
             const double *b, const int *ib, const int *jb, const int *descb, const double *beta,
             double *c, const int *ic, const int *jc, const int *descc);

static const int ONE = 1;  // Fortran counts rows and columns from 1

void rb_grid_shape(int ranks, int *rows, int *columns) {
  *rows = 1;
  for (int divisor = 1; divisor <= ranks / divisor; ++divisor) {
    if (ranks % divisor == 0) *rows = divisor;
  }
  *columns = ranks / *rows;
}

int rb_grid_near_square(int ranks) {
  int rows = 1, columns = 1;
  for (;; --ranks) {
    rb_grid_shape(ranks, &rows, &columns);
    if (columns <= 2 * rows) return ranks;
  }
}

rb_status rb_grid_create(rb_context *ctx, rb_grid *grid) {
  *grid = (rb_grid){0};
  rb_grid_shape(ctx->size, &grid->rows, &grid->columns);
  MPI_Comm_dup(ctx->comm, &grid->comm);
  grid->system = Csys2blacs_handle(grid->comm);
  grid->blacs = grid->system;
  Cblacs_gridinit(&grid->blacs, "Row", grid->rows, grid->columns);
  int rows = 0, columns = 0;
  Cblacs_gridinfo(grid->blacs, &rows, &columns, &grid->row, &grid->column);
  const bool placed = rows == grid->rows && columns == grid->columns &&
                      ctx->rank == grid->row * columns + grid->column;
  return rb_agree(ctx, placed ? RB_OK
                              : RB_FAIL(ctx, RB_ERR_UNSUPPORTED,
                                        "BLACS did not place rank %d in a grid of %d x %d ranks",
                                        ctx->rank, grid->rows, grid->columns));
}

void rb_grid_destroy(rb_grid *grid) {
  if (grid->rows == 0) return;
  Cblacs_gridexit(grid->blacs);
  Cfree_blacs_system_handle(grid->system);
  MPI_Comm_free(&grid->comm);
  *grid = (rb_grid){0};
}

int rb_matrix_share(int count, int place, int places) {
  const int blocks = count / RB_BLOCK, rest = count % RB_BLOCK;
  const int turn = blocks % places;
  const int whole = blocks / places * RB_BLOCK;
  if (place < turn) return whole + RB_BLOCK;
  return place == turn ? whole + rest : whole;
}

static int global_index(int local, int place, int places) {
  return (local / RB_BLOCK * places + place) * RB_BLOCK + local % RB_BLOCK;
}

int rb_matrix_row(const rb_matrix *matrix, int local_row) {
  return global_index(local_row, matrix->grid->row, matrix->grid->rows);
}

int rb_matrix_column(const rb_matrix *matrix, int local_column) {
  return global_index(local_column, matrix->grid->column, matrix->grid->columns);
}

rb_status rb_matrix_create(rb_context *ctx, const rb_grid *grid, int64_t rows, int64_t columns,
                           rb_matrix *matrix) {
  rb_status status = RB_OK;
  *matrix = (rb_matrix){.grid = grid};
  if (rows < 1 || columns < 1 || rows > INT_MAX || columns > INT_MAX) {
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "a distributed matrix of %" PRId64 " x %" PRId64 " is not possible", rows,
                   columns);
  }
  matrix->rows = (int)rows;
  matrix->columns = (int)columns;
  matrix->local_rows = rb_matrix_share(matrix->rows, grid->row, grid->rows);
  matrix->local_columns = rb_matrix_share(matrix->columns, grid->column, grid->columns);
  matrix->leading = matrix->local_rows > 1 ? matrix->local_rows : 1;
  const int handle[9] = {1, grid->blacs, matrix->rows,   matrix->columns, RB_BLOCK, RB_BLOCK,
                         0, 0,           matrix->leading};
  for (int i = 0; i < 9; ++i) matrix->handle[i] = handle[i];
  status = RB_ALLOCATE(ctx, matrix->value, (int64_t)matrix->leading * matrix->local_columns);
  return rb_agree(ctx, status);
}

void rb_matrix_destroy(rb_matrix *matrix) {
  free(matrix->value);
  *matrix = (rb_matrix){0};
}

void rb_matrix_scatter(rb_matrix *matrix, const double *whole) {
  for (int j = 0; j < matrix->local_columns; ++j) {
    double *column = matrix->value + (int64_t)j * matrix->leading;
    const double *from = whole + rb_matrix_column(matrix, j);
    for (int i = 0; i < matrix->local_rows; ++i) {
      column[i] = from[(int64_t)rb_matrix_row(matrix, i) * matrix->columns];
    }
  }
}

rb_status rb_matrix_gather(rb_context *ctx, const rb_matrix *matrix, double *whole) {
  const int64_t count = (int64_t)matrix->rows * matrix->columns;
  if (count > INT_MAX) {
    return RB_FAIL(ctx, RB_ERR_INTERNAL, "a matrix of %d x %d is too large to gather", matrix->rows,
                   matrix->columns);
  }
  for (int64_t i = 0; i < count; ++i) whole[i] = 0;
  for (int j = 0; j < matrix->local_columns; ++j) {
    const double *column = matrix->value + (int64_t)j * matrix->leading;
    double *into = whole + rb_matrix_column(matrix, j);
    for (int i = 0; i < matrix->local_rows; ++i) {
      into[(int64_t)rb_matrix_row(matrix, i) * matrix->columns] = column[i];
    }
  }
  MPI_Allreduce(MPI_IN_PLACE, whole, (int)count, MPI_DOUBLE, MPI_SUM, ctx->comm);
  return RB_OK;
}

/* The diagonal element in a local column, or NULL where another rank has it. */
static double *diagonal_element(const rb_matrix *matrix, int local_column) {
  const int global = rb_matrix_column(matrix, local_column);
  const int row = rb_matrix_share(global, matrix->grid->row, matrix->grid->rows);
  if (row >= matrix->local_rows || rb_matrix_row(matrix, row) != global) return NULL;
  return matrix->value + row + (int64_t)local_column * matrix->leading;
}

void rb_matrix_add_to_diagonal(rb_matrix *matrix, double summand) {
  for (int j = 0; j < matrix->local_columns; ++j) {
    double *element = diagonal_element(matrix, j);
    if (element != NULL) *element += summand;
  }
}

rb_status rb_matrix_diagonal(rb_context *ctx, const rb_matrix *matrix, double *diagonal) {
  for (int i = 0; i < matrix->rows; ++i) diagonal[i] = 0;
  for (int j = 0; j < matrix->local_columns; ++j) {
    const double *element = diagonal_element(matrix, j);
    if (element != NULL) diagonal[rb_matrix_column(matrix, j)] = *element;
  }
  MPI_Allreduce(MPI_IN_PLACE, diagonal, matrix->rows, MPI_DOUBLE, MPI_SUM, ctx->comm);
  return RB_OK;
}

rb_status rb_matrix_multiply(rb_context *ctx, bool transpose, const rb_matrix *factor,
                             const rb_matrix *other, rb_matrix *product) {
  const int rows = transpose ? factor->columns : factor->rows;
  const int inner = transpose ? factor->rows : factor->columns;
  if (other->rows != inner || product->rows != rows || product->columns != other->columns) {
    return RB_FAIL(ctx, RB_ERR_INTERNAL, "shapes of a matrix product do not fit");
  }
  const double alpha = 1, beta = 0;
  pdgemm_(transpose ? "T" : "N", "N", &rows, &other->columns, &inner, &alpha, factor->value, &ONE,
          &ONE, factor->handle, other->value, &ONE, &ONE, other->handle, &beta, product->value,
          &ONE, &ONE, product->handle);
  return RB_OK;
}

rb_status rb_matrix_work_size(rb_context *ctx, const rb_matrix *matrix, double asked, int *size) {
  const double padded = asked + 4.0 * RB_BLOCK * RB_BLOCK + 4.0 * matrix->rows;
  if (padded > INT_MAX) {
    return RB_FAIL(
        ctx, RB_ERR_MEMORY,
        "the workspace for a matrix of %d x %d exceeds ScaLAPACK's limit of 2^31 numbers "
        "per rank: use at least %.0f ranks",
        matrix->rows, matrix->rows, ceil(padded / INT_MAX) * ctx->size);
  }
  *size = (int)padded;
  return RB_OK;
}

rb_status rb_matrix_stop_if_asked(rb_context *ctx, const rb_matrix *matrix) {
  if (!rb_signals_agree(ctx)) return RB_OK;
  return RB_FAIL(ctx, RB_STOPPED,
                 "stopped by a signal while a matrix of %d x %d was factored; start again to redo "
                 "it",
                 matrix->rows, matrix->columns);
}
