#include <math.h>
#include <string.h>

#include "lif_state.h"
#include "prior.h"

/* The prior's support as an image of R^6: logits of the voltages within their bounds, which depend
 * on the parents (E_L, then V_init, then V_reset), and logarithms of the latent tau_m and g_L. */

// Keeps a value that rounding has put on a bound off infinity.
static const double SMALLEST_SHARE = 1e-15;

static double softplus(double x) { return fmax(x, 0) + log1p(exp(-fabs(x))); }

/* The bounds of a voltage, given the parents in `row`. */
static rb_truncated_normal bounds(int d, const double *row) {
  switch (d) {
    case RB_LIF_V_TH:
      return rb_lif_prior_V_th();
    case RB_LIF_E_L:
      return rb_lif_prior_E_L();
    case RB_LIF_V_INIT:
      return rb_lif_prior_V_init(row[RB_LIF_E_L]);
    default:
      return rb_lif_prior_V_reset(row[RB_LIF_V_INIT]);
  }
}

// Parents before children.
static const int order[] = {RB_LIF_V_TH, RB_LIF_E_L, RB_LIF_V_INIT, RB_LIF_V_RESET};
enum { VOLTAGES = sizeof order / sizeof *order };

/* log |d latent / d phi|: the Jacobian is triangular in `order`. */
static double log_determinant(const double *latent, const double *phi) {
  double sum = phi[RB_LIF_TAU_M] + phi[RB_LIF_G_L];
  for (int i = 0; i < VOLTAGES; ++i) {
    const int d = order[i];
    const rb_truncated_normal range = bounds(d, latent);
    sum += log(range.high - range.low) - softplus(phi[d]) - softplus(-phi[d]);
  }
  return sum;
}

void rb_lif_to_support(const rb_model *model, int64_t count, const double *latent, double *phi,
                       double *log_det) {
  (void)model;
  for (int64_t i = 0; i < count; ++i) {
    double row[RB_LIF_DIM], *out = &phi[i * RB_LIF_DIM];
    memcpy(row, &latent[i * RB_LIF_DIM], sizeof row);
    for (int k = 0; k < VOLTAGES; ++k) {
      const int d = order[k];
      const rb_truncated_normal range = bounds(d, row);
      const double share = (row[d] - range.low) / (range.high - range.low);
      const double inner = fmin(fmax(share, SMALLEST_SHARE), 1 - SMALLEST_SHARE);
      out[d] = log(inner) - log1p(-inner);
    }
    out[RB_LIF_TAU_M] = log(row[RB_LIF_TAU_M]);
    out[RB_LIF_G_L] = log(row[RB_LIF_G_L]);
    if (log_det != NULL) log_det[i] = log_determinant(row, out);
  }
}

void rb_lif_from_support(const rb_model *model, int64_t count, const double *phi, double *latent,
                         double *log_det) {
  (void)model;
  for (int64_t i = 0; i < count; ++i) {
    double row[RB_LIF_DIM], *out = &latent[i * RB_LIF_DIM];
    memcpy(row, &phi[i * RB_LIF_DIM], sizeof row);
    for (int k = 0; k < VOLTAGES; ++k) {
      const int d = order[k];
      const rb_truncated_normal range = bounds(d, out);
      out[d] = range.low + (range.high - range.low) / (1 + exp(-row[d]));
    }
    out[RB_LIF_TAU_M] = exp(row[RB_LIF_TAU_M]);
    out[RB_LIF_G_L] = exp(row[RB_LIF_G_L]);
    if (log_det != NULL) log_det[i] = log_determinant(out, row);
  }
}
