#include <gsl/gsl_blas.h>
#include <gsl/gsl_linalg.h>

#include "rb_test.h"
#include "rheobase/analysis/principal_components.h"
#include "rheobase/parallel/partition.h"
#include "rheobase/random/philox.h"

enum { N = 500, CHUNK = 37 };
static const double TOLERANCE = 1e-10;

/* Correlated vectors far from the origin. */
static void fill(int dim, int item, double *x) {
  const rb_stream stream = rb_stream_make(9, RB_FOR_TESTS, RB_RANDOM_PICKS, 0, (uint64_t)item);
  double walk = 0;
  for (int j = 0; j < dim; ++j) {
    const double step = rb_stream_uniform(stream, (uint32_t)j) - 0.5;
    walk += step;
    x[j] = -60 + walk + 0.3 * step;
  }
}

static void components(int dim, int keep, rb_components *c) {
  rb_component_sums *sums = NULL;
  double *centre = calloc((size_t)dim, sizeof *centre);
  double *x = calloc((size_t)dim * CHUNK, sizeof *x);
  for (int j = 0; j < dim; ++j) centre[j] = -60.5;
  assert_all_ok(rb_component_sums_create(&test_context, dim, centre, CHUNK, &sums));
  const rb_partition partition = rb_partition_make(&test_context, N, CHUNK);
  for (int64_t round = 0; round < partition.rounds; ++round) {
    const rb_range range = rb_partition_round(&partition, round);
    for (int i = 0; i < (int)range.count; ++i) {
      fill(dim, (int)range.first + i, x + (ptrdiff_t)i * dim);
    }
    assert_all_ok(rb_component_sums_add(&test_context, sums, range.count, x));
  }
  assert_all_ok(rb_components_finish(&test_context, sums, keep, c));
  rb_component_sums_destroy(sums);
  free(centre);
  free(x);
}

/* With all directions the distance is the textbook one: (x - m)' S^-1 (x - m), here through GSL's
 * Cholesky factor of the whole covariance. */
static void distance_equals_gsl(void **state) {
  (void)state;
  static const int dims[3] = {5, 64, 131};
  for (int s = 0; s < 3; ++s) {
    const int dim = dims[s];
    const size_t size = (size_t)dim;
    rb_components c = {0};
    components(dim, dim, &c);
    assert_all_true(c.kept == dim && c.rest_variance == 0);
    gsl_matrix *x = gsl_matrix_alloc(N, size), *covariance = gsl_matrix_alloc(size, size);
    double *mean = calloc(size, sizeof *mean), *work = calloc(size, sizeof *work), worst = 0;
    for (int i = 0; i < N; ++i) fill(dim, i, gsl_matrix_ptr(x, (size_t)i, 0));
    for (size_t i = 0; i < N * size; ++i) mean[i % size] += x->data[i] / N;
    for (size_t i = 0; i < N * size; ++i) x->data[i] -= mean[i % size];
    gsl_blas_dgemm(CblasTrans, CblasNoTrans, 1.0 / (N - 1), x, x, 0, covariance);
    gsl_linalg_cholesky_decomp1(covariance);
    for (int i = 0; i < 20; ++i) {
      double *row = calloc(size, sizeof *row);
      gsl_vector *y = gsl_vector_alloc(size);
      fill(dim, 1000 + i, row);
      for (size_t j = 0; j < size; ++j) gsl_vector_set(y, j, row[j] - mean[j]);
      gsl_blas_dtrsv(CblasLower, CblasNoTrans, CblasNonUnit, covariance, y);
      const double expected = gsl_blas_dnrm2(y), square = expected * expected;
      double rest = 0;
      const double front = rb_components_distance(&c, dim / 2, row, work, &rest);
      worst = fmax(worst, fabs(front + rest - square) / square);
      gsl_vector_free(y);
      free(row);
    }
    assert_all_true(worst < TOLERANCE);
    gsl_matrix_free(x);
    gsl_matrix_free(covariance);
    free(mean);
    free(work);
    rb_components_destroy(&c);
  }
}

/* Directions that are not kept share the mean of their variances, and nothing is lost. */
static void rest_shares_one_variance(void **state) {
  (void)state;
  enum { DIM = 70, KEEP = 7 };
  rb_components all = {0}, few = {0};
  components(DIM, DIM, &all);
  components(DIM, KEEP, &few);
  assert_all_true(few.kept == KEEP);
  double mean = 0, worst = 0, x[DIM], work[DIM];
  for (int j = KEEP; j < DIM; ++j) mean += all.spectrum[j] / (DIM - KEEP);
  worst = fabs(mean - few.rest_variance);
  for (int i = 0; i < 5; ++i) {
    double rest = 0, total = 0, inside = 0;
    fill(DIM, 2000 + i, x);
    const double front = rb_components_distance(&few, KEEP, x, work, &rest);
    worst = fmax(worst, fabs(front - rb_components_distance(&all, KEEP, x, work, NULL)));
    for (int j = 0; j < DIM; ++j) total += (x[j] - all.mean[j]) * (x[j] - all.mean[j]);
    for (int k = 0; k < KEEP; ++k) {
      double score = 0;
      for (int j = 0; j < DIM; ++j) score += all.axis[k * DIM + j] * (x[j] - all.mean[j]);
      inside += score * score;
    }
    worst = fmax(worst, fabs(rest - (total - inside) / mean));
  }
  assert_all_true(worst < 1e-8);
  rb_components_destroy(&all);
  rb_components_destroy(&few);
}

static void directions_without_variance_are_left_out(void **state) {
  (void)state;
  enum { DIM = 6 };
  rb_component_sums *sums = NULL;
  rb_components c = {0};
  double centre[DIM] = {-60, -60}, x[DIM] = {0};
  assert_all_ok(rb_component_sums_create(&test_context, DIM, centre, 1, &sums));
  for (int i = 0; i < 40; ++i) {
    fill(2, i * test_context.size + test_context.rank, x);
    for (int j = 2; j < DIM; ++j) x[j] = x[0] - x[1];
    assert_all_ok(rb_component_sums_add(&test_context, sums, 1, x));
  }
  assert_all_ok(rb_components_finish(&test_context, sums, DIM, &c));
  assert_all_true(c.kept == 2 && c.rest_variance == 0);
  rb_components_destroy(&c);
  rb_component_sums_destroy(sums);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(distance_equals_gsl), cmocka_unit_test(rest_shares_one_variance),
    cmocka_unit_test(directions_without_variance_are_left_out)};
RB_TEST_MAIN(tests)
