#include "filter_bank.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "filter_bank_state.h"
#include "lif_state.h"
#include "rheobase/base/memory.h"

/* Data sets that go through the filter together, and groups of them in the second pass. */
enum { GROUP = RB_BANK_GROUP, CHUNK = 2 * GROUP };

static const double SHORT_MS = 1, LONG_MS = 5;
static const double LEAST_NOISE_MV = 0.05;  // the filter needs some

/* Memory for CHUNK data sets. */
struct rb_bank_workspace {
  float *y;                  // (CHUNK, L) minus the level
  float *y_by_step;          // (L, GROUP)
  uint32_t *code;            // (CHUNK / GROUP, L, GROUP)
  rb_bank_segment *segment;  // (CHUNK, L + 1) by data set, in the order of time
  rb_bank_segment *ordered;  // (CHUNK * (L + 1)) of several data sets, longest first
  int32_t *place;            // (L + 1) where segments of a length go in `ordered`
  int window[CHUNK];         // of the fine grids
  rb_bank_summary summary[CHUNK];
  rb_bank_sums sums[CHUNK][RB_BANK_GROUPS];
  rb_bank_best best[CHUNK / GROUP];
  rb_bank_threshold threshold[CHUNK / GROUP];
};
typedef struct rb_bank_workspace workspace;

static void free_workspace(workspace *w) {
  if (w == NULL) return;
  free(w->y);
  free(w->y_by_step);
  free(w->code);
  free(w->segment);
  free(w->ordered);
  free(w->place);
  free(w);
}

static rb_status create_workspace(rb_context *ctx, int64_t length, workspace **result) {
  rb_status status = RB_OK;
  workspace *w = NULL;
  RB_TRY(RB_ALLOCATE(ctx, w, 1));
  RB_TRY(RB_ALLOCATE(ctx, w->y, CHUNK * length));
  RB_TRY(RB_ALLOCATE(ctx, w->y_by_step, GROUP * length));
  RB_TRY(RB_ALLOCATE(ctx, w->code, CHUNK * length));
  RB_TRY(RB_ALLOCATE(ctx, w->segment, CHUNK * (length + 1)));
  RB_TRY(RB_ALLOCATE(ctx, w->ordered, CHUNK * (length + 1)));
  RB_TRY(RB_ALLOCATE(ctx, w->place, length + 1));
  *result = w;
  w = NULL;
cleanup:
  free_workspace(w);
  return status;
}

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
  bank->level_mV = rint(RB_BANK_E_L_MV + settings->I_mean_pA / 10);  // exact in float
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
  RB_TRY(create_workspace(ctx, bank->length, &bank->work));
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
  free_workspace(bank->work);
  free(bank->input);
  free(bank->spike_index);
  free(bank);
}

static void load_data_set(const rb_lif_filter_bank *bank, const float *x, int i, workspace *w) {
  const int64_t length = bank->length;
  const float level = (float)bank->level_mV;
  const float *voltage = &x[RB_LIF_VOLTAGE * length], *spikes = &x[RB_LIF_SPIKES * length];
  uint32_t *code = &w->code[i / GROUP * GROUP * length + i % GROUP];
  rb_bank_split(bank, i, voltage, spikes, &w->segment[i * (length + 1)], code, GROUP,
                &w->summary[i].events);
  for (int64_t t = 0; t < length; ++t) {
    w->y[i * length + t] = voltage[t] - level;
  }
}

static void transpose(int64_t length, const float *y, float *by_step) {
  for (int64_t t = 0; t < length; ++t) {
    for (int i = 0; i < GROUP; ++i) by_step[t * GROUP + i] = y[i * length + t];
  }
}

/* Segments of the chosen data sets, longest first and otherwise in order: the kernel takes
 * neighbours side by side. @return how many */
static int64_t order_segments(int64_t length, int chosen, const int *set, workspace *w) {
  memset(w->place, 0, (size_t)(length + 1) * sizeof *w->place);
  for (int c = 0; c < chosen; ++c) {
    const rb_bank_segment *own = &w->segment[set[c] * (length + 1)];
    for (int64_t k = 0; k < w->summary[set[c]].events.segments; ++k) ++w->place[own[k].count];
  }
  int32_t sum = 0;
  for (int64_t n = length; n >= 0; --n) {
    const int32_t here = w->place[n];
    w->place[n] = sum;
    sum += here;
  }
  for (int c = 0; c < chosen; ++c) {
    const rb_bank_segment *own = &w->segment[set[c] * (length + 1)];
    for (int64_t k = 0; k < w->summary[set[c]].events.segments; ++k) {
      w->ordered[w->place[own[k].count]++] = own[k];
    }
  }
  return sum;
}

/* Fills the sums of the data sets that use a window (of all for -1). */
static void run_filter(const rb_lif_filter_bank *bank, const rb_bank_kernel *kernel,
                       const rb_bank_grid *grid, int count, int window, workspace *w) {
  const float start[2] = {(float)(RB_BANK_V_RESET_MV - bank->level_mV),
                          (float)(RB_BANK_V_INIT_MV - bank->level_mV)};
  int set[CHUNK], chosen = 0;
  for (int i = 0; i < count; ++i) {
    if (window < 0 || w->window[i] == window) set[chosen++] = i;
  }
  if (chosen == 0) return;
  const int64_t segments = order_segments(bank->length, chosen, set, w);
  for (int k = 0; k < grid->groups; ++k) {
    kernel->filter(&grid->group[k], bank->length, w->y, bank->input, start, segments, w->ordered,
                   &w->sums[0][k]);
  }
}

/* Hands the most probable lane of data set i to the second pass. */
static void choose_best(const rb_lif_filter_bank *bank, const rb_bank_grid *grid,
                        const rb_bank_posterior *p, int i, workspace *w) {
  rb_bank_best *best = &w->best[i / GROUP];
  const int k = i % GROUP;
  int lane = 0;
  for (int l = 1; l < grid->lanes; ++l) {
    if (p->log_weight[l] > p->log_weight[lane]) lane = l;
  }
  const double d = bank->settings.dt_ms / exp(grid->log_tau[lane]);
  const double gain = d / exp(grid->log_g[lane]), q = gain * bank->settings.I_std_pA;
  best->decay[k] = (float)(1 - d);
  best->rise[k] = (float)(d * p->mu[lane]);
  best->input_gain[k] = (float)gain;
  best->process[k] = (float)(q * q);
  best->noise[k] = (float)bank->noise_variance;
  best->V_reset[k] = (float)p->V_reset[lane];
  best->V_init[k] = (float)p->V_init[lane];
  best->v_th[k] = (float)p->v_th[lane];
  w->summary[i].best_mu = p->mu[lane];
  w->summary[i].best_v_th = p->v_th[lane];
}

/* From data set i's sums on the coarse grid to the window of its fine grid. */
static void look_coarsely(const rb_lif_filter_bank *bank, int i, workspace *w) {
  rb_bank_summary *s = &w->summary[i];
  rb_bank_posterior p;
  rb_bank_solve(bank, &bank->coarse, w->sums[i], &s->events, (double)w->y[i * bank->length], &p);
  rb_bank_average(&bank->coarse, &p, &s->coarse);
  s->coarse_evidence = p.log_evidence;
  w->window[i] = rb_bank_window(s->coarse.log_tau);
}

/* From its sums on the fine grid to its best lane. */
static void look_finely(const rb_lif_filter_bank *bank, int i, workspace *w) {
  rb_bank_summary *s = &w->summary[i];
  const rb_bank_grid *fine = &bank->fine[w->window[i]];
  rb_bank_posterior p;
  rb_bank_solve(bank, fine, w->sums[i], &s->events, (double)w->y[i * bank->length], &p);
  rb_bank_average(fine, &p, &s->fine);
  s->fine_evidence = p.log_evidence;
  choose_best(bank, fine, &p, i, w);
}

/* The first pass over at most CHUNK data sets. */
static void filter_chunk(const rb_lif_filter_bank *bank, const rb_bank_kernel *kernel, int count,
                         const float *x, workspace *w) {
  memset(w->sums, 0, sizeof w->sums);
  memset(w->code, 0, (size_t)(CHUNK * bank->length) * sizeof *w->code);  // RB_BANK_FREE
  for (int i = 0; i < count; ++i) {
    load_data_set(bank, &x[i * RB_LIF_CHANNELS * bank->length], i, w);
  }
  run_filter(bank, kernel, &bank->coarse, count, -1, w);
  for (int i = 0; i < count; ++i) look_coarsely(bank, i, w);
  memset(w->sums, 0, sizeof w->sums);
  for (int k = 0; k < RB_BANK_WINDOWS; ++k) run_filter(bank, kernel, &bank->fine[k], count, k, w);
  for (int i = 0; i < count; ++i) look_finely(bank, i, w);
}

/* Both passes; what the second computes for lanes beyond the data sets is not looked at. */
static void compute_chunk(const rb_lif_filter_bank *bank, const rb_bank_kernel *kernel, int count,
                          const float *x, workspace *w, float *features,
                          rb_lif_centring *centring) {
  filter_chunk(bank, kernel, count, x, w);
  for (int k = 0; k * GROUP < count; ++k) {
    const int64_t offset = k * GROUP * bank->length;
    transpose(bank->length, &w->y[offset], w->y_by_step);
    kernel->threshold(&w->best[k], bank->length, w->y_by_step, &w->code[offset], bank->input,
                      bank->windows, &w->threshold[k]);
  }
  for (int i = 0; i < count; ++i) {
    rb_bank_put_features(bank, &w->summary[i], &w->threshold[i / GROUP], i % GROUP,
                         &features[i * RB_LIF_FEATURES]);
    centring[i] = rb_bank_centring(bank, &w->summary[i]);
  }
}

void rb_lif_filter_bank_compute(rb_context *ctx, const rb_lif_filter_bank *bank, int64_t count,
                                const float *x, float *features, rb_lif_centring *centring) {
  const rb_bank_kernel *kernel = RB_KERNEL_SELECT(rb_bank_kernel, ctx->isa);
  for (int64_t first = 0; first < count; first += CHUNK) {
    const int n = (int)(count - first < CHUNK ? count - first : CHUNK);
    compute_chunk(bank, kernel, n, &x[first * RB_LIF_CHANNELS * bank->length], bank->work,
                  &features[first * RB_LIF_FEATURES], &centring[first]);
  }
}

void rb_lif_filter_bank_evidence(rb_context *ctx, const rb_lif_filter_bank *bank, int64_t count,
                                 const float *x, double *log_evidence) {
  const rb_bank_kernel *kernel = RB_KERNEL_SELECT(rb_bank_kernel, ctx->isa);
  for (int64_t first = 0; first < count; first += CHUNK) {
    const int n = (int)(count - first < CHUNK ? count - first : CHUNK);
    filter_chunk(bank, kernel, n, &x[first * RB_LIF_CHANNELS * bank->length], bank->work);
    for (int i = 0; i < n; ++i) log_evidence[first + i] = bank->work->summary[i].fine_evidence;
  }
}
