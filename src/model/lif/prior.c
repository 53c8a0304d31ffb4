#include "prior.h"

#include <math.h>
#include <string.h>

#include "lif_state.h"

/* The prior (docs/model.md). V_init lies below E_L and V_reset below V_init, so their upper bounds
 * depend on those; tau_m and g_L are log-normal and then clipped, which puts point masses on the
 * ends of their ranges: `latent` is the value before clipping, where the density is a plain one. */

static const double HIGHEST_RESET_MV = -65;
static const double TAU_LOW_MS = 5, TAU_HIGH_MS = 20, G_LOW_NS = 5, G_HIGH_NS = 15;
static const double LOG_TEN = 2.30258509299404568402, LOG_SD = 0.2;  // of tau_m and of g_L

rb_truncated_normal rb_lif_prior_V_th(void) { return (rb_truncated_normal){-55, 2, -60, -50}; }

rb_truncated_normal rb_lif_prior_E_L(void) { return (rb_truncated_normal){-70, 2, -75, -60}; }

rb_truncated_normal rb_lif_prior_V_init(double E_L) {
  return (rb_truncated_normal){-70, 2, -80, fmin(E_L - RB_LIF_SMALLEST_GAP_MV, HIGHEST_RESET_MV)};
}

rb_truncated_normal rb_lif_prior_V_reset(double V_init) {
  return (rb_truncated_normal){-72, 2, -85,
                               fmin(V_init - RB_LIF_SMALLEST_GAP_MV, HIGHEST_RESET_MV)};
}

static double clip(double x, double low, double high) { return fmin(fmax(x, low), high); }

/* One uniform per parameter, its index the parameter's place. */
static void draw_latent(rb_stream stream, double *latent) {
  double u[RB_LIF_DIM];
  for (uint32_t d = 0; d < RB_LIF_DIM; ++d) u[d] = rb_stream_uniform(stream, d);
  latent[RB_LIF_V_TH] = rb_truncated_normal_quantile(rb_lif_prior_V_th(), u[RB_LIF_V_TH]);
  latent[RB_LIF_TAU_M] = rb_log_normal_quantile(LOG_TEN, LOG_SD, u[RB_LIF_TAU_M]);
  latent[RB_LIF_G_L] = rb_log_normal_quantile(LOG_TEN, LOG_SD, u[RB_LIF_G_L]);
  latent[RB_LIF_E_L] = rb_truncated_normal_quantile(rb_lif_prior_E_L(), u[RB_LIF_E_L]);
  latent[RB_LIF_V_INIT] =
      rb_truncated_normal_quantile(rb_lif_prior_V_init(latent[RB_LIF_E_L]), u[RB_LIF_V_INIT]);
  latent[RB_LIF_V_RESET] =
      rb_truncated_normal_quantile(rb_lif_prior_V_reset(latent[RB_LIF_V_INIT]), u[RB_LIF_V_RESET]);
}

void rb_lif_from_latent(const rb_model *model, int64_t count, const double *latent, double *theta) {
  (void)model;
  for (int64_t i = 0; i < count * RB_LIF_DIM; i += RB_LIF_DIM) {
    for (int d = 0; d < RB_LIF_DIM; ++d) theta[i + d] = latent[i + d];
    theta[i + RB_LIF_TAU_M] = clip(latent[i + RB_LIF_TAU_M], TAU_LOW_MS, TAU_HIGH_MS);
    theta[i + RB_LIF_G_L] = clip(latent[i + RB_LIF_G_L], G_LOW_NS, G_HIGH_NS);
  }
}

rb_status rb_lif_draw_prior(const rb_model *model, rb_context *ctx, uint64_t seed,
                            rb_purpose purpose, int64_t first, int64_t count, double *theta,
                            double *latent) {
  (void)ctx;
  for (int64_t i = 0; i < count; ++i) {
    const rb_stream stream =
        rb_stream_make(seed, purpose, RB_RANDOM_PRIOR, 0, (uint64_t)(first + i));
    double *row = &theta[i * RB_LIF_DIM];
    draw_latent(stream, row);
    if (latent != NULL) memcpy(&latent[i * RB_LIF_DIM], row, RB_LIF_DIM * sizeof *row);
  }
  rb_lif_from_latent(model, count, theta, theta);
  return RB_OK;
}

void rb_lif_log_prior(const rb_model *model, int64_t count, const double *latent,
                      double *log_density) {
  (void)model;
  for (int64_t i = 0; i < count; ++i) {
    const double *row = &latent[i * RB_LIF_DIM];
    const double ends = rb_truncated_normal_log_density(rb_lif_prior_V_th(), row[RB_LIF_V_TH]) +
                        rb_truncated_normal_log_density(rb_lif_prior_E_L(), row[RB_LIF_E_L]);
    // Beyond its parents' support an interval may be empty: do not ask for its density there.
    if (!isfinite(ends)) {
      log_density[i] = -INFINITY;
      continue;
    }
    const double start =
        rb_truncated_normal_log_density(rb_lif_prior_V_init(row[RB_LIF_E_L]), row[RB_LIF_V_INIT]);
    if (!isfinite(start)) {
      log_density[i] = -INFINITY;
      continue;
    }
    log_density[i] = ends + start +
                     rb_truncated_normal_log_density(rb_lif_prior_V_reset(row[RB_LIF_V_INIT]),
                                                     row[RB_LIF_V_RESET]) +
                     rb_log_normal_log_density(LOG_TEN, LOG_SD, row[RB_LIF_TAU_M]) +
                     rb_log_normal_log_density(LOG_TEN, LOG_SD, row[RB_LIF_G_L]);
  }
}

static uint32_t outside(int parameter, double x, double low, double high) {
  return x >= low && x <= high ? 0 : UINT32_C(1) << parameter;
}

uint32_t rb_lif_outside_support(const rb_model *model, const double *theta) {
  (void)model;
  const rb_truncated_normal V_th = rb_lif_prior_V_th(), E_L = rb_lif_prior_E_L();
  const rb_truncated_normal V_init = rb_lif_prior_V_init(theta[RB_LIF_E_L]);
  const rb_truncated_normal V_reset = rb_lif_prior_V_reset(theta[RB_LIF_V_INIT]);
  return outside(RB_LIF_V_TH, theta[RB_LIF_V_TH], V_th.low, V_th.high) |
         outside(RB_LIF_E_L, theta[RB_LIF_E_L], E_L.low, E_L.high) |
         outside(RB_LIF_V_INIT, theta[RB_LIF_V_INIT], V_init.low, V_init.high) |
         outside(RB_LIF_V_RESET, theta[RB_LIF_V_RESET], V_reset.low, V_reset.high) |
         outside(RB_LIF_TAU_M, theta[RB_LIF_TAU_M], TAU_LOW_MS, TAU_HIGH_MS) |
         outside(RB_LIF_G_L, theta[RB_LIF_G_L], G_LOW_NS, G_HIGH_NS);
}

bool rb_lif_in_support(const rb_model *model, const double *theta) {
  return rb_lif_outside_support(model, theta) == 0;
}
