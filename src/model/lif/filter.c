#include "filter.h"

#include <gsl/gsl_sf_erf.h>
#include <math.h>
#include <string.h>

enum { CHECK_EVERY = 4 };  // steps between tests whether the grid's density is Gaussian again

static const double clip_mV = 100.0;
// Beyond so many sd the density at the threshold is not represented, nor needed.
static const double farthest_sd = 34.0;
// The reach is taken as its limit where it exceeds it by less than this share.
static const double reach_tolerance = 0.02;

rb_status rb_filter_create(rb_context *ctx, const rb_lif_settings *settings,
                           rb_lif_accuracy accuracy, rb_filter *filter) {
  memset(filter, 0, sizeof *filter);
  filter->accuracy = accuracy;
  filter->settings = *settings;
  filter->steps = rb_lif_steps(settings);
  return rb_membrane_create(ctx, accuracy, &filter->grid);
}

void rb_filter_destroy(rb_filter *filter) { rb_membrane_destroy(&filter->grid); }

static void current_range(const rb_lif_settings *s, double *lowest, double *highest) {
  *lowest = *highest = s->current_count > 0 ? s->current_pA[0] : s->I_mean_pA;
  for (int64_t t = 0; t < s->current_count; ++t) {
    *lowest = fmin(*lowest, s->current_pA[t]);
    *highest = fmax(*highest, s->current_pA[t]);
  }
}

/* Whether the clip at +-100 mV, which the filter does not know, could ever act. On the way from the
 * start to rest, with w = a^n, mean - k sd = rest - w (rest - start) - k sd_rest sqrt(1 - w^2),
 * whose least value is rest - sqrt((rest - start)^2 + (k sd_rest)^2). */
static bool clip_within_reach(const rb_filter *f, const double *theta) {
  const double reach = f->accuracy.reach_sd + 1.0;
  double lowest, highest;
  current_range(&f->settings, &lowest, &highest);
  const double rest_mV = theta[RB_LIF_E_L] + lowest / theta[RB_LIF_G_L];
  const double start_mV = fmin(theta[RB_LIF_V_RESET], theta[RB_LIF_V_INIT]);
  const double sd = f->q / sqrt(1.0 - f->a * f->a);
  const double top_mV = f->a * f->V_th + f->b_rest + f->b_per_pA * highest;
  return rest_mV - hypot(fmax(rest_mV - start_mV, 0.0), reach * sd) < -clip_mV ||
         fmax(top_mV, f->V_th) + reach * f->q > clip_mV;
}

/* How many sd away the threshold still matters, n steps before a spike. A path that ends in an
 * improbable spike has left the bulk of the filter's density some steps earlier: given the
 * crossing, the deviation n steps before is the share r^n of that at the end, with variance
 * (1 - r^n) P; so it feels the threshold where k sqrt(1 - r^n) is within reach. */
static void set_reach(rb_filter *f, double filtered_variance) {
  const double a2P = f->a * f->a * filtered_variance;
  const double ratio = a2P > 0.0 ? a2P / (a2P + f->q * f->q) : 0.0;
  const double limit = f->accuracy.switch_sd * f->accuracy.switch_sd;
  double power = 1.0;
  f->reach2[0] = limit;
  f->lookahead = 1;
  for (int n = 1; n < RB_FILTER_LOOKAHEAD; ++n) {
    power *= ratio;
    if (power < 2.0 * reach_tolerance) break;
    f->reach2[n] = limit / (1.0 - power);
    f->lookahead = n + 1;
  }
}

const char *rb_filter_set(rb_filter *f, const double *theta) {
  const double tau_m = theta[RB_LIF_TAU_M], g_L = theta[RB_LIF_G_L], dt = f->settings.dt_ms;
  for (int i = 0; i < RB_LIF_DIM; ++i) {
    if (!isfinite(theta[i])) return "a parameter is not finite";
  }
  if (!(tau_m > 0.0 && g_L > 0.0)) return "tau_m and g_L must be above 0";
  if (theta[RB_LIF_V_TH] <= theta[RB_LIF_V_RESET]) return "V_th must lie above V_reset";
  if (!(tau_m > dt)) return "tau_m must exceed the time step";
  const double d = dt / tau_m, sigma = f->settings.noise_mV;
  f->V_th = theta[RB_LIF_V_TH];
  f->a = 1.0 - d;
  f->b_rest = d * theta[RB_LIF_E_L];
  f->b_per_pA = d / g_L;
  f->q = d * f->settings.I_std_pA / g_L;
  if (clip_within_reach(f, theta)) return "the simulator's clip at +-100 mV could be reached";
  // Stationary predicted variance X: X = a^2 X sigma^2 / (X + sigma^2) + q^2.
  const double s2 = sigma * sigma, q2 = f->q * f->q, B = s2 * (1.0 - f->a * f->a) - q2;
  const double X = q2 > 0.0 ? 0.5 * (sqrt(B * B + 4.0 * q2 * s2) - B) : 0.0;
  f->gain = X / (X + s2);
  set_reach(f, f->gain * s2);
  if (f->q > 0.0 && !rb_membrane_set(&f->grid, f->V_th, f->a, f->q, sigma)) {
    return "the current noise is too small beside the observation noise for the filter's grid";
  }
  return NULL;
}

/* x_t = a x_{t-1} + b + noise; the current at step t-1 drives it. */
static double offset(const rb_filter *f, int64_t t) {
  const rb_lif_settings *s = &f->settings;
  return f->b_rest + f->b_per_pA * (s->current_count > 0 ? s->current_pA[t - 1] : s->I_mean_pA);
}

static bool near_threshold(const rb_filter *f, double m, double variance, int64_t to_spike) {
  const double distance = f->V_th - m, distance2 = distance * distance;
  if (distance <= 0.0) return true;
  const double reach2 = to_spike < f->lookahead ? f->reach2[to_spike] : f->reach2[0];
  return distance2 < reach2 * variance && distance2 < farthest_sd * farthest_sd * variance;
}

static void kalman_step(rb_filter *f, double b, double y, int64_t to_spike) {
  const double s2 = f->settings.noise_mV * f->settings.noise_mV;
  const double predicted = f->a * f->m + b, variance = f->a * f->a * f->P + f->q * f->q;
  const double innovation = y - predicted, S = variance + s2, gain = variance / S;
  f->log_weight -= 0.5 * (log(2.0 * M_PI * S) + innovation * innovation / S);
  f->m = predicted + gain * innovation;
  f->P = gain * s2;
  if (f->q == 0.0) {  // no noise: the path is known
    if (f->m >= f->V_th) f->log_weight = -INFINITY;
    return;
  }
  if (near_threshold(f, predicted, variance, to_spike) || near_threshold(f, f->m, f->P, to_spike)) {
    f->on_grid = true;
    if (!rb_membrane_from_gaussian(&f->grid, f->m, sqrt(f->P), f->log_weight,
                                   to_spike < f->lookahead)) {
      f->log_weight = -INFINITY;
    }
  }
}

/* Back to the Kalman filter once the density has left the threshold and forgotten it. */
static void leave_grid(rb_filter *f) {
  const rb_membrane_moments moments = rb_membrane_take_moments(&f->grid);
  const double tolerance = f->accuracy.nearly_gauss;
  if (f->V_th - moments.mean < (f->accuracy.switch_sd + 0.5) * moments.sd ||
      !(fabs(moments.skewness) < tolerance && fabs(moments.excess_kurtosis) < tolerance)) {
    return;
  }
  f->on_grid = false;
  f->m = moments.mean;
  f->P = moments.sd * moments.sd;
  f->log_weight = moments.log_mass;
}

static void step(rb_filter *f, int64_t t, double y, int64_t to_spike) {
  if (!f->on_grid) {
    kalman_step(f, offset(f, t), y, to_spike);
    return;
  }
  const bool to_threshold = to_spike < f->lookahead;
  if (!rb_membrane_step(&f->grid, offset(f, t), y, f->gain, to_threshold)) {
    f->log_weight = -INFINITY;
  } else if (t % CHECK_EVERY == 0 && !to_threshold && f->grid.lo > 0) {
    leave_grid(f);
  }
}

static double log_spike(const rb_filter *f, int64_t t) {
  const double b = offset(f, t);
  if (f->on_grid) return rb_membrane_log_spike(&f->grid, b);
  const double mean = f->a * f->m + b, variance = f->a * f->a * f->P + f->q * f->q;
  if (variance == 0.0) return mean >= f->V_th ? f->log_weight : -INFINITY;
  const double z = (f->V_th - mean) / sqrt(2.0 * variance);
  return f->log_weight + gsl_sf_log_erfc(z) - M_LN2;
}

static double log_last(const rb_filter *f, int64_t t, double y) {
  const double b = offset(f, t), sigma = f->settings.noise_mV;
  if (f->on_grid) return rb_membrane_log_last(&f->grid, b, y);
  const double variance = f->a * f->a * f->P + f->q * f->q + sigma * sigma;
  const double innovation = y - f->a * f->m - b;
  return f->log_weight - 0.5 * (log(2.0 * M_PI * variance) + innovation * innovation / variance);
}

void rb_filter_segment(rb_filter *f, int64_t u, double x_mV, const double *y_mV, int count,
                       rb_crossing *crossing, double *log_tail) {
  f->on_grid = false;
  f->m = x_mV;
  f->P = 0.0;
  f->log_weight = 0.0;
  for (int k = 0; k < count; ++k) crossing[k].log_density = -INFINITY;
  if (log_tail != NULL) *log_tail = -INFINITY;
  int next = 0;
  for (int64_t t = u + 1; f->log_weight > -INFINITY; ++t) {
    if (next < count && t == crossing[next].step) {
      crossing[next].log_density = log_spike(f, t);
      if (++next == count) return;
    }
    if (count == 0 && t == f->steps - 1) {
      if (log_tail != NULL) *log_tail = log_last(f, t, y_mV[t]);
      return;
    }
    step(f, t, y_mV[t], next < count ? crossing[next].step - t : INT64_MAX);
  }
}
