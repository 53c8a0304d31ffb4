#include "gemm.h"

#include <cblas.h>
#include <stdbool.h>
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

enum { TRIED_ROWS = 256, TRIED_WIDTH = 64, FEW_ROWS = 8 };

/* Whether equal rows of A make equal rows of a product. */
static bool rows_are_alike(int columns) {
  static rb_real a[TRIED_ROWS * TRIED_WIDTH], b[TRIED_WIDTH * TRIED_WIDTH];
  static rb_real c[TRIED_ROWS * TRIED_WIDTH];
  for (int i = 0; i < TRIED_ROWS * TRIED_WIDTH; ++i) {
    a[i] = (rb_real)1 / (rb_real)(3 + i % TRIED_WIDTH);
  }
  for (int i = 0; i < TRIED_WIDTH * TRIED_WIDTH; ++i) b[i] = (rb_real)1 / (rb_real)(7 + i % 1009);
  rb_gemm(RB_AS_IS, RB_AS_IS, TRIED_ROWS, columns, TRIED_WIDTH, a, TRIED_WIDTH, b, columns, 0, c,
          columns);
  bool alike = true;
  for (int i = 1; i < TRIED_ROWS; ++i) {
    alike = alike && memcmp(c, c + i * columns, (size_t)columns * sizeof *c) == 0;
  }
  return alike;
}

int rb_gemm_rows_alike(int most) {
  static int alike = -1;
  if (alike < 0) {
    alike = 1;
    for (int columns = 1; columns <= TRIED_WIDTH; ++columns) alike &= rows_are_alike(columns);
  }
  return alike == 1 || most < FEW_ROWS ? most : FEW_ROWS;
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
