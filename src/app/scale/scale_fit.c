#include <math.h>

#include "scale_file.h"

rb_scale_model rb_scale_fit(const rb_scale_sweep *sweep, const rb_scale_settings *settings) {
  rb_scale_model model = {.network = rb_scaling_fit_network(sweep->exchanges, sweep->exchange)};
  if (settings->latency_us > 0) model.network.latency_s = 1e-6 * settings->latency_us;
  if (settings->bandwidth_GB_s > 0) model.network.bandwidth = 1e9 * settings->bandwidth_GB_s;
  for (int w = 0; w < RB_SCALE_WORKS; ++w) {
    model.rates[w] = rb_scaling_fit(sweep->points, sweep->point, (rb_scaling_work)w);
    if (settings->file_GB_s > 0) model.rates[w].file_byte_s = 1e-9 / settings->file_GB_s;
  }
  return model;
}

double rb_scale_predicted(const rb_scale_model *model, const rb_scaling_point *point) {
  double part[RB_TIME_PARTS];
  return rb_scaling_predict(&model->rates[point->work], &model->network, &point->load, point->ranks,
                            part);
}

const rb_scaling_point *rb_scale_reference(const rb_scale_sweep *sweep, rb_scaling_work work) {
  for (int i = 0; i < sweep->points; ++i) {
    const rb_scaling_point *p = &sweep->point[i];
    if (p->work == work && p->kind == RB_SCALE_STRONG && p->ranks == 1) return p;
  }
  return NULL;  // the first group has one rank
}

double rb_scale_efficiency(const rb_scale_sweep *sweep, const rb_scaling_point *point) {
  const rb_scaling_point *one = rb_scale_reference(sweep, point->work);
  if (one == NULL || (point->kind != RB_SCALE_STRONG && point->kind != RB_SCALE_WEAK)) {
    return NAN;
  }
  const double speed_up = one->fastest / point->fastest;
  return point->kind == RB_SCALE_WEAK ? speed_up : speed_up / point->ranks;
}
