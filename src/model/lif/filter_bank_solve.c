#include <math.h>

#include "filter_bank_state.h"
#include "rheobase/random/distributions.h"

/* Given a lane's (tau, g), beta = (V_reset, mu, V_init) has a normal posterior with precision
 *
 *     | a1 b1  0 |                    right-hand side h, mean beta = precision^-1 h, and log
 *     | b1 a2 b3 |                    marginal likelihood -1/2 (square - h beta + sum ln S
 *     |  0 b3 a3 |                    + ln det precision), up to constants.
 *
 * Loops over the lanes of a group are without branches, so that the compiler makes vectors. */

enum { GROUP = RB_BANK_GROUP };
static const double NEGLIGIBLE = -40;  // log weight against the highest, below rounding

/* What the lanes share: sums over the samples that show V_reset and V_init directly. */
typedef struct direct {
  double a1, h1, a3, h3, square, constant;
  double level;
} direct;

static direct direct_make(const rb_lif_filter_bank *bank, const rb_bank_events *e,
                          double first_mV) {
  const double r = 1 / bank->noise_variance, prior = 1 / RB_BANK_VARIANCE;
  const double seen = e->starts_free ? 1 : 0;
  const double first = first_mV - (RB_BANK_V_INIT_MV - bank->level_mV);
  const double samples = e->held + seen;
  return (direct){.a1 = prior + r * e->held,
                  .h1 = r * e->held_sum,
                  .a3 = prior + r * seen,
                  .h3 = r * seen * first,
                  .square = r * (e->held_square + seen * first * first),
                  .constant = samples * log(bank->noise_variance) + 3 * log(RB_BANK_VARIANCE),
                  .level = bank->level_mV};
}

/* Lanes of one group; @p n is the number of spikes, at least 1. */
static void solve_group(const direct *d, const rb_bank_grid *grid, int o,
                        const rb_bank_sums *restrict s, double n, rb_bank_posterior *restrict p) {
  const double prior = 1 / RB_BANK_VARIANCE;
  for (int l = 0; l < GROUP; ++l) {
    const int i = o + l;
    const double prior_mu = grid->mu_mean[i];
    const double a1 = d->a1 + (double)s->start_start[0][l], b1 = (double)s->start_mu[0][l];
    const double a3 = d->a3 + (double)s->start_start[1][l], b3 = (double)s->start_mu[1][l];
    const double h1 = d->h1 + (double)s->start[0][l], h3 = d->h3 + (double)s->start[1][l];
    const double h2 = prior * prior_mu + (double)s->mu[l];
    const double r1 = b1 / a1, r3 = b3 / a3;
    const double a2 = prior + (double)s->mu_mu[l] - r1 * b1 - r3 * b3;  // 1 and 3 eliminated
    const double mu = (h2 - r1 * h1 - r3 * h3) / a2, var_mu = 1 / a2;
    const double beta1 = h1 / a1 - r1 * mu, beta3 = h3 / a3 - r3 * mu;
    const double var1 = 1 / a1 + r1 * r1 * var_mu, var3 = 1 / a3 + r3 * r3 * var_mu;
    // The mean prediction at spikes is linear in beta, with coefficients c.
    const double c1 = (double)s->spike_start[0][l] / n, c2 = (double)s->spike_mu[l] / n;
    const double c3 = (double)s->spike_start[1][l] / n;
    const double along = c2 - c1 * r1 - c3 * r3;  // of mu, V_reset and V_init following it
    const double square = d->square + (double)s->square[l] + prior * prior_mu * prior_mu -
                          h1 * beta1 - h2 * mu - h3 * beta3;
    p->V_reset[i] = RB_BANK_V_RESET_MV - d->level + beta1;
    p->mu[i] = mu;
    p->V_init[i] = RB_BANK_V_INIT_MV - d->level + beta3;
    p->v_th[i] = (double)s->spike[l] / n + c1 * beta1 + c2 * mu + c3 * beta3;
    p->var_V_reset[i] = var1;
    p->var_mu[i] = var_mu;
    p->var_V_init[i] = var3;
    p->var_v_th[i] = along * along * var_mu + c1 * c1 / a1 + c3 * c3 / a3;
    p->log_weight[i] = grid->log_prior[i] -
                       0.5 * (square + (double)s->log_s[l] + rb_log(a1 * a2 * a3) + d->constant);
  }
}

static void normalise(int lanes, rb_bank_posterior *p) {
  double highest = p->log_weight[0], sum = 0;
  for (int i = 1; i < lanes; ++i) {
    if (p->log_weight[i] > highest) highest = p->log_weight[i];
  }
  for (int i = 0; i < lanes; ++i) {
    const double below = p->log_weight[i] - highest;
    p->weight[i] = below > NEGLIGIBLE ? exp(below) : 0;
    sum += p->weight[i];
  }
  for (int i = 0; i < lanes; ++i) p->weight[i] /= sum;
  p->log_evidence = highest + log(sum);
}

void rb_bank_solve(const rb_lif_filter_bank *bank, const rb_bank_grid *grid,
                   const rb_bank_sums *sums, const rb_bank_events *events, double first_mV,
                   rb_bank_posterior *p) {
  const direct d = direct_make(bank, events, first_mV);
  const double spikes = events->segment_spikes > 0 ? (double)events->segment_spikes : 1;
  for (int k = 0; k < grid->groups; ++k) solve_group(&d, grid, k * GROUP, &sums[k], spikes, p);
  if (events->segment_spikes == 0) {
    for (int i = 0; i < grid->lanes; ++i) {
      p->v_th[i] = RB_BANK_V_TH_MV - bank->level_mV;
      p->var_v_th[i] = RB_BANK_VARIANCE;
    }
  }
  normalise(grid->lanes, p);
}

/* Sum of w x over the lanes, in a fixed order that vectors can follow. */
static double weighted(int lanes, const double *w, const double *x) {
  enum { PARTS = 8 };
  double part[PARTS] = {0};
  for (int i = 0; i < lanes; i += PARTS) {
    for (int k = 0; k < PARTS; ++k) part[k] += w[i + k] * x[i + k];
  }
  return ((part[0] + part[4]) + (part[2] + part[6])) + ((part[1] + part[5]) + (part[3] + part[7]));
}

/* w times the deviation of x from its mean. */
static void weigh_deviation(int lanes, const double *w, const double *x, double mean, double *out) {
  for (int i = 0; i < lanes; ++i) out[i] = w[i] * (x[i] - mean);
}

/* Mean of x and, given the lanes' own variances, its variance. */
static void average(int lanes, const double *w, const double *x, const double *variance,
                    double *mean, double *total) {
  double deviation[RB_BANK_LANES] = {0};
  *mean = weighted(lanes, w, x);
  weigh_deviation(lanes, w, x, *mean, deviation);
  *total = weighted(lanes, deviation, x) + (variance != NULL ? weighted(lanes, w, variance) : 0);
}

void rb_bank_average(const rb_bank_grid *grid, const rb_bank_posterior *p, rb_bank_moments *m) {
  const double *w = p->weight, *tau = grid->log_tau, *g = grid->log_g;
  const int n = grid->lanes;
  double deviation[RB_BANK_LANES] = {0}, E_L[RB_BANK_LANES] = {0};
  for (int i = 0; i < n; ++i) E_L[i] = p->mu[i] - grid->drive_mV[i];
  average(n, w, p->V_reset, p->var_V_reset, &m->V_reset, &m->var_V_reset);
  average(n, w, p->mu, p->var_mu, &m->mu, &m->var_mu);
  average(n, w, p->V_init, p->var_V_init, &m->V_init, &m->var_V_init);
  average(n, w, p->v_th, p->var_v_th, &m->v_th, &m->var_v_th);
  average(n, w, E_L, p->var_mu, &m->E_L, &m->var_E_L);
  average(n, w, tau, NULL, &m->log_tau, &m->var_log_tau);
  average(n, w, g, NULL, &m->log_g, &m->var_log_g);
  weigh_deviation(n, w, tau, m->log_tau, deviation);
  m->tau_g = weighted(n, deviation, g);
  m->tau_mu = weighted(n, deviation, p->mu);
  m->tau_v_th = weighted(n, deviation, p->v_th);
  m->tau_V_reset = weighted(n, deviation, p->V_reset);
  m->tau_V_init = weighted(n, deviation, p->V_init);
  weigh_deviation(n, w, g, m->log_g, deviation);
  m->g_mu = weighted(n, deviation, p->mu);
  m->g_v_th = weighted(n, deviation, p->v_th);
  m->g_V_reset = weighted(n, deviation, p->V_reset);
  m->g_V_init = weighted(n, deviation, p->V_init);
}
