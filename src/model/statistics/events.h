#ifndef RB_MODEL_STATISTICS_EVENTS_H
#define RB_MODEL_STATISTICS_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "rheobase/base/context.h"

/** @file events.h
 * The events of one recording, and the stretches between them: an event's sample begins a stretch,
 * the samples before the first event are one. */

typedef struct rb_stretch {
  int64_t first, count;
  bool after;   ///< begins with an event
  bool before;  ///< an event follows it
} rb_stretch;

/** Of a recording of T samples. Arrays are owned, for as many events as there are samples. */
typedef struct rb_events {
  int64_t length;       ///< T
  int64_t count;        ///< events
  int64_t *time;        ///< (count)
  int64_t stretches;    ///< at most T
  rb_stretch *stretch;  ///< (stretches)
  int64_t longest;      ///< samples of the longest stretch
  double *left;         ///< (T) samples after each in its stretch; -1 in the margin beyond T
  double *since;        ///< (T) by age: samples so long after the last event
  double *until;        ///< (T + 1) samples so long before the next one
  int64_t *younger;     ///< (longest + 1) samples of all stretches below an age
} rb_events;

/** Allocates for recordings of @p length samples. The caller frees it with rb_events_free, also
 * after a failure. Local. Fails with RB_ERR_MEMORY. @param margin samples beyond the end */
RB_NODISCARD rb_status rb_events_create(rb_context *ctx, int64_t length, int64_t margin,
                                        rb_events *events);
void rb_events_free(rb_events *events);

/** Events are the samples that are not 0; NULL: there are none. @param x (T) */
void rb_events_read(rb_events *events, const float *x);

/** Events are samples at or above a level whose predecessor is below it. @param x (T) */
void rb_events_cross(rb_events *events, const float *x, double level);

/** Pairs of samples so far apart in one stretch, the first of an age from .. to-1. */
int64_t rb_events_pairs(const rb_events *events, int64_t from, int64_t to, int64_t lag);

#endif
