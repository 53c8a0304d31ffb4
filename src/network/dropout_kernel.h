#ifndef RB_NETWORK_DROPOUT_KERNEL_H
#define RB_NETWORK_DROPOUT_KERNEL_H

#include "rheobase/base/real.h"
#include "rheobase/random/philox.h"

/** @file dropout_kernel.h
 * The loop of dropout.h per instruction set; the bits are the same in all of them. Local. */

/** One table per instruction set. */
typedef struct rb_dropout_kernel {
  /** mask[i] = 0 where word i of the stream, from block @p position on, is below @p threshold, else
   * @p kept. @param mask (width) */
  void (*fill)(rb_stream stream, uint32_t position, uint32_t threshold, rb_real kept, int width,
               rb_real *mask);
} rb_dropout_kernel;

#endif
