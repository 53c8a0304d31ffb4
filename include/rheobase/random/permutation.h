#ifndef RHEOBASE_PERMUTATION_H
#define RHEOBASE_PERMUTATION_H

#include <stdint.h>

#include "rheobase/random/philox.h"

/** @file permutation.h
 * Random permutations without memory: any element is computed by itself, so every rank looks up the
 * few it needs. A Feistel network (Luby and Rackoff 1988) with Philox as its round function
 * permutes the smallest power of two that holds 0 .. n-1; what falls outside is permuted again
 * until it is inside (cycle walking, Black and Rogaway 2002), fewer than two times on average.
 * Local. */

/** A permutation of 0 .. n-1, a function of its stream; plain data. */
typedef struct rb_permutation {
  rb_stream stream;
  int64_t n;
  int left, right;  ///< bits of the two halves of a number
  int rounds;       ///< of the Feistel network, an even number
} rb_permutation;

/** @param n at least 1, at most 2^48 */
rb_permutation rb_permutation_make(rb_stream stream, int64_t n);

/** @return where the permutation takes @p i, in 0 .. n-1 */
int64_t rb_permutation_at(const rb_permutation *permutation, int64_t i);

#endif
