#include "rheobase/partition.h"

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

rb_range rb_partition_chunk(const rb_partition *partition, int64_t index) {
  if (index < 0 || index >= partition->chunks) return (rb_range){partition->items, 0};
  const int64_t first = index * partition->chunk;
  const int64_t left = partition->items - first;
  return (rb_range){first, left < partition->chunk ? left : partition->chunk};
}

rb_range rb_partition_round(const rb_partition *partition, int64_t round) {
  return rb_partition_chunk(partition, round * partition->size + partition->rank);
}
