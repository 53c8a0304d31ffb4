#include "rb_test.h"
#include "rheobase/parallel/groups.h"

/* The number of groups is the one that is done soonest, by hand for a few cases. */
static void the_soonest_number_is_chosen(void **state) {
  (void)state;
  assert_int_equal(rb_group_count(1, 5, 4), 1);
  assert_int_equal(rb_group_count(8, 1, 4), 1);
  assert_int_equal(rb_group_count(2, 4, 4), 2);   // 2 x 4 chunks each way: fewer ranks in a group
  assert_int_equal(rb_group_count(4, 5, 4), 1);   // 5 x 1; four groups would take 2 x 4
  assert_int_equal(rb_group_count(64, 5, 4), 5);  // more ranks than chunks: side by side
  assert_int_equal(rb_group_count(6, 4, 6), 2);   // 2 rounds of 2 chunks; else 4 x 1, tied
  assert_int_equal(rb_group_count(3, 2, 1), 2);
}

/* Groups are neighbours, cover all ranks, and work by themselves. */
static void groups_work_side_by_side(void **state) {
  (void)state;
  for (int groups = 1; groups <= test_context.size; ++groups) {
    rb_context group;
    int index = -1, members = 0;
    assert_all_ok(rb_group_enter(&test_context, groups, &index, &group));
    const int one = 1, first = test_context.rank - group.rank;
    for (int k = 0; k <= index; ++k) {  // another number of collectives in each group
      MPI_Allreduce(&one, &members, 1, MPI_INT, MPI_SUM, group.comm);
    }
    assert_all_true(members == group.size && group.size >= test_context.size / groups);
    int low[2] = {first, -first}, lowest[2];
    MPI_Allreduce(low, lowest, 2, MPI_INT, MPI_MIN, group.comm);
    assert_all_true(lowest[0] == -lowest[1]);
    assert_all_true(group.isa == test_context.isa && group.quiet == (index > 0));
    int largest = 0;
    MPI_Allreduce(&index, &largest, 1, MPI_INT, MPI_MAX, test_context.comm);
    assert_all_true(largest == groups - 1);
    assert_all_ok(rb_group_leave(&test_context, &group, RB_OK));
  }
}

/* What befalls the last group reaches all ranks, with the failing rank's number among all. */
static void all_ranks_learn_of_a_group_that_failed(void **state) {
  (void)state;
  rb_context group;
  int index = -1;
  const int groups = test_context.size;
  assert_all_ok(rb_group_enter(&test_context, groups, &index, &group));
  rb_status status = RB_OK;
  if (index == groups - 1) status = RB_FAIL(&group, RB_STOPPED, "stopped");
  group.stop = status != RB_OK;
  status = rb_group_leave(&test_context, &group, status);
  assert_all_true(status == RB_STOPPED && test_context.error.rank == test_context.size - 1);
  assert_all_true(strcmp(test_context.error.message, "stopped") == 0);
  assert_all_true(test_context.stop == (index == groups - 1));
  rb_error_clear(&test_context);
  test_context.stop = false;
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_soonest_number_is_chosen),
    cmocka_unit_test(groups_work_side_by_side),
    cmocka_unit_test(all_ranks_learn_of_a_group_that_failed),
};

RB_TEST_MAIN(tests)
