#include <gsl/gsl_eigen.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_sort_vector.h>
#include <signal.h>
#include <sys/time.h>

#include "rb_test.h"
#include "rheobase/base/memory.h"
#include "rheobase/base/signals.h"
#include "rheobase/parallel/block_cyclic.h"
#include "rheobase/random/philox.h"

static const double TOLERANCE = 1e-10;
enum { SIZES = 7 };
static const int size_list[SIZES] = {1, 7, 63, 64, 65, 193, 580};

static double random_number(int item, int index) {
  const rb_stream stream = rb_stream_make(7, RB_FOR_TESTS, RB_RANDOM_PICKS, 0, (uint64_t)item);
  return rb_stream_uniform(stream, (uint32_t)index) - 0.5;
}

/* A symmetric positive definite (n, n) with eigenvalues from about 1/2 up. */
static double *positive_matrix(int n) {
  double *a = calloc((size_t)n * (size_t)n, sizeof *a);
  double *b = calloc((size_t)n * (size_t)n, sizeof *b);
  for (int i = 0; i < n * n; ++i) b[i] = random_number(n, i);
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) {
      for (int k = 0; k < n; ++k) a[i * n + j] += b[i * n + k] * b[j * n + k];
      if (i == j) a[i * n + j] += 0.5;
    }
  }
  free(b);
  return a;
}

static gsl_vector *reference_spectrum(const double *a, int n) {
  const size_t size = (size_t)n;
  gsl_matrix *copy = gsl_matrix_alloc(size, size);
  for (size_t i = 0; i < size * size; ++i) copy->data[i] = a[i];
  gsl_vector *values = gsl_vector_alloc(size);
  gsl_eigen_symm_workspace *work = gsl_eigen_symm_alloc(size);
  gsl_eigen_symm(copy, values, work);
  gsl_sort_vector(values);
  gsl_eigen_symm_free(work);
  gsl_matrix_free(copy);
  return values;
}

static void grid_holds_every_rank(void **state) {
  (void)state;
  rb_grid grid = {0};
  assert_all_ok(rb_grid_create(&test_context, &grid));
  assert_all_true(grid.rows * grid.columns == test_context.size && grid.rows <= grid.columns);
  assert_all_true(grid.row * grid.columns + grid.column == test_context.rank);
  rb_grid_destroy(&grid);
}

static void gather_undoes_scatter(void **state) {
  (void)state;
  rb_grid grid = {0};
  assert_all_ok(rb_grid_create(&test_context, &grid));
  static const int shapes[4][2] = {{1, 1}, {130, 6}, {65, 193}, {257, 64}};
  for (int s = 0; s < 4; ++s) {
    const int rows = shapes[s][0], columns = shapes[s][1], count = rows * columns;
    rb_matrix matrix = {0};
    assert_all_ok(rb_matrix_create(&test_context, &grid, rows, columns, &matrix));
    double *whole = calloc((size_t)count, sizeof *whole),
           *back = calloc((size_t)count, sizeof *back);
    for (int i = 0; i < count; ++i) whole[i] = i + 1;
    rb_matrix_scatter(&matrix, whole);
    assert_all_ok(rb_matrix_gather(&test_context, &matrix, back));
    assert_all_true(memcmp(whole, back, (size_t)count * sizeof *whole) == 0);
    int64_t held = (int64_t)matrix.local_rows * matrix.local_columns;
    MPI_Allreduce(MPI_IN_PLACE, &held, 1, MPI_INT64_T, MPI_SUM, test_context.comm);
    assert_all_true(held == count);
    free(whole);
    free(back);
    rb_matrix_destroy(&matrix);
  }
  rb_grid_destroy(&grid);
}

/* A rank holds n^2 / p numbers, up to a block in each direction. */
static void memory_falls_with_the_ranks(void **state) {
  (void)state;
  rb_grid grid = {0};
  rb_matrix matrix = {0};
  const int n = 1000;
  assert_all_ok(rb_grid_create(&test_context, &grid));
  assert_all_ok(rb_matrix_create(&test_context, &grid, n, n, &matrix));
  const double bound = (n / (double)grid.rows + RB_BLOCK) * (n / (double)grid.columns + RB_BLOCK);
  assert_all_true((double)matrix.leading * matrix.local_columns <= bound);
  rb_matrix_destroy(&matrix);
  rb_grid_destroy(&grid);
}

static void spectrum_and_vectors_equal_gsl(void **state) {
  (void)state;
  rb_grid grid = {0};
  assert_all_ok(rb_grid_create(&test_context, &grid));
  for (int s = 0; s < SIZES; ++s) {
    const int n = size_list[s];
    double *a = positive_matrix(n), *values = calloc((size_t)n, sizeof *values);
    double *v = calloc((size_t)n * (size_t)n, sizeof *v);
    double *av = calloc((size_t)n * (size_t)n, sizeof *av);
    rb_matrix matrix = {0}, vectors = {0}, product = {0};
    assert_all_ok(rb_matrix_create(&test_context, &grid, n, n, &matrix));
    assert_all_ok(rb_matrix_create(&test_context, &grid, n, n, &vectors));
    assert_all_ok(rb_matrix_create(&test_context, &grid, n, n, &product));
    rb_matrix_scatter(&matrix, a);
    assert_all_ok(rb_matrix_eigen(&test_context, &matrix, values, &vectors));
    rb_matrix_scatter(&matrix, a);
    assert_all_ok(rb_matrix_multiply(&test_context, false, &matrix, &vectors, &product));
    assert_all_ok(rb_matrix_gather(&test_context, &vectors, v));
    assert_all_ok(rb_matrix_gather(&test_context, &product, av));
    gsl_vector *expected = reference_spectrum(a, n);
    double worst = 0;
    for (int j = 0; j < n; ++j) {
      worst = fmax(worst, fabs(values[j] - gsl_vector_get(expected, (size_t)j)));
      for (int i = 0; i < n; ++i) {
        worst = fmax(worst, fabs(av[i * n + j] - values[j] * v[i * n + j]));
      }
    }
    assert_all_true(worst < TOLERANCE);
    gsl_vector_free(expected);
    rb_matrix_destroy(&matrix);
    rb_matrix_destroy(&vectors);
    rb_matrix_destroy(&product);
    free(a);
    free(values);
    free(v);
    free(av);
  }
  rb_grid_destroy(&grid);
}

static void solutions_equal_gsl(void **state) {
  (void)state;
  enum { RIGHT = 3 };
  rb_grid grid = {0};
  assert_all_ok(rb_grid_create(&test_context, &grid));
  for (int s = 0; s < SIZES; ++s) {
    const int n = size_list[s];
    const size_t size = (size_t)n;
    double *a = positive_matrix(n), *b = calloc(size * RIGHT, sizeof *b);
    double *x = calloc(size * RIGHT, sizeof *x);
    for (int i = 0; i < n * RIGHT; ++i) b[i] = random_number(1000 + n, i);
    rb_matrix matrix = {0}, right = {0};
    rb_cholesky result = {0};
    assert_all_ok(rb_matrix_create(&test_context, &grid, n, n, &matrix));
    assert_all_ok(rb_matrix_create(&test_context, &grid, n, RIGHT, &right));
    rb_matrix_scatter(&matrix, a);
    rb_matrix_scatter(&right, b);
    assert_all_ok(rb_matrix_cholesky(&test_context, &matrix, &result));
    assert_all_true(result.failed_row == -1);
    assert_all_ok(rb_matrix_cholesky_solve(&test_context, &matrix, &right));
    assert_all_ok(rb_matrix_gather(&test_context, &right, x));
    gsl_matrix *factor = gsl_matrix_alloc(size, size);
    for (size_t i = 0; i < size * size; ++i) factor->data[i] = a[i];
    gsl_linalg_cholesky_decomp1(factor);
    double worst = 0;
    for (int r = 0; r < RIGHT; ++r) {
      gsl_vector *y = gsl_vector_alloc(size);
      for (int i = 0; i < n; ++i) gsl_vector_set(y, (size_t)i, b[i * RIGHT + r]);
      gsl_linalg_cholesky_svx(factor, y);
      for (int i = 0; i < n; ++i) {
        worst = fmax(worst, fabs(x[i * RIGHT + r] - gsl_vector_get(y, (size_t)i)));
      }
      gsl_vector_free(y);
    }
    assert_all_true(worst < TOLERANCE);
    // Hager's estimate is a lower bound of the condition number, seldom below a third of it.
    gsl_vector *values = reference_spectrum(a, n);
    const double least = gsl_vector_get(values, size - 1) / gsl_vector_get(values, 0) / 3;
    assert_all_true(result.condition >= least && result.condition <= 3 * n * least);
    gsl_vector_free(values);
    gsl_matrix_free(factor);
    rb_matrix_destroy(&matrix);
    rb_matrix_destroy(&right);
    free(a);
    free(b);
    free(x);
  }
  rb_grid_destroy(&grid);
}

static void transposed_product_and_diagonal(void **state) {
  (void)state;
  enum { ROWS = 130, COLUMNS = 70, RIGHT = 5 };
  rb_grid grid = {0};
  rb_matrix a = {0}, b = {0}, product = {0}, square = {0};
  assert_all_ok(rb_grid_create(&test_context, &grid));
  assert_all_ok(rb_matrix_create(&test_context, &grid, ROWS, COLUMNS, &a));
  assert_all_ok(rb_matrix_create(&test_context, &grid, ROWS, RIGHT, &b));
  assert_all_ok(rb_matrix_create(&test_context, &grid, COLUMNS, RIGHT, &product));
  assert_all_ok(rb_matrix_create(&test_context, &grid, ROWS, ROWS, &square));
  static double whole_a[ROWS * COLUMNS], whole_b[ROWS * RIGHT], whole[COLUMNS * RIGHT];
  static double whole_square[ROWS * ROWS], diagonal[ROWS];
  for (int i = 0; i < ROWS * COLUMNS; ++i) whole_a[i] = random_number(1, i);
  for (int i = 0; i < ROWS * RIGHT; ++i) whole_b[i] = random_number(2, i);
  for (int i = 0; i < ROWS * ROWS; ++i) whole_square[i] = i;
  rb_matrix_scatter(&a, whole_a);
  rb_matrix_scatter(&b, whole_b);
  rb_matrix_scatter(&square, whole_square);
  assert_all_ok(rb_matrix_multiply(&test_context, true, &a, &b, &product));
  assert_all_ok(rb_matrix_gather(&test_context, &product, whole));
  rb_matrix_add_to_diagonal(&square, 3);
  assert_all_ok(rb_matrix_diagonal(&test_context, &square, diagonal));
  double worst = 0;
  for (int j = 0; j < COLUMNS; ++j) {
    for (int r = 0; r < RIGHT; ++r) {
      double sum = 0;
      for (int i = 0; i < ROWS; ++i) sum += whole_a[i * COLUMNS + j] * whole_b[i * RIGHT + r];
      worst = fmax(worst, fabs(sum - whole[j * RIGHT + r]));
    }
  }
  for (int i = 0; i < ROWS; ++i) worst = fmax(worst, fabs(diagonal[i] - i * (ROWS + 1) - 3));
  assert_all_true(worst < TOLERANCE);
  rb_matrix_destroy(&a);
  rb_matrix_destroy(&b);
  rb_matrix_destroy(&product);
  rb_matrix_destroy(&square);
  rb_grid_destroy(&grid);
}

/* A matrix that is not positive definite tells the first bad row, on every rank. */
static void bad_pivot_is_told(void **state) {
  (void)state;
  enum { N = 150, BAD = 101 };
  rb_grid grid = {0};
  rb_matrix matrix = {0};
  rb_cholesky result = {0};
  static double whole[N * N];
  for (int i = 0; i < N; ++i) whole[i * N + i] = i == BAD ? -1 : 1;
  assert_all_ok(rb_grid_create(&test_context, &grid));
  assert_all_ok(rb_matrix_create(&test_context, &grid, N, N, &matrix));
  rb_matrix_scatter(&matrix, whole);
  assert_all_ok(rb_matrix_cholesky(&test_context, &matrix, &result));
  assert_all_true(result.failed_row == BAD && isinf(result.condition));
  rb_matrix_destroy(&matrix);
  rb_grid_destroy(&grid);
}

static void impossible_sizes_are_refused(void **state) {
  (void)state;
  rb_grid grid = {0};
  rb_matrix matrix = {0};
  assert_all_ok(rb_grid_create(&test_context, &grid));
  assert_all_true(rb_matrix_create(&test_context, &grid, 0, 3, &matrix) == RB_ERR_SETTING);
  rb_error_clear(&test_context);
  assert_all_true(rb_matrix_create(&test_context, &grid, 3, INT64_C(1) << 32, &matrix) ==
                  RB_ERR_SETTING);
  rb_error_clear(&test_context);
  rb_grid_destroy(&grid);
}

enum { ALARM_SIZE = 1200 };

static void ask(int number) {
  (void)number;
  (void)raise(SIGUSR1);
}

/* Factors a matrix while the last rank's clock asks to stop after @p microseconds. */
static rb_status factor_until(bool cholesky, int microseconds) {
  const struct itimerval when = {.it_value = {0, microseconds}}, never = {0};
  rb_grid grid = {0};
  rb_matrix matrix = {0}, vectors = {0};
  rb_cholesky result = {0};
  static double values[ALARM_SIZE];
  assert_all_ok(rb_grid_create(&test_context, &grid));
  assert_all_ok(rb_matrix_create(&test_context, &grid, ALARM_SIZE, ALARM_SIZE, &matrix));
  assert_all_ok(rb_matrix_create(&test_context, &grid, ALARM_SIZE, ALARM_SIZE, &vectors));
  for (int j = 0; j < matrix.local_columns; ++j) {
    for (int i = 0; i < matrix.local_rows; ++i) {
      const int row = rb_matrix_row(&matrix, i), column = rb_matrix_column(&matrix, j);
      matrix.value[i + (int64_t)j * matrix.leading] =
          row == column ? ALARM_SIZE : sin(row + column);
    }
  }
  if (test_context.rank == test_context.size - 1) {
    (void)signal(SIGALRM, ask);
    (void)setitimer(ITIMER_REAL, &when, NULL);
  }
  const rb_status status = cholesky ? rb_matrix_cholesky(&test_context, &matrix, &result)
                                    : rb_matrix_eigen(&test_context, &matrix, values, &vectors);
  if (test_context.rank == test_context.size - 1) (void)setitimer(ITIMER_REAL, &never, NULL);
  rb_matrix_destroy(&matrix);
  rb_matrix_destroy(&vectors);
  rb_grid_destroy(&grid);
  (void)rb_signals_agree(&test_context);
  test_context.stop = false;
  rb_error_clear(&test_context);
  return status;
}

/* A request to stop ends a factorisation on all ranks, before it or within it. */
static void a_signal_stops_a_factorisation(void **state) {
  (void)state;
  rb_signals_block();
  for (int cholesky = 0; cholesky < 2; ++cholesky) {
    if (test_context.rank == 0) (void)raise(SIGTERM);
    assert_all_true(factor_until(cholesky, 0) == RB_STOPPED);
    assert_all_true(factor_until(cholesky, 0) == RB_OK);
  }
  assert_all_true(factor_until(false, 1000) == RB_STOPPED);  // a thousandth of the time it takes
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(grid_holds_every_rank),
                                          cmocka_unit_test(gather_undoes_scatter),
                                          cmocka_unit_test(memory_falls_with_the_ranks),
                                          cmocka_unit_test(spectrum_and_vectors_equal_gsl),
                                          cmocka_unit_test(solutions_equal_gsl),
                                          cmocka_unit_test(transposed_product_and_diagonal),
                                          cmocka_unit_test(bad_pivot_is_told),
                                          cmocka_unit_test(impossible_sizes_are_refused),
                                          cmocka_unit_test(a_signal_stops_a_factorisation)};
RB_TEST_MAIN(tests)
