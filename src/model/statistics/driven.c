#include <math.h>
#include <string.h>

#include "driven_numbers.h"
#include "rheobase/base/memory.h"

/* The stimulus at its places, traces of events, and the sums of a data set. */

static const double TRACE_SAMPLES[RB_TRACES] = {50, 250, 1000};  // their time constants

/* All arrays of as many numbers as there are places. */
enum { ARRAYS = 5 + 2 * RB_TRACES + 4 * RB_LEVEL_SETS };
static void list_arrays(rb_driven *s, double **array[ARRAYS]) {
  rb_driven_memory *m = &s->memory;
  int n = 0;
  array[n++] = &s->rest;
  array[n++] = &s->there;
  array[n++] = &m->drive;
  array[n++] = &m->centred;
  array[n++] = &m->open;
  for (int i = 0; i < RB_TRACES; ++i) array[n++] = &m->trace[i];
  for (int i = 0; i < RB_TRACES; ++i) array[n++] = &m->thinned[i];
  for (int i = 0; i < 4 * RB_LEVEL_SETS; ++i) array[n++] = &m->array[i / 4][i % 4];
}

rb_status rb_driven_create(rb_context *ctx, const rb_plan *plan, rb_driven *s) {
  rb_status status = RB_OK;
  double **array[ARRAYS];
  *s = (rb_driven){.plan = plan};
  list_arrays(s, array);
  for (int i = 0; i < ARRAYS; ++i) RB_TRY(RB_ALLOCATE(ctx, *array[i], plan->places + plan->margin));
  for (int i = 0; i < RB_TRACES; ++i) {
    RB_TRY(RB_ALLOCATE(ctx, s->decay[i], plan->length));
    for (int64_t t = 0; t < plan->length; ++t) s->decay[i][t] = exp(-(double)t / TRACE_SAMPLES[i]);
  }
cleanup:
  return status;
}

void rb_driven_free(rb_driven *s) {
  double **array[ARRAYS];
  list_arrays(s, array);
  for (int i = 0; i < ARRAYS; ++i) free(*array[i]);
  for (int i = 0; i < RB_TRACES; ++i) free(s->decay[i]);
  *s = (rb_driven){0};
}

/* The stimulus at its places, 0 beyond a recording's end, and where windows may be. */
static void place_stimulus(rb_driven *s, const rb_events *e, const float *x, double scale) {
  const rb_plan *plan = s->plan;
  for (int64_t r = 0; r < plan->recordings; ++r, x += plan->length) {
    double *drive = &s->memory.drive[r * plan->stride];
    const int64_t known = e->duration[r];
    for (int64_t t = 0; t < known; ++t) drive[t] = (double)x[t] * scale;
    memset(&drive[known], 0, (size_t)(plan->length - known) * sizeof *drive);
  }
  memcpy(s->memory.open, e->left, (size_t)(plan->places + plan->margin) * sizeof *e->left);
  for (int64_t i = 0; i < e->count; ++i) s->memory.open[e->time[i]] = -1;
}

/* Sums of exponentials of past events. */
static void follow_events(rb_driven *s, const rb_events *e, int k) {
  const rb_plan *plan = s->plan;
  double *trace = s->memory.trace[k];
  int64_t i = 0;
  for (int64_t r = 0; r < plan->recordings; ++r) {
    const int64_t origin = r * plan->stride, end = origin + plan->length;
    const int64_t first = i < e->count && e->time[i] < end ? e->time[i] : end;
    memset(&trace[origin], 0, (size_t)(first - origin) * sizeof *trace);
    for (; i < e->count && e->time[i] < end; ++i) {
      const int64_t t = e->time[i];
      const int64_t next = i + 1 < e->count && e->time[i + 1] < end ? e->time[i + 1] : end;
      const double level = t > first ? 1 + trace[t - 1] * s->decay[k][1] : 1;
      for (int64_t u = t; u < next; ++u) trace[u] = level * s->decay[k][u - t];
    }
  }
}

void rb_driven_sum(rb_driven *s, const rb_driven_kernel *kernel, const rb_events *events,
                   bool history, const double *v, const double *d, const float *x, double scale) {
  place_stimulus(s, events, x, scale);
  for (int k = 0; history && k < RB_TRACES; ++k) follow_events(s, events, k);
  kernel->sum(s->plan, events, history, v, d, &s->memory, &s->sums);
  for (int k = 0; k < s->plan->driven; ++k) {
    const rb_window_sums *w = &s->sums.window[k];
    const int variables = rb_lag_has_history(k) ? RB_VARIABLES : RB_PLAIN;
    if (rb_driven_has_fit(s, k)) rb_window_moments_make(w, variables, &s->moments[k]);
  }
}
