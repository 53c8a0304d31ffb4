#include "dropout.h"

void rb_dropout_mask(const rb_dropout_source *source, uint32_t *position, double rate, int B,
                     int width, rb_real *mask) {
  const uint32_t threshold = (uint32_t)(rate * 4294967296.0);  // rate < 1
  const rb_real kept = (rb_real)(1 / (1 - rate));
  for (int b = 0; b < B; ++b) {
    const rb_stream stream = rb_stream_make(source->seed, RB_FOR_TRAINING, RB_RANDOM_DROPOUT,
                                            source->member, source->first_item + (uint64_t)b);
    rb_real *row = mask + (int64_t)b * width;
    for (int i = 0; i < width; i += 4) {
      uint32_t word[4];
      rb_stream_block(stream, *position + (uint32_t)i / 4, word);
      for (int j = 0; j < 4 && i + j < width; ++j) row[i + j] = word[j] < threshold ? 0 : kept;
    }
  }
  *position += ((uint32_t)width + 3) / 4;
}

void rb_dropout_apply(int64_t n, const rb_real *mask, rb_real *x) {
  for (int64_t i = 0; i < n; ++i) x[i] *= mask[i];
}
