#include "events.h"

#include <string.h>

#include "plan.h"
#include "rheobase/base/memory.h"

rb_status rb_events_create(rb_context *ctx, int64_t length, int64_t margin, rb_events *events) {
  rb_status status = RB_OK;
  *events = (rb_events){.length = length};
  RB_TRY(RB_ALLOCATE(ctx, events->time, length));
  RB_TRY(RB_ALLOCATE(ctx, events->stretch, length + 1));
  RB_TRY(RB_ALLOCATE(ctx, events->left, length + margin));
  RB_TRY(RB_ALLOCATE(ctx, events->since, length + RB_PLAN_LANES));
  RB_TRY(RB_ALLOCATE(ctx, events->until, length + 1 + RB_PLAN_LANES));
  RB_TRY(RB_ALLOCATE(ctx, events->younger, length + 2));
  for (int64_t t = length; t < length + margin; ++t) events->left[t] = -1;
cleanup:
  return status;
}

void rb_events_free(rb_events *events) {
  free(events->time);
  free(events->stretch);
  free(events->left);
  free(events->since);
  free(events->until);
  free(events->younger);
  *events = (rb_events){0};
}

static void add_stretch(rb_events *e, int64_t first, int64_t end, bool after, bool before) {
  const int64_t count = end - first;
  if (count == 0) return;
  e->stretch[e->stretches++] = (rb_stretch){first, count, after, before};
  if (count > e->longest) e->longest = count;
  for (int64_t t = 0; t < count; ++t) e->left[first + t] = (double)(count - 1 - t);
}

/* Samples of each age, from the lengths of the stretches. */
static void count_ages(rb_events *e) {
  const size_t ages = (size_t)e->longest + 1 + RB_PLAN_LANES;
  memset(e->since, 0, (ages - 1) * sizeof *e->since);
  memset(e->until, 0, ages * sizeof *e->until);
  memset(e->younger, 0, (size_t)(e->longest + 2) * sizeof *e->younger);
  for (int64_t i = 0; i < e->stretches; ++i) {
    const rb_stretch *s = &e->stretch[i];
    ++e->younger[s->count];  // how many stretches end at an age
    if (s->after) ++e->since[s->count - 1];
    if (s->before) ++e->until[s->after ? s->count - 1 : s->count];
  }
  e->until[0] = (double)e->count;
  for (int64_t age = e->longest - 1; age >= 0; --age) {
    if (age + 1 < e->longest) e->since[age] += e->since[age + 1];
    if (age > 0) e->until[age] += e->until[age + 1];
  }
  int64_t lasting = e->stretches, below = 0;
  for (int64_t age = 0; age <= e->longest; ++age) {
    lasting -= e->younger[age];
    e->younger[age] = below;
    below += lasting;
  }
}

/* From the times to all else. */
static void split(rb_events *e) {
  e->stretches = e->longest = 0;
  for (int64_t i = 0; i <= e->count; ++i) {
    const int64_t first = i > 0 ? e->time[i - 1] : 0;
    add_stretch(e, first, i < e->count ? e->time[i] : e->length, i > 0, i < e->count);
  }
  count_ages(e);
}

void rb_events_read(rb_events *e, const float *x) {
  enum { BLOCK = 16 };
  e->count = 0;
  for (int64_t first = 0; x != NULL && first < e->length; first += BLOCK) {
    const int64_t end = first + BLOCK < e->length ? first + BLOCK : e->length;
    int any = 0;
    for (int64_t t = first; t < end; ++t) any |= x[t] != 0;
    for (int64_t t = first; any && t < end; ++t) {
      if (x[t] != 0) e->time[e->count++] = t;
    }
  }
  split(e);
}

void rb_events_cross(rb_events *e, const float *x, double level) {
  e->count = 0;
  for (int64_t t = 1; t < e->length; ++t) {
    if ((double)x[t - 1] < level && (double)x[t] >= level) e->time[e->count++] = t;
  }
  split(e);
}

int64_t rb_events_pairs(const rb_events *e, int64_t from, int64_t to, int64_t lag) {
  const int64_t low = from + lag < e->longest ? from + lag : e->longest;
  const int64_t high = to > e->longest - lag ? e->longest : to + lag;
  return e->younger[high] - e->younger[low];
}
