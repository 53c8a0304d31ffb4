#include "rheobase/parallel/exact_sum.h"

#include <math.h>
#include <string.h>

#include "rheobase/base/clock.h"

enum { DIGIT_BITS = 32, LOWEST_EXPONENT = -1074, PENDING_LIMIT = 1 << 28 };
static const int64_t DIGIT_MASK = 0xffffffff;

/* Brings every limb but the last into [0, 2^32); the last one carries the sign. */
static void propagate(rb_exact_sum *sum) {
  int64_t carry = 0;
  for (int i = 0; i < RB_EXACT_SUM_LIMBS; ++i) {
    const int64_t value = sum->limb[i] + carry;
    if (i == RB_EXACT_SUM_LIMBS - 1) {
      sum->limb[i] = value;
      break;
    }
    sum->limb[i] = value & DIGIT_MASK;
    carry = value >> DIGIT_BITS;  // arithmetic shift: floor, also for negative values
  }
  sum->pending = 0;
}

void rb_exact_sum_add(rb_exact_sum *sum, double term) {
  uint64_t bits = 0;
  memcpy(&bits, &term, sizeof bits);
  const int exponent = (int)(bits >> 52 & 0x7ff);
  const uint64_t fraction = bits & 0xfffffffffffffULL;
  if (exponent == 0x7ff) {
    if (fraction != 0) {
      sum->nan += 1;
    } else if (bits >> 63) {
      sum->negative_infinite += 1;
    } else {
      sum->positive_infinite += 1;
    }
    return;
  }
  const uint64_t mantissa = exponent == 0 ? fraction : fraction | 1ULL << 52;
  const int shift = exponent == 0 ? 0 : exponent - 1;  // in bits above 2^-1074
  const int digit = shift / DIGIT_BITS;
  const unsigned __int128 wide = (unsigned __int128)mantissa << (shift % DIGIT_BITS);
  const int64_t sign = bits >> 63 ? -1 : 1;
  sum->limb[digit] += sign * (int64_t)(wide & 0xffffffffU);
  sum->limb[digit + 1] += sign * (int64_t)(wide >> 32 & 0xffffffffU);
  sum->limb[digit + 2] += sign * (int64_t)(wide >> 64);
  if (++sum->pending >= PENDING_LIMIT) propagate(sum);
}

void rb_exact_sum_merge(rb_exact_sum *sum, const rb_exact_sum *other) {
  rb_exact_sum term = *other;
  propagate(&term);
  propagate(sum);
  for (int i = 0; i < RB_EXACT_SUM_LIMBS; ++i) sum->limb[i] += term.limb[i];
  sum->nan += term.nan;
  sum->positive_infinite += term.positive_infinite;
  sum->negative_infinite += term.negative_infinite;
  propagate(sum);
}

void rb_exact_sum_reduce(const rb_context *ctx, rb_exact_sum *sums, int count) {
  for (int i = 0; i < count; ++i) propagate(&sums[i]);
  // Digits below 2^32 from up to 2^31 ranks cannot overflow a limb; the counts add up as well.
  const rb_time_part outer = rb_clock_enter(ctx, RB_TIME_REDUCE);
  MPI_Allreduce(MPI_IN_PLACE, sums, count * (int)(sizeof *sums / sizeof(int64_t)), MPI_INT64_T,
                MPI_SUM, ctx->comm);
  rb_clock_leave(ctx, outer);
  for (int i = 0; i < count; ++i) propagate(&sums[i]);
}

/* Index of the highest set bit of a magnitude in canonical digits, or -1 if it is zero. */
static int highest_bit(const int64_t *digit) {
  for (int i = RB_EXACT_SUM_LIMBS - 1; i >= 0; --i) {
    if (digit[i] != 0) return i * DIGIT_BITS + 63 - __builtin_clzll((unsigned long long)digit[i]);
  }
  return -1;
}

static int bit_at(const int64_t *digit, int bit) {
  return (int)(digit[bit / DIGIT_BITS] >> (bit % DIGIT_BITS) & 1);
}

static int any_below(const int64_t *digit, int bit) {
  for (int i = 0; i < bit / DIGIT_BITS; ++i) {
    if (digit[i] != 0) return 1;
  }
  return (digit[bit / DIGIT_BITS] & ((INT64_C(1) << (bit % DIGIT_BITS)) - 1)) != 0;
}

double rb_exact_sum_value(const rb_exact_sum *sum) {
  if (sum->nan > 0 || (sum->positive_infinite > 0 && sum->negative_infinite > 0)) return NAN;
  if (sum->positive_infinite > 0) return INFINITY;
  if (sum->negative_infinite > 0) return -INFINITY;
  rb_exact_sum magnitude = *sum;
  propagate(&magnitude);
  const int negative = magnitude.limb[RB_EXACT_SUM_LIMBS - 1] < 0;
  if (negative) {
    for (int i = 0; i < RB_EXACT_SUM_LIMBS; ++i) magnitude.limb[i] = -magnitude.limb[i];
    propagate(&magnitude);
  }
  const int64_t *digit = magnitude.limb;
  const int high = highest_bit(digit);
  if (high < 0) return 0.0;
  const int low = high > 52 ? high - 52 : 0;  // the lowest bit kept
  uint64_t mantissa = 0;
  for (int bit = high; bit >= low; --bit) mantissa = mantissa << 1 | (uint64_t)bit_at(digit, bit);
  if (low > 0 && bit_at(digit, low - 1) && (any_below(digit, low - 1) || (mantissa & 1))) {
    mantissa += 1;
  }
  const double value = ldexp((double)mantissa, low + LOWEST_EXPONENT);
  return negative ? -value : value;
}
