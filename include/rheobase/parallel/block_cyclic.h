#ifndef RHEOBASE_BLOCK_CYCLIC_H
#define RHEOBASE_BLOCK_CYCLIC_H

#include <stdbool.h>
#include <stdint.h>

#include "rheobase/base/context.h"

/** @file block_cyclic.h
 * Dense matrices of doubles spread over all ranks, and their linear algebra through ScaLAPACK
 * (Blackford et al. 1997). A matrix is cut into square blocks of RB_BLOCK that are dealt in turn to
 * a grid of ranks, so each of p ranks holds about rows * columns / p numbers. Nothing else in the
 * program knows of BLACS or ScaLAPACK. Results are equal to rounding, not bit for bit, on different
 * numbers of ranks. Symmetric matrices are given by their lower triangle. */

enum { RB_BLOCK = 64 };

/** All ranks of a context as a grid, rank r at row r / columns, column r % columns. */
typedef struct rb_grid {
  MPI_Comm comm;      ///< a duplicate of the context's: BLACS counts grids by communicator
  int system, blacs;  ///< handles
  int rows, columns;  ///< as near to a square as divisors of the number of ranks allow
  int row, column;    ///< of this rank
} rb_grid;

/** The grid of a number of ranks: rows <= columns, as near to a square as its divisors allow; 1 x p
 * for a prime number. Local. */
void rb_grid_shape(int ranks, int *rows, int *columns);

/** The largest number up to @p ranks whose grid has at most twice as many columns as rows. Local.
 */
int rb_grid_near_square(int ranks);

/** Collective; the caller frees it with rb_grid_destroy, after all its matrices. Fails with
 * RB_ERR_UNSUPPORTED. */
RB_NODISCARD rb_status rb_grid_create(rb_context *ctx, rb_grid *grid);

/** Collective. Does nothing to a grid of zero bytes. */
void rb_grid_destroy(rb_grid *grid);

/** A matrix on a grid: this rank's part of it. */
typedef struct rb_matrix {
  const rb_grid *grid;  ///< not owned
  int rows, columns;    ///< of the whole matrix
  int local_rows, local_columns;
  int leading;    ///< distance of columns in value: max(1, local_rows)
  double *value;  ///< element (i, j) of this rank's part at value[i + j * leading]
  int handle[9];  ///< ScaLAPACK's description
} rb_matrix;

/** A matrix of zeros; the caller frees it with rb_matrix_destroy. Collective. Fails with
 * RB_ERR_MEMORY, or RB_ERR_SETTING if rows or columns are outside 1 .. 2^31 - 1. */
RB_NODISCARD rb_status rb_matrix_create(rb_context *ctx, const rb_grid *grid, int64_t rows,
                                        int64_t columns, rb_matrix *matrix);

/** Local. Does nothing to a matrix of zero bytes. */
void rb_matrix_destroy(rb_matrix *matrix);

/** How many of the first @p count rows (columns) of a matrix lie in row (column) @p place of
 * @p places of the grid; the local index of the first row at or after row @p count. Local. */
int rb_matrix_share(int count, int place, int places);

/** Index in the whole matrix of a local row (column). Local. */
int rb_matrix_row(const rb_matrix *matrix, int local_row);
/** The same of a column. */
int rb_matrix_column(const rb_matrix *matrix, int local_column);

/** Takes this rank's part out of a matrix that every rank has. Local.
 * @param whole (rows, columns) row-major */
void rb_matrix_scatter(rb_matrix *matrix, const double *whole);

/** Gives every rank the whole of a small matrix. Collective. @param whole (rows, columns) row-major
 */
RB_NODISCARD rb_status rb_matrix_gather(rb_context *ctx, const rb_matrix *matrix, double *whole);

/** Adds a number to every element of the diagonal. Local. */
void rb_matrix_add_to_diagonal(rb_matrix *matrix, double summand);

/** Gives every rank the diagonal. Collective. @param diagonal (rows) */
RB_NODISCARD rb_status rb_matrix_diagonal(rb_context *ctx, const rb_matrix *matrix,
                                          double *diagonal);

/** product = factor * other, or transposed factor * other. Collective. */
RB_NODISCARD rb_status rb_matrix_multiply(rb_context *ctx, bool transpose, const rb_matrix *factor,
                                          const rb_matrix *other, rb_matrix *product);

/** Eigenvalues in ascending order and eigenvectors (columns of @p vectors) of a symmetric matrix,
 * which is destroyed; by divide and conquer (as pdsyevd). Collective. Fails with
 * RB_ERR_NUMERIC, RB_ERR_MEMORY, or RB_STOPPED between two pieces of the work. @param values
 * (rows), on all ranks @param vectors created by the caller, of the same shape */
RB_NODISCARD rb_status rb_matrix_eigen(rb_context *ctx, rb_matrix *matrix, double *values,
                                       rb_matrix *vectors);

/** What a Cholesky factorisation says about its matrix. */
typedef struct rb_cholesky {
  int failed_row;    ///< first row whose pivot is not positive, or -1
  double condition;  ///< estimated condition number in the 1-norm; infinity after a failed row
} rb_cholesky;

/** Replaces the lower triangle of a symmetric positive definite matrix by its Cholesky factor
 * (as pdpotrf). A matrix that is not positive definite is no error: look at @p result. Collective.
 * Fails with RB_ERR_MEMORY, or RB_STOPPED between two pieces of the work. */
RB_NODISCARD rb_status rb_matrix_cholesky(rb_context *ctx, rb_matrix *matrix, rb_cholesky *result);

/** Replaces @p right by the solution of matrix * x = right, @p factor being the Cholesky factor
 * (pdpotrs). Collective. */
RB_NODISCARD rb_status rb_matrix_cholesky_solve(rb_context *ctx, const rb_matrix *factor,
                                                rb_matrix *right);

#endif
