#include "rheobase/analysis/two_sample.h"

#include <gsl/gsl_sort.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/base/memory.h"
#include "rheobase/model/model.h"

enum {
  FOLDS = 5,
  ITERATIONS = 12,
  MAX_FEATURES = 1 + RB_MAX_PARAMETERS + RB_MAX_PARAMETERS * (RB_MAX_PARAMETERS + 1) / 2
};
static const double RIDGE = 1e-3;

/* Both sets as rows of features, with labels 0 and 1. */
typedef struct classification {
  int64_t count;  // of rows
  int features;
  double *row;      // (count, features)
  double *hessian;  // (features, features)
  double coefficient[MAX_FEATURES];
} classification;

static void expand(int dim, const double *x, const double *mean, const double *sd, double *row) {
  double z[RB_MAX_PARAMETERS];
  int k = 0;
  row[k++] = 1.0;
  for (int i = 0; i < dim; ++i) row[k++] = z[i] = (x[i] - mean[i]) / sd[i];
  for (int i = 0; i < dim; ++i) {
    for (int j = 0; j <= i; ++j) row[k++] = z[i] * z[j];
  }
}

static void standardisation(int dim, int64_t count, const double *a, const double *b, double *mean,
                            double *sd) {
  for (int d = 0; d < dim; ++d) {
    double sum = 0.0, squares = 0.0;
    for (int64_t i = 0; i < count; ++i) sum += a[i * dim + d] + b[i * dim + d];
    mean[d] = sum / (double)(2 * count);
    for (int64_t i = 0; i < count; ++i) {
      const double u = a[i * dim + d] - mean[d], v = b[i * dim + d] - mean[d];
      squares += u * u + v * v;
    }
    sd[d] = squares > 0.0 ? sqrt(squares / (double)(2 * count)) : 1.0;
  }
}

/* Rows of the two sets alternate, so that every fold has as many of each. */
static int label(int64_t row) { return (int)(row % 2); }
static int fold(int64_t row) { return (int)(row / 2 % FOLDS); }

static double score(const classification *c, int64_t row) {
  const double *x = &c->row[row * c->features];
  double sum = 0.0;
  for (int k = 0; k < c->features; ++k) sum += c->coefficient[k] * x[k];
  return sum;
}

/* Solves hessian * step = gradient by Cholesky's method, in place. */
static void solve(int n, double *m, double *v) {
  for (int j = 0; j < n; ++j) {
    for (int i = j; i < n; ++i) {
      double sum = m[i * n + j];
      for (int k = 0; k < j; ++k) sum -= m[i * n + k] * m[j * n + k];
      m[i * n + j] = i == j ? sqrt(sum) : sum / m[j * n + j];
    }
  }
  for (int i = 0; i < n; ++i) {
    for (int k = 0; k < i; ++k) v[i] -= m[i * n + k] * v[k];
    v[i] /= m[i * n + i];
  }
  for (int i = n - 1; i >= 0; --i) {
    for (int k = i + 1; k < n; ++k) v[i] -= m[k * n + i] * v[k];
    v[i] /= m[i * n + i];
  }
}

/* Newton's method on the penalised likelihood of all rows outside fold `held`. */
static void train(classification *c, int held) {
  const int n = c->features;
  memset(c->coefficient, 0, sizeof c->coefficient);
  for (int iteration = 0; iteration < ITERATIONS; ++iteration) {
    double gradient[MAX_FEATURES] = {0}, penalty = RIDGE * (double)c->count;
    memset(c->hessian, 0, (size_t)(n * n) * sizeof *c->hessian);
    for (int64_t r = 0; r < c->count; ++r) {
      if (fold(r) == held) continue;
      const double *x = &c->row[r * n], p = 1.0 / (1.0 + exp(-score(c, r)));
      // A floor on the curvature keeps a step bounded where the sets are disjoint.
      const double error = label(r) - p, curvature = fmax(p * (1.0 - p), 1e-3);
      for (int i = 0; i < n; ++i) {
        gradient[i] += error * x[i];
        for (int j = 0; j <= i; ++j) c->hessian[i * n + j] += curvature * x[i] * x[j];
      }
    }
    for (int i = 0; i < n; ++i) {
      gradient[i] -= penalty * c->coefficient[i];
      c->hessian[i * n + i] += penalty;
    }
    solve(n, c->hessian, gradient);
    for (int i = 0; i < n; ++i) c->coefficient[i] += gradient[i];
  }
}

rb_status rb_c2st(rb_context *ctx, int dim, int64_t count, const double *a, const double *b,
                  double *accuracy) {
  rb_status status = RB_OK;
  classification c = {.count = 2 * count, .features = 1 + dim + dim * (dim + 1) / 2};
  double mean[RB_MAX_PARAMETERS], sd[RB_MAX_PARAMETERS];
  int64_t right = 0;
  if (count < 50) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "a two-sample test needs at least 50 draws of each set");
  }
  RB_TRY(RB_ALLOCATE(ctx, c.row, c.count * c.features));
  RB_TRY(RB_ALLOCATE(ctx, c.hessian, c.features * c.features));
  standardisation(dim, count, a, b, mean, sd);
  for (int64_t r = 0; r < c.count; ++r) {
    const double *x = label(r) == 0 ? &a[r / 2 * dim] : &b[r / 2 * dim];
    expand(dim, x, mean, sd, &c.row[r * c.features]);
  }
  for (int held = 0; held < FOLDS; ++held) {
    train(&c, held);
    for (int64_t r = 0; r < c.count; ++r) {
      if (fold(r) == held) right += (score(&c, r) > 0.0) == (label(r) == 1);
    }
  }
  *accuracy = (double)right / (double)c.count;
cleanup:
  free(c.row);
  free(c.hessian);
  return status;
}

rb_status rb_wasserstein(rb_context *ctx, int dim, int64_t a_count, const double *a,
                         int64_t b_count, const double *b, double *distance) {
  rb_status status = RB_OK;
  double *u = NULL, *v = NULL;
  RB_TRY(RB_ALLOCATE(ctx, u, a_count));
  RB_TRY(RB_ALLOCATE(ctx, v, b_count));
  for (int d = 0; d < dim; ++d) {
    for (int64_t i = 0; i < a_count; ++i) u[i] = a[i * dim + d];
    for (int64_t i = 0; i < b_count; ++i) v[i] = b[i * dim + d];
    gsl_sort(u, 1, (size_t)a_count);
    gsl_sort(v, 1, (size_t)b_count);
    double sum = 0.0, previous = fmin(u[0], v[0]);
    for (int64_t i = 0, j = 0; i < a_count || j < b_count;) {
      const bool from_a = j == b_count || (i < a_count && u[i] <= v[j]);
      const double x = from_a ? u[i] : v[j];
      sum += fabs((double)i / (double)a_count - (double)j / (double)b_count) * (x - previous);
      previous = x;
      if (from_a) {
        ++i;
      } else {
        ++j;
      }
    }
    distance[d] = sum;
  }
cleanup:
  free(u);
  free(v);
  return status;
}
