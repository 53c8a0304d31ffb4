#ifndef RHEOBASE_PARTITION_H
#define RHEOBASE_PARTITION_H

#include <stdint.h>

#include "rheobase/base/context.h"

/** @file partition.h
 * Deals fixed chunks of a range of items to ranks. What a chunk holds depends on the number of
 * items and the chunk size alone, never on the ranks, so that every matrix product has the same
 * shape whoever computes it and results are bitwise the same on any number of ranks. */

typedef struct rb_partition {
  int64_t items;  ///< number of items
  int64_t chunk;  ///< items per chunk; the last chunk may be short
  int64_t chunks;
  int64_t rounds;  ///< ceil(chunks / size): in each, every rank has at most one chunk
  int rank, size;
} rb_partition;

/** A run of items; count is 0 where a rank has nothing in a round. */
typedef struct rb_range {
  int64_t first, count;
} rb_range;

/** Local; items >= 0, chunk > 0. */
rb_partition rb_partition_make(const rb_context *ctx, int64_t items, int64_t chunk);

/** Share of the ranks' time that goes by without work because the chunks do not fill the rounds, if
 * all chunks take equally long: 1 - chunks / (rounds size). Local. */
double rb_partition_idle(const rb_partition *partition);

/** The size of chunks for work whose results do not depend on it: the largest of @p most, most / 2,
 * most / 4, ... with which the chunks nearly fill the rounds of @p ranks ranks (5% of their time
 * may go by), else the smallest; all are multiples of @p least. Local; most > 0 is a multiple of
 * least.
 */
int64_t rb_partition_fit(int64_t items, int64_t most, int64_t least, int ranks);

/** Says on rank 0 how many ranks have work, where more than 5% of their time goes by without.
 * @param stage e.g. "train" @param item what is dealt, e.g. "data sets" @param advice what would be
 * better. Local. */
void rb_partition_report(const rb_context *ctx, const rb_partition *partition, const char *stage,
                         const char *item, const char *advice);

/** The items of chunk @p index. Local. */
rb_range rb_partition_chunk(const rb_partition *partition, int64_t index);

/** The items this rank works on in @p round: chunk round * size + rank. Local. */
rb_range rb_partition_round(const rb_partition *partition, int64_t round);

#endif
