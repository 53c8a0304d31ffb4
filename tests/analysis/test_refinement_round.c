#include <signal.h>

#include "model/linear_gaussian/linear_gaussian.h"
#include "rb_test.h"
#include "rheobase/analysis/refinement.h"
#include "rheobase/base/signals.h"

/* Data sets dealt to whichever rank is free: the same bits as one after the other, whatever
 * interrupts; one that fails is recorded and not met again. */

enum { N = 9, FAILS = 4, ASKED_TO_STOP = 5 };

static rb_model model;
static rb_status (*simulate)(const rb_model *, rb_context *, uint64_t, rb_purpose, int64_t, int64_t,
                             const double *, float *);
static rb_status (*log_likelihood)(const rb_model *, rb_context *, const float *, int64_t,
                                   const double *, double *, const char **);
static int64_t current;  // data set that is being refined
static int met[N];       // how often, on this rank
static bool fails, stops;

static rb_status watch(const rb_model *self, rb_context *ctx, uint64_t seed, rb_purpose purpose,
                       int64_t first, int64_t count, const double *theta, float *x) {
  current = first;
  ++met[first];
  return simulate(self, ctx, seed, purpose, first, count, theta, x);
}

static rb_status fail_once_known(const rb_model *self, rb_context *ctx, const float *x,
                                 int64_t count, const double *theta, double *value,
                                 const char **reason) {
  if (fails && current == FAILS && count > 1) {
    return RB_FAIL(ctx, RB_ERR_NUMERIC, "a made-up failure");
  }
  if (stops && current == ASKED_TO_STOP && count > 1) {
    stops = false;
    (void)raise(SIGUSR1);
  }
  return log_likelihood(self, ctx, x, count, theta, value, reason);
}

static int setup(void **state) {
  (void)state;
  rb_signals_block();
  if (rb_linear_gaussian_model(&test_context, 20, 1, 0.5, &model) != RB_OK) return 1;
  simulate = model.simulate;
  log_likelihood = model.log_likelihood;
  model.simulate = watch;
  model.log_likelihood = fail_once_known;
  return 0;
}

static int teardown(void **state) {
  (void)state;
  model.destroy(&model);
  return 0;
}

static rb_exact_settings settings_of_test(void) {
  rb_exact_settings settings = rb_exact_defaults();
  settings.draws = 200;
  settings.walkers = 16;
  settings.short_steps = 40;
  return settings;
}

/* All rounds until everything is done or a rank was asked to stop. @return rounds */
static int refine(double seconds, rb_refined *refined, int64_t *done) {
  const rb_exact_settings settings = settings_of_test();
  const rb_refinement_task task = {&model, NULL, &settings, 3, RB_FOR_TESTS, N, refined};
  rb_progress progress = rb_progress_begin(&test_context, "refine", "data sets", N, *done);
  int rounds = 0;
  memset(met, 0, sizeof met);
  while (*done < N && !rb_signals_agree(&test_context)) {
    assert_all_ok(rb_refine_round(&test_context, &task, seconds, &progress, done));
    ++rounds;
  }
  MPI_Allreduce(MPI_IN_PLACE, met, N, MPI_INT, MPI_SUM, test_context.comm);
  return rounds;
}

static void one_by_one(rb_refined *refined) {
  const rb_exact_settings settings = settings_of_test();
  for (int i = 0; i < N; ++i) {
    assert_all_ok(
        rb_refine_item(&test_context, &model, NULL, &settings, 3, RB_FOR_TESTS, i, &refined[i]));
  }
}

static void the_same_bits(void **state) {
  (void)state;
  static rb_refined alone[N], together[N], in_rounds[N];
  int64_t done = 0;
  test_context.quiet = true;
  one_by_one(alone);
  assert_int_equal(refine(1e9, together, &done), 1);
  assert_int_equal(done, N);
  for (int i = 0; i < N; ++i) assert_int_equal(met[i], 1);
  assert_all_true(memcmp(alone, together, sizeof alone) == 0);
  done = 0;
  const int rounds = refine(0.0, in_rounds, &done);  // no rank takes a second one
  assert_true(rounds >= N / test_context.size && rounds <= N);
  for (int i = 0; i < N; ++i) assert_int_equal(met[i], 1);
  assert_all_true(memcmp(alone, in_rounds, sizeof alone) == 0);
}

static void a_failure_is_recorded(void **state) {
  (void)state;
  static rb_refined alone[N], refined[N];
  rb_refinement_summary summary;
  int64_t done = 0;
  one_by_one(alone);
  fails = true;
  (void)refine(1e9, refined, &done);
  assert_int_equal(done, N);
  assert_int_equal(test_context.error.code, RB_OK);
  for (int i = 0; i < N; ++i) {
    if (i != FAILS) assert_all_true(memcmp(&alone[i], &refined[i], sizeof *alone) == 0);
  }
  const rb_refined *r = &refined[FAILS];
  assert_all_true(r->done == 1 && r->failed == 1 && r->reliable == 0 && r->evidence_valid == 0);
  assert_all_true(memcmp(r->truth, alone[FAILS].truth, sizeof(double) * 3) == 0);
  assert_all_true(isnan(r->exact_loss) && isnan(r->exact_mean[0]) && isnan(r->method));
  assert_all_ok(rb_refinement_summarise(&test_context, &model, 200, N, refined, &summary));
  assert_true(summary.failed == 1 && summary.reliable == N - 1 && isfinite(summary.floor));
  // It is done: another round does not meet it again.
  refined[0] = (rb_refined){0};
  done = N - 1;
  (void)refine(1e9, refined, &done);
  assert_true(done == N && met[0] == 1 && met[FAILS] == 0);
  assert_all_true(memcmp(alone, refined, sizeof *alone) == 0);
  fails = false;
}

/* A signal during a data set: it is given up at once, and done by the next run. */
static void a_signal_stops_it(void **state) {
  (void)state;
  static rb_refined alone[N], refined[N];
  int64_t done = 0;
  one_by_one(alone);
  stops = true;
  (void)refine(1e9, refined, &done);
  assert_true(done < N && test_context.stop);
  assert_all_true(refined[ASKED_TO_STOP].done == 0);
  for (int i = 0; i < N; ++i) {
    assert_all_true(refined[i].done == 0 || memcmp(&alone[i], &refined[i], sizeof *alone) == 0);
  }
  stops = test_context.stop = false;
  (void)refine(1e9, refined, &done);
  assert_int_equal(done, N);
  assert_all_true(memcmp(alone, refined, sizeof alone) == 0);
}

/* Summing up on any number of ranks: the same bits as alone; and a signal stops it. */
static void summing_up(void **state) {
  (void)state;
  static rb_refined refined[N];
  rb_refinement_summary together, alone;
  rb_context self;
  one_by_one(refined);
  assert_all_ok(rb_refinement_summarise(&test_context, &model, 200, N, refined, &together));
  assert_all_ok(rb_context_create(&self, MPI_COMM_SELF));
  assert_all_ok(rb_refinement_summarise(&self, &model, 200, N, refined, &alone));
  rb_context_destroy(&self);
  assert_all_true(memcmp(&together, &alone, sizeof alone) == 0);
  if (test_context.rank == test_context.size - 1) (void)raise(SIGTERM);
  assert_all_true(rb_refinement_summarise(&test_context, &model, 200, N, refined, &together) ==
                  RB_STOPPED);
  rb_error_clear(&test_context);
  test_context.stop = false;
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(the_same_bits, setup, teardown),
    cmocka_unit_test_setup_teardown(a_failure_is_recorded, setup, teardown),
    cmocka_unit_test_setup_teardown(a_signal_stops_it, setup, teardown),
    cmocka_unit_test_setup_teardown(summing_up, setup, teardown)};
RB_TEST_MAIN(tests)
