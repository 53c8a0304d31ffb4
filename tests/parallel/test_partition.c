#include "rb_test.h"
#include "rheobase/parallel/partition.h"

/* Every item belongs to exactly one rank and round, whatever the number of ranks. */
static void covers_every_item_once(void **state) {
  (void)state;
  for (int size = 1; size <= 5; ++size) {
    for (int64_t items = 0; items < 40; items += 3) {
      int seen[40] = {0};
      for (int rank = 0; rank < size; ++rank) {
        const rb_context ctx = {.rank = rank, .size = size};
        const rb_partition partition = rb_partition_make(&ctx, items, 4);
        for (int64_t round = 0; round < partition.rounds; ++round) {
          const rb_range range = rb_partition_round(&partition, round);
          assert_true(range.count == 0 || range.first % 4 == 0);
          for (int64_t i = 0; i < range.count; ++i) seen[range.first + i] += 1;
        }
      }
      for (int64_t i = 0; i < items; ++i) assert_int_equal(seen[i], 1);
    }
  }
}

static double idle(int size, int64_t items, int64_t chunk) {
  const rb_context ctx = {.size = size};
  const rb_partition partition = rb_partition_make(&ctx, items, chunk);
  return rb_partition_idle(&partition);
}

static void tells_what_uneven_shares_cost(void **state) {
  (void)state;
  assert_true(idle(2, 128, 32) == 0);
  assert_true(idle(1, 100, 32) == 0);
  assert_true(fabs(idle(3, 128, 32) - 1.0 / 3) < 1e-15);  // 4 chunks in 2 rounds of 3
  assert_true(fabs(idle(8, 128, 32) - 0.5) < 1e-15);      // half the ranks get none
  assert_true(fabs(idle(3, 129, 32) - 1.0 / 6) < 1e-15);  // the short chunk is padded: 5 of 6
  assert_true(idle(4, 0, 32) == 0);
}

/* Work that may be cut anywhere leaves no ranks idle as long as there are pieces for them. */
static void chunks_fit_the_ranks(void **state) {
  (void)state;
  assert_int_equal(rb_partition_fit(8192, 256, 8, 2), 256);
  assert_int_equal(rb_partition_fit(8192, 256, 8, 64), 128);
  assert_int_equal(rb_partition_fit(8192, 256, 8, 1024), 8);
  assert_int_equal(rb_partition_fit(8192, 256, 8, 100000), 8);  // more ranks than pieces
  assert_int_equal(rb_partition_fit(1000, 96, 32, 7), 96);      // 48 is no multiple of 32
  assert_int_equal(rb_partition_fit(0, 256, 8, 64), 256);
  for (int ranks = 1; ranks <= 2048; ++ranks) {
    const int64_t chunk = rb_partition_fit(20000, 256, 8, ranks);
    assert_true(chunk % 8 == 0 && 256 % chunk == 0);
    assert_true(chunk == 8 || idle(ranks, 20000, chunk) <= 0.05);
  }
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(covers_every_item_once),
                                          cmocka_unit_test(chunks_fit_the_ranks),
                                          cmocka_unit_test(tells_what_uneven_shares_cost)};
RB_TEST_MAIN(tests)
