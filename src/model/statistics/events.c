#include "events.h"

#include <string.h>

#include "rheobase/base/memory.h"

rb_status rb_events_create(rb_context *ctx, const rb_plan *plan, rb_events *events) {
  rb_status status = RB_OK;
  const int64_t ages = plan->length + 1 + RB_PLAN_LANES, places = plan->places + plan->margin;
  const int64_t samples = plan->length * plan->recordings;
  *events = (rb_events){.plan = plan};
  RB_TRY(RB_ALLOCATE(ctx, events->hidden, samples));
  RB_TRY(RB_ALLOCATE(ctx, events->time, samples));
  RB_TRY(RB_ALLOCATE(ctx, events->stretch, samples));
  RB_TRY(RB_ALLOCATE(ctx, events->duration, plan->recordings));
  RB_TRY(RB_ALLOCATE(ctx, events->left, places));
  RB_TRY(RB_ALLOCATE(ctx, events->down, plan->length));
  RB_TRY(RB_ALLOCATE(ctx, events->since, ages));
  RB_TRY(RB_ALLOCATE(ctx, events->until, ages));
  RB_TRY(RB_ALLOCATE(ctx, events->begin, ages));
  RB_TRY(RB_ALLOCATE(ctx, events->younger, plan->length + 2));
  for (int64_t t = 0; t < places; ++t) events->left[t] = -1;
  for (int64_t t = 0; t < plan->length; ++t) events->down[t] = (double)(plan->length - 1 - t);
cleanup:
  return status;
}

void rb_events_free(rb_events *events) {
  free(events->hidden);
  free(events->time);
  free(events->stretch);
  free(events->duration);
  free(events->left);
  free(events->down);
  free(events->since);
  free(events->until);
  free(events->begin);
  free(events->younger);
  *events = (rb_events){0};
}

enum { BLOCK = 16 };

/* The next block, from one on, of which any sample may not be 0; else some number from `end` on. */
static int64_t next_block(const float *x, int64_t block, int64_t end) {
  for (; block + BLOCK <= end; block += BLOCK) {
    uint32_t bits[BLOCK], any = 0;
    memcpy(bits, &x[block], sizeof bits);
    for (int i = 0; i < BLOCK; ++i) any |= bits[i];
    if (any != 0) return block;
  }
  return block;
}

void rb_events_mask(rb_events *e, int masks, const float *const *mask) {
  const int64_t samples = e->plan->length * e->plan->recordings;
  uint8_t *hidden = e->hidden;
  e->masked = masks > 0;
  if (masks > 0) memset(hidden, 0, (size_t)samples * sizeof *hidden);
  for (int i = 0; i < masks; ++i) {
    const float *own = mask[i];
    for (int64_t t = 0; (t = next_block(own, t, samples)) < samples; t += BLOCK) {
      const int64_t end = t + BLOCK < samples ? t + BLOCK : samples;
      for (int64_t u = t; u < end; ++u) hidden[u] = (uint8_t)(hidden[u] | (own[u] != 0));
    }
  }
}

static void add_stretch(rb_events *e, rb_stretch s) {
  e->stretch[e->stretches++] = s;
  e->samples += s.count;
  const int64_t back = s.before ? s.lead : 0, extent = (s.age > back ? s.age : back) + s.count;
  if (extent > e->longest) e->longest = extent;
  if (!s.after && s.age + s.count > e->beginning) e->beginning = s.age + s.count;
  memcpy(&e->left[s.first], &e->down[e->plan->length - s.count], (size_t)s.count * sizeof *e->left);
}

/* The first of samples from .. to-1 that is hidden, or that is not; else to. */
static int64_t next_that_is(const uint8_t *hidden, int64_t from, int64_t to, int what) {
  const uint8_t *found = memchr(hidden + from, what, (size_t)(to - from));
  return found != NULL ? found - hidden : to;
}

/* The samples of a recording from .. to-1, of which the first is an event's or the recording's,
 * without those that are masked. @param s what the stretches share */
static void add_observed(rb_events *e, const uint8_t *hidden, int64_t from, int64_t to,
                         rb_stretch s) {
  const int64_t start = from;
  while (from < to) {
    int64_t end = to;
    if (e->masked) {
      from = next_that_is(hidden, from, to, 0);
      end = next_that_is(hidden, from, to, 1);
    }
    if (from == end) return;
    s.first = s.origin + from;
    s.count = end - from;
    s.age = from - start;
    s.lead = to - end;
    add_stretch(e, s);
    from = end;
  }
}

/* The stretches of recording r, from its events, `count` in all. */
static void split(rb_events *e, int64_t r, int64_t count, const int64_t *time) {
  const rb_plan *plan = e->plan;
  const int64_t origin = r * plan->stride;
  const uint8_t *hidden = e->hidden + r * plan->length;
  int64_t end = plan->length;
  if (e->masked) {
    for (int64_t t = 0; t < plan->length; ++t) e->left[origin + t] = -1;
    while (end > 0 && hidden[end - 1]) --end;
    if (count > 0 && time[count - 1] - origin >= end) end = time[count - 1] - origin + 1;
  }
  e->duration[r] = end;
  if (end > e->longest_time) e->longest_time = end;
  for (int64_t i = 0; i <= count; ++i) {
    const bool after = i > 0, before = i < count;
    const int64_t from = after ? time[i - 1] - origin : 0, to = before ? time[i] - origin : end;
    add_observed(e, hidden, from, to,
                 (rb_stretch){.origin = origin, .after = after, .before = before});
  }
}

/* One more sample of each of the ages from .. to-1, once later ages are added to earlier ones. */
static void count_range(double *ages, int64_t from, int64_t to) {
  if (to <= from) return;
  ++ages[to - 1];
  if (from > 0) --ages[from - 1];
}

void rb_events_count_ages(rb_events *e) {
  const size_t ages = (size_t)e->longest + 1 + RB_PLAN_LANES;
  memset(e->since, 0, ages * sizeof *e->since);
  memset(e->until, 0, ages * sizeof *e->until);
  memset(e->begin, 0, ages * sizeof *e->begin);
  memset(e->younger, 0, (size_t)(e->longest + 2) * sizeof *e->younger);
  int64_t lasting = 0, below = 0, observed = 0;
  for (int64_t i = 0; i < e->stretches; ++i) {
    const rb_stretch *s = &e->stretch[i];
    const int64_t own = rb_stretch_has_event(s) ? 1 : 0;
    observed += own;
    count_range(s->after ? e->since : e->begin, s->age, s->age + s->count);
    if (s->before) count_range(e->until, s->lead + 1, s->lead + s->count - own + 1);
    if (s->age > 0) continue;
    ++lasting;
    ++e->younger[s->count];  // how many stretches end at an age
  }
  for (int64_t age = e->longest - 1; age >= 0; --age) {
    e->since[age] += e->since[age + 1];
    e->begin[age] += e->begin[age + 1];
    e->until[age] += e->until[age + 1];
  }
  e->until[0] = (double)observed;
  for (int64_t age = 0; age <= e->longest; ++age) {
    lasting -= e->younger[age];
    e->younger[age] = below;
    below += lasting;
  }
}

static void begin_reading(rb_events *e) {
  e->count = e->stretches = e->longest = e->beginning = e->samples = 0;
  e->longest_time = 1;
}

/* Adds events among the samples of a recording that are not 0. */
static void find_events(rb_events *e, const float *x, int64_t origin) {
  const int64_t T = e->plan->length;
  for (int64_t first = 0; (first = next_block(x, first, T)) < T; first += BLOCK) {
    const int64_t end = first + BLOCK < T ? first + BLOCK : T;
    for (int64_t t = first; t < end; ++t) {
      if (x[t] != 0) e->time[e->count++] = origin + t;
    }
  }
}

void rb_events_read(rb_events *e, const float *x) {
  const rb_plan *plan = e->plan;
  begin_reading(e);
  for (int64_t r = 0; r < plan->recordings; ++r) {
    const int64_t before = e->count;
    if (x != NULL) find_events(e, x + r * plan->length, r * plan->stride);
    split(e, r, e->count - before, e->time + before);
  }
}

void rb_events_cross(rb_events *e, const float *x, double level) {
  const rb_plan *plan = e->plan;
  begin_reading(e);
  for (int64_t r = 0; r < plan->recordings; ++r) {
    const int64_t before = e->count, T = plan->length;
    const float *own = x + r * T;
    const uint8_t *hidden = e->hidden + r * T;
    for (int64_t t = 1; t < T; ++t) {
      if (e->masked && (hidden[t - 1] || hidden[t])) continue;
      if ((double)own[t - 1] < level && (double)own[t] >= level) {
        e->time[e->count++] = r * plan->stride + t;
      }
    }
    split(e, r, e->count - before, e->time + before);
  }
}

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

/* Those that begin at age 0 by their numbers below an age; others one by one. */
int64_t rb_events_pairs(const rb_events *e, int64_t from, int64_t to, int64_t lag) {
  const int64_t low = smaller(from + lag, e->longest);
  const int64_t high = to > e->longest - lag ? e->longest : to + lag;
  int64_t pairs = e->younger[high] - e->younger[low];
  for (int64_t i = 0; e->masked && i < e->stretches; ++i) {
    const rb_stretch *s = &e->stretch[i];
    const int64_t first = s->age > from ? s->age : from;
    const int64_t end = smaller(to, s->age + s->count - lag);
    if (s->age > 0 && end > first) pairs += end - first;
  }
  return pairs;
}
