#ifndef RHEOBASE_EXACT_SUM_H
#define RHEOBASE_EXACT_SUM_H

#include <stdint.h>

#include "rheobase/base/context.h"

/** @file exact_sum.h
 * Sums of doubles that do not depend on the order of the terms, nor on the number of ranks: every
 * term is added without rounding to a long fixed-point number, which is rounded once when read.
 * (The "long accumulator" of Kulisch; here 32-bit digits kept in 64-bit limbs, so that carries can
 * wait and limbs of different ranks add up as integers.) */

/** 2^-1074 .. 2^1024 and 60 bits of headroom for sums: 68 digits of 32 bits. */
enum { RB_EXACT_SUM_LIMBS = 68 };

/** An exact sum; all zero bytes is 0. Plain data. */
typedef struct rb_exact_sum {
  int64_t limb[RB_EXACT_SUM_LIMBS];  ///< digit i weighs 2^(32 i - 1074)
  int64_t pending;                   ///< additions since carries were last propagated
  int64_t nan, positive_infinite, negative_infinite;  ///< how many such terms were added
} rb_exact_sum;

/** Adds @p term. Local. */
void rb_exact_sum_add(rb_exact_sum *sum, double term);

/** Adds the terms of @p other. Local. */
void rb_exact_sum_merge(rb_exact_sum *sum, const rb_exact_sum *other);

/** Replaces each of the @p count sums by the sum over all ranks. Collective. */
void rb_exact_sum_reduce(const rb_context *ctx, rb_exact_sum *sums, int count);

/** @return the exact sum rounded once to the nearest double (ties to even). Local. */
double rb_exact_sum_value(const rb_exact_sum *sum);

#endif
