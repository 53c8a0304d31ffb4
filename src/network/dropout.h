#ifndef RB_NETWORK_DROPOUT_H
#define RB_NETWORK_DROPOUT_H

#include "rheobase/base/cpu.h"
#include "rheobase/base/real.h"
#include "rheobase/network/dropout_source.h"

/** @file dropout.h
 * Inverted dropout: an element is kept with probability 1 - rate and then scaled by 1/(1 - rate).
 * Local. */

/** Masks of a batch. They depend on the source and on first_item + row, not on how samples are
 * grouped: each is read off the sample's stream, four elements per block.
 * @param position first block of each sample's stream to use; moved past the blocks used */
void rb_dropout_mask(rb_isa isa, const rb_dropout_source *source, uint32_t *position, double rate,
                     int B, int width,
                     rb_real *mask);  // (B, width), 0 or 1/(1 - rate)

/** x *= mask. */
void rb_dropout_apply(int64_t n,
                      const rb_real *mask,  // (n)
                      rb_real *x);          // (n)

#endif
