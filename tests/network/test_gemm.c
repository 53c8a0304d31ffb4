/* Matrix products come from OpenBLAS, one thread, and are right for every orientation. */
#include <cblas.h>
#include <dlfcn.h>

#include "gradient_check.h"
#include "network/gemm.h"
#include "rheobase/base/blas.h"

static void test_openblas(void **state) {
  (void)state;
  // GSL brings a cblas_sgemm of its own, many times slower, that could take its place.
  Dl_info info;
  void *symbol = NULL;
  void (*function)(void) = (void (*)(void))cblas_sgemm;
  memcpy(&symbol, &function, sizeof symbol);
  assert_true(dladdr(symbol, &info) != 0);
  assert_non_null(strstr(info.dli_fname, "openblas"));
  rb_blas_single_thread();
  assert_int_equal(openblas_get_num_threads(), 1);
}

static void test_products(void **state) {
  (void)state;
  enum { M = 7, N = 5, K = 9, LD = 11 };
  rb_real a[LD * LD], b[LD * LD], c[LD * LD], start[LD * LD];
  fill_normal(1, LD * LD, 1, a);
  fill_normal(2, LD * LD, 1, b);
  fill_normal(3, LD * LD, 1, start);
  for (int form = 0; form < 8; ++form) {
    const bool ta = form & 1, tb = form & 2;
    const rb_real beta = form & 4 ? (rb_real)1 : (rb_real)0;
    memcpy(c, start, sizeof c);
    rb_gemm(ta ? RB_TRANSPOSED : RB_AS_IS, tb ? RB_TRANSPOSED : RB_AS_IS, M, N, K, a, LD, b, LD,
            beta, c, LD);
    for (int i = 0; i < LD; ++i) {
      for (int j = 0; j < LD; ++j) {
        double sum = (double)start[i * LD + j];
        if (i < M && j < N) {
          sum *= (double)beta;
          for (int k = 0; k < K; ++k) {
            sum +=
                (double)a[ta ? k * LD + i : i * LD + k] * (double)b[tb ? j * LD + k : k * LD + j];
          }
        }
        assert_near((double)c[i * LD + j], sum, sizeof(rb_real) == 8 ? 1e-13 : 1e-5);
      }
    }
  }
}

/* Equal rows make equal rows, in every place, for sizes as they occur. */
static void test_rows_alike(void **state) {
  (void)state;
  static const int widths[] = {1, 3, 8, 18, 43, 64, 128, 200};
  enum { MOST = 256, WIDTHS = sizeof widths / sizeof *widths, WIDEST = 200 };
  static rb_real a[MOST * WIDEST], b[WIDEST * WIDEST], c[MOST * WIDEST];
  const int rows = rb_gemm_rows_alike(MOST);
  assert_true(rows == MOST || rows == 8);
  assert_int_equal(rb_gemm_rows_alike(5), 5);
  fill_normal(3, WIDEST * WIDEST, 1, b);
  for (int i = 0; i < WIDTHS * WIDTHS; ++i) {
    const int k = widths[i / WIDTHS], n = widths[i % WIDTHS];
    fill_normal(4, k, 1, a);
    for (int r = 1; r < rows; ++r) memcpy(a + r * k, a, (size_t)k * sizeof *a);
    for (int form = 0; form < 2; ++form) {
      memset(c, 0, sizeof c);
      rb_gemm(RB_AS_IS, form ? RB_TRANSPOSED : RB_AS_IS, rows, n, k, a, k, b, form ? k : n, 1, c,
              n);
      for (int r = 1; r < rows; ++r) assert_memory_equal(c, c + r * n, (size_t)n * sizeof *c);
    }
  }
}

static void test_column_sums(void **state) {
  (void)state;
  enum { ROWS = 1000, COLUMNS = 37 };
  static rb_real x[ROWS * COLUMNS];
  rb_real sums[COLUMNS];
  for (int i = 0; i < ROWS * COLUMNS; ++i) x[i] = (rb_real)(i % COLUMNS + i / COLUMNS % 2);
  for (int j = 0; j < COLUMNS; ++j) sums[j] = (rb_real)0.5;
  rb_add_column_sums(ROWS, COLUMNS, x, sums);
  for (int j = 0; j < COLUMNS; ++j) {
    assert_true((double)sums[j] == 0.5 + ROWS * j + ROWS / 2);
  }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_openblas),
    cmocka_unit_test(test_products),
    cmocka_unit_test(test_rows_alike),
    cmocka_unit_test(test_column_sums),
};

RB_TEST_MAIN(tests)
