#include <math.h>

#include "lif_state.h"

const rb_quantity rb_lif_summary[RB_LIF_SUMMARIES] = {
    {"spike_count", "1", "number of spikes"},
    {"first_spike", "ms", "time of the first spike; the recording's length if there is none"},
    {"interval_mean", "ms",
     "mean interval between spikes; the recording's length if there are fewer than two"},
    {"interval_sd", "ms", "standard deviation of the intervals; 0 if there are fewer than two"},
    {"subthreshold_mean", "mV", "mean voltage outside the refractory periods"}};

void rb_lif_summarise(const rb_model *model, const float *x, double *out) {
  const rb_lif_settings *settings = &((const rb_lif_state *)model->state)->settings;
  const int64_t L = model->length;
  const float *voltage = x + RB_LIF_VOLTAGE * L, *spikes = x + RB_LIF_SPIKES * L;
  const int64_t refractory = (int64_t)ceil(settings->tref_ms / settings->dt_ms);
  int64_t count = 0, first = L, last = 0, free_samples = 0;
  double interval_sum = 0, interval_square = 0, free_sum = 0, all_sum = 0;
  for (int64_t t = 0; t < L; ++t) {
    if (spikes[t] > 0.5F) {
      if (count == 0) {
        first = t;
      } else {
        const double interval = (double)(t - last);
        interval_sum += interval;
        interval_square += interval * interval;
      }
      last = t;
      ++count;
    }
    const double v = (double)voltage[t];
    all_sum += v;
    if (count == 0 || t > last + refractory) {
      free_sum += v;
      ++free_samples;
    }
  }
  const double intervals = count > 1 ? (double)(count - 1) : 1;
  const double mean = interval_sum / intervals;
  out[0] = (double)count;
  out[1] = (double)first * settings->dt_ms;
  out[2] = (count > 1 ? mean : (double)L) * settings->dt_ms;
  out[3] = sqrt(fmax(interval_square / intervals - mean * mean, 0)) * settings->dt_ms;
  out[4] = free_samples > 0 ? free_sum / (double)free_samples : all_sum / (double)L;
}
