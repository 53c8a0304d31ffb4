#include "record_kernel.h"

static void drive(const rb_neuron_streams *streams, int64_t first, const double *common, double sd,
                  rb_neuron_tile *tile) {
  if (!(sd > 0)) {
    for (int64_t t = 0; t < tile->steps; ++t) {
      for (int l = 0; l < RB_LANES; ++l) tile->current[t][l] = common[t];
    }
    return;
  }
  rb_lane_normals(&streams->items, streams->seed, streams->current, first, tile->current);
  for (int64_t t = 0; t < tile->steps; ++t) {
    double *restrict current = tile->current[t];
    for (int l = 0; l < RB_LANES; ++l) current[l] = common[t] + sd * current[l];
  }
}

static void draw(const rb_neuron_streams *streams, int64_t first, rb_neuron_tile *tile) {
  rb_lane_uniforms(&streams->items, streams->seed, streams->spikes, first, tile->uniform);
}

static void observe(const rb_neuron_streams *streams, int64_t first, double sd,
                    rb_lane_values voltage[RB_TILE], float observed[RB_TILE][RB_LANES]) {
  double normal[RB_TILE][RB_LANES] = {{0}};
  if (sd > 0) rb_lane_normals(&streams->items, streams->seed, streams->noise, first, normal);
  for (int t = 0; t < RB_TILE; ++t) {
    for (int l = 0; l < RB_LANES; ++l) {
      observed[t][l] = (float)(voltage[t][l] + sd * normal[t][l]);
    }
  }
}

extern const rb_neuron_record_kernel RB_KERNEL_SYMBOL(rb_neuron_record_kernel);
const rb_neuron_record_kernel RB_KERNEL_SYMBOL(rb_neuron_record_kernel) = {drive, draw, observe};
