#include "likelihood.h"

#include <math.h>

#include "lif_state.h"
#include "rheobase/base/memory.h"

/* A recorded spike and the steps at which it may have happened. */
enum { MAX_CANDIDATES = 2 };
typedef struct recorded {
  int candidates;
  int64_t step[MAX_CANDIDATES];
} recorded;

struct rb_lif_likelihood {
  rb_filter filter;
  int64_t steps, refractory;  // L, R
  double *y;                  // (L)
  recorded *spike;            // (spikes), room for L
  int64_t spikes;
  const char *impossible;  // why no parameter vector can produce the observation
};

rb_lif_accuracy rb_lif_accuracy_default(void) {
  return (rb_lif_accuracy){
      .spacing = 0.25, .reach_sd = 7.5, .switch_sd = 6.5, .nearly_gauss = 1e-5, .order = 10};
}

rb_status rb_lif_likelihood_create_with(rb_context *ctx, const rb_lif_settings *settings,
                                        rb_lif_accuracy accuracy, rb_lif_likelihood **likelihood) {
  rb_status status = RB_OK;
  rb_lif_likelihood *l = NULL;
  if (!(settings->noise_mV > 0.0)) {
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "the exact likelihood needs observation noise: simulator.noise_mV is %g",
                   settings->noise_mV);
  }
  RB_TRY(RB_ALLOCATE(ctx, l, 1));
  RB_TRY(rb_filter_create(ctx, settings, accuracy, &l->filter));
  l->steps = rb_lif_steps(settings);
  l->refractory = (int64_t)ceil(settings->tref_ms / settings->dt_ms);
  RB_TRY(RB_ALLOCATE(ctx, l->y, l->steps));
  RB_TRY(RB_ALLOCATE(ctx, l->spike, l->steps));
  l->impossible = "no observation was given";
  *likelihood = l;
  l = NULL;
cleanup:
  rb_lif_likelihood_destroy(l);
  return status;
}

rb_status rb_lif_likelihood_create(rb_context *ctx, const rb_lif_settings *settings,
                                   rb_lif_likelihood **likelihood) {
  return rb_lif_likelihood_create_with(ctx, settings, rb_lif_accuracy_default(), likelihood);
}

void rb_lif_likelihood_destroy(rb_lif_likelihood *l) {
  if (l == NULL) return;
  rb_filter_destroy(&l->filter);
  free(l->y);
  free(l->spike);
  free(l);
}

static recorded find_candidates(const rb_lif_likelihood *l, int64_t index) {
  recorded r = {0};
  for (int64_t it = index > 0 ? index - 1 : 0; it <= index + 1 && it <= l->steps - 2; ++it) {
    if (rb_lif_spike_index(&l->filter.settings, it) == index && r.candidates < MAX_CANDIDATES) {
      r.step[r.candidates++] = it;
    }
  }
  return r;
}

const char *rb_lif_likelihood_observe(rb_lif_likelihood *l, const double *voltage_mV,
                                      const uint8_t *spikes) {
  l->spikes = 0;
  l->impossible = NULL;
  for (int64_t t = 0; t < l->steps; ++t) {
    l->y[t] = voltage_mV[t];
    if (!isfinite(voltage_mV[t])) l->impossible = "a voltage is not a finite number";
    if (spikes[t] == 0) continue;
    const recorded r = find_candidates(l, t);
    if (spikes[t] != 1) {
      l->impossible = "a spike entry is neither 0 nor 1";
    } else if (t == l->steps - 1) {
      l->impossible = "the last sample is marked as a spike, but it is never tested for one";
    } else if (r.candidates == 0) {
      l->impossible =
          "a spike is marked at an index that no step records; train for recordings with "
          "simulator.spike_index=exact";
    } else if (l->spikes > 0 &&
               r.step[r.candidates - 1] < l->spike[l->spikes - 1].step[0] + l->refractory + 1) {
      l->impossible = "two spikes are closer than the refractory period";
    } else {
      l->spike[l->spikes++] = r;
    }
  }
  return l->impossible;
}

static double log_add(double a, double b) {
  if (a == -INFINITY) return b;
  return fmax(a, b) + log1p(exp(-fabs(a - b)));
}

/* Log density of the observations while the neuron is held at V_reset: first .. last. */
static double log_held(const rb_lif_likelihood *l, double V_reset, int64_t first, int64_t last) {
  const double sigma = l->filter.settings.noise_mV;
  double sum = 0.0;
  for (int64_t t = first; t <= last; ++t) {
    const double z = (l->y[t] - V_reset) / sigma;
    sum += z * z;
  }
  return -0.5 * sum - (double)(last - first + 1) * log(sigma * sqrt(2.0 * M_PI));
}

static int64_t hold_end(const rb_lif_likelihood *l, int64_t spike) {
  const int64_t end = spike + l->refractory;
  return end < l->steps - 2 ? end : l->steps - 2;
}

/* The paths from a known state (x at step u, weight exp(log_density)) to the candidates of recorded
 * spike `index`: adds to log_at[] of each candidate the density up to the end of its refractory
 * period. After the last recorded spike: the paths to the end of the trace, added to log_at[0]. */
static void extend(rb_lif_likelihood *l, double log_density, int64_t u, double x, double V_reset,
                   int64_t index, double *log_at) {
  rb_crossing crossing[MAX_CANDIDATES];
  int count = 0, first = 0;
  double tail;
  if (log_density == -INFINITY) return;
  if (index == l->spikes) {
    rb_filter_segment(&l->filter, u, x, l->y, 0, NULL, &tail);
    log_at[0] = log_add(log_at[0], log_density + tail);
    return;
  }
  const recorded *r = &l->spike[index];
  while (first < r->candidates && r->step[first] <= u) ++first;  // still refractory
  for (int c = first; c < r->candidates; ++c) crossing[count++].step = r->step[c];
  if (count == 0) return;
  rb_filter_segment(&l->filter, u, x, l->y, count, crossing, NULL);
  for (int c = 0; c < count; ++c) {
    const double held = log_held(l, V_reset, crossing[c].step, hold_end(l, crossing[c].step));
    log_at[first + c] = log_add(log_at[first + c], log_density + crossing[c].log_density + held);
  }
}

/* Without a refractory period both steps that are recorded at one index may hold a spike. */
static void add_twins(rb_lif_likelihood *l, double V_reset, int64_t index, double *log_at) {
  const recorded *r = &l->spike[index];
  if (l->refractory > 0 || r->candidates < 2 || log_at[0] == -INFINITY) return;
  rb_crossing crossing = {.step = r->step[1]};
  rb_filter_segment(&l->filter, r->step[0], V_reset, l->y, 1, &crossing, NULL);
  const double held = log_held(l, V_reset, r->step[1], r->step[1]);
  log_at[1] = log_add(log_at[1], log_at[0] + crossing.log_density + held);
}

/* The sum over all paths: forward over the recorded spikes, a state being a candidate step. */
static double sum_paths(rb_lif_likelihood *l, double V_th, double V_reset, double V_init) {
  double log_at[MAX_CANDIDATES] = {-INFINITY, -INFINITY};
  int64_t index = 0;
  if (V_init >= V_th) {  // the first sample is a spike, whatever the noise
    if (l->spikes == 0 || l->spike[0].step[0] != 0) return -INFINITY;
    log_at[0] = log_held(l, V_reset, 0, hold_end(l, 0));
  } else {
    extend(l, log_held(l, V_init, 0, 0), 0, V_init, V_reset, 0, log_at);
  }
  for (; index < l->spikes; ++index) {
    add_twins(l, V_reset, index, log_at);
    double log_next[MAX_CANDIDATES] = {-INFINITY, -INFINITY};
    for (int c = 0; c < l->spike[index].candidates; ++c) {
      const int64_t end = hold_end(l, l->spike[index].step[c]);
      extend(l, log_at[c], end, V_reset, V_reset, index + 1, log_next);
    }
    for (int c = 0; c < MAX_CANDIDATES; ++c) log_at[c] = log_next[c];
  }
  return log_at[0];
}

double rb_lif_likelihood_evaluate(rb_lif_likelihood *l, const double *theta, const char **reason) {
  const char *why = l->impossible;
  if (why == NULL) why = rb_filter_set(&l->filter, theta);
  double value = -INFINITY;
  if (why == NULL) {
    value = sum_paths(l, theta[RB_LIF_V_TH], theta[RB_LIF_V_RESET], theta[RB_LIF_V_INIT]);
    if (!(value > -INFINITY)) {
      value = -INFINITY;
      why = "no path of the neuron gives the recorded spikes";
    }
  }
  if (reason != NULL) *reason = why;
  return value;
}

rb_status rb_lif_log_likelihood(const rb_model *model, rb_context *ctx, const float *x,
                                int64_t count, const double *theta, double *log_likelihood,
                                const char **reason) {
  rb_status status = RB_OK;
  const rb_lif_state *state = model->state;
  const int64_t L = state->length;
  rb_lif_likelihood *l = NULL;
  double *voltage = NULL;
  uint8_t *spikes = NULL;
  RB_TRY(rb_lif_likelihood_create(ctx, &state->settings, &l));
  RB_TRY(RB_ALLOCATE(ctx, voltage, L));
  RB_TRY(RB_ALLOCATE(ctx, spikes, L));
  for (int64_t t = 0; t < L; ++t) {
    const float spike = x[RB_LIF_SPIKES * L + t];
    voltage[t] = (double)x[RB_LIF_VOLTAGE * L + t];
    spikes[t] = spike == 0.0F ? 0 : spike == 1.0F ? 1 : 2;  // 2 is refused
  }
  const char *why = rb_lif_likelihood_observe(l, voltage, spikes);
  if (reason != NULL) *reason = why;
  for (int64_t i = 0; i < count; ++i) {
    log_likelihood[i] = rb_lif_likelihood_evaluate(l, &theta[i * RB_LIF_DIM], NULL);
  }
cleanup:
  rb_lif_likelihood_destroy(l);
  free(voltage);
  free(spikes);
  return status;
}
