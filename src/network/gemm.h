#ifndef RB_NETWORK_GEMM_H
#define RB_NETWORK_GEMM_H

#include <stdint.h>

#include "rheobase/base/real.h"

/** @file gemm.h
 * Matrix products through BLAS (OpenBLAS), row-major, on rb_real. Local. */

/** How a matrix enters a product. */
typedef enum rb_op { RB_AS_IS, RB_TRANSPOSED } rb_op;

/** C = op(A) op(B) + beta C. All sizes and strides below 2^31.
 * @param m,n,k op(A) is (m, k), op(B) is (k, n), C is (m, n)
 * @param lda,ldb,ldc distance between rows as stored */
void rb_gemm(rb_op op_a, rb_op op_b, int64_t m, int64_t n, int64_t k,
             const rb_real *a,  // (m, k), or (k, m) if transposed
             int64_t lda,
             const rb_real *b,  // (k, n), or (n, k) if transposed
             int64_t ldb, rb_real beta,
             rb_real *c,  // (m, n)
             int64_t ldc);

/** Rows that A may have at most, `most` or fewer, for a row of the product to have the same bits in
 * every place: some kernels of OpenBLAS round the rows at the end of a longer A differently (those
 * for AVX2 do). Found by trying, once. */
int rb_gemm_rows_alike(int most);

/** sums[j] += sum_i x[i, j], accumulated in double. */
void rb_add_column_sums(int64_t rows, int64_t columns,
                        const rb_real *x,  // (rows, columns)
                        rb_real *sums);    // (columns)

/** y[i, j] = row[j]. */
void rb_fill_rows(int64_t rows, int64_t columns,
                  const rb_real *row,  // (columns)
                  rb_real *y);         // (rows, columns)

#endif
