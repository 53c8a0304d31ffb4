#include "rheobase/io/electrode.h"

#include <gsl/gsl_linalg.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/base/memory.h"

enum { MEMBRANE = 3, MOST = MEMBRANE + RB_TAPS };  // regressors: of the membrane, all
static const double LAG_MS = 1, BEFORE_MS = 5, AFTER_MS = 20;
static const double LAGS_MS[2] = {0.2, 2};
/* The current changes within LAG_MS if its changes have so much of its variance and so many pA, and
 * half of them are larger than LEAST_PA: steps do not count. */
static const double LEAST_SHARE = 0.1, LEAST_PA = 10;

/* Sums of products for a least-squares fit. */
typedef struct normal {
  int regressors;
  double lag_ms;
  long double product[MOST + 1][MOST + 1];  // the last is what is fitted
  long double count, sum;                   // sum of what is fitted
  long double current[2], change[2];        // sums of the current and of its change, and of squares
  int64_t changes;                          // larger than LEAST_PA
} normal;

/* Samples that are near no spike. @param away (samples) */
static void mark(const rb_sweep *sweep, const rb_spikes *spikes, uint8_t *away) {
  const double h = sweep->interval_ms;
  memset(away, 1, (size_t)sweep->samples);
  for (int64_t k = 0; k < spikes->count; ++k) {
    const double onset = (double)spikes->onset[k], end = (double)sweep->samples - 1;
    const int64_t first = (int64_t)fmax(ceil(onset - BEFORE_MS / h), 0);
    const int64_t last = (int64_t)fmin(onset + AFTER_MS / h, end);
    for (int64_t i = first; i <= last; ++i) away[i] = 0;
  }
}

static void add_row(normal *n, const double *row) {
  for (int a = 0; a <= n->regressors; ++a) {
    for (int b = 0; b <= a; ++b) n->product[a][b] += (long double)row[a] * row[b];
  }
  n->sum += row[n->regressors];
  n->count += 1;
}

/* Adds all stretches of the lag that are away from spikes. @param sums (samples + 1, 2) of
 * potential and current before a sample */
static void add_sweep(const rb_sweep *sweep, const uint8_t *away, const long double (*sums)[2],
                      normal *n) {
  const double h = sweep->interval_ms, *v = sweep->voltage_mV, *current = sweep->current_pA;
  const int64_t m = (int64_t)fmax(1, nearbyint(n->lag_ms / h));
  int64_t clear = 0;  // samples since the last one near a spike
  for (int64_t end = 0; end < sweep->samples; ++end) {
    clear = away[end] != 0 ? clear + 1 : 0;
    const int64_t i = end - m;
    if (clear <= m || i < 1 || end + 1 >= sweep->samples) continue;
    double row[MOST + 1] = {(double)(sums[end][0] - sums[i][0]) * h,
                            (double)(sums[end][1] - sums[i][1]) * h, (double)m * h};
    for (int q = 0; q < RB_TAPS; ++q) row[MEMBRANE + q] = current[end + 1 - q] - current[i + 1 - q];
    row[n->regressors] = v[end] - v[i];
    add_row(n, row);
    const double change = current[end] - current[i];
    n->current[0] += current[i];
    n->current[1] += (long double)current[i] * current[i];
    n->change[0] += change;
    n->change[1] += (long double)change * change;
    n->changes += fabs(change) > LEAST_PA;
  }
}

/* Solves it. @param coefficient (regressors) @return false if it has no solution */
static bool solve(const normal *n, double *coefficient, double *r_squared) {
  double matrix[MOST * MOST], right[MOST], scale[MOST];
  const int k = n->regressors;
  if (n->count <= k) return false;
  for (int a = 0; a < k; ++a) {
    scale[a] = sqrt((double)n->product[a][a]);
    if (!(scale[a] > 0)) return false;
  }
  for (int a = 0; a < k; ++a) {
    for (int b = 0; b <= a; ++b) {
      matrix[a * k + b] = matrix[b * k + a] = (double)(n->product[a][b] / scale[a] / scale[b]);
    }
    right[a] = (double)(n->product[k][a] / scale[a]);
  }
  gsl_matrix_view m = gsl_matrix_view_array(matrix, (size_t)k, (size_t)k);
  gsl_vector_view b = gsl_vector_view_array(right, (size_t)k);
  gsl_vector_view x = gsl_vector_view_array(coefficient, (size_t)k);
  if (gsl_linalg_cholesky_decomp1(&m.matrix) != GSL_SUCCESS ||
      gsl_linalg_cholesky_solve(&m.matrix, &b.vector, &x.vector) != GSL_SUCCESS) {
    return false;
  }
  long double explained = 0;
  for (int a = 0; a < k; ++a) {
    coefficient[a] /= scale[a];
    explained += coefficient[a] * n->product[k][a];
  }
  const long double total = n->product[k][k] - n->sum * n->sum / n->count;
  const long double rest = n->product[k][k] - explained;
  *r_squared = total > 0 ? (double)(1 - rest / total) : 0;
  return true;
}

static double variance(const long double *sums, long double count) {
  return (double)(sums[1] / count - sums[0] / count * (sums[0] / count));
}

/* Whether the current changes enough within the lag. */
static bool is_fast(const normal *n) {
  if (!(n->count > 0) || (long double)n->changes < n->count / 2) return false;
  const double change = variance(n->change, n->count);
  return change >= LEAST_PA * LEAST_PA && change >= LEAST_SHARE * variance(n->current, n->count);
}

static rb_status add(rb_context *ctx, const rb_sweep *sweep, const rb_spikes *spikes, int fits,
                     normal *fit) {
  rb_status status = RB_OK;
  uint8_t *away = NULL;
  long double(*sums)[2] = NULL;
  RB_TRY(RB_ALLOCATE(ctx, away, sweep->samples));
  RB_TRY(RB_ALLOCATE(ctx, sums, sweep->samples + 1));
  mark(sweep, spikes, away);
  for (int64_t i = 0; i < sweep->samples; ++i) {
    sums[i + 1][0] = sums[i][0] + sweep->voltage_mV[i];
    sums[i + 1][1] = sums[i][1] + sweep->current_pA[i];
  }
  for (int f = 0; f < fits; ++f) {
    add_sweep(sweep, away, (const long double(*)[2])sums, &fit[f]);
  }
cleanup:
  free(away);
  free(sums);
  return status;
}

bool rb_electrode_is_balanced(int64_t sweeps, const rb_sweep *sweep) {
  for (int64_t s = 0; s < sweeps; ++s) {
    if (!(sweep[s].bridge_balance_MOhm > 0)) return false;
  }
  return true;
}

rb_status rb_electrode_estimate(rb_context *ctx, int64_t sweeps, const rb_sweep *sweep,
                                const rb_spikes *spikes, rb_electrode *e) {
  enum { FITS = 3 };
  rb_status status = RB_OK;
  normal fit[FITS] = {{.regressors = MOST, .lag_ms = LAG_MS},
                      {.regressors = MEMBRANE, .lag_ms = LAGS_MS[0]},
                      {.regressors = MEMBRANE, .lag_ms = LAGS_MS[1]}};
  double b[FITS][MOST], unused = 0;
  const bool balanced = rb_electrode_is_balanced(sweeps, sweep);
  *e = (rb_electrode){0};
  for (int64_t s = 0; s < sweeps; ++s) {
    const bool other = sweep[s].bridge_balance_MOhm > 0 && !balanced;
    if (other || sweep[s].current_pA == NULL) continue;
    RB_TRY(add(ctx, &sweep[s], &spikes[s], FITS, fit));
  }
  if (!is_fast(&fit[0]) || !solve(&fit[0], b[0], &e->r_squared)) return RB_OK;
  for (int f = 1; f < FITS; ++f) {
    if (!solve(&fit[f], b[f], &unused)) return RB_OK;
    e->capacitance_at_lag_pF[f - 1] = 1 / b[f][1];
  }
  for (int q = 0; q < RB_TAPS; ++q) {
    e->tap_MOhm[q] = 1e3 * b[0][MEMBRANE + q];
    e->resistance_MOhm += e->tap_MOhm[q];
  }
  e->capacitance_pF = 1 / (b[0][1] + b[0][0] * 1e-3 * e->resistance_MOhm);
  e->leak_nS = -b[0][0] * e->capacitance_pF;
  e->known = true;
cleanup:
  return status;
}
