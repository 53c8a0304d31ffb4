#include "bend.h"

#include <gsl/gsl_cblas.h>
#include <gsl/gsl_eigen.h>
#include <gsl/gsl_linalg.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/base/memory.h"

enum { ROWS = 256, VALUES_PER_TERM = 10, MOST_TERMS = 816 };  // of 15 variables up to degree 3
static const double REACH = 3.5;  // beyond it, in standard deviations, polynomials go on level

void rb_bend_none(int dim, rb_bend *bend) { *bend = (rb_bend){.dim = dim}; }

/* Monomials of `variables` up to a degree. */
static int terms_of(int variables, int degree) {
  double count = 1;
  for (int i = 1; i <= degree; ++i) count = count * (variables + i) / i;
  return (int)(count + 0.5);
}

/* Appends the monomials in which variable v is the last; those of the first variables are therefore
 * the first. @param u (v + 1) within +-REACH @return how many there are then */
static int append(int degree, int v, const double *u, double *term, int count) {
  term[count++] = u[v];
  for (int a = 0; degree > 1 && a <= v; ++a) {
    const double two = u[v] * u[a];
    term[count++] = two;
    for (int b = 0; degree > 2 && b <= a; ++b) term[count++] = two * u[b];
  }
  return count;
}

static double within(double u) { return fmax(-REACH, fmin(REACH, u)); }

static double dot(int count, const double *a, const double *b) {
  double sum = 0;
  for (int i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

static void multiply(int dim, const double *m, const double *x, double *y) {
  for (int i = 0; i < dim; ++i) y[i] = dot(dim, &m[i * dim], x);
}

static void to_axes(const rb_bend *bend, const double *x, double *u) {
  double moved[RB_MAX_PARAMETERS];
  for (int d = 0; d < bend->dim; ++d) moved[d] = x[d] - bend->mean[d];
  multiply(bend->dim, bend->axis, moved, u);
}

/* All monomials of the coordinates but the last. @param term (MOST_TERMS) */
static int monomials(const rb_bend *bend, const double *u, double *term) {
  double near[RB_MAX_PARAMETERS];
  int count = 1;
  term[0] = 1;
  for (int v = 0; v < bend->dim - 1; ++v) {
    near[v] = within(u[v]);
    count = append(bend->degree, v, near, term, count);
  }
  return count;
}

void rb_bend_straighten(const rb_bend *bend, const double *x, double *z) {
  const int D = bend->dim;
  double u[RB_MAX_PARAMETERS], term[MOST_TERMS];
  if (bend->degree == 0) {
    memmove(z, x, (size_t)D * sizeof *x);
    return;
  }
  to_axes(bend, x, u);
  (void)monomials(bend, u, term);
  const double *coefficient = bend->coefficient;
  for (int i = 0; i < D; ++i) {
    const int count = terms_of(i, bend->degree);
    z[i] = u[i] - dot(count, coefficient, term);
    coefficient += count;
  }
}

void rb_bend_back(const rb_bend *bend, const double *z, double *x) {
  const int D = bend->dim;
  double u[RB_MAX_PARAMETERS], near[RB_MAX_PARAMETERS], term[MOST_TERMS] = {1};
  if (bend->degree == 0) {
    memmove(x, z, (size_t)D * sizeof *z);
    return;
  }
  const double *coefficient = bend->coefficient;
  int count = 1;
  for (int i = 0; i < D; ++i) {
    u[i] = z[i] + dot(count, coefficient, term);
    coefficient += count;
    near[i] = within(u[i]);
    if (i < D - 1) count = append(bend->degree, i, near, term, count);
  }
  multiply(D, bend->back, u, x);
  for (int d = 0; d < D; ++d) x[d] += bend->mean[d];
}

static double scale_of(const double *scale, int d) { return scale != NULL ? scale[d] : 1.0; }

/* Mean, axes and log_det from weighted values. */
static void find_axes(const double *scale, int64_t count, const double *value, const double *weight,
                      bool short_first, rb_bend *bend) {
  const int D = bend->dim;
  double covariance[RB_MAX_PARAMETERS * RB_MAX_PARAMETERS] = {0}, length[RB_MAX_PARAMETERS];
  double vector[RB_MAX_PARAMETERS * RB_MAX_PARAMETERS];
  for (int64_t n = 0; n < count; ++n) {
    for (int d = 0; d < D; ++d) bend->mean[d] += weight[n] * value[n * D + d];
  }
  for (int64_t n = 0; n < count; ++n) {
    double moved[RB_MAX_PARAMETERS];
    for (int d = 0; d < D; ++d) {
      moved[d] = (value[n * D + d] - bend->mean[d]) / scale_of(scale, d);
      for (int e = 0; e <= d; ++e) covariance[d * D + e] += weight[n] * moved[d] * moved[e];
    }
  }
  gsl_matrix_view c = gsl_matrix_view_array(covariance, (size_t)D, (size_t)D);
  gsl_matrix_view v = gsl_matrix_view_array(vector, (size_t)D, (size_t)D);
  gsl_vector_view l = gsl_vector_view_array(length, (size_t)D);
  gsl_eigen_symmv_workspace *work = gsl_eigen_symmv_alloc((size_t)D);
  (void)gsl_eigen_symmv(&c.matrix, &l.vector, &v.matrix, work);
  (void)gsl_eigen_symmv_sort(&l.vector, &v.matrix,
                             short_first ? GSL_EIGEN_SORT_VAL_ASC : GSL_EIGEN_SORT_VAL_DESC);
  gsl_eigen_symmv_free(work);
  for (int i = 0; i < D; ++i) {
    const double sd = sqrt(fmax(length[i], 1e-300));
    bend->log_det -= log(sd) + log(scale_of(scale, i));
    for (int d = 0; d < D; ++d) {
      bend->axis[i * D + d] = vector[d * D + i] / (sd * scale_of(scale, d));
      bend->back[d * D + i] = vector[d * D + i] * sd * scale_of(scale, d);
    }
  }
}

/* Adds the weighted products of the monomials with each other, and with the coordinates.
 * @param gram (terms, terms) lower triangle @param right (terms, D) */
static rb_status add_products(rb_context *ctx, const rb_bend *bend, int64_t count,
                              const double *value, const double *weight, int terms, double *gram,
                              double *right) {
  rb_status status = RB_OK;
  const int D = bend->dim;
  double *row = NULL, *coordinate = NULL;
  RB_TRY(RB_ALLOCATE(ctx, row, ROWS * terms));
  RB_TRY(RB_ALLOCATE(ctx, coordinate, ROWS * D));
  for (int64_t first = 0; first < count; first += ROWS) {
    const int rows = (int)(count - first < ROWS ? count - first : ROWS);
    for (int r = 0; r < rows; ++r) {
      const double root = sqrt(weight[first + r]);
      double *term = &row[r * terms], *u = &coordinate[r * D];
      to_axes(bend, &value[(first + r) * D], u);
      (void)monomials(bend, u, term);
      for (int i = 0; i < terms; ++i) term[i] *= root;
      for (int d = 0; d < D; ++d) u[d] *= root;
    }
    cblas_dsyrk(CblasRowMajor, CblasLower, CblasTrans, terms, rows, 1, row, terms, 1, gram, terms);
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, terms, D, rows, 1, row, terms, coordinate,
                D, 1, right, D);
  }
cleanup:
  free(row);
  free(coordinate);
  return status;
}

/* Ridge regressions of each coordinate on the monomials of those before it: leading blocks of one
 * Cholesky factor. */
static rb_status regress(rb_context *ctx, int64_t count, const double *value, const double *weight,
                         double effective, rb_bend *bend) {
  rb_status status = RB_OK;
  const int D = bend->dim, terms = terms_of(D - 1, bend->degree);
  double *gram = NULL, *right = NULL, *coefficient = bend->coefficient;
  RB_TRY(RB_ALLOCATE(ctx, gram, terms * terms));
  RB_TRY(RB_ALLOCATE(ctx, right, terms * D));
  RB_TRY(add_products(ctx, bend, count, value, weight, terms, gram, right));
  for (int i = 0; i < terms; ++i) gram[i * terms + i] += 1.0 / effective;
  gsl_matrix_view g = gsl_matrix_view_array(gram, (size_t)terms, (size_t)terms);
  (void)gsl_linalg_cholesky_decomp1(&g.matrix);
  for (int i = 0; i < D; ++i) {
    const int own = terms_of(i, bend->degree);
    for (int t = 0; t < own; ++t) coefficient[t] = right[t * D + i];
    cblas_dtrsv(CblasRowMajor, CblasLower, CblasNoTrans, CblasNonUnit, own, gram, terms,
                coefficient, 1);
    cblas_dtrsv(CblasRowMajor, CblasLower, CblasTrans, CblasNonUnit, own, gram, terms, coefficient,
                1);
    coefficient += own;
  }
cleanup:
  free(gram);
  free(right);
  return status;
}

/* Sum of the logarithms of the straightened coordinates' variances: the less, the more is known of
 * a coordinate from those before it. */
static double log_spread(const rb_bend *bend, int64_t count, const double *value,
                         const double *weight) {
  const int D = bend->dim;
  double mean[RB_MAX_PARAMETERS] = {0}, square[RB_MAX_PARAMETERS] = {0}, sum = 0;
  for (int64_t n = 0; n < count; ++n) {
    double z[RB_MAX_PARAMETERS];
    rb_bend_straighten(bend, &value[n * D], z);
    for (int d = 0; d < D; ++d) {
      mean[d] += weight[n] * z[d];
      square[d] += weight[n] * z[d] * z[d];
    }
  }
  for (int d = 0; d < D; ++d) sum += log(fmax(square[d] - mean[d] * mean[d], 1e-300));
  return sum;
}

/* The highest degree whose coefficients the values can tell. */
static int degree_for(int dim, double effective) {
  int degree = RB_BEND_DEGREE;
  while (degree > 0 && VALUES_PER_TERM * terms_of(dim - 1, degree) > effective) --degree;
  return degree;
}

rb_status rb_bend_fit(rb_context *ctx, int dim, const double *scale, int64_t count,
                      const double *value, const double *weight, rb_bend *bend) {
  rb_status status = RB_OK;
  double squares = 0, least = INFINITY;
  for (int64_t n = 0; n < count; ++n) squares += weight[n] * weight[n];
  rb_bend_none(dim, bend);
  const int degree = degree_for(dim, 1 / squares);
  if (degree == 0) goto cleanup;
  for (int short_first = 0; short_first < 2; ++short_first) {
    rb_bend tried = {.dim = dim, .degree = degree};
    find_axes(scale, count, value, weight, short_first, &tried);
    RB_TRY(regress(ctx, count, value, weight, 1 / squares, &tried));
    const double spread = log_spread(&tried, count, value, weight);
    if (spread < least) *bend = tried;
    least = fmin(least, spread);
  }
cleanup:
  return status;
}
