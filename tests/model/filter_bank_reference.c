#include "filter_bank_reference.h"

#include <math.h>
#include <stdlib.h>

enum { RESET, MU, INIT, COLUMNS = 4 };  // the fourth column: data minus prior mean

/* Everything of one lane. Rows of X: derivatives of an observation's mean with respect to beta. */
typedef struct dense {
  const reference_data *data;
  double a, q2, r, gain, prior_mean[3];
  int64_t n;
  double *C;  // (n, n) covariance given beta, then plus that of beta, then its factor
  double *X;  // (n, 4)
  double spike_c[3], spike_0;  // sum of the predictions at spikes: spike_0 + spike_c . beta
} dense;

static const double VARIANCE = 4;

static int64_t refractory(const rb_lif_settings *s) { return (int64_t)ceil(s->tref_ms / s->dt_ms); }

/* Current minus its mean at a step. */
static double input(const dense *d, int64_t t) {
  const rb_lif_settings *s = d->data->settings;
  return s->current_count > 0 ? s->current_pA[t] - s->I_mean_pA : 0;
}

/* Appends an observation: its mean is X . beta + offset. */
static void append(dense *d, int64_t t, const double x[3], double offset) {
  double *row = &d->X[d->n * COLUMNS];
  row[3] = (double)d->data->voltage[t] - offset;
  for (int k = 0; k < 3; ++k) row[k] = x[k];
  d->n += 1;
}

/* Cov(x_i, x_j), i and j steps after a known potential. */
static double latent_covariance(const dense *d, int64_t i, int64_t j) {
  const double near = (double)(i < j ? i : j), apart = fabs((double)(i - j));
  return d->q2 * pow(d->a, apart) * (1 - pow(d->a, 2 * near)) / (1 - d->a * d->a);
}

static void factor(double *m, int64_t n, int64_t stride) {
  for (int64_t j = 0; j < n; ++j) {
    for (int64_t i = j; i < n; ++i) {
      double sum = m[i * stride + j];
      for (int64_t k = 0; k < j; ++k) sum -= m[i * stride + k] * m[j * stride + k];
      m[i * stride + j] = i == j ? sqrt(sum) : sum / m[j * stride + j];
    }
  }
}

static void forward(const double *m, int64_t n, int64_t stride, double *b, int columns) {
  for (int64_t i = 0; i < n; ++i) {
    for (int c = 0; c < columns; ++c) {
      double sum = b[i * columns + c];
      for (int64_t k = 0; k < i; ++k) sum -= m[i * stride + k] * b[k * columns + c];
      b[i * columns + c] = sum / m[i * stride + i];
    }
  }
}

/* E[x_s | the segment's observations, beta], added to the spikes' sums. */
static bool predict(dense *d, int64_t start, int64_t count, const double x[3], double offset,
                    int64_t size) {
  double *L = malloc((size_t)(count * count + 1) * sizeof *L);
  double *b = malloc((size_t)(count * 5 + 1) * sizeof *b);  // 4 columns of X, and cov with x_s
  if (L == NULL || b == NULL) return false;
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t j = 0; j < count; ++j) L[i * count + j] = d->C[(start + i) * size + start + j];
    for (int k = 0; k < COLUMNS; ++k) b[i * 5 + k] = d->X[(start + i) * COLUMNS + k];
    b[i * 5 + 4] = latent_covariance(d, i + 1, count + 1);
  }
  factor(L, count, count);
  forward(L, count, count, b, 5);
  d->spike_0 += offset;
  for (int k = 0; k < 3; ++k) d->spike_c[k] += x[k];
  for (int64_t i = 0; i < count; ++i) {
    d->spike_0 += b[i * 5 + 4] * b[i * 5 + 3];
    for (int k = 0; k < 3; ++k) d->spike_c[k] -= b[i * 5 + 4] * b[i * 5 + k];
  }
  free(L);
  free(b);
  return true;
}

/* Observations known+1 .. end-1 after a potential known at step `known`; then maybe a spike. */
static bool add_segment(dense *d, int from, int64_t known, int64_t end, bool to_spike,
                        int64_t size) {
  const int64_t start = d->n;
  double offset = 0, x[3] = {0};
  for (int64_t t = known + 1; t <= end; ++t) {
    const double power = pow(d->a, (double)(t - known));
    offset = d->a * offset + d->gain * input(d, t - 1);
    x[from] = power;
    x[MU] = 1 - power;
    if (t < end) append(d, t, x, offset);
  }
  for (int64_t i = start; i < d->n; ++i) {
    for (int64_t j = start; j < d->n; ++j) {
      d->C[i * size + j] = latent_covariance(d, i - start + 1, j - start + 1) + (i == j ? d->r : 0);
    }
  }
  return !to_spike || predict(d, start, d->n - start, x, offset, size);
}

static void add_held(dense *d, int which, int64_t first, int64_t last, int64_t size) {
  double x[3] = {0};
  x[which] = 1;
  for (int64_t t = first; t <= last; ++t) {
    d->C[d->n * size + d->n] = d->r;
    append(d, t, x, 0);
  }
}

static bool fill(dense *d) {
  const int64_t L = d->data->length, R = refractory(d->data->settings);
  int64_t known = 0;
  int from = INIT;
  bool fine = true;
  add_held(d, INIT, 0, 0, L);
  for (int64_t k = 0; k < d->data->spikes && fine; ++k) {
    const int64_t s = d->data->spike[k];
    fine = add_segment(d, from, known, s, true, L);
    known = s + R < L - 2 ? s + R : L - 2;
    add_held(d, RESET, s, known, L);
    from = RESET;
  }
  return fine && add_segment(d, from, known, L, false, L);
}

/* Conditions: y - X beta0 has covariance M = C + 4 X X', beta - beta0 covariance 4 I with it 4 X'.
 */
static void condition(dense *d, reference_lane *lane) {
  const int64_t n = d->n, L = d->data->length;
  for (int64_t i = 0; i < n; ++i) {
    double *row = &d->X[i * COLUMNS];
    for (int k = 0; k < 3; ++k) row[3] -= row[k] * d->prior_mean[k];
    for (int64_t j = 0; j < n; ++j) {
      const double *other = &d->X[j * COLUMNS];
      for (int k = 0; k < 3; ++k) d->C[i * L + j] += VARIANCE * row[k] * other[k];
    }
  }
  factor(d->C, n, L);
  forward(d->C, n, L, d->X, COLUMNS);
  double product[COLUMNS][COLUMNS] = {{0}}, log_determinant = 0;
  for (int64_t i = 0; i < n; ++i) {
    log_determinant += 2 * log(d->C[i * L + i]);
    for (int k = 0; k < COLUMNS; ++k) {
      for (int l = 0; l < COLUMNS; ++l) {
        product[k][l] += d->X[i * COLUMNS + k] * d->X[i * COLUMNS + l];
      }
    }
  }
  for (int k = 0; k < 3; ++k) {
    lane->beta[k] = d->prior_mean[k] + VARIANCE * product[k][3];
    for (int l = 0; l < 3; ++l) {
      lane->covariance[k][l] = (k == l ? VARIANCE : 0) - VARIANCE * VARIANCE * product[k][l];
    }
  }
  lane->log_marginal = -0.5 * (product[3][3] + log_determinant);
}

static void spike_potential(const dense *d, reference_lane *lane) {
  if (d->data->spikes == 0) {
    lane->v_th = -55;
    lane->var_v_th = VARIANCE;
    return;
  }
  const double n = (double)d->data->spikes;
  lane->v_th = d->spike_0 / n;
  lane->var_v_th = 0;
  for (int k = 0; k < 3; ++k) {
    lane->v_th += d->spike_c[k] / n * lane->beta[k];
    for (int l = 0; l < 3; ++l) {
      lane->var_v_th += d->spike_c[k] / n * d->spike_c[l] / n * lane->covariance[k][l];
    }
  }
}

static void set_up(dense *d, const reference_data *data, double tau, double g) {
  const rb_lif_settings *s = data->settings;
  d->data = data;
  d->a = 1 - s->dt_ms / tau;
  d->gain = s->dt_ms / tau / g;
  d->q2 = d->gain * s->I_std_pA * d->gain * s->I_std_pA;
  d->r = s->noise_mV * s->noise_mV;
  d->prior_mean[RESET] = -72;
  d->prior_mean[MU] = -70 + s->I_mean_pA / g;
  d->prior_mean[INIT] = -70;
}

bool reference_solve(const reference_data *data, double tau_ms, double g_nS, reference_lane *lane) {
  dense d = {0};
  const size_t L = (size_t)data->length;
  set_up(&d, data, tau_ms, g_nS);
  d.C = calloc(L * L, sizeof *d.C);
  d.X = calloc(L * COLUMNS, sizeof *d.X);
  const bool fine = d.C != NULL && d.X != NULL && fill(&d);
  if (fine) {
    condition(&d, lane);
    spike_potential(&d, lane);
  }
  free(d.C);
  free(d.X);
  return fine;
}

void reference_second_pass(const reference_data *data, double tau_ms, double g_nS,
                           const reference_lane *lane, reference_threshold *out) {
  static const double sharpness[] = {3, 6, 12};
  dense d = {0};
  set_up(&d, data, tau_ms, g_nS);
  const int64_t R = refractory(data->settings);
  double m = lane->beta[INIT], P = 0, last = m, sums[3] = {0}, square = 0, rise = 0;
  int64_t k = 0, held_until = -1;
  out->highest = -7;
  for (int64_t t = 0; t < data->length - 1; ++t) {
    const bool spike = k < data->spikes && data->spike[k] == t;
    if (spike) {
      ++k;
      held_until = t + R;
      square += (m - lane->v_th) * (m - lane->v_th);
      rise += m - last;
    }
    const bool held = t <= held_until;
    const double x = held ? -7 : fmin(fmax(m - lane->v_th, -7), 7);
    if (t > 0) {
      out->highest = fmax(out->highest, x);
      for (int c = 0; c < 3; ++c) sums[c] += exp(sharpness[c] * x);
    }
    const double K = t > 0 && !held ? P / (P + d.r) : 0;
    const double f = held ? lane->beta[RESET] : m + K * ((double)data->voltage[t] - m);
    last = held ? lane->beta[RESET] : m;
    m = d.a * f + (1 - d.a) * lane->beta[MU] + d.gain * input(&d, t);
    P = d.a * d.a * d.r * K + d.q2;
  }
  const double n = (double)data->spikes;
  for (int c = 0; c < 3; ++c) out->soft[c] = log(sums[c]) / sharpness[c];
  out->log_rms = n > 0 ? 0.5 * log(square / n + 1e-6) : 0;
  out->rise = n > 0 ? rise / n : 0;
}
