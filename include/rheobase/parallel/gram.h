#ifndef RHEOBASE_GRAM_H
#define RHEOBASE_GRAM_H

#include "rheobase/parallel/block_cyclic.h"

/** @file gram.h
 * The Gram matrix X^T X of tall data whose rows are spread over ranks and arrive in pieces. The
 * matrix is block-cyclic and never whole on one rank: of each piece a rank receives only the
 * columns that its own blocks need, and updates these through BLAS. */

typedef struct rb_gram rb_gram;

/** Starts from zero. Collective. The caller frees it with rb_gram_destroy.
 * @param columns n of X @param max_rows rows of X a rank adds at once, at most; the same on all
 * ranks */
RB_NODISCARD rb_status rb_gram_create(rb_context *ctx, const rb_grid *grid, int64_t columns,
                                      int64_t max_rows, rb_gram **gram);

/** Local. Does nothing to NULL. */
void rb_gram_destroy(rb_gram *gram);

/** Adds rows of X. Collective, with any number of rows up to max_rows on each rank, also 0.
 * @param x (rows, columns) row-major */
RB_NODISCARD rb_status rb_gram_add(rb_context *ctx, rb_gram *gram, int64_t rows, const double *x);

/** The sum so far, (n, n), lower triangle; owned by @p gram. Local. */
rb_matrix *rb_gram_matrix(rb_gram *gram);

/** Seconds this rank spent in matrix products so far. Local. */
double rb_gram_product_seconds(const rb_gram *gram);

/** Bytes a rank needs for rb_gram with its matrix, at most. Local. */
double rb_gram_bytes(const rb_context *ctx, int64_t columns, int64_t max_rows);

#endif
