#include "lif_state.h"
#include "simulate_kernel.h"

/* Data sets first .. first+count-1, 0 < count <= RB_LANES; lanes beyond repeat the last one. */
static void fill_lanes(const rb_lif_state *state, int64_t first, int64_t count, const double *theta,
                       rb_lif_lanes *lanes) {
  lanes->count = count;
  for (int64_t l = 0; l < RB_LANES; ++l) {
    const int64_t i = l < count ? l : count - 1;
    const double *row = &theta[i * RB_LIF_DIM];
    const uint64_t item = (uint64_t)(first + i);
    lanes->V_th[l] = row[RB_LIF_V_TH];
    lanes->V_reset[l] = row[RB_LIF_V_RESET];
    lanes->V_init[l] = row[RB_LIF_V_INIT];
    lanes->E_L[l] = row[RB_LIF_E_L];
    lanes->g_L[l] = row[RB_LIF_G_L];
    lanes->dt_over_tau[l] = state->settings.dt_ms / row[RB_LIF_TAU_M];
    lanes->items.low[l] = (uint32_t)item;
    lanes->items.high[l] = (uint32_t)(item >> 32);
  }
}

rb_status rb_lif_simulate(const rb_model *model, rb_context *ctx, uint64_t seed, rb_purpose purpose,
                          int64_t first, int64_t count, const double *theta, float *x) {
  const rb_lif_state *state = model->state;
  const rb_lif_kernel *kernel = RB_KERNEL_SELECT(rb_lif_kernel, ctx->isa);
  const uint32_t current_word = rb_stream_make(seed, purpose, RB_RANDOM_PROCESS_NOISE, 0, 0).word;
  const uint32_t noise_word = rb_stream_make(seed, purpose, RB_RANDOM_OBSERVATION_NOISE, 0, 0).word;
  for (int64_t i = 0; i < count; ++i) {
    const char *reason = NULL;
    if (rb_lif_accepts(model, &theta[i * RB_LIF_DIM], &reason)) continue;
    return RB_FAIL(ctx, RB_ERR_INTERNAL, "refused parameters were simulated: %s", reason);
  }
  for (int64_t i = 0; i < count; i += RB_LANES) {
    const int64_t left = count - i;
    rb_lif_lanes lanes;
    fill_lanes(state, first + i, left < RB_LANES ? left : RB_LANES, &theta[i * RB_LIF_DIM], &lanes);
    kernel->simulate(state, &lanes, seed, current_word, noise_word,
                     &x[i * RB_LIF_CHANNELS * state->length]);
  }
  return RB_OK;
}
