#include "rheobase/memory.h"

#include <inttypes.h>
#include <string.h>

enum { ALIGNMENT = 64 };

void *rb_allocate(rb_context *ctx, int64_t count, size_t size) {
  size_t bytes = 0;
  if (count < 0 || __builtin_mul_overflow((size_t)count, size, &bytes) ||
      bytes > SIZE_MAX - ALIGNMENT) {
    (void)RB_FAIL(ctx, RB_ERR_MEMORY, "%" PRId64 " elements of %zu bytes cannot be addressed",
                  count, size);
    return NULL;
  }
  bytes = (bytes + ALIGNMENT) / ALIGNMENT * ALIGNMENT;  // at least one line, whole lines
  void *memory = aligned_alloc(ALIGNMENT, bytes);
  if (memory == NULL) {
    (void)RB_FAIL(ctx, RB_ERR_MEMORY, "out of memory: %.1f MB were asked for",
                  (double)bytes / 1048576.0);
    return NULL;
  }
  return memset(memory, 0, bytes);
}
