#ifndef RB_MODEL_RANDOM_LANES_H
#define RB_MODEL_RANDOM_LANES_H

#include <Random123/philox.h>
#include <stdint.h>
#include <string.h>

#include "rheobase/random/distributions.h"

/** @file random_lanes.h
 * Numbers of the streams of RB_LANES data sets side by side, for kernels: bit for bit those of
 * rb_stream_normals and rb_stream_uniform. Every loop over lanes has a fixed length and no
 * branches, so that the compiler turns it into vector code. Time runs in tiles that stay in the
 * first-level cache. */

enum {
  RB_LANES = 32,
  RB_TILE = 64,       ///< steps
  RB_LANE_WORDS = 4,  ///< random words, and normals, of a block
};

/** Which items the lanes are of. */
typedef struct rb_lane_items {
  uint32_t low[RB_LANES], high[RB_LANES];
} rb_lane_items;

/** Block @p position of each lane's stream. */
static inline void rb_lane_block(const rb_lane_items *items, uint64_t seed, uint32_t word,
                                 uint32_t position,
                                 uint32_t out[restrict RB_LANE_WORDS][RB_LANES]) {
  const philox4x32_key_t key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
  for (int l = 0; l < RB_LANES; ++l) {
    const philox4x32_ctr_t counter = {{position, word, items->low[l], items->high[l]}};
    const philox4x32_ctr_t block = philox4x32(counter, key);
    for (int i = 0; i < RB_LANE_WORDS; ++i) out[i][l] = block.v[i];
  }
}

/** The normals first .. first+RB_TILE-1 of each lane's stream; first is a multiple of
 * RB_LANE_WORDS. */
static inline void rb_lane_normals(const rb_lane_items *items, uint64_t seed, uint32_t word,
                                   int64_t first, double normal[restrict RB_TILE][RB_LANES]) {
  uint32_t words[RB_LANE_WORDS][RB_LANES];
  for (int t = 0; t < RB_TILE; t += RB_LANE_WORDS) {
    rb_lane_block(items, seed, word, (uint32_t)((first + t) / RB_LANE_WORDS), words);
    for (int pair = 0; pair < RB_LANE_WORDS; pair += 2) {
      double *restrict even = normal[t + pair], *restrict odd = normal[t + pair + 1];
      for (int l = 0; l < RB_LANES; ++l) {
        rb_normal_pair(words[pair][l], words[pair + 1][l], &even[l], &odd[l]);
      }
    }
  }
}

/** The uniforms first .. first+RB_TILE-1 of each lane's stream; first is even. */
static inline void rb_lane_uniforms(const rb_lane_items *items, uint64_t seed, uint32_t stream,
                                    int64_t first, double uniform[restrict RB_TILE][RB_LANES]) {
  uint32_t words[RB_LANE_WORDS][RB_LANES];
  for (int t = 0; t < RB_TILE; t += 2) {
    rb_lane_block(items, seed, stream, (uint32_t)((first + t) / 2), words);
    for (int i = 0; i < 2; ++i) {
      double *restrict out = uniform[t + i];
      for (int l = 0; l < RB_LANES; ++l) {
        const uint64_t word = words[2 * i][l] | (uint64_t)words[2 * i + 1][l] << 32;
        const uint64_t bits = word >> 12 | UINT64_C(0x4330000000000000);  // 2^52 + it
        double shifted = 0;
        memcpy(&shifted, &bits, sizeof bits);
        out[l] = ((shifted - 0x1p52) + 0.5) * 0x1p-52;
      }
    }
  }
}

#endif
