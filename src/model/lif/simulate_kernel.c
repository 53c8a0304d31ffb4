#include "simulate_kernel.h"

#include <string.h>

/* Every loop over lanes below has a fixed length and no branches, so that the compiler turns it
 * into vector code; the operations on one lane are those of the scalar functions, in their order.
 */

enum { LANES = RB_LANES, TILE = RB_TILE };

typedef struct tile {
  double normal[TILE][LANES];   // of the current, later of the noise
  double voltage[TILE][LANES];  // before noise
  float observed[TILE][LANES];
} tile;

/* What the neurons carry from step to step. */
typedef struct neurons {
  double v[LANES], refractory_steps[LANES];
  uint64_t fired[LANES];
} neurons;

/* One step of rb_lif_run: tests and resets v, records it, moves on. @return whether any fired */
static inline uint64_t step(const rb_lif_lanes *restrict p, double I_mean, double I_std,
                            double refractory_steps, const double *restrict normal,
                            neurons *restrict n, double *restrict recorded) {
  uint64_t any = 0;
  for (int l = 0; l < LANES; ++l) {
    const double v = n->v[l], left = n->refractory_steps[l];
    const uint64_t refractory = left > 0;
    const uint64_t fired = ~refractory & (uint64_t)(v >= p->V_th[l]);
    const double held = (refractory | fired) ? p->V_reset[l] : v;
    const double current = I_mean + I_std * normal[l];
    const double dv = (-(held - p->E_L[l]) + current / p->g_L[l]) * p->dt_over_tau[l];
    const double moved = held + dv, above = moved < -100 ? -100 : moved;
    n->refractory_steps[l] = refractory ? left - 1 : fired ? refractory_steps : left;
    n->v[l] = above > 100 ? 100 : above;
    n->fired[l] = fired;
    recorded[l] = held;
    any |= fired;
  }
  return any;
}

static void record_spikes(const neurons *n, int64_t count, int64_t index, int64_t length,
                          float *x) {
  for (int64_t l = 0; l < count; ++l) {
    if (n->fired[l]) x[(l * RB_LIF_CHANNELS + RB_LIF_SPIKES) * length + index] = 1;
  }
}

/* Adds noise, rounds to float and writes `steps` steps of each lane. */
static void observe(tile *restrict w, double noise_mV, int64_t count, int64_t first, int64_t steps,
                    int64_t length, float *restrict x) {
  for (int t = 0; t < TILE; ++t) {
    for (int l = 0; l < LANES; ++l) {
      w->observed[t][l] = (float)(w->voltage[t][l] + noise_mV * w->normal[t][l]);
    }
  }
  for (int64_t l = 0; l < count; ++l) {
    float *out = &x[(l * RB_LIF_CHANNELS + RB_LIF_VOLTAGE) * length + first];
    for (int64_t t = 0; t < steps; ++t) out[t] = w->observed[t][l];
  }
}

static void simulate(const rb_lif_state *state, const rb_lif_lanes *lanes, uint64_t seed,
                     uint32_t current_word, uint32_t noise_word, float *x) {
  const rb_lif_settings *s = &state->settings;
  const int64_t length = state->length;
  const double refractory_steps = s->tref_ms / s->dt_ms;
  tile w = {0};
  neurons n = {0};
  memcpy(n.v, lanes->V_init, sizeof n.v);
  memset(x, 0, (size_t)(lanes->count * RB_LIF_CHANNELS * length) * sizeof *x);
  for (int64_t first = 0; first < length; first += TILE) {
    const int64_t steps = length - first < TILE ? length - first : TILE;
    rb_lane_normals(&lanes->items, seed, current_word, first, w.normal);
    for (int64_t t = 0; t < steps; ++t) {
      const int64_t it = first + t;
      if (it == length - 1) {  // the last sample is never tested
        memcpy(w.voltage[t], n.v, sizeof n.v);
      } else if (step(lanes, state->mean_current_pA[it], s->I_std_pA, refractory_steps, w.normal[t],
                      &n, w.voltage[t])) {
        record_spikes(&n, lanes->count, state->spike_index[it], length, x);
      }
    }
    rb_lane_normals(&lanes->items, seed, noise_word, first, w.normal);
    observe(&w, s->noise_mV, lanes->count, first, steps, length, x);
  }
}

extern const rb_lif_kernel RB_KERNEL_SYMBOL(rb_lif_kernel);
const rb_lif_kernel RB_KERNEL_SYMBOL(rb_lif_kernel) = {simulate};
