#include "regression.h"

#include <math.h>
#include <string.h>

#include "bounds.h"

static const double RIDGE = 1e-5, LEAST_RIDGE = 1e-8, LEAST_PIVOT = 1e-14;

void rb_window_moments_make(const rb_window_sums *s, int variables, rb_window_moments *m) {
  for (int i = 0; i < variables; ++i) {
    m->mean[i] = s->sum[i] / s->count;
    for (int j = 0; j <= i; ++j) {
      const double c = s->product[i][j] / s->count - m->mean[i] * m->mean[j];
      m->covariance[i][j] = m->covariance[j][i] = i == j ? rb_most(c, 0) : c;
    }
  }
}

#define INLINE static inline __attribute__((always_inline))

/* Solves a x = b in place by elimination with the largest pivot of a column. */
INLINE void solve(int n, double a[][RB_MOST_REGRESSORS], double *b) {
  for (int k = 0; k < n; ++k) {
    int largest = k;
    for (int i = k + 1; i < n; ++i) {
      if (fabs(a[i][k]) > fabs(a[largest][k])) largest = i;
    }
    for (int j = 0; largest != k && j <= n; ++j) {
      double *one = j < n ? &a[k][j] : &b[k], *other = j < n ? &a[largest][j] : &b[largest];
      const double kept = *one;
      *one = *other;
      *other = kept;
    }
    const double pivot = copysign(rb_most(fabs(a[k][k]), LEAST_PIVOT), a[k][k]);
    for (int i = k + 1; i < n; ++i) {
      const double factor = a[i][k] / pivot;
      for (int j = k; j < n; ++j) a[i][j] -= factor * a[k][j];
      b[i] -= factor * b[k];
    }
    a[k][k] = pivot;
  }
  for (int k = n - 1; k >= 0; --k) {
    for (int j = k + 1; j < n; ++j) b[k] -= a[k][j] * b[j];
    b[k] /= a[k][k];
  }
}

INLINE rb_fit regress(int n, const rb_regression *r, const rb_window_moments *m) {
  double a[RB_MOST_REGRESSORS][RB_MOST_REGRESSORS] = {{0}};
  rb_fit fit = {.intercept = m->mean[RB_RISE], .rest = m->covariance[RB_RISE][RB_RISE]};
  for (int i = 0; i < n; ++i) {
    const double *own = m->covariance[r->instrument[i]];
    for (int j = 0; j < n; ++j) a[i][j] = own[r->regressor[j]];
    a[i][i] += RIDGE * m->covariance[r->regressor[i]][r->regressor[i]] + LEAST_RIDGE;
    fit.slope[i] = own[RB_RISE];
  }
  solve(n, a, fit.slope);
  for (int i = 0; i < n; ++i) {
    const rb_variable x = r->regressor[i];
    fit.intercept -= fit.slope[i] * m->mean[x];
    double shared = -2 * m->covariance[x][RB_RISE];
    for (int j = 0; j < n; ++j) {
      shared += fit.slope[j] * m->covariance[x][r->regressor[j]];
    }
    fit.rest += fit.slope[i] * shared;
  }
  fit.rest = rb_most(fit.rest, 0);
  return fit;
}

/* Loops of a number of turns that is known are written out. */
rb_fit rb_regress(const rb_regression *r, const rb_window_moments *m) {
  switch (r->count) {
    case 2:
      return regress(2, r, m);
    case 4:
      return regress(4, r, m);
    default:
      return regress(r->count, r, m);
  }
}
