#include "rheobase/random/permutation.h"

enum {
  ROUNDS = 8,         // enough from MANY_BITS on
  SMALL_ROUNDS = 24,  // halves of a bit or two mix slowly
  MANY_BITS = 7,
  HALF_BITS = 24,  // a half is the low part of a block's position, what the rounds need the rest
  WORDS = 4
};

rb_permutation rb_permutation_make(rb_stream stream, int64_t n) {
  rb_permutation permutation = {.stream = stream, .n = n};
  int bits = 0;
  while (INT64_C(1) << bits < n) ++bits;
  permutation.left = bits / 2;
  permutation.right = bits - bits / 2;
  permutation.rounds = bits < MANY_BITS ? SMALL_ROUNDS : ROUNDS;
  return permutation;
}

/* The word of a round for one half of a number. */
static uint32_t round_word(rb_stream stream, int round, uint32_t half) {
  uint32_t block[WORDS];
  rb_stream_block(stream, half | (uint32_t)(round / WORDS) << HALF_BITS, block);
  return block[round % WORDS];
}

int64_t rb_permutation_at(const rb_permutation *permutation, int64_t i) {
  const uint32_t left_mask = (UINT32_C(1) << permutation->left) - 1;
  const uint32_t right_mask = (UINT32_C(1) << permutation->right) - 1;
  int64_t at = i;
  do {
    uint32_t left = (uint32_t)(at >> permutation->right);
    uint32_t right = (uint32_t)at & right_mask;
    for (int round = 0; round < permutation->rounds; round += 2) {
      left ^= round_word(permutation->stream, round, right) & left_mask;
      right ^= round_word(permutation->stream, round + 1, left) & right_mask;
    }
    at = (int64_t)left << permutation->right | right;
  } while (at >= permutation->n);
  return at;
}
