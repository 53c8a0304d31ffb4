#ifndef RB_ANALYSIS_NOISELESS_RUN_H
#define RB_ANALYSIS_NOISELESS_RUN_H

#include "rheobase/analysis/event_scores.h"
#include "rheobase/model/predictor.h"

/** @file noiseless_run.h
 * Runs without noise that stand for those with it, one for each of some parameters. Where events
 * are drawn it has one wherever their probability passes a level, and of some levels the one whose
 * run coincides best with runs of the same parameters that draw: the recording has no say in it.
 * Local. */

enum { RB_NOISELESS_ROWS = 32 };

typedef struct rb_noiseless {
  const rb_model *model;
  const rb_stimulated *given;
  uint64_t seed;
  int64_t number;    ///< of the first parameters: what is drawn depends on it and the seed alone
  int64_t first;     ///< sample from which on runs are compared
  double precision;  ///< of coincidences, in the unit of the model's axis
  double *response;  ///< room for (RB_NOISELESS_ROWS, length)
  uint8_t *event;    ///< room for as many
  double *time;      ///< room for (length)
} rb_noiseless;

/** @param count of the parameters, at most RB_NOISELESS_ROWS @param theta (count, D), accepted
 * @param event (count, length) their runs' events */
RB_NODISCARD rb_status rb_noiseless_run(rb_context *ctx, const rb_noiseless *n, int64_t count,
                                        const double *theta, uint8_t *event);

#endif
