#ifndef RHEOBASE_DATASET_H
#define RHEOBASE_DATASET_H

#include "rheobase/base/shape.h"
#include "rheobase/model/model.h"

/** @file dataset.h
 * Simulated data sets in memory, once per node: the ranks of a node share one copy (an MPI
 * shared-memory window), so memory does not grow with the ranks. */

typedef struct rb_dataset {
  int64_t count;    ///< N
  int dim;          ///< D
  rb_shape shape;   ///< of a row of x
  double *theta;    ///< (N, D) as the simulator used them, or in a network's coordinates
  double *latent;   ///< (N, D) before clipping; NULL where a network's coordinates are kept
  double *log_det;  ///< (N) of a network's coordinates (rb_view_truth), NaN where a parameter was
                    ///< clipped; NULL for data sets as they were simulated
  float *x;         ///< (N, row): the series, (C, L), then the features
  MPI_Win window;   ///< owns the arrays
} rb_dataset;

/** Bytes of one data set as a network sees it. Local. */
double rb_dataset_bytes(int dim, rb_shape shape);

/** Allocates the window for data sets as a network sees them; contents are undefined. Collective.
 * Fails with RB_ERR_MEMORY. The caller frees it with rb_dataset_destroy. */
RB_NODISCARD rb_status rb_dataset_allocate(rb_context *ctx, int dim, rb_shape shape, int64_t count,
                                           rb_dataset *dataset);

/** The same for data sets as a model simulates them. */
RB_NODISCARD rb_status rb_dataset_create(rb_context *ctx, const rb_model *model, int64_t count,
                                         rb_dataset *dataset);

/** Collective. Does nothing to a data set of zero bytes. */
void rb_dataset_destroy(rb_dataset *dataset);

/** The rows this rank fills, so that the ranks of its node together fill all of them. Local. */
void rb_dataset_share(const rb_context *ctx, const rb_dataset *dataset, int64_t *first,
                      int64_t *count);

/** Call after filling: all ranks of the node see the contents. Collective. */
void rb_dataset_fence(const rb_context *ctx, const rb_dataset *dataset);

#endif
