#include "izhikevich_kernel.h"

#include <string.h>

typedef struct cells {
  double v[RB_LANES], u[RB_LANES];
} cells;

/* One update, its operations in the order of the model's definition. @return whether any fired */
static inline uint64_t step(const rb_lane_values *restrict p, const double *restrict current,
                            cells *restrict c, double *restrict voltage, uint64_t *restrict fired) {
  uint64_t any = 0;
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
    fired[l] = spike;
    any |= spike;
  }
  return any;
}

static void advance(rb_neuron_lanes *lanes, rb_neuron_tile *tile) {
  uint64_t fired[RB_LANES];
  cells c;
  memcpy(c.v, lanes->variable[RB_IZHIKEVICH_V], sizeof c.v);
  memcpy(c.u, lanes->variable[RB_IZHIKEVICH_U], sizeof c.u);
  for (int64_t t = 0; t < tile->steps; ++t) {
    const uint64_t any = step(lanes->number, tile->current[t], &c, tile->voltage[t], fired);
    tile->fired[t] = any ? rb_lanes_mask(fired) : 0;
  }
  memcpy(lanes->variable[RB_IZHIKEVICH_V], c.v, sizeof c.v);
  memcpy(lanes->variable[RB_IZHIKEVICH_U], c.u, sizeof c.u);
}

extern const rb_neuron_kernel RB_KERNEL_SYMBOL(rb_izhikevich_kernel);
const rb_neuron_kernel RB_KERNEL_SYMBOL(rb_izhikevich_kernel) = {advance};
