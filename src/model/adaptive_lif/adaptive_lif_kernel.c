#include "adaptive_lif_kernel.h"

#include <string.h>

typedef struct cells {
  double v[RB_LANES], w[RB_LANES], left[RB_LANES];
  uint64_t fired[RB_LANES];  // a bit for each step of the tile
} cells;

/* One update. @param bit of the step */
static inline void step(const rb_lane_values *restrict p, const double *restrict current,
                        uint64_t bit, cells *restrict c, double *restrict voltage) {
  for (int l = 0; l < RB_LANES; ++l) {
    const double v = c->v[l], w = c->w[l], left = c->left[l];
    const double leak = p[RB_ALIF_DT_OVER_TAU][l] * (p[RB_ALIF_E_L][l] - v);
    const double moved = rb_neuron_clip(v + (leak + p[RB_ALIF_DT_OVER_C][l] * (current[l] - w)));
    const double decayed = w * p[RB_ALIF_KEEP_W][l];
    const uint64_t held = left > 0;
    const uint64_t spike = ~held & (uint64_t)(moved >= p[RB_ALIF_V_TH][l]);
    c->v[l] = (held | spike) ? p[RB_ALIF_V_RESET][l] : moved;
    c->w[l] = spike ? decayed + p[RB_ALIF_B][l] : decayed;
    c->left[l] = spike ? p[RB_ALIF_HELD][l] : held ? left - 1 : left;
    voltage[l] = c->v[l];
    c->fired[l] |= (0 - spike) & bit;
  }
}

static void advance(rb_neuron_lanes *lanes, rb_neuron_tile *tile) {
  cells c = {.fired = {0}};
  memcpy(c.v, lanes->variable[RB_ALIF_V], sizeof c.v);
  memcpy(c.w, lanes->variable[RB_ALIF_W], sizeof c.w);
  memcpy(c.left, lanes->variable[RB_ALIF_LEFT], sizeof c.left);
  for (int64_t t = 0; t < tile->steps; ++t) {
    step(lanes->number, tile->current[t], UINT64_C(1) << t, &c, tile->voltage[t]);
  }
  memcpy(lanes->variable[RB_ALIF_V], c.v, sizeof c.v);
  memcpy(lanes->variable[RB_ALIF_W], c.w, sizeof c.w);
  memcpy(lanes->variable[RB_ALIF_LEFT], c.left, sizeof c.left);
  memcpy(tile->fired, c.fired, sizeof c.fired);
}

extern const rb_neuron_kernel RB_KERNEL_SYMBOL(rb_adaptive_lif_kernel);
const rb_neuron_kernel RB_KERNEL_SYMBOL(rb_adaptive_lif_kernel) = {advance};
