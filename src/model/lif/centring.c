#include "centring.h"

#include <gsl/gsl_sf_erf.h>
#include <math.h>

#include "prior.h"

static const double SMALLEST_SHARE = 1e-15;  // keeps a value on a bound off infinity
static const double LEAST_MARGIN = 0.02;     // locations stay this share off the bounds
static const double LEAST_DRIVE_MV = 1;      // of mu - E_L
static const double LOG_TEN = 2.30258509299404568402;

typedef struct range {
  double low, high;
} range;

/* The default prior's support in the order V_reset, V_init, E_L: the prior's rows state it the
 * other way round. */
static range range_of(int d, const double *row) {
  const double gap = RB_LIF_SMALLEST_GAP;
  switch (d) {
    case RB_LIF_V_RESET:
      return (range){RB_LIF_V_RESET_LOW, RB_LIF_RESET_HIGH - gap};
    case RB_LIF_V_INIT:
      return (range){fmax(row[RB_LIF_V_RESET] + gap, RB_LIF_V_INIT_LOW), RB_LIF_RESET_HIGH};
    case RB_LIF_E_L:
      return (range){fmax(row[RB_LIF_V_INIT] + gap, RB_LIF_E_L_LOW), RB_LIF_E_L_HIGH};
    default:
      return (range){RB_LIF_V_TH_LOW, RB_LIF_V_TH_HIGH};
  }
}

// Parents before children.
static const int order[] = {RB_LIF_V_RESET, RB_LIF_V_INIT, RB_LIF_E_L, RB_LIF_V_TH};
enum { VOLTAGES = sizeof order / sizeof *order };

static double logit(double share) { return log(share) - log1p(-share); }

static double softplus(double x) { return fmax(x, 0) + log1p(exp(-fabs(x))); }

/* ln g_L that mu and E_L imply. */
static double implied_log_g(double I_mean_pA, double mu, double E_L) {
  if (!(I_mean_pA > 0)) return LOG_TEN;
  return log(I_mean_pA / fmax(mu - E_L, LEAST_DRIVE_MV));
}

/* Location and scale of the logit of a potential of mean row[d], which is first brought within its
 * range, so that those of its children are not empty. */
static void set_logit(int d, double *row, double sd, rb_lif_centring *c) {
  const range r = range_of(d, row);
  const double width = r.high - r.low;
  const double share = fmin(fmax((row[d] - r.low) / width, LEAST_MARGIN), 1 - LEAST_MARGIN);
  row[d] = r.low + share * width;
  c->location[d] = logit(share);
  c->scale[d] = sd / (width * share * (1 - share));
}

/* The normal estimate of E_L, cut off where V_init ends its range: of a normal above z the mean is
 * the hazard h(z) and the variance 1 - h (h - z). */
static void set_E_L(const rb_lif_estimate *e, double *row, rb_lif_centring *c) {
  const double sd = fmax(e->sd_E_L, 0.3);
  const double z = fmax((range_of(RB_LIF_E_L, row).low - e->E_L) / sd, -8);  // no underflow
  const double hazard = gsl_sf_hazard(z);
  row[RB_LIF_E_L] = e->E_L + sd * hazard;
  set_logit(RB_LIF_E_L, row, sd * sqrt(fmax(1 - hazard * (hazard - z), 0.01)), c);
}

rb_lif_centring rb_lif_centring_make(double I_mean_pA, const rb_lif_estimate *e) {
  rb_lif_centring c = {.I_mean_pA = I_mean_pA};
  const double sd_V_reset = fmax(e->sd_V_reset, 0.05);
  double row[RB_LIF_DIM] = {
      [RB_LIF_V_RESET] = e->V_reset, [RB_LIF_V_INIT] = e->V_init, [RB_LIF_V_TH] = e->V_th};
  set_logit(RB_LIF_V_RESET, row, sd_V_reset, &c);
  set_logit(RB_LIF_V_INIT, row, hypot(sd_V_reset, e->sd_V_init), &c);
  set_logit(RB_LIF_V_TH, row, fmax(e->sd_V_th, 0.05), &c);
  set_E_L(e, row, &c);
  c.location[RB_LIF_TAU_M] = e->log_tau;
  c.scale[RB_LIF_TAU_M] = fmax(e->sd_log_tau, 0.02);
  c.location[RB_LIF_G_L] = e->mu;
  const double drive = fmax(e->mu - RB_LIF_E_L_MEAN, LEAST_DRIVE_MV);  // I_mean / g_L
  c.scale[RB_LIF_G_L] = I_mean_pA > 0 ? fmax(e->sd_mu, 0.05) / drive : 0.2;
  return c;
}

/* ln |d latent / d psi|: the Jacobian is triangular in `order`, then tau_m and g_L. */
static double log_determinant(const rb_lif_centring *c, const double *latent, const double *psi) {
  double sum = log(latent[RB_LIF_TAU_M]) + log(latent[RB_LIF_G_L]);
  for (int d = 0; d < RB_LIF_DIM; ++d) sum += log(c->scale[d]);
  for (int k = 0; k < VOLTAGES; ++k) {
    const int d = order[k];
    const range r = range_of(d, latent);
    const double x = c->location[d] + c->scale[d] * psi[d];
    sum += log(r.high - r.low) - softplus(x) - softplus(-x);
  }
  return sum;
}

void rb_lif_centre(const rb_lif_centring *c, const double *latent, double *psi, double *log_det) {
  for (int k = 0; k < VOLTAGES; ++k) {
    const int d = order[k];
    const range r = range_of(d, latent);
    const double share = (latent[d] - r.low) / (r.high - r.low);
    const double inner = fmin(fmax(share, SMALLEST_SHARE), 1 - SMALLEST_SHARE);
    psi[d] = (logit(inner) - c->location[d]) / c->scale[d];
  }
  psi[RB_LIF_TAU_M] =
      (log(latent[RB_LIF_TAU_M]) - c->location[RB_LIF_TAU_M]) / c->scale[RB_LIF_TAU_M];
  psi[RB_LIF_G_L] = (log(latent[RB_LIF_G_L]) -
                     implied_log_g(c->I_mean_pA, c->location[RB_LIF_G_L], latent[RB_LIF_E_L])) /
                    c->scale[RB_LIF_G_L];
  if (log_det != NULL) *log_det = -log_determinant(c, latent, psi);
}

void rb_lif_uncentre(const rb_lif_centring *c, const double *psi, double *latent, double *log_det) {
  for (int k = 0; k < VOLTAGES; ++k) {
    const int d = order[k];
    const range r = range_of(d, latent);
    latent[d] = r.low + (r.high - r.low) / (1 + exp(-(c->location[d] + c->scale[d] * psi[d])));
  }
  latent[RB_LIF_TAU_M] =
      exp(c->location[RB_LIF_TAU_M] + c->scale[RB_LIF_TAU_M] * psi[RB_LIF_TAU_M]);
  latent[RB_LIF_G_L] =
      exp(implied_log_g(c->I_mean_pA, c->location[RB_LIF_G_L], latent[RB_LIF_E_L]) +
          c->scale[RB_LIF_G_L] * psi[RB_LIF_G_L]);
  if (log_det != NULL) *log_det = log_determinant(c, latent, psi);
}
