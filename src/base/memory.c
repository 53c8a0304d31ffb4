#include "rheobase/base/memory.h"

#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ALIGNMENT = 64, HUGE_PAGE = 2 << 20 };

void *rb_allocate(rb_context *ctx, int64_t count, size_t size) {
  size_t bytes = 0;
  if (count < 0 || __builtin_mul_overflow((size_t)count, size, &bytes) ||
      bytes > SIZE_MAX - HUGE_PAGE) {
    (void)RB_FAIL(ctx, RB_ERR_MEMORY, "%" PRId64 " elements of %zu bytes cannot be addressed",
                  count, size);
    return NULL;
  }
  // Arrays much larger than a huge page get whole ones: streaming through small pages costs more.
  const size_t alignment = bytes >= 4 * (size_t)HUGE_PAGE ? HUGE_PAGE : ALIGNMENT;
  bytes = (bytes + alignment) / alignment * alignment;  // at least one line, whole lines
  void *memory = aligned_alloc(alignment, bytes);
  if (memory == NULL) {
    (void)RB_FAIL(ctx, RB_ERR_MEMORY, "out of memory: %.3g MB were asked for",
                  (double)bytes / 1048576.0);
    return NULL;
  }
  if (alignment == HUGE_PAGE) (void)madvise(memory, bytes, MADV_HUGEPAGE);  // only advice
  return memset(memory, 0, bytes);
}

double rb_memory_per_rank(const rb_context *ctx) {
  const double share = 0.8;
  const double node = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
  return share * node / ctx->node_size;
}
