#include <time.h>

#include "rb_test.h"
#include "rheobase/parallel/queue.h"

/* Every item is taken once, by ranks that are free, also while rank 0 computes. */

enum { ITEMS = 200 };

static void every_item_once(void **state) {
  (void)state;
  int taken[ITEMS] = {0};
  rb_queue queue;
  assert_all_ok(rb_queue_create(&test_context, ITEMS, &queue));
  int64_t last = -1, item;
  bool ascending = true;
  while ((item = rb_queue_take(&queue)) >= 0) {
    ascending = ascending && item > last;
    taken[item] += 1;
    last = item;
  }
  rb_queue_destroy(&queue);
  assert_all_true(ascending);
  MPI_Allreduce(MPI_IN_PLACE, taken, ITEMS, MPI_INT, MPI_SUM, test_context.comm);
  for (int i = 0; i < ITEMS; ++i) assert_int_equal(taken[i], 1);
}

/* One rank, which may be the one that holds the counter, does not look up from its first item until
 * the others have done all the rest. */
static void nobody_waits_for_a_long_item(void **state) {
  (void)state;
  enum { PATIENCE_S = 30 };
  const int size = test_context.size;
  for (int slow = 0; slow < size; ++slow) {
    int *finished = NULL, items = 0, unit = 0;  // finished: in the memory all ranks share
    MPI_Aint bytes = test_context.rank == 0 ? (MPI_Aint)sizeof *finished : 0;
    MPI_Win shared;
    rb_queue queue;
    MPI_Win_allocate_shared(bytes, 1, MPI_INFO_NULL, test_context.comm, &finished, &shared);
    MPI_Win_shared_query(shared, 0, &bytes, &unit, &finished);
    if (test_context.rank == 0) *finished = 0;
    assert_all_ok(rb_queue_create(&test_context, ITEMS, &queue));
    if (test_context.rank == slow) items += rb_queue_take(&queue) >= 0;
    MPI_Barrier(test_context.comm);
    if (test_context.rank == slow) {
      const time_t end = time(NULL) + PATIENCE_S;
      while (__atomic_load_n(finished, __ATOMIC_ACQUIRE) < size - 1 && time(NULL) < end) {
        (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
      }
    } else {
      while (rb_queue_take(&queue) >= 0) ++items;
      (void)__atomic_add_fetch(finished, 1, __ATOMIC_ACQ_REL);
    }
    assert_all_true(test_context.rank != slow ||
                    (items == 1 && __atomic_load_n(finished, __ATOMIC_ACQUIRE) == size - 1));
    rb_queue_destroy(&queue);
    MPI_Allreduce(MPI_IN_PLACE, &items, 1, MPI_INT, MPI_SUM, test_context.comm);
    assert_int_equal(items, size > 1 ? ITEMS : 1);
    MPI_Win_free(&shared);
  }
}

static void a_closed_queue_gives_nothing(void **state) {
  (void)state;
  rb_queue queue;
  assert_all_ok(rb_queue_create(&test_context, INT64_MAX / 4, &queue));
  assert_all_true(rb_queue_take(&queue) >= 0);
  MPI_Barrier(test_context.comm);
  if (test_context.rank == test_context.size - 1) {
    rb_queue_close(&queue);
    rb_queue_close(&queue);
  }
  MPI_Barrier(test_context.comm);
  assert_all_true(rb_queue_take(&queue) == -1 && rb_queue_take(&queue) == -1);
  rb_queue_destroy(&queue);
  assert_all_ok(rb_queue_create(&test_context, 0, &queue));
  assert_all_true(rb_queue_take(&queue) == -1);
  rb_queue_destroy(&queue);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(every_item_once),
                                          cmocka_unit_test(nobody_waits_for_a_long_item),
                                          cmocka_unit_test(a_closed_queue_gives_nothing)};
RB_TEST_MAIN(tests)
