#include "filter_bank.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "filter_bank_state.h"
#include "lif_state.h"
#include "rheobase/memory.h"

enum { CHUNK = RB_BANK_GROUP };

static const double SHORT_MS = 1, LONG_MS = 5;
static const double LEAST_NOISE_MV = 0.05;  // the filter needs some

static int64_t window_steps(const rb_lif_filter_bank *bank, double ms) {
  const double steps = fmax(rint(ms / bank->settings.dt_ms), 1);
  return (int64_t)fmin(steps, (double)bank->length);
}

static rb_status fill(rb_context *ctx, rb_lif_filter_bank *bank, const rb_lif_settings *settings) {
  rb_status status = RB_OK;
  bank->settings = *settings;
  bank->length = rb_lif_steps(settings);
  bank->windows[0] = window_steps(bank, SHORT_MS);
  bank->windows[1] = window_steps(bank, LONG_MS);
  bank->level_mV = RB_BANK_E_L_MV + settings->I_mean_pA / 10;
  const double noise = fmax(settings->noise_mV, LEAST_NOISE_MV);
  bank->noise_variance = noise * noise;
  bank->refractory = (int64_t)ceil(settings->tref_ms / settings->dt_ms);
  RB_TRY(RB_ALLOCATE(ctx, bank->spike_index, bank->length));
  for (int64_t t = 0; t < bank->length; ++t) {
    bank->spike_index[t] = rb_lif_spike_index(settings, t);
  }
  if (settings->current_count > 0) {
    RB_TRY(RB_ALLOCATE(ctx, bank->input, bank->length));
    for (int64_t t = 0; t < bank->length; ++t) {
      bank->input[t] = (float)(settings->current_pA[t] - settings->I_mean_pA);
    }
  }
  bank->settings.current_pA = NULL;
  RB_TRY(rb_bank_create_grids(ctx, bank));
cleanup:
  return status;
}

rb_status rb_lif_filter_bank_create(rb_context *ctx, const rb_lif_settings *settings,
                                    rb_lif_filter_bank **result) {
  rb_status status = RB_OK;
  rb_lif_filter_bank *bank = NULL;
  RB_TRY(RB_ALLOCATE(ctx, bank, 1));
  RB_TRY(fill(ctx, bank, settings));
  *result = bank;
  bank = NULL;
cleanup:
  rb_lif_filter_bank_free(bank);
  return status;
}

void rb_lif_filter_bank_free(rb_lif_filter_bank *bank) {
  if (bank == NULL) return;
  rb_bank_free_grids(bank);
  free(bank->input);
  free(bank->spike_index);
  free(bank);
}

/* Memory for CHUNK data sets. */
typedef struct workspace {
  float *y;                  // (CHUNK, L) minus the level
  float *y_by_step;          // (L, CHUNK)
  uint32_t *code;            // (L, CHUNK)
  rb_bank_segment *segment;  // (CHUNK, L + 1)
  rb_bank_summary summary[CHUNK];
  rb_bank_sums sums[CHUNK][RB_BANK_GROUPS];
  rb_bank_best best;
  rb_bank_threshold threshold;
} workspace;

static void free_workspace(workspace *w) {
  if (w == NULL) return;
  free(w->y);
  free(w->y_by_step);
  free(w->code);
  free(w->segment);
  free(w);
}

static rb_status create_workspace(rb_context *ctx, int64_t length, workspace **result) {
  rb_status status = RB_OK;
  workspace *w = NULL;
  RB_TRY(RB_ALLOCATE(ctx, w, 1));
  RB_TRY(RB_ALLOCATE(ctx, w->y, CHUNK * length));
  RB_TRY(RB_ALLOCATE(ctx, w->y_by_step, CHUNK * length));
  RB_TRY(RB_ALLOCATE(ctx, w->code, CHUNK * length));
  RB_TRY(RB_ALLOCATE(ctx, w->segment, CHUNK * (length + 1)));
  *result = w;
  w = NULL;
cleanup:
  free_workspace(w);
  return status;
}

static void load_data_set(const rb_lif_filter_bank *bank, const float *x, int i, workspace *w) {
  const int64_t length = bank->length;
  const float *voltage = &x[RB_LIF_VOLTAGE * length], *spikes = &x[RB_LIF_SPIKES * length];
  rb_bank_split(bank, voltage, spikes, &w->segment[i * (length + 1)], &w->code[i], CHUNK,
                &w->summary[i].events);
  for (int64_t t = 0; t < length; ++t) {
    w->y[i * length + t] = (float)((double)voltage[t] - bank->level_mV);
    w->y_by_step[t * CHUNK + i] = w->y[i * length + t];
  }
}

/* Adds the segments of data set i to its sums, for half of the lanes of a grid. */
static void run_filter(const rb_lif_filter_bank *bank, const rb_bank_kernel *kernel,
                       const rb_bank_grid *grid, int half, int i, workspace *w) {
  const float start[2] = {(float)(RB_BANK_V_RESET_MV - bank->level_mV),
                          (float)(RB_BANK_V_INIT_MV - bank->level_mV)};
  kernel->filter(&grid->group[half], bank->lags, &w->y[i * bank->length], bank->input, start,
                 w->summary[i].events.segments, &w->segment[i * (bank->length + 1)],
                 &w->sums[i][half]);
}

/* Hands the most probable lane of data set i to the second pass. */
static void choose_best(const rb_lif_filter_bank *bank, const rb_bank_grid *grid,
                        const rb_bank_posterior *p, int i, workspace *w) {
  int lane = 0;
  for (int k = 1; k < RB_BANK_LANES; ++k) {
    if (p->log_weight[k] > p->log_weight[lane]) lane = k;
  }
  const double d = bank->settings.dt_ms / exp(grid->log_tau[lane]);
  const double gain = d / exp(grid->log_g[lane]), q = gain * bank->settings.I_std_pA;
  w->best.decay[i] = (float)(1 - d);
  w->best.rise[i] = (float)(d * p->mu[lane]);
  w->best.input_gain[i] = (float)gain;
  w->best.process[i] = (float)(q * q);
  w->best.noise[i] = (float)bank->noise_variance;
  w->best.V_reset[i] = (float)p->V_reset[lane];
  w->best.V_init[i] = (float)p->V_init[lane];
  w->best.v_th[i] = (float)p->v_th[lane];
  w->summary[i].best_mu = p->mu[lane];
  w->summary[i].best_v_th = p->v_th[lane];
}

/* From data set i's sums on the coarse grid to the fine grid and its best lane. */
static void refine(const rb_lif_filter_bank *bank, const rb_bank_kernel *kernel, int i,
                   workspace *w) {
  rb_bank_summary *s = &w->summary[i];
  rb_bank_posterior p;
  const double first = (double)w->y[i * bank->length];
  rb_bank_solve(bank, &bank->coarse, w->sums[i], &s->events, first, &p);
  rb_bank_average(&bank->coarse, &p, &s->coarse);
  s->coarse_evidence = p.log_evidence;
  const rb_bank_grid *fine = &bank->fine[rb_bank_window(s->coarse.log_tau)];
  memset(w->sums[i], 0, sizeof w->sums[i]);
  for (int half = 0; half < RB_BANK_GROUPS; ++half) run_filter(bank, kernel, fine, half, i, w);
  rb_bank_solve(bank, fine, w->sums[i], &s->events, first, &p);
  rb_bank_average(fine, &p, &s->fine);
  s->fine_evidence = p.log_evidence;
  choose_best(bank, fine, &p, i, w);
}

/* At most CHUNK data sets; what the second pass computes for lanes beyond is not looked at. */
static void compute_chunk(const rb_lif_filter_bank *bank, const rb_bank_kernel *kernel, int count,
                          const float *x, workspace *w, float *features,
                          rb_lif_centring *centring) {
  memset(w->sums, 0, sizeof w->sums);
  memset(w->code, 0, (size_t)(CHUNK * bank->length) * sizeof *w->code);  // RB_BANK_FREE
  for (int i = 0; i < count; ++i) {
    load_data_set(bank, &x[i * RB_LIF_CHANNELS * bank->length], i, w);
  }
  for (int half = 0; half < RB_BANK_GROUPS; ++half) {  // outermost: its tables stay in the cache
    for (int i = 0; i < count; ++i) run_filter(bank, kernel, &bank->coarse, half, i, w);
  }
  for (int i = 0; i < count; ++i) refine(bank, kernel, i, w);
  kernel->threshold(&w->best, bank->length, w->y_by_step, w->code, bank->input, bank->windows,
                    &w->threshold);
  for (int i = 0; i < count; ++i) {
    rb_bank_put_features(bank, &w->summary[i], &w->threshold, i, &features[i * RB_LIF_FEATURES]);
    centring[i] = rb_bank_centring(bank, &w->summary[i]);
  }
}

rb_status rb_lif_filter_bank_compute(rb_context *ctx, const rb_lif_filter_bank *bank, int64_t count,
                                     const float *x, float *features, rb_lif_centring *centring) {
  rb_status status = RB_OK;
  workspace *w = NULL;
  const rb_bank_kernel *kernel = RB_KERNEL_SELECT(rb_bank_kernel, ctx->isa);
  RB_TRY(create_workspace(ctx, bank->length, &w));
  for (int64_t first = 0; first < count; first += CHUNK) {
    const int n = (int)(count - first < CHUNK ? count - first : CHUNK);
    compute_chunk(bank, kernel, n, &x[first * RB_LIF_CHANNELS * bank->length], w,
                  &features[first * RB_LIF_FEATURES], &centring[first]);
  }
cleanup:
  free_workspace(w);
  return status;
}
