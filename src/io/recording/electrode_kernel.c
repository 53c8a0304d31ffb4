#include "rheobase/io/electrode_kernel.h"

#include <math.h>
#include <stdlib.h>

#include "rheobase/base/memory.h"

/* The electrode's response ends where only the membrane's is left, which is looked at up to its
 * end. */
static const double ELECTRODE_MS = 5, MEMBRANE_MS = 60;
/* Time constants of the membrane that are tried, and how near the best is found. */
static const double LEAST_TAU_MS = 2, MOST_TAU_MS = 300, NEAR = 1e-6;
static const double SAME = 1e-6;            // times, in samples
static const double LEAST_LENGTH = 20;      // of a sweep, in lags of the kernel
static const double LEAST_EXPLAINED = 0.5;  // share of the potential's variance

/* Sums over sweeps of products with a current so many samples before. */
typedef struct moments {
  int64_t lags;
  double *current, *potential;  // (lags) of the current, of the potential
  double variance;              // of the potential
} moments;

static double mean_of(int64_t count, const double *value) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += value[i];
  return sum / (double)count;
}

static void add_sweep(const rb_steps *s, const double *current, const double *potential,
                      moments *m) {
  for (int64_t k = 0; k < m->lags; ++k) {
    double c = 0, v = 0;
    for (int64_t i = k; i < s->steps; ++i) {
      c += current[i] * current[i - k];
      v += potential[i] * current[i - k];
    }
    m->current[k] += c;
    m->potential[k] += v;
  }
  for (int64_t i = 0; i < s->steps; ++i) m->variance += potential[i] * potential[i];
}

static rb_status add(rb_context *ctx, const rb_steps *s, moments *m) {
  rb_status status = RB_OK;
  double *current = NULL, *potential = NULL;
  const double I = mean_of(s->steps, s->current_pA), V = mean_of(s->steps, s->voltage_mV);
  RB_TRY(RB_ALLOCATE(ctx, current, s->steps));
  RB_TRY(RB_ALLOCATE(ctx, potential, s->steps));
  for (int64_t i = 0; i < s->steps; ++i) {
    current[i] = s->current_pA[i] - I;
    potential[i] = s->voltage_mV[i] - V;
  }
  add_sweep(s, current, potential, m);
cleanup:
  free(current);
  free(potential);
  return status;
}

/* Solves sum_j r[|i - j|] x[j] = y[i] by Levinson's recursion. @param work (n) @return false where
 * the matrix is not positive definite */
static bool solve_toeplitz(int64_t n, const double *r, const double *y, double *work, double *x) {
  double error = r[0];  // of the current, predicted from those before it
  if (!(error > 0)) return false;
  x[0] = y[0] / error;
  for (int64_t k = 1; k < n; ++k) {
    double reflected = r[k], left = y[k];
    for (int64_t i = 1; i < k; ++i) reflected -= work[i] * r[k - i];
    work[k] = reflected / error;
    for (int64_t i = 1, j = k - 1; i <= j; ++i, --j) {
      const double a = work[i], b = work[j];
      work[i] = a - work[k] * b;
      work[j] = b - work[k] * a;
    }
    error *= 1 - work[k] * work[k];
    if (!(error > r[0] * 1e-12)) return false;
    for (int64_t i = 0; i < k; ++i) left -= x[i] * r[k - i];
    x[k] = left / error;
    for (int64_t i = 0; i < k; ++i) x[i] -= x[k] * work[k - i];
  }
  return true;
}

/* The exponential of a time constant that is nearest to lags first .. lags-1 of a kernel.
 * @param size its height at lag 0 @return the sum of squares that it explains */
static double fit_exponential(int64_t first, int64_t lags, const double *kernel, double step,
                              double tau, double *size) {
  double product = 0, square = 0;
  for (int64_t k = first; k < lags; ++k) {
    const double e = exp(-(double)k * step / tau);
    product += e * kernel[k];
    square += e * e;
  }
  *size = product / square;
  return product * *size;
}

/* The best of all time constants, by golden sections of its logarithm. */
static double find_tau(int64_t first, int64_t lags, const double *kernel, double step) {
  const double golden = 0.5 * (sqrt(5) - 1);
  double low = log(LEAST_TAU_MS), high = log(MOST_TAU_MS), unused;
  while (high - low > NEAR) {
    const double a = high - golden * (high - low), b = low + golden * (high - low);
    if (fit_exponential(first, lags, kernel, step, exp(a), &unused) >
        fit_exponential(first, lags, kernel, step, exp(b), &unused)) {
      high = b;
    } else {
      low = a;
    }
  }
  return exp(0.5 * (low + high));
}

/* Takes the membrane off a kernel, which then is the electrode's. @param response (lags) in mV/pA
 */
static void take_membrane_off(int64_t lags, double *response, rb_electrode_kernel *kernel) {
  const double step = kernel->interval_ms;
  double size = 0;
  kernel->lags = (int64_t)ceil(ELECTRODE_MS / step);
  kernel->cell_tau_ms = find_tau(kernel->lags, lags, response, step);
  (void)fit_exponential(kernel->lags, lags, response, step, kernel->cell_tau_ms, &size);
  kernel->cell_MOhm = 1e3 * size / expm1(step / kernel->cell_tau_ms);
  for (int64_t k = 0; k < kernel->lags; ++k) {  // a current reaches the membrane a sample later
    const double membrane = k > 0 ? size * exp(-(double)k * step / kernel->cell_tau_ms) : 0;
    kernel->lag_MOhm[k] = 1e3 * (response[k] - membrane);
    kernel->resistance_MOhm += kernel->lag_MOhm[k];
  }
}

static rb_status check(rb_context *ctx, const char *path, const rb_recorded *recording,
                       double lags) {
  const double step = recording->sweep[0].steps.dt_ms;
  for (int64_t s = 0; s < recording->sweeps; ++s) {
    const rb_recorded_sweep *sweep = &recording->sweep[s];
    const char *wrong = NULL;
    const double averaged = fabs(sweep->native_interval_ms - sweep->steps.dt_ms);
    const double shifted = fabs(sweep->delay_ms - recording->sweep[0].delay_ms);
    if (sweep->steps.dt_ms != step) wrong = "has other steps than the first";
    if (sweep->steps.spikes > 0) wrong = "has spikes: weak noise, which makes none, is needed";
    if (sweep->series_resistance_MOhm != 0) wrong = "has series resistance taken off already";
    if (sweep->bridge_balance_MOhm > 0) wrong = "was recorded with the bridge balanced";
    if (averaged > SAME * step)
      wrong = "has steps that are not its samples: import it without --dt";
    if (shifted > SAME * step) wrong = "has its current shifted by another delay than the first";
    if ((double)sweep->steps.steps < LEAST_LENGTH * lags) wrong = "is shorter than 1200 ms";
    if (wrong == NULL) continue;
    return RB_FAIL(ctx, RB_ERR_NUMERIC, "--electrode %s: sweep %lld %s", path,
                   (long long)sweep->number, wrong);
  }
  return RB_OK;
}

rb_status rb_electrode_kernel_estimate(rb_context *ctx, const char *path,
                                       const rb_recorded *recording, rb_electrode_kernel *kernel) {
  rb_status status = RB_OK;
  const double step = recording->sweep[0].steps.dt_ms, lags = ceil(MEMBRANE_MS / step);
  moments m = {0};
  double *response = NULL, *work = NULL, explained = 0;
  *kernel = (rb_electrode_kernel){
      .path = path, .interval_ms = step, .delay_ms = recording->sweep[0].delay_ms};
  RB_TRY(check(ctx, path, recording, lags));
  m.lags = (int64_t)lags;
  RB_TRY(RB_ALLOCATE(ctx, m.current, m.lags));
  RB_TRY(RB_ALLOCATE(ctx, m.potential, m.lags));
  RB_TRY(RB_ALLOCATE(ctx, response, m.lags));
  RB_TRY(RB_ALLOCATE(ctx, work, m.lags));
  RB_TRY(RB_ALLOCATE(ctx, kernel->lag_MOhm, m.lags));
  for (int64_t s = 0; s < recording->sweeps; ++s) {
    RB_TRY(add(ctx, &recording->sweep[s].steps, &m));
  }
  if (!solve_toeplitz(m.lags, m.current, m.potential, work, response)) {
    RB_TRY(RB_FAIL(
        ctx, RB_ERR_NUMERIC,
        "--electrode %s: its current does not tell one lag from another: noise is needed", path));
  }
  for (int64_t k = 0; k < m.lags; ++k) explained += response[k] * m.potential[k];
  kernel->r_squared = explained / m.variance;
  take_membrane_off(m.lags, response, kernel);
  if (!(kernel->r_squared >= LEAST_EXPLAINED) || !(kernel->cell_MOhm > 0)) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_NUMERIC,
                   "--electrode %s: the current explains %.0f%% of the potential's variance, a "
                   "membrane of %.4g MOhm beside it: it is no electrode with a passive cell",
                   path, 100 * kernel->r_squared, kernel->cell_MOhm));
  }
cleanup:
  free(m.current);
  free(m.potential);
  free(response);
  free(work);
  return status;
}

void rb_electrode_kernel_free(rb_electrode_kernel *kernel) {
  free(kernel->lag_MOhm);
  *kernel = (rb_electrode_kernel){0};
}
