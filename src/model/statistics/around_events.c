#include "around_events.h"

#include <math.h>

#include "bounds.h"
#include "numbers.h"

enum { BEFORE_OFFSETS = 5, AFTER_OFFSETS = 7 };
static const double LEAST_SD = 1e-3, LEAST_VARIANCE = 1e-3;

/* How a value and the stimulus' mean scatter over events; sums are relative to the first event's.
 */
typedef struct scatter {
  double count, origin[2], sum[2], square[2], product, least[2], largest[2];
} scatter;

static void add(scatter *s, double x, double y) {
  const double value[2] = {x, y};
  double d[2];
  for (int i = 0; i < 2; ++i) {
    if (s->count == 0) s->origin[i] = s->least[i] = s->largest[i] = value[i];
    s->least[i] = rb_least(s->least[i], value[i]);
    s->largest[i] = rb_most(s->largest[i], value[i]);
    d[i] = value[i] - s->origin[i];
    s->sum[i] += d[i];
    s->square[i] += d[i] * d[i];
  }
  s->product += d[0] * d[1];
  s->count += 1;
}

static double mean_of(const scatter *s, int i) { return s->origin[i] + s->sum[i] / s->count; }

static double variance_of(const scatter *s, int i) {
  const double mean = s->sum[i] / s->count;
  return rb_most(s->square[i] / s->count - mean * mean, 0);
}

static double covariance_of(const scatter *s) {
  return s->product / s->count - s->sum[0] / s->count * (s->sum[1] / s->count);
}

/* Mean, logarithm of the deviation, least and largest; 0 without events. */
static float *put_scatter(const scatter *s, int i, float *out) {
  for (int k = 0; k < 4; ++k) out[k] = 0;
  if (s->count > 0) {
    out[0] = rb_rounded(mean_of(s, i));
    out[1] = rb_rounded(log(sqrt(variance_of(s, i)) + LEAST_SD));
    out[2] = rb_rounded(s->least[i]);
    out[3] = rb_rounded(s->largest[i]);
  }
  return out + 4;
}

static int offsets(const rb_plan *plan, int most, int64_t (*offset)(int)) {
  int count = 0;
  while (count < most && offset(count) < plan->length) ++count;
  return count;
}

int rb_offsets_before(const rb_plan *plan) {
  return offsets(plan, BEFORE_OFFSETS, rb_offset_before);
}
int rb_offsets_after(const rb_plan *plan) { return offsets(plan, AFTER_OFFSETS, rb_offset_after); }

/* Of an event at place s: v at each offset before it with the stimulus, and v's mean with it. */
static void add_before(int count, int64_t s, int64_t origin, const double *v,
                       const rb_driven_memory *m, scatter *value, scatter *mean) {
  double sum_v = 0, sum_drive = 0;
  int64_t back = 1;
  for (int k = 0; k < count; ++k) {
    const int64_t offset = rb_offset_before(k);
    if (s - offset < origin || m->open[s - offset] < (double)(offset - 1)) return;
    for (; back <= offset; ++back) {
      sum_v += v[s - back];
      sum_drive += m->drive[s - back];
    }
    add(&value[k], v[s - offset], sum_drive / (double)offset);
    add(&mean[k], sum_v / (double)offset, 0);
  }
}

/* Of an event at place s, up to the place where the next one or the recording's end is. */
static void add_after(int count, int64_t s, int64_t end, const double *v, const rb_driven_memory *m,
                      scatter *value) {
  int64_t f = s + 1;
  while (f < end && m->open[f] < 0) ++f;
  if (f >= end) return;
  double sum_drive = m->drive[f - 1];
  int64_t later = 0;
  for (int k = 0; k < count; ++k) {
    const int64_t offset = rb_offset_after(k);
    if (m->open[f] < (double)offset) return;
    for (; later < offset; ++later) sum_drive += m->drive[f + later];
    add(&value[k], v[f + offset], sum_drive / (double)(offset + 1));
  }
}

static float *put_before(const scatter *value, const scatter *mean, float *out) {
  out = put_scatter(value, 0, out);
  out = put_scatter(mean, 0, out);
  out = put_scatter(value, 1, out);
  *out++ = value->count > 0 ? rb_rounded(covariance_of(value)) : 0;
  *out++ = rb_rounded(log(value->count + 0.5));
  return out;
}

/* The line of v on the stimulus: slope, value without stimulus, deviation left. */
static float *put_after(const scatter *s, float *out) {
  out = put_scatter(s, 0, out);
  for (int k = 0; k < 3; ++k) out[k] = 0;
  if (s->count > 0) {
    const double c = covariance_of(s), slope = c / (variance_of(s, 1) + LEAST_VARIANCE);
    const double rest = variance_of(s, 0) - slope * (2 * c - slope * variance_of(s, 1));
    out[0] = rb_rounded(slope);
    out[1] = rb_rounded(mean_of(s, 0) - slope * mean_of(s, 1));
    out[2] = rb_rounded(log(sqrt(rb_most(rest, 0)) + LEAST_SD));
  }
  out[3] = rb_rounded(log(s->count + 0.5));
  return out + 4;
}

void rb_around_events_put(const rb_plan *plan, const rb_events *e, const double *v,
                          const rb_driven_memory *m, float *out) {
  scatter value[BEFORE_OFFSETS] = {{0}}, mean[BEFORE_OFFSETS] = {{0}}, after[AFTER_OFFSETS] = {{0}};
  const int before_count = rb_offsets_before(plan), after_count = rb_offsets_after(plan);
  for (int64_t i = 0; i < e->count; ++i) {
    const int64_t s = e->time[i], r = s / plan->stride, origin = r * plan->stride;
    const int64_t end = origin + e->duration[r];
    const bool last = i + 1 == e->count || e->time[i + 1] >= end;
    add_before(before_count, s, origin, v, m, value, mean);
    add_after(after_count, s, last ? end : e->time[i + 1], v, m, after);
  }
  for (int k = 0; k < before_count; ++k) out = put_before(&value[k], &mean[k], out);
  for (int k = 0; k < after_count; ++k) out = put_after(&after[k], out);
}
