#ifndef RB_MODEL_STATISTICS_EVENTS_H
#define RB_MODEL_STATISTICS_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "plan.h"
#include "rheobase/base/context.h"

/** @file events.h
 * The events of a data set and the stretches between them. A data set is K recordings side by side,
 * each at the beginning of its own places (plan.h). An event's sample begins a stretch, and so does
 * a recording's first sample; what is masked belongs to none, so that a mask cuts stretches into
 * several. Times are places where nothing else is said. */

typedef struct rb_stretch {
  int64_t first, count;
  int64_t origin;  ///< where its recording begins
  int64_t age;   ///< of the first sample: since the last event, or since the recording's beginning
  int64_t lead;  ///< samples between its last one and the next event, where one follows
  bool after;    ///< an event of its recording precedes or begins it
  bool before;   ///< an event of its recording follows it
} rb_stretch;

/** Arrays are owned, for as many events as there are samples. Arrays by age are laid out for the
 * length of a recording. */
typedef struct rb_events {
  const rb_plan *plan;   ///< not owned
  bool masked;           ///< a mask was read
  uint8_t *hidden;       ///< (samples of all recordings) masked; only where `masked`
  int64_t count;         ///< events, masked or not
  int64_t *time;         ///< (count)
  int64_t stretches;     ///< at most as many as samples
  rb_stretch *stretch;   ///< (stretches)
  int64_t longest;       ///< above any age of a sample, or time until the next event
  int64_t beginning;     ///< above any age before a first event
  int64_t samples;       ///< that are not masked
  int64_t *duration;     ///< (K) samples up to the last one that is not masked, or is an event
  int64_t longest_time;  ///< largest of them
  double *left;          ///< (places) samples after each in its stretch; -1 where there is none
  double *down;          ///< (T) T - 1, T - 2, ... 0
  double *since;         ///< by age: samples so long after the last event
  double *until;         ///< samples so long before the next one
  double *begin;         ///< samples so long after the beginning, before the first event
  int64_t *younger;      ///< (longest + 1) samples below an age, of stretches that begin at age 0
} rb_events;

/** Allocates. The caller frees it with rb_events_free, also after a failure. Local. Fails with
 * RB_ERR_MEMORY. */
RB_NODISCARD rb_status rb_events_create(rb_context *ctx, const rb_plan *plan, rb_events *events);
void rb_events_free(rb_events *events);

/** Takes a data set's masks, before its events are read. @param mask (masks) each (samples), not 0
 * where nothing was observed */
void rb_events_mask(rb_events *events, int masks, const float *const *mask);

/** Events are the samples that are not 0; NULL: there are none. @param x (samples) */
void rb_events_read(rb_events *events, const float *x);

/** Events are samples at or above a level whose predecessor is below it, neither of them masked.
 * @param x (samples) */
void rb_events_cross(rb_events *events, const float *x, double level);

/** Fills the arrays by age, after events were read. */
void rb_events_count_ages(rb_events *events);

/** Whether a stretch's first sample is an event. */
static inline bool rb_stretch_has_event(const rb_stretch *s) { return s->after && s->age == 0; }

/** Pairs of samples so far apart in one stretch, the first of an age from .. to-1; after
 * rb_events_count_ages. */
int64_t rb_events_pairs(const rb_events *events, int64_t from, int64_t to, int64_t lag);

#endif
