#include "regression.h"

#include <math.h>
#include <string.h>

static const double RIDGE = 1e-5, LEAST_RIDGE = 1e-8, LEAST_PIVOT = 1e-14;

void rb_window_moments_make(const rb_window_sums *s, rb_window_moments *m) {
  for (int i = 0; i < RB_VARIABLES; ++i) {
    m->mean[i] = s->sum[i] / s->count;
    for (int j = 0; j <= i; ++j) {
      const double c = s->product[i][j] / s->count - m->mean[i] * m->mean[j];
      m->covariance[i][j] = m->covariance[j][i] = i == j ? fmax(c, 0) : c;
    }
  }
}

/* Solves a x = b in place by elimination with the largest pivot of a column. */
static void solve(int n, double a[][RB_MOST_REGRESSORS], double *b) {
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
    const double pivot = copysign(fmax(fabs(a[k][k]), LEAST_PIVOT), a[k][k]);
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

rb_fit rb_regress(const rb_regression *r, const rb_window_moments *m) {
  double a[RB_MOST_REGRESSORS][RB_MOST_REGRESSORS] = {{0}};
  rb_fit fit = {.intercept = m->mean[RB_RISE], .rest = m->covariance[RB_RISE][RB_RISE]};
  for (int i = 0; i < r->count; ++i) {
    const double *own = m->covariance[r->instrument[i]];
    for (int j = 0; j < r->count; ++j) a[i][j] = own[r->regressor[j]];
    a[i][i] += RIDGE * m->covariance[r->regressor[i]][r->regressor[i]] + LEAST_RIDGE;
    fit.slope[i] = own[RB_RISE];
  }
  solve(r->count, a, fit.slope);
  for (int i = 0; i < r->count; ++i) {
    const rb_variable x = r->regressor[i];
    fit.intercept -= fit.slope[i] * m->mean[x];
    double shared = -2 * m->covariance[x][RB_RISE];
    for (int j = 0; j < r->count; ++j) {
      shared += fit.slope[j] * m->covariance[x][r->regressor[j]];
    }
    fit.rest += fit.slope[i] * shared;
  }
  fit.rest = fmax(fit.rest, 0);
  return fit;
}
