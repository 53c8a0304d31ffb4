#ifndef RB_MODEL_EXCHANGE_H
#define RB_MODEL_EXCHANGE_H

#include <stdint.h>

#include "rheobase/base/context.h"
#include "said.h"
#include "supervised.h"

/** @file exchange.h
 * One batch of simulations through the pipes of a program: a line "n D", theta (n, D) float64, n
 * seeds uint64; then x (n, C, L) float32 back; little-endian, row by row. Neither side can wait for
 * the other to read. All functions are local. */

typedef struct rb_batch {
  int64_t count;          ///< n
  int dim;                ///< D
  const double *theta;    ///< (n, D)
  const uint64_t *seeds;  ///< (n)
  float *x;               ///< (n, C, L) or whatever `bytes` says
  size_t bytes;           ///< of x
} rb_batch;

typedef enum rb_outcome {
  RB_ANSWERED,
  RB_ENDED,     ///< it ended, or closed its end, before all of x was there
  RB_SILENT,    ///< not all of x was there in time
  RB_TOO_MANY,  ///< more bytes came than x has
  RB_TOO_SOON,  ///< all of x was there before all of the batch was read
  RB_GIVEN_UP   ///< this rank was asked to stop (signals.h) and has waited a little
} rb_outcome;

typedef struct rb_exchange {
  double timeout_s;  ///< for all of x
  double linger_s;   ///< how long to look for bytes that are too many
  double stop_s;     ///< when this rank was first seen to be asked to stop; 0: not yet
  size_t received;   ///< bytes of x, afterwards
  int code;          ///< RB_ENDED: as rb_supervised_has_ended says; -1: still alive
} rb_exchange;

/** Sends a batch and receives x. What the program prints meanwhile goes to @p said. */
rb_outcome rb_exchange_batch(rb_context *ctx, const rb_supervised *process, const rb_batch *batch,
                             rb_exchange *exchange, rb_said *said);

/** Tells a program that answers that there is nothing more, and waits a little for its end.
 * @return whether it has ended */
bool rb_exchange_finish(rb_supervised *process, rb_said *said);

#endif
