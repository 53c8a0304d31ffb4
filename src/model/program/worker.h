#ifndef RB_MODEL_WORKER_H
#define RB_MODEL_WORKER_H

#include <stdint.h>

#include "rheobase/base/context.h"
#include "rheobase/base/quantity.h"

/** @file worker.h
 * The program of this rank that simulates: started when it is first needed, anew when it died or
 * hung, ended with this process in any case. All functions are local. */

typedef struct rb_worker_settings {
  int rank;                       ///< of the whole study, for the log
  const char *command;            ///< for /bin/sh; borrowed, as the names are
  int dim;                        ///< D
  const rb_quantity *parameters;  ///< (D), for errors
  int64_t row;                    ///< float32 numbers of a simulation: channels x length
  int64_t batch;                  ///< most simulations asked for at once
  double timeout_s;               ///< for a batch
  int restarts;                   ///< how often in a row, without an answer in between
  bool skips;                     ///< a simulation at fault is left out, and NaN, instead
} rb_worker_settings;

typedef struct rb_worker rb_worker;

/** Starts nothing yet. The caller calls rb_worker_destroy. */
RB_NODISCARD rb_status rb_worker_create(rb_context *ctx, const rb_worker_settings *settings,
                                        rb_worker **worker);

/** Simulates. After a batch has failed its simulations are asked for one by one, to find the one at
 * fault. Fails with RB_ERR_SIMULATOR, naming parameters, when the restarts are used up, and at once
 * where the program does not keep to the protocol. Where those at fault are skipped it does so only
 * if the program has never answered. Fails with RB_STOPPED when this rank was asked to stop and the
 * program is not through a little later.
 * @param theta (count, D) @param seeds (count) @param x (count, row) */
RB_NODISCARD rb_status rb_worker_simulate(rb_context *ctx, rb_worker *worker, int64_t count,
                                          const double *theta, const uint64_t *seeds, float *x);

/** Which of the simulations asked for last it was that failed. @param first their place
 * @return how many; 0 where the failure was about none of them */
int64_t rb_worker_failed(const rb_worker *worker, int64_t *first);

/** Lets the program end by itself, kills it if it does not. */
void rb_worker_destroy(rb_worker *worker);

#endif
