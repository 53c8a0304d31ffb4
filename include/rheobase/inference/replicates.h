#ifndef RHEOBASE_REPLICATES_H
#define RHEOBASE_REPLICATES_H

#include "rheobase/model/model.h"

/** @file replicates.h
 * Data sets simulated from posterior draws: the posterior predictive distribution. */

typedef struct rb_replicates {
  int64_t count;    ///< K
  double *theta;    ///< (K, D) the draws picked
  float *x;         ///< (K, C, L)
  int64_t refused;  ///< draws picked that the simulator refuses, and drawn again
} rb_replicates;

/** Picks K draws at random, with replacement, and simulates a data set from each, given what the
 * observation was. A draw that the
 * simulator refuses is counted and picked again. Local. Fails with RB_ERR_NUMERIC if hardly any
 * draw is accepted.
 * @param x (C, L) the observation @param draws (S, D) */
RB_NODISCARD rb_status rb_replicates_create(rb_context *ctx, const rb_model *model, uint64_t seed,
                                            const float *x, int64_t S, const float *draws,
                                            int64_t K, rb_replicates *replicates);
void rb_replicates_destroy(rb_replicates *replicates);

#endif
