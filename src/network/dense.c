#include "dense.h"

#include "gemm.h"

void rb_dense_forward(int64_t rows, int in, int out, const rb_real *x, const rb_real *kernel,
                      const rb_real *bias, rb_real *y) {
  rb_fill_rows(rows, out, bias, y);
  rb_gemm(RB_AS_IS, RB_AS_IS, rows, out, in, x, in, kernel, out, 1, y, out);
}

void rb_dense_backward(int64_t rows, int in, int out, const rb_real *x, const rb_real *kernel,
                       const rb_real *dy, rb_real *dx, rb_real *dkernel, rb_real *dbias) {
  rb_gemm(RB_TRANSPOSED, RB_AS_IS, in, out, rows, x, in, dy, out, 1, dkernel, out);
  rb_add_column_sums(rows, out, dy, dbias);
  rb_gemm(RB_AS_IS, RB_TRANSPOSED, rows, in, out, dy, out, kernel, out, 1, dx, in);
}
