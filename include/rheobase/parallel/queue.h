#ifndef RHEOBASE_QUEUE_H
#define RHEOBASE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "rheobase/base/context.h"
#include "rheobase/parallel/partition.h"

/** @file queue.h
 * Deals items one by one to whichever rank is free, for work of which one item may take a hundred
 * times as long as another. Who gets an item depends on the ranks and on chance: what is computed
 * for it must not. A counter in rank 0's memory that all ranks raise; nobody waits for a rank that
 * is computing, unless the network needs that rank's processor to reach its memory: long work calls
 * rb_signals_asked now and then, which lets MPI do so. Where an MPI cannot do that between its
 * hosts, each rank gets every so many items, and a line says so. */

typedef struct rb_queue {
  int64_t items;
  bool shared;    ///< the ranks share a counter; else each has items of its own
  int64_t *next;  ///< rank 0's counter
  MPI_Win window;
  int64_t mine;  ///< where they do not: the next of this rank's, which are
  int ranks;     ///< so many apart
  bool closed;   ///< by this rank
} rb_queue;

/** Collective. The caller frees it with rb_queue_destroy. */
RB_NODISCARD rb_status rb_queue_create(rb_context *ctx, int64_t items, rb_queue *queue);

/** Local. @return the next item nobody has taken, in ascending order; -1 if there is none left or
 * the queue is closed */
int64_t rb_queue_take(rb_queue *queue);

/** The same for up to @p count items in a row. Local. @return none: a count of 0 */
rb_range rb_queue_take_run(rb_queue *queue, int64_t count);

/** The first item that this rank alone could have taken and did not; none: the number of items.
 * Local. */
int64_t rb_queue_untaken(const rb_queue *queue);

/** Nobody gets another item; where no counter is shared, this rank. Local. */
void rb_queue_close(rb_queue *queue);

/** Collective: returns when every rank has come here. */
void rb_queue_destroy(rb_queue *queue);

#endif
