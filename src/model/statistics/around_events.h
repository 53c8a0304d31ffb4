#ifndef RB_MODEL_STATISTICS_AROUND_EVENTS_H
#define RB_MODEL_STATISTICS_AROUND_EVENTS_H

#include "driven_sums.h"

/** @file around_events.h
 * The potential and the stimulus right before events and after what is masked behind them. Windows
 * are free of masks and events. All functions are local. */

/** Numbers of an offset before, and of one after. */
enum { RB_BEFORE = 14, RB_AFTER = 8 };

/** Offsets before events are 1, 2, 4, 8, 16, as many as a recording has; after them 0 as well, and
 * 32. @{ */
int rb_offsets_before(const rb_plan *plan);
int rb_offsets_after(const rb_plan *plan);
static inline int64_t rb_offset_before(int k) { return INT64_C(1) << k; }
static inline int64_t rb_offset_after(int k) { return k > 0 ? INT64_C(1) << (k - 1) : 0; }
/** @} */

/** Writes them: offsets before, then after. @param v (places) potential @param memory drive and
 * open are looked at @param out (RB_BEFORE offsets before + RB_AFTER offsets after) */
void rb_around_events_put(const rb_plan *plan, const rb_events *events, const double *v,
                          const rb_driven_memory *memory, float *out);

#endif
