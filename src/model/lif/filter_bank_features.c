#include <math.h>

#include "filter_bank_state.h"

#define MOMENT_FEATURES(X, grid)                                                        \
  X(grid##_V_reset, "mV", "mean of V_reset, " #grid " grid")                            \
  X(grid##_mu, "mV", "mean of E_L + I_mean/g_L, " #grid " grid")                        \
  X(grid##_V_init, "mV", "mean of V_init, " #grid " grid")                              \
  X(grid##_ln_tau, "1", "mean of ln(tau_m/ms), " #grid " grid")                         \
  X(grid##_ln_g, "1", "mean of ln(g_L/nS), " #grid " grid")                             \
  X(grid##_v_th, "mV", "mean prediction at spikes, " #grid " grid")                     \
  X(grid##_log_var_V_reset, "1", "log variance of V_reset, " #grid " grid")             \
  X(grid##_log_var_mu, "1", "log variance of mu, " #grid " grid")                       \
  X(grid##_log_var_V_init, "1", "log variance of V_init, " #grid " grid")               \
  X(grid##_log_var_ln_tau, "1", "log variance of ln tau_m, " #grid " grid")             \
  X(grid##_log_var_ln_g, "1", "log variance of ln g_L, " #grid " grid")                 \
  X(grid##_log_var_v_th, "1", "log variance of v_th, " #grid " grid")                   \
  X(grid##_cov_tau_g, "1", "covariance of ln tau_m and ln g_L, " #grid " grid")         \
  X(grid##_cov_tau_mu, "mV", "covariance of ln tau_m and mu, " #grid " grid")           \
  X(grid##_cov_tau_v_th, "mV", "covariance of ln tau_m and v_th, " #grid " grid")       \
  X(grid##_cov_tau_V_reset, "mV", "covariance of ln tau_m and V_reset, " #grid " grid") \
  X(grid##_cov_tau_V_init, "mV", "covariance of ln tau_m and V_init, " #grid " grid")   \
  X(grid##_cov_g_mu, "mV", "covariance of ln g_L and mu, " #grid " grid")               \
  X(grid##_cov_g_v_th, "mV", "covariance of ln g_L and v_th, " #grid " grid")           \
  X(grid##_var_v_th, "mV2", "variance of v_th, " #grid " grid")

#define FEATURES(X)                                                             \
  MOMENT_FEATURES(X, coarse)                                                    \
  MOMENT_FEATURES(X, fine)                                                      \
  X(fine_cov_g_V_reset, "mV", "covariance of ln g_L and V_reset, fine grid")    \
  X(fine_cov_g_V_init, "mV", "covariance of ln g_L and V_init, fine grid")      \
  X(fine_E_L, "mV", "mean of E_L, fine grid")                                   \
  X(fine_log_var_E_L, "1", "log variance of E_L, fine grid")                    \
  X(coarse_evidence, "1", "log evidence per sample, coarse grid")               \
  X(fine_evidence, "1", "log evidence per sample, fine grid")                   \
  X(highest, "mV", "highest prediction without a spike minus v_th")             \
  X(soft_highest_3, "mV", "the same softened: ln(sum exp(3 x))/3")              \
  X(soft_highest_6, "mV", "the same softened: ln(sum exp(6 x))/6")              \
  X(soft_highest_12, "mV", "the same softened: ln(sum exp(12 x))/12")           \
  X(spike_log_rms, "1", "log rms of predictions at spikes around v_th")         \
  X(spike_rise, "mV", "mean rise of the prediction in the step before a spike") \
  X(mu_above_v_th, "mV", "mu minus v_th of the best lane")                      \
  X(count, "1", "number of spikes")                                             \
  X(none, "1", "1 if there is no spike")                                        \
  X(one, "1", "1 if there is one spike")                                        \
  X(log_count, "1", "ln(1 + number of spikes)")                                 \
  X(held_mean, "mV", "mean voltage in refractory periods")                      \
  X(isi_mean, "ms", "mean inter-spike interval")                                \
  X(isi_log_mean, "1", "mean log inter-spike interval")                         \
  X(isi_sd, "ms", "sd of the inter-spike intervals")                            \
  X(isi_log_sd, "1", "sd of the log inter-spike intervals")                     \
  X(first_spike, "ms", "time of the first spike")                               \
  X(last_spike, "ms", "time of the last spike")                                 \
  X(highest_short, "mV", "highest mean voltage over 1 ms")                      \
  X(highest_long, "mV", "highest mean voltage over 5 ms")

#define FEATURE_INDEX(name, unit, description) F_##name,
enum { FEATURES(FEATURE_INDEX) FEATURE_COUNT };
_Static_assert((int)FEATURE_COUNT == (int)RB_LIF_FEATURES,
               "the table of features has RB_LIF_FEATURES rows");

static const double LEAST_VARIANCE = 1e-6;  // inside logarithms

const rb_quantity *rb_lif_filter_bank_quantities(void) {
#define FEATURE_ROW(name, unit, description) {#name, unit, description},
  static const rb_quantity quantities[FEATURE_COUNT] = {FEATURES(FEATURE_ROW)};
#undef FEATURE_ROW
  return quantities;
}

static float *put(float *out, double value) {
  *out = (float)value;
  return out + 1;
}

/* The 20 features of MOMENT_FEATURES, in their order. */
static void put_moments(double level, const rb_bank_moments *m, float *out) {
  const double potentials[] = {m->V_reset, m->mu, m->V_init};
  const double variances[] = {m->var_V_reset, m->var_mu,    m->var_V_init,
                              m->var_log_tau, m->var_log_g, m->var_v_th};
  const double rest[] = {m->tau_g,      m->tau_mu, m->tau_v_th, m->tau_V_reset,
                         m->tau_V_init, m->g_mu,   m->g_v_th,   m->var_v_th};
  for (int k = 0; k < 3; ++k) out = put(out, potentials[k] + level);
  out = put(out, m->log_tau);
  out = put(out, m->log_g);
  out = put(out, m->v_th + level);
  for (int k = 0; k < 6; ++k) out = put(out, log(variances[k] + LEAST_VARIANCE));
  for (int k = 0; k < 8; ++k) out = put(out, rest[k]);
}

static void put_threshold(const rb_bank_summary *s, const rb_bank_threshold *r, int lane,
                          float *f) {
  static const double sharpness[] = {3, 6, 12};
  const double spikes = (double)s->events.segment_spikes;
  f[F_highest] = r->highest[lane];
  for (int k = 0; k < 3; ++k) {
    const double sum = (double)r->exponentials[k][lane];
    f[F_soft_highest_3 + k] = (float)(log(sum) / sharpness[k]);
  }
  f[F_spike_log_rms] =
      spikes > 0 ? (float)(0.5 * log((double)r->spike_square[lane] / spikes + LEAST_VARIANCE)) : 0;
  f[F_spike_rise] = spikes > 0 ? (float)((double)r->spike_rise[lane] / spikes) : 0;
  f[F_mu_above_v_th] = (float)(s->best_mu - s->best_v_th);
}

static void put_events(double level, const rb_bank_events *e, const rb_bank_threshold *r, int lane,
                       float *f) {
  const double count = (double)e->spikes;
  f[F_count] = (float)count;
  f[F_none] = e->spikes == 0;
  f[F_one] = e->spikes == 1;
  f[F_log_count] = (float)log1p(count);
  f[F_held_mean] = (float)(RB_BANK_V_RESET_MV + (e->held > 0 ? e->held_sum / e->held : 0));
  f[F_isi_mean] = (float)e->isi_mean;
  f[F_isi_log_mean] = (float)e->isi_log_mean;
  f[F_isi_sd] = (float)e->isi_sd;
  f[F_isi_log_sd] = (float)e->isi_log_sd;
  f[F_first_spike] = (float)e->first_ms;
  f[F_last_spike] = (float)e->last_ms;
  f[F_highest_short] = (float)((double)r->highest_short[lane] + level);
  f[F_highest_long] = (float)((double)r->highest_long[lane] + level);
}

void rb_bank_put_features(const rb_lif_filter_bank *bank, const rb_bank_summary *s,
                          const rb_bank_threshold *threshold, int lane, float *f) {
  put_moments(bank->level_mV, &s->coarse, &f[F_coarse_V_reset]);
  put_moments(bank->level_mV, &s->fine, &f[F_fine_V_reset]);
  f[F_fine_cov_g_V_reset] = (float)s->fine.g_V_reset;
  f[F_fine_cov_g_V_init] = (float)s->fine.g_V_init;
  f[F_fine_E_L] = (float)(s->fine.E_L + bank->level_mV);
  f[F_fine_log_var_E_L] = (float)log(s->fine.var_E_L + LEAST_VARIANCE);
  f[F_coarse_evidence] = (float)(s->coarse_evidence / (double)bank->length);
  f[F_fine_evidence] = (float)(s->fine_evidence / (double)bank->length);
  put_threshold(s, threshold, lane, f);
  put_events(bank->level_mV, &s->events, threshold, lane, f);
}

rb_lif_centring rb_bank_centring(const rb_lif_filter_bank *bank, const rb_bank_summary *s) {
  const rb_bank_moments *m = &s->fine;
  const double spikes = (double)s->events.segment_spikes;
  // A spike tells V_th only up to the noise of the potential above it.
  const double overshoot = spikes > 0 ? 0.3 / sqrt(spikes) : 0;
  const rb_lif_estimate estimate = {.V_reset = m->V_reset + bank->level_mV,
                                    .mu = m->mu + bank->level_mV,
                                    .V_init = m->V_init + bank->level_mV,
                                    .log_tau = m->log_tau,
                                    .V_th = m->v_th + bank->level_mV,
                                    .E_L = m->E_L + bank->level_mV,
                                    .sd_V_reset = sqrt(m->var_V_reset),
                                    .sd_mu = sqrt(m->var_mu),
                                    .sd_V_init = sqrt(m->var_V_init),
                                    .sd_log_tau = sqrt(m->var_log_tau),
                                    .sd_V_th = sqrt(m->var_v_th) + overshoot,
                                    .sd_E_L = sqrt(m->var_E_L)};
  return rb_lif_centring_make(bank->settings.I_mean_pA, &estimate);
}
