#ifndef RB_APP_SCALE_SWEEP_H
#define RB_APP_SCALE_SWEEP_H

#include "scale_task.h"

/** @file scale_sweep.h
 * All measurements of `scale`, on 1, 2, 4, ... ranks of the job and on all of them. Collective. */

typedef struct rb_scale_sweep {
  int points;
  rb_scaling_point *point;  ///< (points)
  int exchanges;
  rb_scaling_exchange *exchange;  ///< (exchanges)
} rb_scale_sweep;

/** Measures. The results are the same on all ranks. The caller calls rb_scale_sweep_free, also
 * after a failure. Groups are the first ranks of the job; the others sleep meanwhile. Fails as the
 * work does, and with RB_STOPPED when asked to stop. */
RB_NODISCARD rb_status rb_scale_sweep_run(rb_context *ctx, const rb_job *job,
                                          rb_scale_sweep *sweep);
void rb_scale_sweep_free(rb_scale_sweep *sweep);

#endif
