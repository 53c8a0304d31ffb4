#include <math.h>
#include <stdlib.h>

#include "filter_bank_state.h"
#include "rheobase/base/memory.h"

/* Kalman filter of x' = a x + (1-a) mu + q noise, observed with variance r, from a known x: the
 * gains do not depend on the data. P: variance of the prediction, S = P + r, K = P/S; A and B:
 * derivatives of the prediction with respect to the start and to mu. */

/* The coarse grid only says where tau is. The fine one also tells g, which shows in how much the
 * current's noise moves the potential, and so E_L = mu - I_mean/g: its steps of g are near the
 * width of g's posterior. */
typedef struct axis {
  int count;
  double low, high;  // ms or nS
} axis;
enum { COARSE_TAUS = 8, COARSE_GS = 2, COARSE_LANES = COARSE_TAUS * COARSE_GS };
enum { FINE_TAUS = 8, FINE_GS = 6, FINE_LANES = FINE_TAUS * FINE_GS };
_Static_assert(COARSE_LANES % RB_BANK_GROUP == 0 && (int)FINE_LANES == (int)RB_BANK_LANES,
               "grids are made of whole groups of lanes");
static const axis COARSE_TAU = {COARSE_TAUS, 5, 20}, COARSE_G = {COARSE_GS, 8.2, 12.2};
static const axis FINE_G = {FINE_GS, 6.4, 14.8};
static const double FINE_STEP = 0.0625, WINDOW_LOW_MS = 5, WINDOW_STEP = 0.2132;  // of ln tau
static const double LOG_TEN = 2.30258509299404568402, LOG_SD = 0.2;  // prior of tau and of g

/* Of a prediction to the start, below which it is 0: subnormal numbers would slow the filter. */
static const double LEAST_SENSITIVITY = 1e-12;

typedef struct lane {
  double a, q2, r;
  double P, A, B;  // of the next prediction
} lane;

static lane lane_make(const rb_lif_filter_bank *bank, double log_tau, double log_g) {
  const double d = bank->settings.dt_ms / exp(log_tau);
  const double q = d * bank->settings.I_std_pA / exp(log_g);
  return (lane){.a = 1 - d, .q2 = q * q, .r = bank->noise_variance, .P = q * q, .A = 1 - d, .B = d};
}

static void lane_advance(lane *f) {
  const double K = f->P / (f->P + f->r);
  f->P = f->a * f->a * f->r * K + f->q2;
  f->A *= f->a * (1 - K);
  if (f->A < LEAST_SENSITIVITY) f->A = 0;
  f->B = f->a * (1 - K) * f->B + (1 - f->a);
}

/* Whether P and B are within 1e-4 of their limits and the start is forgotten; the features then
 * stay as close to those of exact gains as the dense reference of test_filter_bank.c asks. */
static bool lane_is_steady(const lane *f) {
  const double half = 0.5 * (f->r * (f->a * f->a - 1) + f->q2);
  const double P = half + sqrt(half * half + f->q2 * f->r);
  const double B = (1 - f->a) / (1 - f->a * f->r / (P + f->r));
  const double tolerance = 1e-4;
  return fabs(f->P - P) <= tolerance * P && fabs(f->B - B) <= tolerance * B && f->A <= tolerance;
}

static double point(const axis *a, int i) {
  return log(a->low) + log(a->high / a->low) * i / (a->count - 1);
}

/* The lanes of a group have like g, since g says how soon gains are steady. */
static void set_points(const rb_lif_filter_bank *bank, const axis *tau, const axis *g,
                       rb_bank_grid *grid) {
  grid->lanes = tau->count * g->count;
  grid->groups = grid->lanes / RB_BANK_GROUP;
  for (int i = 0; i < grid->lanes; ++i) {
    grid->log_tau[i] = point(tau, i % tau->count);
    grid->log_g[i] = point(g, i / tau->count);
    const double z_tau = (grid->log_tau[i] - LOG_TEN) / LOG_SD;
    const double z_g = (grid->log_g[i] - LOG_TEN) / LOG_SD;
    grid->log_prior[i] = -0.5 * (z_tau * z_tau + z_g * z_g);
    grid->drive_mV[i] = bank->settings.I_mean_pA / exp(grid->log_g[i]);
    grid->mu_mean[i] = RB_BANK_E_L_MV + grid->drive_mV[i] - bank->level_mV;
  }
}

static void set_lane_points(rb_lif_filter_bank *bank) {
  set_points(bank, &COARSE_TAU, &COARSE_G, &bank->coarse);
  for (int w = 0; w < RB_BANK_WINDOWS; ++w) {
    const double centre = WINDOW_LOW_MS * exp(WINDOW_STEP * w);
    const double half = exp(0.5 * FINE_STEP * (FINE_TAUS - 1));
    const axis tau = {FINE_TAUS, centre / half, centre * half};
    set_points(bank, &tau, &FINE_G, &bank->fine[w]);
  }
}

int rb_bank_window(double log_tau) {
  const double w = rint((log_tau - log(WINDOW_LOW_MS)) / WINDOW_STEP);
  return (int)fmin(fmax(w, 0), RB_BANK_WINDOWS - 1);
}

/* Lag from which on all `lanes` are steady. */
static int64_t steady_lag(const rb_lif_filter_bank *bank, const lane *lanes) {
  int64_t longest = 1;
  for (int l = 0; l < RB_BANK_GROUP; ++l) {
    lane f = lanes[l];
    int64_t lag = 1;
    for (; lag < bank->length && !lane_is_steady(&f); ++lag) lane_advance(&f);
    if (lag > longest) longest = lag;
  }
  return longest;
}

static void fill_gain(const lane *f, rb_bank_gain *gain, int l) {
  const double S = f->P + f->r;
  gain->carry[l] = (float)(f->a * f->r / S);
  gain->w[l] = (float)(1 / sqrt(S));
  gain->start_w[l] = (float)(f->A / sqrt(S));
  gain->mu_w[l] = (float)(f->B / sqrt(S));
}

/* Column `l` of a group's tables. */
static void fill_lane(lane f, rb_bank_group *group, int l) {
  double start_start = 0, start_mu = 0, mu_mu = 0, log_s = 0;
  for (int64_t n = 0;; ++n) {
    const double S = f.P + f.r;
    rb_bank_total *total = &group->total[n];
    total->start_start[l] = (float)start_start;
    total->start_mu[l] = (float)start_mu;
    total->mu_mu[l] = (float)mu_mu;
    total->log_s[l] = (float)log_s;
    total->next_start[l] = (float)f.A;
    total->next_mu[l] = (float)f.B;
    if (n == group->lags) break;
    fill_gain(&f, &group->gain[n], l);
    start_start += f.A * f.A / S;
    start_mu += f.A * f.B / S;
    mu_mu += f.B * f.B / S;
    log_s += log(S);
    lane_advance(&f);
  }
  fill_gain(&f, &group->later, l);
  group->steady.mu_mu[l] = (float)(f.B * f.B / (f.P + f.r));
  group->steady.log_s[l] = (float)log(f.P + f.r);
}

static rb_status fill_grid(rb_context *ctx, const rb_lif_filter_bank *bank, rb_bank_grid *grid) {
  rb_status status = RB_OK;
  for (int k = 0; k < grid->groups; ++k) {
    rb_bank_group *group = &grid->group[k];
    lane lanes[RB_BANK_GROUP];
    for (int l = 0; l < RB_BANK_GROUP; ++l) {
      const int i = k * RB_BANK_GROUP + l;
      lanes[l] = lane_make(bank, grid->log_tau[i], grid->log_g[i]);
      group->decay[l] = (float)lanes[l].a;
      group->input_gain[l] = (float)((1 - lanes[l].a) / exp(grid->log_g[i]));
    }
    group->lags = steady_lag(bank, lanes);
    RB_TRY(RB_ALLOCATE(ctx, group->gain, group->lags));
    RB_TRY(RB_ALLOCATE(ctx, group->total, group->lags + 1));
    for (int l = 0; l < RB_BANK_GROUP; ++l) fill_lane(lanes[l], group, l);
  }
cleanup:
  return status;
}

rb_status rb_bank_create_grids(rb_context *ctx, rb_lif_filter_bank *bank) {
  rb_status status = RB_OK;
  set_lane_points(bank);
  RB_TRY(fill_grid(ctx, bank, &bank->coarse));
  for (int w = 0; w < RB_BANK_WINDOWS; ++w) RB_TRY(fill_grid(ctx, bank, &bank->fine[w]));
cleanup:
  return status;
}

static void free_grid(rb_bank_grid *grid) {
  for (int k = 0; k < RB_BANK_GROUPS; ++k) {
    free(grid->group[k].gain);
    free(grid->group[k].total);
  }
}

void rb_bank_free_grids(rb_lif_filter_bank *bank) {
  free_grid(&bank->coarse);
  for (int w = 0; w < RB_BANK_WINDOWS; ++w) free_grid(&bank->fine[w]);
}
