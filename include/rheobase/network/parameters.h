#ifndef RHEOBASE_PARAMETERS_H
#define RHEOBASE_PARAMETERS_H

#include <stdint.h>

#include "rheobase/base/context.h"
#include "rheobase/base/real.h"

/** @file parameters.h
 * All weights of a network in one flat buffer, with a named view per tensor. Gradients, optimiser
 * moments and files use the same layout. Local. */

enum { RB_TENSOR_NAME_SIZE = 96, RB_TENSOR_MAX_RANK = 4 };

/** A named piece of the flat buffer. */
typedef struct rb_tensor {
  char name[RB_TENSOR_NAME_SIZE];  ///< e.g. "summary/conv_0/kernel": also its path in files
  int rank;
  int64_t shape[RB_TENSOR_MAX_RANK];  ///< row-major
  int64_t offset, count;              ///< in elements of the flat buffer
} rb_tensor;

/** The table of tensors and their values. Start from {0}. */
typedef struct rb_parameters {
  int tensors, capacity;
  rb_tensor *tensor;
  int64_t count;   ///< elements of the flat buffer
  rb_real *value;  ///< (count), after rb_parameters_allocate
} rb_parameters;

/** Appends a tensor (all before rb_parameters_allocate). @return its index in @p index. */
RB_NODISCARD rb_status rb_parameters_add(rb_context *ctx, rb_parameters *parameters,
                                         const char *name, int rank, const int64_t *shape,
                                         int *index);
/** Allocates the values, all zero. Fails with RB_ERR_MEMORY. */
RB_NODISCARD rb_status rb_parameters_allocate(rb_context *ctx, rb_parameters *parameters);
/** Frees table and values. */
void rb_parameters_free(rb_parameters *parameters);

/** @return the values of tensor @p index. */
rb_real *rb_parameters_at(const rb_parameters *parameters, int index);

/** @return the index of the tensor called @p name, or -1. */
int rb_parameters_find(const rb_parameters *parameters, const char *name);

#endif
