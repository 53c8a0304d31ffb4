#include "hodgkin_huxley_kernel.h"

#include <string.h>

#include "gates.h"

typedef struct cells {
  double v[RB_LANES], m[RB_LANES], h[RB_LANES], n[RB_LANES], p[RB_LANES];
  uint64_t fired[RB_LANES];  // a bit for each step of the tile
} cells;

static inline double relax(double value, double steady, double steps) {
  return steady + (value - steady) * rb_exponential(-steps);
}

/* One update: the voltage with the old gates, then the gates with the new voltage, which makes the
 * scheme one of second order. @param bit of the step */
static inline void step(const rb_lane_values *restrict p, const double *restrict current,
                        uint64_t bit, cells *restrict c, double *restrict voltage) {
  for (int l = 0; l < RB_LANES; ++l) {
    const double v = c->v[l], m = c->m[l], n2 = c->n[l] * c->n[l];
    const double g_Na = p[RB_HH_G_NA][l] * (m * m * m) * c->h[l];
    const double g_K = p[RB_HH_G_K][l] * (n2 * n2) + p[RB_HH_G_M][l] * c->p[l];
    const double g = g_Na + g_K + p[RB_HH_G_L][l];
    const double driven = g_Na * p[RB_HH_E_NA][l] + g_K * p[RB_HH_E_K][l] + p[RB_HH_LEAK][l];
    const double moved =
        rb_neuron_clip(relax(v, (driven + current[l]) / g, p[RB_HH_DT_OVER_C][l] * g));
    const rb_hh_gates to = rb_hh_gates_at(moved, p[RB_HH_V_T][l]);
    const double dt = p[RB_HH_DT][l];
    c->m[l] = relax(m, to.m.steady, dt * to.m.rate);
    c->h[l] = relax(c->h[l], to.h.steady, dt * to.h.rate);
    c->n[l] = relax(c->n[l], to.n.steady, dt * to.n.rate);
    c->p[l] = relax(c->p[l], to.p_steady, p[RB_HH_DT_OVER_TAU_MAX][l] * to.p_speed);
    c->v[l] = moved;
    voltage[l] = moved;
    const uint64_t spike =
        (uint64_t)(v < p[RB_HH_SPIKE][l]) & (uint64_t)(moved >= p[RB_HH_SPIKE][l]);
    c->fired[l] |= (0 - spike) & bit;
  }
}

static void advance(rb_neuron_lanes *lanes, rb_neuron_tile *tile) {
  cells c = {.fired = {0}};
  memcpy(c.v, lanes->variable[RB_HH_V], sizeof c.v);
  memcpy(c.m, lanes->variable[RB_HH_M], sizeof c.m);
  memcpy(c.h, lanes->variable[RB_HH_H], sizeof c.h);
  memcpy(c.n, lanes->variable[RB_HH_N], sizeof c.n);
  memcpy(c.p, lanes->variable[RB_HH_P], sizeof c.p);
  for (int64_t t = 0; t < tile->steps; ++t) {
    step(lanes->number, tile->current[t], UINT64_C(1) << t, &c, tile->voltage[t]);
  }
  memcpy(lanes->variable[RB_HH_V], c.v, sizeof c.v);
  memcpy(lanes->variable[RB_HH_M], c.m, sizeof c.m);
  memcpy(lanes->variable[RB_HH_H], c.h, sizeof c.h);
  memcpy(lanes->variable[RB_HH_N], c.n, sizeof c.n);
  memcpy(lanes->variable[RB_HH_P], c.p, sizeof c.p);
  memcpy(tile->fired, c.fired, sizeof c.fired);
}

extern const rb_neuron_kernel RB_KERNEL_SYMBOL(rb_hodgkin_huxley_kernel);
const rb_neuron_kernel RB_KERNEL_SYMBOL(rb_hodgkin_huxley_kernel) = {advance};
