/* Matrix products come from OpenBLAS, one thread, and are right for every orientation. */
#include <cblas.h>
#include <dlfcn.h>

#include "gradient_check.h"
#include "network/gemm.h"
#include "rheobase/blas.h"

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
    cmocka_unit_test(test_column_sums),
};

RB_TEST_MAIN(tests)
