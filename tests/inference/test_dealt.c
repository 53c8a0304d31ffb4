#include <math.h>
#include <signal.h>
#include <time.h>

#include "inference/dealt.h"
#include "rb_test.h"
#include "rheobase/base/signals.h"

/* Simulations of very different lengths: every one is where it belongs, whoever made it, and nobody
 * waits long. */

enum { L = 3, ROWS = 64, FIRST = 1000 };
static int64_t simulated, failing;  // of this rank; the item that fails, 0: none
static bool quick, together;        // take no time; as long for many as for one
static int calls;

static rb_status draw(const rb_model *model, rb_context *ctx, uint64_t seed, rb_purpose purpose,
                      int64_t first, int64_t count, double *theta, double *latent) {
  (void)model, (void)ctx, (void)seed, (void)purpose, (void)latent;
  for (int64_t i = 0; i < count; ++i) theta[i] = (double)(first + i);
  return RB_OK;
}

/* What the program sees: time that passes as it should, however loaded the machine is, where
 * something depends on how long calls take. */
static double clock_s;
double MPI_Wtime(void) { return together ? clock_s : PMPI_Wtime(); }

/* 10 to 29 ms, and of one of a hundred 200 ms. */
static double duration_s(int64_t item) {
  return 1e-3 * (item % 100 == 7 ? 200 : 10 + (double)(item * 7919 % 20));
}

static rb_status simulate(const rb_model *model, rb_context *ctx, uint64_t seed, rb_purpose purpose,
                          int64_t first, int64_t count, const double *theta, float *x) {
  (void)model, (void)seed, (void)purpose;
  ++calls;
  if (together) clock_s += 0.1;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t item = first + i;
    if (item == failing) return RB_FAIL(ctx, RB_ERR_SIMULATOR, "cannot do %d", (int)item);
    const struct timespec pause = {.tv_nsec = (long)(1e9 * duration_s(item))};
    if (!quick && !together) (void)nanosleep(&pause, NULL);
    for (int t = 0; t < L; ++t) x[i * L + t] = (float)theta[i] + (float)t / 4;
  }
  simulated += count;
  return RB_OK;
}

static const rb_model model = {
    .dim = 1, .channels = 1, .length = L, .dealt = 64, .draw_prior = draw, .simulate = simulate};
static float x[ROWS * L];
static rb_progress progress;

static rb_dealt make(int64_t count) {
  simulated = failing = calls = 0;
  for (int i = 0; i < ROWS * L; ++i) x[i] = -1;
  test_context.quiet = true;
  progress = rb_progress_begin(&test_context, "simulate", "data sets", count, 0);
  return (rb_dealt){.model = &model,
                    .most = 64,
                    .all = {FIRST, count},
                    .rows = ROWS,
                    .group = "test",
                    .progress = &progress};
}

/* Whether this rank has its own rows of a round, and nothing behind them. */
static bool has_its_rows(int64_t count) {
  bool right = true;
  for (int64_t i = 0; i < ROWS; ++i) {
    const int64_t place = test_context.rank * ROWS + i;
    for (int t = 0; t < L; ++t) {
      const float expected = place < count ? (float)(FIRST + place) + (float)t / 4 : -1;
      right = right && x[i * L + t] == expected;
    }
  }
  return right;
}

static void everything_is_where_it_belongs(void **state) {
  (void)state;
  quick = true;
  const int64_t counts[] = {1, ROWS + 5, (int64_t)ROWS * test_context.size};
  for (int k = 0; k < 3; ++k) {
    if (counts[k] > counts[2]) continue;
    rb_dealt dealt = make(counts[k]);
    assert_all_ok(rb_dealt_simulate(&test_context, &dealt, x));
    assert_all_true(has_its_rows(counts[k]));
    MPI_Allreduce(MPI_IN_PLACE, &simulated, 1, MPI_INT64_T, MPI_SUM, test_context.comm);
    assert_int_equal(simulated, counts[k]);
  }
}

static void what_is_there_is_not_simulated(void **state) {
  (void)state;
  quick = true;
  rb_dealt dealt = make((int64_t)ROWS * test_context.size);
  dealt.there = 3;
  assert_all_ok(rb_dealt_simulate(&test_context, &dealt, x));
  MPI_Allreduce(MPI_IN_PLACE, &simulated, 1, MPI_INT64_T, MPI_SUM, test_context.comm);
  assert_int_equal(simulated, (int64_t)ROWS * test_context.size - 3);
}

static bool accepts_all(const rb_model *m, const double *theta, const char **reason) {
  (void)m, (void)theta, (void)reason;
  return true;
}

/* One of seven is NaN. */
static rb_status simulate_some(const rb_model *m, rb_context *ctx, uint64_t seed,
                               rb_purpose purpose, int64_t first, int64_t count,
                               const double *theta, float *out) {
  const rb_status status = simulate(m, ctx, seed, purpose, first, count, theta, out);
  for (int64_t i = 0; i < count && status == RB_OK; ++i) {
    if ((first + i) % 7 == 3) out[i * L + 1] = NAN;
  }
  return status;
}

/* The first valid ones are kept, those left out are told, and too many of them are an error. */
static void invalid_ones_are_skipped(void **state) {
  (void)state;
  static const rb_channel channel = {.quantity = {"x", "1", "x"}};
  quick = true;
  rb_model core = {.dim = 1, .simulate = simulate_some};
  rb_model some = model;
  some.channel = &channel;
  some.core = &core;
  some.accepts = accepts_all;
  some.skips = true;
  some.skip_limit = 0.5;
  rb_skipped skipped = {0};
  rb_dealt dealt = make((int64_t)ROWS * test_context.size);
  failing = -1;
  dealt.model = &some;
  dealt.all.first = 0;
  dealt.skipped = &skipped;
  for (int round = 0; round < 2; ++round) {
    assert_all_ok(rb_dealt_simulate(&test_context, &dealt, x));
    for (int64_t i = 0; i < ROWS; ++i) {
      const int64_t dataset = dealt.all.first + test_context.rank * ROWS + i;
      const int64_t item = rb_skipped_item(&skipped, dataset);
      assert_int_equal(item, dataset + (dataset + 3) / 6);
      assert_true(x[i * L] == (float)item);
    }
    dealt.all.first += dealt.all.count;
  }
  assert_int_equal(skipped.item[skipped.count - 1] % 7, 3);
  rb_skipped_cut(&skipped, 10);
  assert_int_equal(skipped.count, 2);  // 3 and 10; 17 stands behind 15 data sets
  some.skip_limit = 0.01;
  assert_int_equal(rb_dealt_simulate(&test_context, &dealt, x), RB_ERR_SIMULATOR);
  rb_error_clear(&test_context);
  rb_skipped_free(&skipped);
}

/* What ranks tell each other while they simulate, in memory that all share. */
enum { BEGUN, AGAIN, FAILED, DONE, COUNTERS };
static int *counter;

static MPI_Win share_counters(void) {
  MPI_Win window;
  int unit = 0;
  MPI_Aint bytes = test_context.rank == 0 ? COUNTERS * (MPI_Aint)sizeof *counter : 0;
  MPI_Win_allocate_shared(bytes, 1, MPI_INFO_NULL, test_context.comm, &counter, &window);
  MPI_Win_shared_query(window, 0, &bytes, &unit, &counter);
  if (test_context.rank == 0) memset(counter, 0, COUNTERS * sizeof *counter);
  MPI_Barrier(test_context.comm);
  return window;
}

static void add(int which, int count) {
  (void)__atomic_add_fetch(&counter[which], count, __ATOMIC_ACQ_REL);
}

static int get(int which) { return __atomic_load_n(&counter[which], __ATOMIC_ACQUIRE); }

static void wait_for(int which, int count) {
  enum { PATIENCE_S = 60 };
  const time_t end = time(NULL) + PATIENCE_S;
  while (get(which) < count && time(NULL) < end) {
    (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  }
}

/* One rank's first item lasts until the others have made all the rest. */
static int slow;
static rb_status simulate_slowly(const rb_model *m, rb_context *ctx, uint64_t seed,
                                 rb_purpose purpose, int64_t first, int64_t count,
                                 const double *theta, float *out) {
  const rb_status status = simulate(m, ctx, seed, purpose, first, count, theta, out);
  add(DONE, (int)count);
  if (ctx->rank == slow && ctx->size > 1) wait_for(DONE, ROWS * ctx->size);
  return status;
}

static void nobody_waits_long(void **state) {
  (void)state;
  quick = true;
  rb_model slowly = model;
  slowly.simulate = simulate_slowly;
  for (slow = 0; slow < test_context.size; ++slow) {
    MPI_Win window = share_counters();
    const int64_t count = (int64_t)ROWS * test_context.size;
    rb_dealt dealt = make(count);
    dealt.model = &slowly;
    assert_all_ok(rb_dealt_simulate(&test_context, &dealt, x));
    assert_all_true(has_its_rows(count) && get(DONE) == count);
    assert_all_true(test_context.rank != slow || test_context.size == 1 || simulated == 1);
    MPI_Win_free(&window);
  }
}

static void times_are_added_up(void **state) {
  (void)state;
  quick = false;
  const int64_t count = 8 * (int64_t)test_context.size;
  double least_s = 0;
  for (int64_t item = FIRST; item < FIRST + count; ++item) least_s += duration_s(item);
  rb_dealt dealt = make(count);
  dealt.warm = true;
  assert_all_ok(rb_dealt_simulate(&test_context, &dealt, x));
  assert_true(dealt.busy_s >= least_s && dealt.elapsed_s >= dealt.busy_s);
  assert_true(dealt.slowest_s >= least_s / (double)count);  // of those taken at once: their mean
}

/* A vectorised simulator is asked for many at once, even if its first call takes longest. */
static void many_at_once_where_that_is_faster(void **state) {
  (void)state;
  together = true;
  const int64_t count = (int64_t)ROWS * test_context.size;
  rb_dealt dealt = make(count);
  assert_all_ok(rb_dealt_simulate(&test_context, &dealt, x));
  together = false;
  assert_all_true(has_its_rows(count));
  assert_all_true(calls <= ROWS / 2);  // 1, 2, 4, ... if nothing else delays them
}

static void one_that_fails_stops_all(void **state) {
  (void)state;
  quick = false;
  const int64_t count = (int64_t)ROWS * test_context.size;
  rb_dealt dealt = make(count);
  failing = FIRST + 20;
  assert_int_equal(rb_dealt_simulate(&test_context, &dealt, x), RB_ERR_SIMULATOR);
  assert_string_equal(test_context.error.message, "cannot do 1020");
  rb_error_clear(&test_context);
  MPI_Allreduce(MPI_IN_PLACE, &simulated, 1, MPI_INT64_T, MPI_SUM, test_context.comm);
  assert_true(simulated < count);
  // What came before it is there, and nothing after it.
  assert_true(dealt.all.count <= 20);
  assert_all_true(has_its_rows(dealt.all.count));
}

/* All fail from their second items on, rank 0 first, which has not the lowest of them. */
static rb_status fail_late(const rb_model *m, rb_context *ctx, uint64_t seed, rb_purpose purpose,
                           int64_t first, int64_t count, const double *theta, float *out) {
  if (calls == 0) {
    add(BEGUN, 1);
    wait_for(BEGUN, ctx->size);
    if (ctx->rank == 0 && ctx->size > 1) wait_for(AGAIN, 1);
  } else {
    failing = first;
    add(AGAIN, 1);
    if (ctx->rank == 0) add(FAILED, 1);
    wait_for(FAILED, 1);
  }
  return simulate(m, ctx, seed, purpose, first, count, theta, out);
}

static void the_lowest_that_fails_is_told(void **state) {
  (void)state;
  quick = true;
  rb_model late = model;
  late.simulate = fail_late;
  MPI_Win window = share_counters();
  rb_dealt dealt = make((int64_t)ROWS * test_context.size);
  dealt.model = &late;
  assert_int_equal(rb_dealt_simulate(&test_context, &dealt, x), RB_ERR_SIMULATOR);
  char expected[64];
  (void)snprintf(expected, sizeof expected, "cannot do %d", FIRST + test_context.size);
  assert_string_equal(test_context.error.message, expected);
  rb_error_clear(&test_context);
  MPI_Win_free(&window);
}

static void a_signal_to_one_stops_all(void **state) {
  (void)state;
  quick = false;
  rb_signals_block();
  const int64_t count = (int64_t)ROWS * test_context.size;
  rb_dealt dealt = make(count);
  if (test_context.rank == test_context.size - 1) (void)raise(SIGUSR1);
  assert_all_ok(rb_dealt_simulate(&test_context, &dealt, x));
  assert_true(dealt.all.count > 0 && dealt.all.count < count);
  assert_all_true(has_its_rows(dealt.all.count));
  assert_true(rb_signals_agree(&test_context));
  test_context.stop = false;
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(everything_is_where_it_belongs),
                                          cmocka_unit_test(what_is_there_is_not_simulated),
                                          cmocka_unit_test(invalid_ones_are_skipped),
                                          cmocka_unit_test(nobody_waits_long),
                                          cmocka_unit_test(times_are_added_up),
                                          cmocka_unit_test(many_at_once_where_that_is_faster),
                                          cmocka_unit_test(one_that_fails_stops_all),
                                          cmocka_unit_test(the_lowest_that_fails_is_told),
                                          cmocka_unit_test(a_signal_to_one_stops_all)};
RB_TEST_MAIN(tests)
