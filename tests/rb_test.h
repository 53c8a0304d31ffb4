#ifndef RB_TEST_H
#define RB_TEST_H

/* What every cmocka test needs: includes in the order cmocka wants, a context, and checks that are
 * safe under MPI (a cmocka assertion that fails on one rank alone would leave the others waiting:
 * agree first, assert after). */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h needs the four above
#include <cmocka.h>
#include <math.h>
#include <mpi.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/base/context.h"
#include "rheobase/parallel/agree.h"

static rb_context test_context;

/* Asserts on all ranks that `status` is RB_OK on all ranks. Collective. */
#define assert_all_ok(status)                                                            \
  do {                                                                                   \
    const rb_status agreed_ = rb_agree(&test_context, (status));                         \
    if (agreed_ != RB_OK)                                                                \
      print_error("rank %d: %s\n", test_context.error.rank, test_context.error.message); \
    assert_int_equal(agreed_, RB_OK);                                                    \
  } while (0)

/* Asserts on all ranks that `condition` holds on all ranks. Collective. */
#define assert_all_true(condition)                                                \
  do {                                                                            \
    int holds_ = (condition) ? 1 : 0;                                             \
    MPI_Allreduce(MPI_IN_PLACE, &holds_, 1, MPI_INT, MPI_MIN, test_context.comm); \
    assert_true(holds_);                                                          \
  } while (0)

/* Asserts |a - b| <= tolerance; NaN fails. */
#define assert_near(a, b, tolerance)                                                  \
  do {                                                                                \
    const double a_ = (a), b_ = (b), tolerance_ = (tolerance);                        \
    if (!(fabs(a_ - b_) <= tolerance_)) {                                             \
      print_error("%s = %.17g, %s = %.17g, difference %.3g > %.3g\n", #a, a_, #b, b_, \
                  fabs(a_ - b_), tolerance_);                                         \
      fail();                                                                         \
    }                                                                                 \
  } while (0)

/* A main that runs `tests` with test_context set up. */
#define RB_TEST_MAIN(tests) RB_TEST_MAIN_WITH(tests, NULL, NULL)

/* The same with what is done before and after all of them. */
#define RB_TEST_MAIN_WITH(tests, set_up, tear_down)                  \
  int main(int argc, char **argv) {                                  \
    MPI_Init(&argc, &argv);                                          \
    int failures = 1;                                                \
    if (rb_context_create(&test_context, MPI_COMM_WORLD) == RB_OK) { \
      failures = cmocka_run_group_tests(tests, set_up, tear_down);   \
    }                                                                \
    rb_context_destroy(&test_context);                               \
    MPI_Finalize();                                                  \
    return failures != 0;                                            \
  }

#endif
