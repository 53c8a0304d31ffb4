#include "rheobase/random/philox.h"

#include <Random123/philox.h>

void rb_stream_block(rb_stream stream, uint32_t position, uint32_t out[4]) {
  const philox4x32_ctr_t counter = {
      {position, stream.word, (uint32_t)stream.item, (uint32_t)(stream.item >> 32)}};
  const philox4x32_key_t key = {{(uint32_t)stream.seed, (uint32_t)(stream.seed >> 32)}};
  const philox4x32_ctr_t block = philox4x32(counter, key);
  for (int i = 0; i < 4; ++i) out[i] = block.v[i];
}

double rb_stream_uniform(rb_stream stream, uint32_t index) {
  uint32_t block[4];
  rb_stream_block(stream, index / 2, block);
  const uint32_t *words = &block[2 * (index % 2)];
  const uint64_t word = words[0] | (uint64_t)words[1] << 32;
  return ((double)(word >> 12) + 0.5) * 0x1p-52;
}

int64_t rb_stream_integer(rb_stream stream, uint32_t index, int64_t n) {
  const int64_t value = (int64_t)(rb_stream_uniform(stream, index) * (double)n);
  return value < n ? value : n - 1;  // the product may round up to n
}
