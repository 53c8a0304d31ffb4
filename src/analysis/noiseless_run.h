#ifndef RB_ANALYSIS_NOISELESS_RUN_H
#define RB_ANALYSIS_NOISELESS_RUN_H

#include "rheobase/analysis/event_scores.h"
#include "rheobase/model/predictor.h"

/** @file noiseless_run.h
 * One run without noise that stands for those with it. Where events are drawn it has one wherever
 * their probability passes a level, and of some levels the one whose run coincides best with runs
 * of the same parameters that draw: the recording has no say in it. Local. */

enum { RB_NOISELESS_ROWS = 32 };

typedef struct rb_noiseless {
  const rb_model *model;
  const rb_stimulated *given;
  uint64_t seed;
  int64_t number;    ///< of the parameters: what is drawn depends on it and the seed alone
  int64_t first;     ///< sample from which on runs are compared
  double precision;  ///< of coincidences, in the unit of the model's axis
  double *response;  ///< room for (RB_NOISELESS_ROWS, length)
  uint8_t *event;    ///< room for as many
  double *time;      ///< room for (length)
} rb_noiseless;

/** @param theta (D), accepted @param event (length) the run's events */
RB_NODISCARD rb_status rb_noiseless_run(rb_context *ctx, const rb_noiseless *n, const double *theta,
                                        uint8_t *event);

#endif
