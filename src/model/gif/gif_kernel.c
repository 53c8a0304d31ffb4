#include "gif_kernel.h"

#include <math.h>
#include <string.h>

#include "../neuron/exponential.h"

typedef struct cells {
  rb_lane_values variable[RB_NEURON_VARIABLES];
  rb_lane_values exponent;  // of the hazard
  rb_lane_values expected;  // spikes in the step: the hazard times dt
} cells;

/* One update up to the hazard of the new sample; what is held has left > 0 afterwards still. */
static inline void move(const rb_lane_values *restrict p, const double *restrict current,
                        cells *restrict c) {
  for (int l = 0; l < RB_LANES; ++l) {
    const double v = c->variable[RB_GIF_V][l], left = c->variable[RB_GIF_LEFT][l];
    const double spent = c->variable[RB_GIF_E1][l] + c->variable[RB_GIF_E2][l];
    const double leak = p[RB_GIF_G_L][l] * (p[RB_GIF_E_L][l] - v);
    const double moved = rb_neuron_clip(v + p[RB_GIF_DT_OVER_C][l] * (leak - spent + current[l]));
    const double h1 = c->variable[RB_GIF_H1][l] * p[RB_GIF_KEEP_GAMMA1][l];
    const double h2 = c->variable[RB_GIF_H2][l] * p[RB_GIF_KEEP_GAMMA2][l];
    const double above = moved - p[RB_GIF_V_T][l] - (h1 + h2);
    c->variable[RB_GIF_E1][l] *= p[RB_GIF_KEEP_ETA1][l];
    c->variable[RB_GIF_E2][l] *= p[RB_GIF_KEEP_ETA2][l];
    c->variable[RB_GIF_H1][l] = h1;
    c->variable[RB_GIF_H2][l] = h2;
    c->variable[RB_GIF_V][l] = left > 0 ? p[RB_GIF_V_R][l] : moved;
    c->exponent[l] = above * p[RB_GIF_SLOPE][l];
    c->expected[l] = p[RB_GIF_HAZARD_DT][l] * rb_exponential(c->exponent[l]);
  }
}

/* Whether any lane may have a spike: a probability is at most what is expected. */
static inline uint64_t candidates(const double *restrict uniform, const cells *restrict c,
                                  uint64_t *restrict candidate) {
  uint64_t any = 0;
  for (int l = 0; l < RB_LANES; ++l) {
    candidate[l] =
        (uint64_t)(uniform[l] < c->expected[l]) & (uint64_t)(c->variable[RB_GIF_LEFT][l] <= 0);
    any |= candidate[l];
  }
  return any;
}

static inline void count_down(cells *restrict c) {
  for (int l = 0; l < RB_LANES; ++l) {
    const double left = c->variable[RB_GIF_LEFT][l];
    c->variable[RB_GIF_LEFT][l] = left > 0 ? left - 1 : left;
  }
}

/* What a spike does. */
static inline void reset(const rb_lane_values *restrict p, const uint64_t *restrict spike,
                         cells *restrict c) {
  rb_lane_values *restrict x = c->variable;
  for (int l = 0; l < RB_LANES; ++l) {
    const double one = spike[l] ? 1.0 : 0.0;
    x[RB_GIF_V][l] = spike[l] ? p[RB_GIF_V_R][l] : x[RB_GIF_V][l];
    x[RB_GIF_E1][l] += one * p[RB_GIF_ETA1][l];
    x[RB_GIF_E2][l] += one * p[RB_GIF_ETA2][l];
    x[RB_GIF_H1][l] += one * p[RB_GIF_GAMMA1][l];
    x[RB_GIF_H2][l] += one * p[RB_GIF_GAMMA2][l];
    x[RB_GIF_LEFT][l] = spike[l] ? p[RB_GIF_HELD][l] : x[RB_GIF_LEFT][l];
  }
}

static void advance(rb_neuron_lanes *lanes, rb_neuron_tile *tile) {
  uint64_t spike[RB_LANES];
  cells c;
  memcpy(c.variable, lanes->variable, sizeof c.variable);
  memset(tile->fired, 0, sizeof tile->fired);
  for (int64_t t = 0; t < tile->steps; ++t) {
    const double *uniform = tile->uniform[t];
    move(lanes->number, tile->current[t], &c);
    const uint64_t any = candidates(uniform, &c, spike);
    count_down(&c);
    if (any) {
      for (int l = 0; l < RB_LANES; ++l) {
        spike[l] &= (uint64_t)(uniform[l] < -rb_exponential_less_one(-c.expected[l]));
        tile->fired[l] |= spike[l] << t;
      }
      reset(lanes->number, spike, &c);
    }
    memcpy(tile->voltage[t], c.variable[RB_GIF_V], sizeof tile->voltage[t]);
  }
  memcpy(lanes->variable, c.variable, sizeof c.variable);
}

/* Log of the probability of a spike in a step in which x = exp(exponent) lambda0 dt are expected.
 */
static double log_probability(double x, double exponent, double log_hazard_dt) {
  if (x < 1e-9) return log_hazard_dt + exponent - 0.5 * x;
  return x > 1 ? log1p(-exp(-x)) : log(-expm1(-x));
}

static void weigh(rb_neuron_lanes *lanes, rb_neuron_tile *tile) {
  uint64_t spike[RB_LANES];
  cells c;
  memcpy(c.variable, lanes->variable, sizeof c.variable);
  double *sum = c.variable[RB_GIF_LOG_LIKELIHOOD];
  for (int l = 0; l < RB_LANES; ++l) spike[l] = 1;
  for (int64_t t = 0; t < tile->steps; ++t) {
    const int held = c.variable[RB_GIF_LEFT][0] > 0;
    move(lanes->number, tile->current[t], &c);
    count_down(&c);
    if (rb_tile_fired(tile, 0, t)) {
      for (int l = 0; l < RB_LANES; ++l) {
        sum[l] += held ? -INFINITY
                       : log_probability(c.expected[l], c.exponent[l],
                                         log(lanes->number[RB_GIF_HAZARD_DT][l]));
      }
      reset(lanes->number, spike, &c);
    } else if (!held) {
      for (int l = 0; l < RB_LANES; ++l) sum[l] -= c.expected[l];
    }
    memcpy(tile->voltage[t], c.variable[RB_GIF_V], sizeof tile->voltage[t]);
  }
  memcpy(lanes->variable, c.variable, sizeof c.variable);
}

extern const rb_neuron_kernel RB_KERNEL_SYMBOL(rb_gif_kernel);
const rb_neuron_kernel RB_KERNEL_SYMBOL(rb_gif_kernel) = {advance};
extern const rb_neuron_kernel RB_KERNEL_SYMBOL(rb_gif_likelihood_kernel);
const rb_neuron_kernel RB_KERNEL_SYMBOL(rb_gif_likelihood_kernel) = {weigh};
