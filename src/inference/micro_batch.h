#ifndef RB_MICRO_BATCH_H
#define RB_MICRO_BATCH_H

#include "rheobase/inference/training.h"

/** @file micro_batch.h
 * Standardised samples of one micro-batch, padded to a fixed size so that every matrix product has
 * the same shape. Local. */

typedef struct rb_micro_batch {
  int size;          ///< rows, padding included
  int rows;          ///< samples; the rest is zero with weight 0
  int dim;           ///< D
  rb_shape shape;    ///< of a row of x and seen
  rb_real *x;        ///< (size, row), series as (L, C)
  rb_real *theta;    ///< (size, D)
  rb_real *weight;   ///< (size)
  rb_real *log_det;  ///< (size) as rb_view_truth() gives it
  rb_real *loss;     ///< (size) -log q of each sample, to be set by the user
  double *drawn;     ///< (size, D) online: parameters, their latent values after them
  float *simulated;  ///< (size, C, L) online
  float *seen;       ///< (size, row) online: what the network sees of it
  double *centring;  ///< (size, rb_view_centring) online
  rb_view view;      ///< online
} rb_micro_batch;

RB_NODISCARD rb_status rb_micro_batch_create(rb_context *ctx, int dim, rb_shape shape, int size,
                                             rb_micro_batch *batch);

/** The same, to simulate into. */
RB_NODISCARD rb_status rb_micro_batch_create_online(rb_context *ctx, const rb_view *view, int size,
                                                    rb_micro_batch *batch);
void rb_micro_batch_destroy(rb_micro_batch *batch);

/** Takes @p rows samples of @p dataset: indices[0..rows-1], or first, first + 1, ... if @p indices
 * is NULL. Each counts with @p weight. */
void rb_micro_batch_gather(rb_micro_batch *batch, const rb_standardisation *standardisation,
                           const rb_dataset *dataset, const int64_t *indices, int64_t first,
                           int rows, double weight);

/** Turns -log q of the samples in loss into losses: of latent parameters, per reference scale
 * (training.h). A sample with a clipped parameter has none and gets 0, or NaN if -log q is.
 * @param shift rb_training.loss_shift @return samples with a loss */
int rb_micro_batch_losses(rb_micro_batch *batch, double shift);

/** Simulates items first .. first + rows - 1 of the training purpose; for
 * rb_micro_batch_create_online alone. */
RB_NODISCARD rb_status rb_micro_batch_simulate(rb_context *ctx, rb_micro_batch *batch,
                                               const rb_standardisation *standardisation,
                                               uint64_t seed, int64_t first, int rows,
                                               double weight);

#endif
