#include <math.h>

#include "run.h"

/* Statistics of a recording: of its spikes, then of its voltage, of what is recorded. */

enum { COUNT, FIRST, INTERVAL_MEAN, INTERVAL_SD, ADAPTATION, SPIKE_STATISTICS };
enum { MEAN, SD, LEAST, LARGEST, VOLTAGE_STATISTICS };

static const rb_quantity summary[SPIKE_STATISTICS + VOLTAGE_STATISTICS] = {
    {"spike_count", "1", "number of spikes"},
    {"first_spike", "ms", "time of the first spike; the recording's length if there is none"},
    {"interval_mean", "ms",
     "mean interval between spikes; the recording's length if there are fewer than two"},
    {"interval_sd", "ms", "standard deviation of the intervals; 0 if there are fewer than two"},
    {"adaptation", "1",
     "mean of (next - interval)/(next + interval) over the intervals; 0 if there are fewer than "
     "two"},
    {"voltage_mean", "mV", "mean voltage"},
    {"voltage_sd", "mV", "standard deviation of the voltage"},
    {"voltage_least", "mV", "lowest voltage"},
    {"voltage_largest", "mV", "highest voltage"}};

static const char *const regime[] = {"silent", "few spikes", "many spikes"};

/* Which channel tells of spikes; -1: none. */
static int spike_channel(const rb_neuron_state *state) {
  const int counts = state->at[RB_NEURON_SPIKE_COUNT];
  return counts >= 0 ? counts : state->at[RB_NEURON_SPIKES];
}

static double spike_count(const rb_model *model, const float *x) {
  const float *spikes = x + spike_channel(model->state) * model->length;
  double count = 0;
  for (int64_t j = 0; j < model->length; ++j) count += (double)spikes[j];
  return count;
}

static void summarise_spikes(const rb_model *model, const float *spikes, double *out) {
  const double step = model->axis_step;
  double count = 0, sum = 0, square = 0, change = 0, interval = 0;
  int64_t first = model->length, last = 0, intervals = 0;
  for (int64_t j = 0; j < model->length; ++j) {
    if (!(spikes[j] > 0.5F)) continue;
    if (count > 0) {
      const double next = (double)(j - last) * step;
      if (intervals > 0) change += (next - interval) / (next + interval);
      sum += next;
      square += next * next;
      interval = next;
      ++intervals;
    } else {
      first = j;
    }
    count += (double)spikes[j];
    last = j;
  }
  const double mean = intervals > 0 ? sum / (double)intervals : 0;
  out[COUNT] = count;
  out[FIRST] = (double)first * step;
  out[INTERVAL_MEAN] = intervals > 0 ? mean : (double)model->length * step;
  out[INTERVAL_SD] = intervals > 0 ? sqrt(fmax(square / (double)intervals - mean * mean, 0)) : 0;
  out[ADAPTATION] = intervals > 1 ? change / (double)(intervals - 1) : 0;
}

static void summarise_voltage(const rb_model *model, const float *voltage, double *out) {
  double sum = 0, square = 0;
  out[LEAST] = out[LARGEST] = (double)voltage[0];
  for (int64_t j = 0; j < model->length; ++j) {
    const double v = (double)voltage[j];
    sum += v;
    square += v * v;
    out[LEAST] = fmin(out[LEAST], v);
    out[LARGEST] = fmax(out[LARGEST], v);
  }
  const double n = (double)model->length;
  out[MEAN] = sum / n;
  out[SD] = sqrt(fmax(square / n - out[MEAN] * out[MEAN], 0));
}

static void summarise(const rb_model *model, const float *x, double *out) {
  const rb_neuron_state *state = model->state;
  const int spikes = spike_channel(state), voltage = state->at[RB_NEURON_VOLTAGE];
  if (spikes >= 0) summarise_spikes(model, x + spikes * model->length, out);
  if (voltage < 0) return;
  summarise_voltage(model, x + voltage * model->length, out + (spikes >= 0 ? SPIKE_STATISTICS : 0));
}

void rb_neuron_add_summaries(rb_model *model) {
  const rb_neuron_state *state = model->state;
  const bool spikes = spike_channel(state) >= 0, voltage = state->at[RB_NEURON_VOLTAGE] >= 0;
  model->summary = summary + (spikes ? 0 : SPIKE_STATISTICS);
  model->summaries = (spikes ? SPIKE_STATISTICS : 0) + (voltage ? VOLTAGE_STATISTICS : 0);
  model->summarise = summarise;
  if (!spikes) return;
  model->activity = spike_count;
  model->activity_quantity = (rb_quantity){"spike_count", "1", "spikes in the recording"};
  model->regime = regime;
}
