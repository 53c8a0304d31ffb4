#include "gemm.h"

#include <cblas.h>
#include <string.h>

void rb_gemm(rb_op op_a, rb_op op_b, int64_t m, int64_t n, int64_t k, const rb_real *a, int64_t lda,
             const rb_real *b, int64_t ldb, rb_real beta, rb_real *c, int64_t ldc) {
  const CBLAS_TRANSPOSE ta = op_a == RB_TRANSPOSED ? CblasTrans : CblasNoTrans;
  const CBLAS_TRANSPOSE tb = op_b == RB_TRANSPOSED ? CblasTrans : CblasNoTrans;
#if RB_REAL_IS_DOUBLE
  cblas_dgemm(CblasRowMajor, ta, tb, (blasint)m, (blasint)n, (blasint)k, 1.0, a, (blasint)lda, b,
              (blasint)ldb, beta, c, (blasint)ldc);
#else
  cblas_sgemm(CblasRowMajor, ta, tb, (blasint)m, (blasint)n, (blasint)k, 1.0f, a, (blasint)lda, b,
              (blasint)ldb, beta, c, (blasint)ldc);
#endif
}

void rb_add_column_sums(int64_t rows, int64_t columns, const rb_real *x, rb_real *sums) {
  enum { BLOCK = 16 };
  for (int64_t first = 0; first < columns; first += BLOCK) {
    const int64_t width = columns - first < BLOCK ? columns - first : BLOCK;
    double sum[BLOCK] = {0};
    for (int64_t i = 0; i < rows; ++i) {
      const rb_real *row = x + i * columns + first;
      if (width == BLOCK) {  // a fixed trip count, so that it becomes vector code
        for (int j = 0; j < BLOCK; ++j) sum[j] += (double)row[j];
      } else {
        for (int64_t j = 0; j < width; ++j) sum[j] += (double)row[j];
      }
    }
    for (int64_t j = 0; j < width; ++j) sums[first + j] += (rb_real)sum[j];
  }
}

void rb_fill_rows(int64_t rows, int64_t columns, const rb_real *row, rb_real *y) {
  for (int64_t i = 0; i < rows; ++i) {
    memcpy(y + i * columns, row, (size_t)columns * sizeof *y);
  }
}
