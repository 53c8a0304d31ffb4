#include "rb_test.h"
#include "rheobase/partition.h"

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

static const struct CMUnitTest tests[] = {cmocka_unit_test(covers_every_item_once)};
RB_TEST_MAIN(tests)
