/* Where time goes: each second counts once, for one part. */
#include "rb_test.h"
#include "rheobase/base/clock.h"
#include "rheobase/parallel/agree.h"

static void spend(double seconds) {
  const double end = MPI_Wtime() + seconds;
  while (MPI_Wtime() < end) {
  }
}

static double total(const struct rb_clock *clock) {
  double sum = 0;
  for (int part = 0; part < RB_TIME_PARTS; ++part) sum += clock->seconds[part];
  return sum;
}

static void parts_add_up(void **state) {
  (void)state;
  struct rb_clock clock;
  const double began = MPI_Wtime();
  rb_clock_start(&test_context, &clock);
  spend(0.02);
  const rb_time_part outer = rb_clock_enter(&test_context, RB_TIME_FILE);
  spend(0.03);
  const rb_status agreed = rb_agree(&test_context, RB_OK);  // within a file operation
  rb_clock_leave(&test_context, outer);
  spend(0.01);
  rb_clock_stop(&test_context);
  const double elapsed = MPI_Wtime() - began;
  assert_all_true(agreed == RB_OK && test_context.clock == NULL);
  assert_all_true(clock.seconds[RB_TIME_COMPUTE] >= 0.03 && clock.seconds[RB_TIME_FILE] >= 0.03);
  assert_all_true(clock.exchanges == 0 && clock.seconds[RB_TIME_REDUCE] == 0);
  assert_all_true(total(&clock) >= 0.06 && total(&clock) <= elapsed);
}

/* The slowest rank does not wait; the others do, and not in the reduction. */
static void waiting_is_not_reduction(void **state) {
  (void)state;
  struct rb_clock clock;
  const bool slow = test_context.rank == test_context.size - 1;
  MPI_Barrier(test_context.comm);
  rb_clock_start(&test_context, &clock);
  spend(slow ? 0.5 : 0);
  const rb_status agreed = rb_agree(&test_context, RB_OK);
  rb_clock_stop(&test_context);
  assert_all_true(agreed == RB_OK && clock.exchanges == 1);
  assert_all_true(slow ? clock.seconds[RB_TIME_COMPUTE] >= 0.5
                       : clock.seconds[RB_TIME_WAIT] > 0.1 &&
                             clock.seconds[RB_TIME_WAIT] > clock.seconds[RB_TIME_REDUCE]);
}

static void nothing_is_timed_without_a_clock(void **state) {
  (void)state;
  const rb_time_part outer = rb_clock_enter(&test_context, RB_TIME_REDUCE);
  rb_clock_leave(&test_context, outer);
  assert_null(test_context.clock);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(parts_add_up),
                                          cmocka_unit_test(waiting_is_not_reduction),
                                          cmocka_unit_test(nothing_is_timed_without_a_clock)};
RB_TEST_MAIN(tests)
