#include "record_kernel.h"

#include <string.h>

static int any_above_zero(const double *restrict sd) {
  int any = 0;
  for (int l = 0; l < RB_LANES; ++l) any |= sd[l] > 0;
  return any;
}

static void drive(const rb_neuron_streams *streams, int64_t first, const double *common,
                  const double *own, const rb_lane_values sd, rb_neuron_tile *tile) {
  for (int64_t t = 0; t < tile->steps; ++t) {
    double *restrict known = tile->current[t];
    if (own != NULL) {
      memcpy(known, own + t * RB_LANES, sizeof tile->current[t]);
    } else {
      for (int l = 0; l < RB_LANES; ++l) known[l] = common[t];
    }
  }
  if (!any_above_zero(sd)) return;
  double normal[RB_TILE][RB_LANES];
  rb_lane_normals(&streams->items, streams->seed, streams->current, first, normal);
  for (int64_t t = 0; t < tile->steps; ++t) {
    double *restrict current = tile->current[t];
    for (int l = 0; l < RB_LANES; ++l) current[l] += sd[l] * normal[t][l];
  }
}

static void wander(const rb_neuron_streams *streams, int64_t length, const rb_neuron_wander *w,
                   double *current) {
  double normal[RB_TILE][RB_LANES], y[RB_LANES] = {0};
  for (int64_t first = 0; first < length; first += RB_TILE) {
    rb_lane_normals(&streams->items, streams->seed, w->word, first, normal);
    for (int64_t k = first; k < first + RB_TILE && k < length; ++k) {
      const double *restrict x = normal[k - first];
      double *restrict out = &current[k * RB_LANES];
      for (int l = 0; l < RB_LANES; ++l) {
        const double at = (double)k, next = y[l] * w->keep[l] + w->fresh[l] * x[l];
        y[l] = at == w->on[l] ? w->sd[l] * x[l] : next;
        out[l] += at >= w->on[l] && at < w->off[l] ? w->mean[l] + y[l] : 0.0;
      }
    }
  }
}

static void draw(const rb_neuron_streams *streams, int64_t first, rb_neuron_tile *tile) {
  rb_lane_uniforms(&streams->items, streams->seed, streams->spikes, first, tile->uniform);
}

static void observe(const rb_neuron_streams *streams, int64_t first, const rb_lane_values sd,
                    rb_lane_values voltage[RB_TILE], float observed[RB_TILE][RB_LANES]) {
  double normal[RB_TILE][RB_LANES] = {{0}};
  if (any_above_zero(sd)) {
    rb_lane_normals(&streams->items, streams->seed, streams->noise, first, normal);
  }
  for (int t = 0; t < RB_TILE; ++t) {
    for (int l = 0; l < RB_LANES; ++l) {
      observed[t][l] = (float)(voltage[t][l] + sd[l] * normal[t][l]);
    }
  }
}

extern const rb_neuron_record_kernel RB_KERNEL_SYMBOL(rb_neuron_record_kernel);
const rb_neuron_record_kernel RB_KERNEL_SYMBOL(rb_neuron_record_kernel) = {drive, wander, draw,
                                                                           observe};
