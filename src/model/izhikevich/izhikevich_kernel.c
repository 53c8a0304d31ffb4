#include "izhikevich_kernel.h"

#include <string.h>

typedef struct cells {
  double v[RB_LANES], u[RB_LANES];
  uint64_t fired[RB_LANES];  // a bit for each step of the tile
} cells;

/* One update, its operations in the order of the model's definition. @param bit of the step */
static inline void step(const rb_lane_values *restrict p, const double *restrict current,
                        uint64_t bit, cells *restrict c, double *restrict voltage) {
  for (int l = 0; l < RB_LANES; ++l) {
    const double v = c->v[l], u = c->u[l];
    const double above_rest = v - p[RB_IZHIKEVICH_V_R][l];
    const double charge = p[RB_IZHIKEVICH_K][l] * above_rest * (v - p[RB_IZHIKEVICH_V_T][l]);
    const double moved =
        rb_neuron_clip(v + p[RB_IZHIKEVICH_DT_OVER_C][l] * (charge - u + current[l]));
    const double recovered =
        u +
        p[RB_IZHIKEVICH_DT][l] * (p[RB_IZHIKEVICH_A][l] * (p[RB_IZHIKEVICH_B][l] * above_rest - u));
    const uint64_t spike = moved >= p[RB_IZHIKEVICH_V_PEAK][l];
    c->v[l] = spike ? p[RB_IZHIKEVICH_C][l] : moved;
    c->u[l] = spike ? recovered + p[RB_IZHIKEVICH_D][l] : recovered;
    voltage[l] = c->v[l];
    c->fired[l] |= (0 - spike) & bit;
  }
}

static void advance(rb_neuron_lanes *lanes, rb_neuron_tile *tile) {
  cells c = {.fired = {0}};
  memcpy(c.v, lanes->variable[RB_IZHIKEVICH_V], sizeof c.v);
  memcpy(c.u, lanes->variable[RB_IZHIKEVICH_U], sizeof c.u);
  for (int64_t t = 0; t < tile->steps; ++t) {
    step(lanes->number, tile->current[t], UINT64_C(1) << t, &c, tile->voltage[t]);
  }
  memcpy(lanes->variable[RB_IZHIKEVICH_V], c.v, sizeof c.v);
  memcpy(lanes->variable[RB_IZHIKEVICH_U], c.u, sizeof c.u);
  memcpy(tile->fired, c.fired, sizeof c.fired);
}

extern const rb_neuron_kernel RB_KERNEL_SYMBOL(rb_izhikevich_kernel);
const rb_neuron_kernel RB_KERNEL_SYMBOL(rb_izhikevich_kernel) = {advance};
