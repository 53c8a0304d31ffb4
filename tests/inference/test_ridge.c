#include <gsl/gsl_blas.h>
#include <gsl/gsl_eigen.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_sort_vector.h>

#include "inference/ridge.h"
#include "rb_test.h"
#include "rheobase/parallel/partition.h"
#include "rheobase/random/philox.h"

enum { N = 400, F = 131, R = 2, CONSTANT = 70, CHUNK = 33 };
static const double TOLERANCE = 1e-10;

static double uniform(int item, int index) {
  const rb_stream stream = rb_stream_make(5, RB_FOR_TESTS, RB_RANDOM_PICKS, 0, (uint64_t)item);
  return rb_stream_uniform(stream, (uint32_t)index) - 0.5;
}

/* Correlated features of different scales and offsets, one of them constant; noisy responses. */
static void fill_row(int i, double *x, double *y) {
  for (int j = 0; j < F; ++j) {
    x[j] = 3 + (1 + j % 3) * (uniform(i, j) + 0.5 * uniform(i, (j + 1) % F));
  }
  x[CONSTANT] = 2;
  y[0] = 10 + x[0] - 2 * x[5] + uniform(i, F);
  y[1] = x[7] * x[8] + uniform(i, F + 1);
}

static void fit(double penalty, rb_ridge *ridge) {
  rb_grid grid = {0};
  rb_gram *gram = NULL;
  rb_ridge_moments moments = {0};
  static double x[CHUNK * F], y[CHUNK * R];
  assert_all_ok(rb_grid_create(&test_context, &grid));
  assert_all_ok(rb_gram_create(&test_context, &grid, F, CHUNK, &gram));
  assert_all_ok(rb_ridge_moments_create(&test_context, F, R, &moments));
  const rb_partition partition = rb_partition_make(&test_context, N, CHUNK);
  for (int64_t round = 0; round < partition.rounds; ++round) {
    const rb_range range = rb_partition_round(&partition, round);
    for (int i = 0; i < (int)range.count; ++i) {
      fill_row((int)range.first + i, x + (ptrdiff_t)i * F, y + (ptrdiff_t)i * R);
    }
    rb_ridge_moments_add(&moments, range.count, x, y);
    assert_all_ok(rb_gram_add(&test_context, gram, range.count, x));
  }
  rb_ridge_moments_reduce(&test_context, &moments);
  assert_all_true(moments.count == N);
  assert_all_ok(rb_ridge_fit(&test_context, gram, &moments, penalty, ridge));
  rb_ridge_moments_destroy(&moments);
  rb_gram_destroy(gram);
  rb_grid_destroy(&grid);
}

/* The same regression by textbook formulas on whole, centred and scaled data, through GSL. */
typedef struct reference {
  gsl_matrix *x;     // (N, F) standardised
  gsl_vector *y[R];  // (N) standardised
  double x_sd[F], y_sd[R];
  gsl_matrix *correlation;  // (F, F)
} reference;

static reference reference_create(void) {
  reference ref = {.x = gsl_matrix_alloc(N, F), .correlation = gsl_matrix_alloc(F, F)};
  double row[F], response[R];
  for (int k = 0; k < R; ++k) ref.y[k] = gsl_vector_alloc(N);
  for (int i = 0; i < N; ++i) {
    fill_row(i, row, response);
    for (int j = 0; j < F; ++j) gsl_matrix_set(ref.x, (size_t)i, (size_t)j, row[j]);
    for (int k = 0; k < R; ++k) gsl_vector_set(ref.y[k], (size_t)i, response[k]);
  }
  for (int c = 0; c < F + R; ++c) {
    gsl_vector column = c < F ? gsl_matrix_column(ref.x, (size_t)c).vector : *ref.y[c - F];
    double mean = 0, square = 0;
    for (size_t i = 0; i < N; ++i) mean += gsl_vector_get(&column, i) / N;
    gsl_vector_add_constant(&column, -mean);
    for (size_t i = 0; i < N; ++i) square += pow(gsl_vector_get(&column, i), 2) / N;
    const double sd = c == CONSTANT ? 0 : sqrt(square);
    if (sd > 0) gsl_vector_scale(&column, 1 / sd);
    *(c < F ? &ref.x_sd[c] : &ref.y_sd[c - F]) = sd;
  }
  gsl_blas_dgemm(CblasTrans, CblasNoTrans, 1.0 / N, ref.x, ref.x, 0, ref.correlation);
  return ref;
}

static void reference_destroy(reference *ref) {
  gsl_matrix_free(ref->x);
  gsl_matrix_free(ref->correlation);
  for (int k = 0; k < R; ++k) gsl_vector_free(ref->y[k]);
}

/* Coefficients of standardised data for one penalty. */
static gsl_vector *reference_solve(const reference *ref, int k, double penalty) {
  gsl_matrix *a = gsl_matrix_alloc(F, F);
  gsl_vector *w = gsl_vector_alloc(F);
  gsl_matrix_memcpy(a, ref->correlation);
  for (size_t j = 0; j < F; ++j) *gsl_matrix_ptr(a, j, j) += penalty;
  gsl_blas_dgemv(CblasTrans, 1.0 / N, ref->x, ref->y[k], 0, w);
  gsl_linalg_cholesky_decomp1(a);
  gsl_linalg_cholesky_svx(a, w);
  gsl_matrix_free(a);
  return w;
}

/* Score by its definition: residuals of the fit, and the trace of the hat matrix. */
static double reference_gcv(const reference *ref, int k, double penalty) {
  gsl_vector *w = reference_solve(ref, k, penalty), *residual = gsl_vector_alloc(N);
  gsl_vector_memcpy(residual, ref->y[k]);
  gsl_blas_dgemv(CblasNoTrans, -1, ref->x, w, 1, residual);
  gsl_matrix *a = gsl_matrix_alloc(F, F);
  gsl_matrix_memcpy(a, ref->correlation);
  for (size_t j = 0; j < F; ++j) *gsl_matrix_ptr(a, j, j) += penalty;
  gsl_linalg_cholesky_decomp1(a);
  double trace = 1;
  for (size_t j = 0; j < F; ++j) {
    gsl_vector_const_view column = gsl_matrix_const_column(ref->correlation, j);
    gsl_vector *v = gsl_vector_alloc(F);
    gsl_vector_memcpy(v, &column.vector);
    gsl_linalg_cholesky_svx(a, v);
    trace += gsl_vector_get(v, j);
    gsl_vector_free(v);
  }
  const double norm = gsl_blas_dnrm2(residual), left = 1 - trace / N;
  gsl_vector_free(w);
  gsl_vector_free(residual);
  gsl_matrix_free(a);
  return norm * norm / N / (left * left);
}

static double worst_coefficient(const reference *ref, const rb_ridge *ridge) {
  double worst = 0;
  for (int k = 0; k < R; ++k) {
    gsl_vector *w = reference_solve(ref, k, ridge->penalty[k]);
    for (int j = 0; j < F; ++j) {
      const double expected =
          ref->x_sd[j] > 0 ? gsl_vector_get(w, (size_t)j) * ref->y_sd[k] / ref->x_sd[j] : 0;
      worst = fmax(worst, fabs(expected - ridge->coefficient[j * R + k]));
    }
    gsl_vector_free(w);
  }
  return worst;
}

static void given_penalty_equals_gsl(void **state) {
  (void)state;
  rb_ridge ridge = {0};
  fit(0.01, &ridge);
  reference ref = reference_create();
  assert_all_true(worst_coefficient(&ref, &ridge) < TOLERANCE);
  assert_all_true(ridge.condition > 1 && ridge.condition < 1e6);
  reference_destroy(&ref);
  rb_ridge_destroy(&ridge);
}

static void cross_validation_equals_its_definition(void **state) {
  (void)state;
  rb_ridge ridge = {0};
  fit(0, &ridge);
  reference ref = reference_create();
  assert_all_true(worst_coefficient(&ref, &ridge) < TOLERANCE);
  gsl_vector *spectrum = gsl_vector_alloc(F);
  gsl_eigen_symm_workspace *work = gsl_eigen_symm_alloc(F);
  gsl_matrix *copy = gsl_matrix_alloc(F, F);
  gsl_matrix_memcpy(copy, ref.correlation);
  gsl_eigen_symm(copy, spectrum, work);
  gsl_sort_vector(spectrum);
  double worst = 0;
  for (int j = 0; j < F; ++j) {
    worst = fmax(worst, fabs(ridge.spectrum[j] - gsl_vector_get(spectrum, (size_t)j)));
  }
  for (int k = 0; k < R; ++k) {
    double lowest = INFINITY;
    for (int p = 60; p < RB_RIDGE_PENALTIES; p += 10) {
      const double expected = reference_gcv(&ref, k, ridge.grid[p]);
      worst = fmax(worst, fabs(ridge.gcv[p * R + k] - expected));
    }
    for (int p = 0; p < RB_RIDGE_PENALTIES; ++p) lowest = fmin(lowest, ridge.gcv[p * R + k]);
    worst = fmax(worst, fabs(reference_gcv(&ref, k, ridge.penalty[k]) - lowest));
  }
  assert_all_true(worst < TOLERANCE);
  gsl_vector_free(spectrum);
  gsl_eigen_symm_free(work);
  gsl_matrix_free(copy);
  reference_destroy(&ref);
  rb_ridge_destroy(&ridge);
}

static void predicts_at_the_mean_and_beyond(void **state) {
  (void)state;
  rb_ridge ridge = {0};
  fit(0, &ridge);
  double y[R], x[F];
  rb_ridge_predict(&ridge, ridge.centre, y);
  assert_all_true(y[0] == ridge.mean[0] && y[1] == ridge.mean[1]);
  memcpy(x, ridge.centre, sizeof x);
  x[5] += 1;
  rb_ridge_predict(&ridge, x, y);
  assert_all_true(fabs(y[0] - ridge.mean[0] - ridge.coefficient[5 * R]) < 1e-12);
  assert_all_true(fabs(ridge.coefficient[5 * R] + 2) < 0.2);
  rb_ridge_destroy(&ridge);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(given_penalty_equals_gsl),
                                          cmocka_unit_test(cross_validation_equals_its_definition),
                                          cmocka_unit_test(predicts_at_the_mean_and_beyond)};
RB_TEST_MAIN(tests)
