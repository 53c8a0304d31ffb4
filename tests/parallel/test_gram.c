#include <dlfcn.h>

#include "rb_test.h"
#include "rheobase/parallel/gram.h"
#include "rheobase/parallel/partition.h"
#include "rheobase/random/philox.h"

static double element(int64_t row, int column) {
  const rb_stream stream = rb_stream_make(11, RB_FOR_TESTS, RB_RANDOM_PICKS, 0, (uint64_t)row);
  return rb_stream_uniform(stream, (uint32_t)column) - 0.5;
}

/* Pieces of unequal size, the last rounds with ranks that have nothing, against a plain sum. */
static void check(int n, int64_t items, int64_t chunk) {
  rb_grid grid = {0};
  rb_gram *gram = NULL;
  assert_all_ok(rb_grid_create(&test_context, &grid));
  assert_all_ok(rb_gram_create(&test_context, &grid, n, chunk, &gram));
  double *x = calloc((size_t)(chunk * n), sizeof *x);
  const rb_partition partition = rb_partition_make(&test_context, items, chunk);
  for (int64_t round = 0; round < partition.rounds; ++round) {
    const rb_range range = rb_partition_round(&partition, round);
    for (int64_t i = 0; i < range.count; ++i) {
      for (int j = 0; j < n; ++j) x[i * n + j] = element(range.first + i, j);
    }
    assert_all_ok(rb_gram_add(&test_context, gram, range.count, x));
  }
  const rb_matrix *m = rb_gram_matrix(gram);
  double worst = 0;
  for (int j = 0; j < m->local_columns; ++j) {
    const int column = rb_matrix_column(m, j);
    for (int i = 0; i < m->local_rows; ++i) {
      const int row = rb_matrix_row(m, i);
      if (row < column) continue;
      double sum = 0;
      for (int64_t k = 0; k < items; ++k) sum += element(k, row) * element(k, column);
      worst = fmax(worst, fabs(sum - m->value[i + (int64_t)j * m->leading]));
    }
  }
  assert_all_true(worst < 1e-12);
  free(x);
  rb_gram_destroy(gram);
  rb_grid_destroy(&grid);
}

static void equals_a_plain_sum(void **state) {
  (void)state;
  check(1, 5, 2);
  check(64, 13, 4);
  check(130, 9, 5);
  check(700, 11, 3);
}

static void too_many_rows_are_refused(void **state) {
  (void)state;
  rb_grid grid = {0};
  rb_gram *gram = NULL;
  const double x[8] = {0};
  assert_all_ok(rb_grid_create(&test_context, &grid));
  assert_all_ok(rb_gram_create(&test_context, &grid, 2, 3, &gram));
  assert_all_true(rb_gram_add(&test_context, gram, 4, x) == RB_ERR_INTERNAL);
  rb_error_clear(&test_context);
  rb_gram_destroy(gram);
  rb_grid_destroy(&grid);
}

/* What rb_gram allocates on the rank of the largest share, from the grid's own rows and columns. */
static double counted_bytes(int rows, int columns, int n, int64_t max_rows) {
  double largest[2] = {0, 0};
  const int places[2] = {rows, columns};
  for (int k = 0; k < 2; ++k) {
    for (int place = 0; place < places[k]; ++place) {
      largest[k] = fmax(largest[k], rb_matrix_share(n, place, places[k]));
    }
  }
  const double receive = (double)max_rows * rows * columns * (largest[0] + largest[1]);
  const double send = (double)max_rows * n * ((rows > 1) + (columns > 1));
  return sizeof(double) * (largest[0] * largest[1] + receive + send);
}

/* Prime numbers of ranks have grids of one row, whose ranks need far more than a square's. */
static void bytes_are_those_of_the_real_grid(void **state) {
  (void)state;
  enum { N = 6101, ROWS = 8 };
  for (int ranks = 1; ranks <= 512; ++ranks) {
    const rb_context ctx = {.size = ranks};
    int rows = 0, columns = 0;
    rb_grid_shape(ranks, &rows, &columns);
    assert_int_equal(rows * columns, ranks);
    const double counted = counted_bytes(rows, columns, N, ROWS);
    const double estimate = rb_gram_bytes(&ctx, N, ROWS);
    assert_true(estimate >= counted);
    assert_true(estimate <= counted + 2.0 * sizeof(double) * ROWS * N);
  }
  assert_int_equal(rb_grid_near_square(1), 1);
  assert_int_equal(rb_grid_near_square(61), 60);
  assert_int_equal(rb_grid_near_square(64), 64);
}

/* ScaLAPACK must find OpenBLAS's products, not the reference library's slow ones: the library that
 * the program is linked with comes before the one ScaLAPACK itself names. */
static void scalapack_uses_openblas(void **state) {
  (void)state;
  Dl_info info = {0};
  void *product = dlsym(RTLD_DEFAULT, "dgemm_");
  assert_non_null(product);
  assert_int_not_equal(dladdr(product, &info), 0);
  assert_non_null(strstr(info.dli_fname, "openblas"));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(equals_a_plain_sum), cmocka_unit_test(too_many_rows_are_refused),
    cmocka_unit_test(bytes_are_those_of_the_real_grid), cmocka_unit_test(scalapack_uses_openblas)};
RB_TEST_MAIN(tests)
