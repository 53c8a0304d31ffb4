#ifndef RB_APP_BENCH_WORK_H
#define RB_APP_BENCH_WORK_H

#include "../input/settings.h"
#include "rheobase/inference/training_step.h"

/** @file bench_work.h
 * Work that `bench` and `scale` time. The rb_bench_function of each takes the struct as its work.
 */

/** Data sets of a rank's share of some, in memory. */
typedef struct rb_share {
  const rb_model *model;
  uint64_t seed;
  int64_t first, count;
  double *theta;  ///< (count, D)
  float *x;       ///< (count, C, L)
} rb_share;

/** Room for this rank's share of @p total data sets. Local. The caller calls rb_share_free, also
 * after a failure. */
RB_NODISCARD rb_status rb_share_create(rb_context *ctx, const rb_model *model, uint64_t seed,
                                       int64_t total, rb_share *share);
void rb_share_free(rb_share *share);

/** Draws the parameters and simulates the share. Local. */
RB_NODISCARD rb_status rb_share_simulate(rb_context *ctx, void *share);

/** A training whose every step takes one whole batch, of stored data sets or (online) fresh ones.
 */
typedef struct rb_trainer {
  rb_dataset data;
  rb_estimator *estimator;
  rb_training training;
  rb_training_data sources;
  rb_training_work *work;
} rb_trainer;

/** Collective. The caller calls rb_trainer_free, also after a failure.
 * @param settings batch and micro-batch are taken as they are */
RB_NODISCARD rb_status rb_trainer_create(rb_context *ctx, const rb_model *model,
                                         const rb_network_settings *network,
                                         const rb_training_settings *settings, uint64_t seed,
                                         rb_trainer *trainer);
void rb_trainer_free(rb_trainer *trainer);

/** One step. Collective. */
RB_NODISCARD rb_status rb_trainer_step(rb_context *ctx, void *trainer);

/** A file of simulations, written to be thrown away. */
enum { RB_WRITER_PATH = 1200 };
typedef struct rb_writer {
  const rb_model *model;
  int64_t datasets;
  char path[RB_WRITER_PATH];
} rb_writer;

/** Simulates and writes the file; the simulation is a rounding error beside it. Collective. */
RB_NODISCARD rb_status rb_writer_write(rb_context *ctx, void *writer);

/** Bytes of the observations in it. */
double rb_writer_bytes(const rb_writer *writer);

#endif
