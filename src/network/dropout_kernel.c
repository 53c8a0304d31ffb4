/* Philox blocks side by side, which the compiler turns into vector code. */
#include "dropout_kernel.h"

#include <Random123/philox.h>

#include "rheobase/base/cpu.h"

enum { LANES = 16 };

static void fill(rb_stream stream, uint32_t position, uint32_t threshold, rb_real kept, int width,
                 rb_real *mask) {
  const philox4x32_key_t key = {{(uint32_t)stream.seed, (uint32_t)(stream.seed >> 32)}};
  for (int first = 0; first < width; first += 4 * LANES) {
    uint32_t words[4][LANES];
    rb_real factors[4 * LANES];
    for (int l = 0; l < LANES; ++l) {
      const uint32_t block = position + (uint32_t)(first / 4 + l);
      const philox4x32_ctr_t counter = {
          {block, stream.word, (uint32_t)stream.item, (uint32_t)(stream.item >> 32)}};
      const philox4x32_ctr_t random = philox4x32(counter, key);
      for (int j = 0; j < 4; ++j) words[j][l] = random.v[j];
    }
    for (int l = 0; l < LANES; ++l) {
      for (int j = 0; j < 4; ++j) factors[4 * l + j] = words[j][l] < threshold ? 0 : kept;
    }
    const int count = width - first < 4 * LANES ? width - first : 4 * LANES;
    for (int i = 0; i < count; ++i) mask[first + i] = factors[i];
  }
}

extern const rb_dropout_kernel RB_KERNEL_SYMBOL(rb_dropout_kernel);
const rb_dropout_kernel RB_KERNEL_SYMBOL(rb_dropout_kernel) = {.fill = fill};
