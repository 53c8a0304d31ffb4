#ifndef RHEOBASE_REACH_H
#define RHEOBASE_REACH_H

#include "rheobase/model/model.h"

/** @file reach.h
 * What of an observation no draw from the prior reaches: statistics of its courses (channels that
 * are not binary, also a stimulus) and of its events (binary channels) beside their range over
 * simulations. What is masked is left out. */

/** A statistic of a data set, and of what it is. */
typedef struct rb_reach_row {
  char what[128];      ///< e.g. "median of length"
  const char *unit;    ///< "" where there is none
  double observed;     ///< NaN: the observation has no such, e.g. without events
  double least, most;  ///< over the simulations that have one; NaN: none has
  int64_t defined;     ///< how many these are
} rb_reach_row;

typedef struct rb_reach {
  int rows;
  rb_reach_row *row;  ///< (rows) owned
} rb_reach;

/** Simulates, dealt to all ranks, and compares. Collective. The caller frees reach->row, also after
 * a failure. @param x (C, L) the observation */
RB_NODISCARD rb_status rb_reach_create(rb_context *ctx, const rb_model *model, uint64_t seed,
                                       int64_t simulations, const float *x, rb_reach *reach);

/** Whether no simulation reaches the observation. Local. */
bool rb_reach_is_beyond(const rb_reach_row *row);

#endif
