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

/* Sums over intervals, which end with a recording. */
typedef struct intervals {
  int64_t count, changes;
  double sum, square, change;
} intervals;

static void add_intervals(const float *spikes, int64_t samples, double step, intervals *n) {
  int64_t last = -1;
  double interval = 0;
  for (int64_t j = 0; j < samples; ++j) {
    if (!(spikes[j] > 0.5F)) continue;
    const double next = (double)(j - last) * step;
    if (last >= 0) {
      n->sum += next;
      n->square += next * next;
      n->count += 1;
      n->changes += interval > 0;
      n->change += interval > 0 ? (next - interval) / (next + interval) : 0;
      interval = next;
    }
    last = j;
  }
}

static void summarise_spikes(const rb_model *model, const float *spikes, double *out) {
  const rb_neuron_state *state = model->state;
  const double step = model->axis_step;
  double count = 0;
  const int64_t samples = state->samples;
  int64_t first = samples;  // in its own recording
  intervals n = {0};
  for (int r = 0; r < state->settings.recordings[1]; ++r) {
    for (int64_t j = 0; j < samples; ++j) {
      const float here = spikes[r * samples + j];
      if (here > 0.5F && j < first) first = j;
      count += (double)here;
    }
    add_intervals(spikes + r * samples, samples, step, &n);
  }
  const double each = (double)n.count, mean = n.count > 0 ? n.sum / each : 0;
  out[COUNT] = count;
  out[FIRST] = (double)first * step;
  out[INTERVAL_MEAN] = n.count > 0 ? mean : (double)samples * step;
  out[INTERVAL_SD] = n.count > 0 ? sqrt(fmax(n.square / each - mean * mean, 0)) : 0;
  out[ADAPTATION] = n.changes > 0 ? n.change / (double)n.changes : 0;
}

/* @param mask (L) 1 where the voltage is not observed; NULL: it is everywhere */
static void summarise_voltage(int64_t L, const float *voltage, const float *mask, double *out) {
  double sum = 0, square = 0, n = 0, least = INFINITY, largest = -INFINITY;
  for (int64_t j = 0; j < L; ++j) {
    const double v = (double)voltage[j];
    if (mask != NULL && mask[j] > 0) continue;
    sum += v;
    square += v * v;
    least = fmin(least, v);
    largest = fmax(largest, v);
    n += 1;
  }
  out[LEAST] = n > 0 ? least : (double)RB_NEURON_BLANK_MV;
  out[LARGEST] = n > 0 ? largest : (double)RB_NEURON_BLANK_MV;
  out[MEAN] = n > 0 ? sum / n : (double)RB_NEURON_BLANK_MV;
  out[SD] = n > 0 ? sqrt(fmax(square / n - out[MEAN] * out[MEAN], 0)) : 0;
}

static void summarise(const rb_model *model, const float *x, double *out) {
  const rb_neuron_state *state = model->state;
  const int64_t L = model->length;
  const int spikes = spike_channel(state), voltage = state->at[RB_NEURON_VOLTAGE];
  const int mask = state->at[RB_NEURON_MASK];
  if (spikes >= 0) summarise_spikes(model, x + spikes * L, out);
  if (voltage < 0) return;
  summarise_voltage(L, x + voltage * L, mask >= 0 ? x + mask * L : NULL,
                    out + (spikes >= 0 ? SPIKE_STATISTICS : 0));
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
