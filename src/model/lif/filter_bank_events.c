#include <math.h>
#include <string.h>

#include "filter_bank_state.h"

/* Half way between the priors of V_th and V_reset: a spike's step shows V_reset; the step before,
 * at which it may be recorded, shows a potential just below V_th. */
static const double RECORDED_EARLY_MV = -62.5;

/* The step at which the spike recorded at k happened. */
static int64_t spike_step(const rb_lif_filter_bank *bank, int64_t k, const float *voltage) {
  const int64_t last = bank->length - 2;  // the last sample is never tested
  if (k >= last || bank->spike_index[k + 1] != k) return k < last ? k : last;
  if (bank->spike_index[k] != k) return k + 1;
  return (double)voltage[k] > RECORDED_EARLY_MV ? k + 1 : k;
}

/* The first recorded spike from k on, or length. Spikes are few: eight samples at a time, which are
 * passed over if all their bits are 0. */
static int64_t next_spike(const float *spikes, int64_t k, int64_t length) {
  for (; k + 8 <= length; k += 8) {
    uint64_t bits[4];
    memcpy(bits, &spikes[k], sizeof bits);
    if ((bits[0] | bits[1] | bits[2] | bits[3]) != 0) break;
  }
  while (k < length && spikes[k] == 0) ++k;
  return k;
}

/* Sums over inter-spike intervals. */
typedef struct intervals {
  double count, sum, square, log_sum, log_square;
} intervals;

static double sd(double count, double sum, double square) {
  if (count < 2) return 0;
  return sqrt(fmax(square - sum * sum / count, 0) / (count - 1));
}

static void finish(const rb_lif_filter_bank *bank, const intervals *isi, rb_bank_events *events) {
  const double duration = (double)bank->length * bank->settings.dt_ms;
  if (events->spikes == 0) events->first_ms = events->last_ms = duration;
  const bool any = isi->count > 0;
  events->isi_mean = any ? isi->sum / isi->count : duration;
  events->isi_log_mean = any ? isi->log_sum / isi->count : log(duration);
  events->isi_sd = sd(isi->count, isi->sum, isi->square);
  events->isi_log_sd = sd(isi->count, isi->log_sum, isi->log_square);
}

static void add_time(double time, intervals *isi, rb_bank_events *events) {
  if (events->spikes++ == 0) {
    events->first_ms = time;
  } else {
    const double interval = time - events->last_ms, logarithm = log(interval);
    isi->count += 1;
    isi->sum += interval;
    isi->square += interval * interval;
    isi->log_sum += logarithm;
    isi->log_square += logarithm * logarithm;
  }
  events->last_ms = time;
}

/* Steps s .. u show V_reset. */
static void hold(int64_t s, int64_t u, const float *voltage, uint32_t *code, int64_t stride,
                 rb_bank_events *events) {
  for (int64_t t = s; t <= u; ++t) {
    const double y = (double)voltage[t] - RB_BANK_V_RESET_MV;
    events->held += 1;
    events->held_sum += y;
    events->held_square += y * y;
    code[t * stride] = t == s ? RB_BANK_SPIKE : RB_BANK_HELD;
  }
}

void rb_bank_split(const rb_lif_filter_bank *bank, int set, const float *voltage,
                   const float *spikes, rb_bank_segment *segment, uint32_t *code, int64_t stride,
                   rb_bank_events *events) {
  const int64_t length = bank->length;
  intervals isi = {0};
  int64_t known = 0;  // last step at which the potential is known given the parameters
  int64_t last_spike = -1;
  *events = (rb_bank_events){.starts_free = true};
  for (int64_t k = next_spike(spikes, 0, length); k < length;
       k = next_spike(spikes, k + 1, length)) {
    const int64_t s = spike_step(bank, k, voltage);
    if (s <= last_spike) continue;  // not of this model: two spikes at one step
    add_time((double)s * bank->settings.dt_ms, &isi, events);
    const bool first = last_spike < 0;
    last_spike = s;
    if (s == 0) events->starts_free = false;
    if (s <= known && !(first && s == 0)) continue;  // not of this model: refractory
    if (s > 0) {
      segment[events->segments++] = (rb_bank_segment){known + 1, s - known - 1, set, first, true};
      events->segment_spikes += 1;
    }
    known = s + bank->refractory < length - 2 ? s + bank->refractory : length - 2;
    hold(s, known, voltage, code, stride, events);
  }
  segment[events->segments++] =
      (rb_bank_segment){known + 1, length - 1 - known, set, last_spike < 0, false};
  finish(bank, &isi, events);
}
