#include "dropout.h"

#include "dropout_kernel.h"

RB_KERNEL_DECLARE(rb_dropout_kernel, rb_dropout_kernel);

void rb_dropout_mask(rb_isa isa, const rb_dropout_source *source, uint32_t *position, double rate,
                     int B, int width, rb_real *mask) {
  const rb_dropout_kernel *kernel = RB_KERNEL_SELECT(rb_dropout_kernel, isa);
  const uint32_t threshold = (uint32_t)(rate * 4294967296.0);  // rate < 1
  const rb_real kept = (rb_real)(1 / (1 - rate));
  for (int b = 0; b < B; ++b) {
    const rb_stream stream = rb_stream_make(source->seed, RB_FOR_TRAINING, RB_RANDOM_DROPOUT,
                                            source->member, source->first_item + (uint64_t)b);
    kernel->fill(stream, *position, threshold, kept, width, mask + (int64_t)b * width);
  }
  *position += ((uint32_t)width + 3) / 4;
}

void rb_dropout_apply(int64_t n, const rb_real *mask, rb_real *x) {
  for (int64_t i = 0; i < n; ++i) x[i] *= mask[i];
}
