#ifndef RB_MODEL_MEMBRANE_PASSAGE_H
#define RB_MODEL_MEMBRANE_PASSAGE_H

#include "rheobase/model/predictor.h"

/** @file passage.h
 * An integrate-and-fire neuron with noisy current under a known stimulus and given spikes: where
 * its voltage is without noise, and how probable a spike is in each step given all spikes before.
 *
 * Between spikes v' = keep v + rest + per_current (I - w) + sd N(0, 1), and a spike is where v'
 * reaches the threshold. Its density below the threshold is a Gaussian while the threshold is out
 * of reach, a grid near it (membrane_grid.h). Local. */

typedef struct rb_passage {
  double keep, rest, per_current, sd;
  double threshold, reset;
  int64_t held;            ///< samples after a spike's own on which v is the reset value
  double jump, keep_jump;  ///< of the current w that a spike adds, in the unit of I: w grows by
                           ///< jump, and from step to step by the factor keep_jump
} rb_passage;

/** As rb_predictor_follow, a sample being a step. @param start of the voltage
 * @param response (length) @param expected (length) 0 while v is held. Fails with RB_ERR_MEMORY. */
RB_NODISCARD rb_status rb_passage_follow(rb_context *ctx, const rb_passage *passage,
                                         const rb_stimulated *given, double start, double *response,
                                         double *expected);

#endif
