#ifndef RHEOBASE_MEMORY_H
#define RHEOBASE_MEMORY_H

#include <stdint.h>
#include <stdlib.h>

#include "rheobase/base/context.h"

/** @file memory.h
 * Checked allocation: zeroed, aligned to 64 bytes, freed with free(). */

/** Allocates @p count zeroed elements of @p size bytes. Local. A count of 0 gives a valid pointer.
 * @return NULL after recording RB_ERR_MEMORY (also if the product overflows or count < 0). */
void *rb_allocate(rb_context *ctx, int64_t count, size_t size);

/** Allocates an array for @p pointer; evaluates to a status, for use in RB_TRY. */
#define RB_ALLOCATE(ctx, pointer, count) \
  (((pointer) = rb_allocate((ctx), (count), sizeof *(pointer))) != NULL ? RB_OK : RB_ERR_MEMORY)

/** Bytes a rank may take if all ranks of its node take as much: 80% of the node's memory. Local. */
double rb_memory_per_rank(const rb_context *ctx);

#endif
