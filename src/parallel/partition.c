#include "rheobase/parallel/partition.h"

#include <inttypes.h>

#include "rheobase/base/log.h"

/* Share of the ranks' time that may go by without a word. */
static const double LITTLE = 0.05;

rb_partition rb_partition_make(const rb_context *ctx, int64_t items, int64_t chunk) {
  const int64_t chunks = (items + chunk - 1) / chunk;
  return (rb_partition){.items = items,
                        .chunk = chunk,
                        .chunks = chunks,
                        .rounds = (chunks + ctx->size - 1) / ctx->size,
                        .rank = ctx->rank,
                        .size = ctx->size};
}

double rb_partition_idle(const rb_partition *partition) {
  if (partition->rounds == 0) return 0;
  return 1 - (double)partition->chunks / ((double)partition->rounds * partition->size);
}

int64_t rb_partition_fit(int64_t items, int64_t most, int64_t least, int ranks) {
  const rb_context ctx = {.size = ranks};
  int64_t chunk = most;
  for (; chunk % (2 * least) == 0; chunk /= 2) {
    const rb_partition partition = rb_partition_make(&ctx, items, chunk);
    if (rb_partition_idle(&partition) <= LITTLE) break;
  }
  return chunk;
}

void rb_partition_report(const rb_context *ctx, const rb_partition *partition, const char *stage,
                         const char *item, const char *advice) {
  const double idle = rb_partition_idle(partition);
  if (idle <= LITTLE) return;
  const int64_t busy = partition->chunks < partition->size ? partition->chunks : partition->size;
  rb_log_info(ctx,
              "%-10s %" PRId64 " of %d ranks have work, %" PRId64 " chunks of %" PRId64
              " %s: %.0f%% of the ranks' time goes by idle; %s",
              stage, busy, partition->size, partition->chunks, partition->chunk, item, 100 * idle,
              advice);
}

rb_range rb_partition_chunk(const rb_partition *partition, int64_t index) {
  if (index < 0 || index >= partition->chunks) return (rb_range){partition->items, 0};
  const int64_t first = index * partition->chunk;
  const int64_t left = partition->items - first;
  return (rb_range){first, left < partition->chunk ? left : partition->chunk};
}

rb_range rb_partition_round(const rb_partition *partition, int64_t round) {
  return rb_partition_chunk(partition, round * partition->size + partition->rank);
}
