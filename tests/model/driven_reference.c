#include "driven_reference.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_REGRESSORS = 5, LAGS = 8 };

/* Columns of the windows of a lag. */
typedef struct windows {
  int64_t lag, count;
  double *a, *b, *m, *M, *J, *J_before, *h[3], *rise;
  int64_t *age; /* samples since the last event; -1: there is none */
} windows;

typedef struct output {
  double *to;
  int count;
} output;

static void put(output *out, double value) { out->to[out->count++] = value; }

static bool blocked(const driven_recordings *d, int64_t r, int64_t t) {
  return t < 0 || t >= d->T || d->hidden[r * d->T + t] != 0 || d->event[r * d->T + t] != 0;
}

static bool is_free(const driven_recordings *d, int64_t r, int64_t from, int64_t to) {
  for (int64_t t = from; t <= to; ++t) {
    if (blocked(d, r, t)) return false;
  }
  return true;
}

static int64_t duration(const driven_recordings *d, int64_t r) {
  int64_t end = 0;
  for (int64_t t = 0; t < d->T; ++t) {
    if (d->hidden[r * d->T + t] == 0 || d->event[r * d->T + t] != 0) end = t + 1;
  }
  return end;
}

static double average(const double *x, int64_t from, int64_t to) {
  double sum = 0;
  for (int64_t t = from; t < to; ++t) sum += x[t];
  return sum / (double)(to - from);
}

static double trace(const driven_recordings *d, int64_t r, int64_t t, double tau) {
  double sum = 0;
  for (int64_t s = 0; s <= t; ++s) {
    if (d->event[r * d->T + s]) sum += exp(-(double)(t - s) / tau);
  }
  return sum;
}

static windows gather(const driven_recordings *d, int64_t lag) {
  static const double TAU[] = {50, 250, 1000};
  const size_t most = (size_t)(d->T * d->K);
  const int64_t hop = lag / 4 > 1 ? lag / 4 : 1;
  windows w = {.lag = lag, .age = malloc(most * sizeof *w.age)};
  double **const columns[] = {&w.a,        &w.b,    &w.m,    &w.M,    &w.J,
                              &w.J_before, &w.h[0], &w.h[1], &w.h[2], &w.rise};
  for (size_t i = 0; i < sizeof columns / sizeof *columns; ++i) {
    *columns[i] = malloc(most * sizeof(double));
  }
  for (int64_t r = 0; r < d->K; ++r) {
    const double *v = d->v + r * d->T, *I = d->I + r * d->T;
    for (int64_t t = lag; t + lag < d->T; t += hop) {
      if (!is_free(d, r, t - lag, t + lag)) continue;
      const int64_t n = w.count++;
      w.a[n] = v[t];
      w.b[n] = v[t + lag];
      w.rise[n] = v[t + lag] - v[t];
      w.m[n] = average(v, t - lag, t);
      w.M[n] = average(v, t, t + lag);
      w.J[n] = average(I, t, t + lag);
      w.J_before[n] = average(I, t - lag, t);
      for (int i = 0; i < 3; ++i) w.h[i][n] = trace(d, r, t, TAU[i]);
      w.age[n] = -1;
      for (int64_t s = 0; s <= t; ++s) {
        if (d->event[r * d->T + s]) w.age[n] = t - s;
      }
    }
  }
  return w;
}

static void release(windows *w) {
  double *const columns[] = {w->a,        w->b,    w->m,    w->M,    w->J,
                             w->J_before, w->h[0], w->h[1], w->h[2], w->rise};
  for (size_t i = 0; i < sizeof columns / sizeof *columns; ++i) free(columns[i]);
  free(w->age);
}

static double covariance(int64_t n, const double *x, const double *y) {
  const double mx = average(x, 0, n), my = average(y, 0, n);
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += (x[i] - mx) * (y[i] - my);
  return sum / (double)n;
}

static double correlation(int64_t n, const double *x, const double *y) {
  return covariance(n, x, y) / sqrt((covariance(n, x, x) + 1e-8) * (covariance(n, y, y) + 1e-8));
}

typedef struct fit {
  double slope[MOST_REGRESSORS], intercept, rest;
} fit;

/* Gauss and Jordan in long double. */
static fit regress(const windows *w, int k, const double *const *x, const double *const *z) {
  const int64_t n = w->count;
  long double a[MOST_REGRESSORS][MOST_REGRESSORS + 1];
  fit f = {.intercept = average(w->rise, 0, n)};
  for (int i = 0; i < k; ++i) {
    for (int j = 0; j < k; ++j) a[i][j] = (long double)covariance(n, z[i], x[j]);
    a[i][i] += 1e-5L * (long double)covariance(n, x[i], x[i]) + 1e-8L;
    a[i][k] = (long double)covariance(n, z[i], w->rise);
  }
  for (int i = 0; i < k; ++i) {
    int best = i;
    for (int j = i; j < k; ++j) {
      if (fabsl(a[j][i]) > fabsl(a[best][i])) best = j;
    }
    for (int j = 0; j <= k; ++j) {
      const long double kept = a[i][j];
      a[i][j] = a[best][j];
      a[best][j] = kept;
    }
    for (int j = 0; j < k; ++j) {
      const long double factor = j == i ? 0 : a[j][i] / a[i][i];
      for (int l = i; l <= k; ++l) a[j][l] -= factor * a[i][l];
    }
  }
  for (int i = 0; i < k; ++i) {
    f.slope[i] = (double)(a[i][k] / a[i][i]);
    f.intercept -= f.slope[i] * average(x[i], 0, n);
  }
  for (int64_t t = 0; t < n; ++t) {
    double left = w->rise[t] - f.intercept;
    for (int i = 0; i < k; ++i) left -= f.slope[i] * x[i][t];
    f.rest += left * left / (double)n;
  }
  return f;
}

static double q(double x) { return asinh(x / 0.002); }
static double fixed_point(const fit *f) { return asinh(f->intercept / fmax(-f->slope[0], 1e-3)); }

static void put_fit(const fit *f, output *out) {
  put(out, q(f->slope[0]));
  put(out, q(f->slope[1]));
  put(out, fixed_point(f));
  put(out, log(f->rest + 1e-6));
  put(out, asinh(f->slope[1] / fmax(-f->slope[0], 1e-3)));
  put(out, q(f->intercept));
}

static void regression_block(const windows *w, output *out) {
  const int64_t n = w->count, hop = w->lag / 4 > 1 ? w->lag / 4 : 1;
  for (int i = 0; i < 42 && n <= 12; ++i) put(out, 0);
  if (n > 12) {
    put(out, average(w->a, 0, n));
    put(out, 30 * (average(w->b, 0, n) - average(w->a, 0, n)) / (double)w->lag);
    put(out, average(w->J, 0, n));
    put(out, log(covariance(n, w->a, w->a) + 1e-5));
    put(out, log(covariance(n, w->J, w->J) + 1e-5));
    put(out, log(covariance(n, w->rise, w->rise) + 1e-6));
    put(out, correlation(n, w->a, w->J));
    put(out, correlation(n, w->b, w->J));
    put(out, correlation(n, w->b, w->J_before));
    put(out, correlation(n, w->a, w->b));
    put(out, correlation(n, w->a, w->m));
    put(out, correlation(n, w->J, w->J_before));
    const double *now[] = {w->a, w->J}, *mean[] = {w->M, w->J}, *instrument[] = {w->m, w->J};
    const double *best[] = {w->a, w->m, w->J, w->J_before};
    const fit fits[] = {regress(w, 2, now, now), regress(w, 2, now, instrument),
                        regress(w, 2, mean, mean), regress(w, 2, mean, instrument)};
    for (int i = 0; i < 4; ++i) put_fit(&fits[i], out);
    const fit f = regress(w, 4, best, best);
    put(out, q(-f.slope[0]));
    for (int i = 1; i < 4; ++i) put(out, q(f.slope[i]));
    put(out, q(f.intercept));
    put(out, log(f.rest + 1e-6));
  }
  put(out, log((double)(n * hop + 1)));
}

static void history_block(const windows *w, output *out) {
  for (int i = 0; i < 11 && w->count <= 12; ++i) put(out, 0);
  if (w->count <= 12) return;
  const double *x[] = {w->M, w->J, w->h[0], w->h[1], w->h[2]};
  const double *z[] = {w->m, w->J, w->h[0], w->h[1], w->h[2]};
  const fit f = regress(w, 5, x, z);
  for (int i = 0; i < 5; ++i) put(out, q(f.slope[i]));
  put(out, q(f.intercept));
  put(out, fixed_point(&f));
  put(out, log(f.rest + 1e-6));
  for (int i = 0; i < 3; ++i) put(out, asinh(30 * f.slope[2 + i] / fmax(fabs(f.slope[1]), 1e-3)));
}

static void left_over_block(const windows *w, output *out) {
  static const int64_t BIN[] = {0, 17, 25, 41, 65, 101, 161, 251, 401, 641, 1001, INT64_MAX};
  const double *x[] = {w->a, w->m, w->J, w->J_before};
  fit f = {0};
  if (w->count > 12) f = regress(w, 4, x, x);
  for (int b = 0; b < 11; ++b) {
    double sum = 0, n = 0;
    for (int64_t t = 0; t < w->count && w->count > 12; ++t) {
      if (w->age[t] < BIN[b] || w->age[t] >= BIN[b + 1]) continue;
      double left = w->rise[t] - f.intercept;
      for (int i = 0; i < 4; ++i) left -= f.slope[i] * x[i][t];
      sum += left;
      n += 1;
    }
    put(out, sum / sqrt(n + 1) / sqrt(f.rest + 1e-6));
    put(out, log(n + 1));
  }
}

/* What is gathered of events at one offset. */
typedef struct events {
  int64_t n;
  double x[4096], mean[4096], current[4096];
} events;

static void put_four(int64_t n, const double *x, output *out) {
  double least = INFINITY, largest = -INFINITY;
  for (int64_t i = 0; i < n; ++i) {
    least = fmin(least, x[i]);
    largest = fmax(largest, x[i]);
  }
  put(out, n > 0 ? average(x, 0, n) : 0);
  put(out, n > 0 ? log(sqrt(covariance(n, x, x)) + 1e-3) : 0);
  put(out, n > 0 ? least : 0);
  put(out, n > 0 ? largest : 0);
}

static void before_block(const driven_recordings *d, int64_t k, output *out) {
  static events e;
  e.n = 0;
  for (int64_t s = 0; s < d->K * d->T; ++s) {
    const int64_t r = s / d->T, t = s % d->T;
    if (!d->event[s] || !is_free(d, r, t - k, t - 1)) continue;
    e.x[e.n] = d->v[s - k];
    e.mean[e.n] = average(d->v, s - k, s);
    e.current[e.n++] = average(d->I, s - k, s);
  }
  put_four(e.n, e.x, out);
  put_four(e.n, e.mean, out);
  put_four(e.n, e.current, out);
  put(out, e.n > 0 ? covariance(e.n, e.x, e.current) : 0);
  put(out, log((double)e.n + 0.5));
}

static void after_block(const driven_recordings *d, int64_t k, output *out) {
  static events e;
  e.n = 0;
  for (int64_t s = 0; s < d->K * d->T; ++s) {
    const int64_t r = s / d->T, end = (r + 1) * d->T;
    if (!d->event[s]) continue;
    int64_t f = s + 1;
    while (f < end && !d->event[f] && d->hidden[f]) ++f;
    if (f >= end || d->event[f] || !is_free(d, r, f - r * d->T, f - r * d->T + k)) continue;
    e.x[e.n] = d->v[f + k];
    e.current[e.n++] = average(d->I, f - 1, f + k);
  }
  put_four(e.n, e.x, out);
  double slope = 0, without = 0, rest = 0;
  if (e.n > 0) {
    slope = covariance(e.n, e.x, e.current) / (covariance(e.n, e.current, e.current) + 1e-3);
    without = average(e.x, 0, e.n) - slope * average(e.current, 0, e.n);
    for (int64_t i = 0; i < e.n; ++i) {
      const double left = e.x[i] - without - slope * e.current[i];
      rest += left * left / (double)e.n;
    }
  }
  put(out, slope);
  put(out, without);
  put(out, e.n > 0 ? log(sqrt(rest) + 1e-3) : 0);
  put(out, log((double)e.n + 0.5));
}

/* Means and counts of what is known of the stimulus and observed of the potential. */
typedef struct means {
  double known, observed, I, v, variance, least, largest;
} means;

static means means_of(const driven_recordings *d) {
  means m = {.least = INFINITY, .largest = -INFINITY};
  for (int pass = 0; pass < 2; ++pass) {
    for (int64_t s = 0; s < d->K * d->T; ++s) {
      const bool known = s % d->T < duration(d, s / d->T);
      if (pass == 0 && known) {
        m.known += 1;
        m.I += d->I[s];
        m.least = fmin(m.least, d->I[s]);
        m.largest = fmax(m.largest, d->I[s]);
      }
      if (pass == 0 && !d->hidden[s]) m.observed += 1;
      if (pass == 0 && !d->hidden[s]) m.v += d->v[s];
      if (pass == 1 && known) m.variance += (d->I[s] - m.I) * (d->I[s] - m.I) / m.known;
    }
    if (pass == 0) {
      m.I = m.known > 0 ? m.I / m.known : 0;
      m.v = m.observed > 0 ? m.v / m.observed : 0;
    }
  }
  return m;
}

static void correlation_block(const driven_recordings *d, int lags, output *out) {
  const means m = means_of(d);
  put(out, m.I);
  put(out, log(sqrt(m.variance) + 1e-3));
  put(out, m.known > 0 ? m.least : 0);
  put(out, m.known > 0 ? m.largest : 0);
  put(out, log(m.known + 1));
  put(out, log(m.observed + 1));
  put(out, m.v);
  for (int k = -1 - lags; k < lags; ++k) {
    const bool own = k < -1;
    const int64_t lag = own ? INT64_C(1) << (k + 1 + lags) : k < 0 ? 0 : INT64_C(1) << k;
    double sum = 0, n = 0;
    for (int64_t s = 0; s < d->K * d->T; ++s) {
      const int64_t r = s / d->T, t = s % d->T;
      if (t + lag >= duration(d, r) || (!own && d->hidden[s + lag])) continue;
      sum += (d->I[s] - m.I) * (own ? d->I[s + lag] - m.I : d->v[s + lag] - m.v);
      n += 1;
    }
    put(out, sum / fmax(n, 1) / (m.variance + 1e-4));
    if (!own) put(out, sum / fmax(n, 1) / sqrt(m.variance + 1e-4));
  }
}

int reference_driven(const driven_recordings *d, double *to) {
  output out = {to, 0};
  windows w[LAGS];
  int lags = 0;
  while (lags < LAGS && (INT64_C(2) << lags) < d->T) ++lags;
  for (int k = 0; k < lags; ++k) w[k] = gather(d, INT64_C(1) << k);
  for (int k = 0; k < lags; ++k) regression_block(&w[k], &out);
  for (int64_t k = 1; k <= 16 && k < d->T; k *= 2) before_block(d, k, &out);
  for (int64_t k = 0; k <= 32 && k<d->T; k = k> 0 ? 2 * k : 1) after_block(d, k, &out);
  correlation_block(d, lags, &out);
  for (int k = 2; k < lags && k <= 4; k += 2) history_block(&w[k], &out);
  for (int k = 2; k < lags && k <= 4; k += 2) left_over_block(&w[k], &out);
  for (int k = 0; k < lags; ++k) release(&w[k]);
  return out.count;
}
