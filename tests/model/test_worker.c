#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "model/program/said.h"
#include "model/program/supervised.h"
#include "model/program/worker.h"
#include "rb_test.h"

enum { D = 2, L = 8, MOST = 40000 };
static const rb_quantity names[D] = {{"a", "1", ""}, {"b", "mV", ""}};
static char command[512], file[64];
static bool skips;  // simulations at fault

/* A worker of that mode (worker.py), with a file that is not there yet. */
static rb_worker *make(const char *mode, int64_t batch, double timeout_s, int restarts) {
  rb_worker *worker = NULL;
  (void)snprintf(file, sizeof file, "/tmp/rb_worker.%d", (int)getpid());
  (void)unlink(file);
  (void)snprintf(command, sizeof command,
                 "exec /usr/bin/env python3 '%s/tests/model/worker.py' %s %s",
                 getenv("RB_SOURCE_DIR"), mode, file);
  const rb_worker_settings settings = {0, command, D, names, L, batch, timeout_s, restarts, skips};
  assert_int_equal(rb_worker_create(&test_context, &settings, &worker), RB_OK);
  return worker;
}

/* Simulates items with a = 0, 1, 2, ... and seeds 7, 8, ...; checks x where there is one. */
static rb_status simulate(rb_worker *worker, int count) {
  static double theta[MOST * D];
  static uint64_t seeds[MOST];
  static float x[MOST * L];
  for (int i = 0; i < count; ++i) {
    theta[i * D] = i;
    theta[i * D + 1] = -0.5;
    seeds[i] = UINT64_C(0xffffffffffffff00) + (uint64_t)(i + 7) % 256;
  }
  memset(x, 0, sizeof x);
  const rb_status status = rb_worker_simulate(&test_context, worker, count, theta, seeds, x);
  if (status != RB_OK) return status;
  for (int i = 0; i < count; ++i) {
    if (skips && i == 13) {
      assert_true(isnan(x[(int64_t)i * L]));
      continue;
    }
    for (int t = 0; t < L; ++t) assert_true(x[i * L + t] == (float)(i + (i + 7) % 256 + t));
  }
  return status;
}

static void answers_batches_of_any_size(void **state) {
  (void)state;
  rb_worker *worker = make("", 64, 60, 0);
  assert_int_equal(simulate(worker, 1), RB_OK);
  assert_int_equal(simulate(worker, 64), RB_OK);
  assert_int_equal(simulate(worker, 200), RB_OK);
  rb_worker_destroy(worker);
  // More than all pipes hold, both ways.
  worker = make("", MOST, 60, 0);
  assert_int_equal(simulate(worker, MOST), RB_OK);
  rb_worker_destroy(worker);
}

static void says_what_is_wrong(void **state) {
  (void)state;
  static const struct {
    const char *mode, *command, *said;
    double timeout_s;
  } row[] = {
      {"exit", NULL,
       "of rank 0 ended with exit code 3; its last line: to simulate with; it was to "
       "simulate 4 simulations, first a = 0, b = -0.5",
       60},
      {"segfault", NULL, "was ended by signal 11 (Segmentation fault)", 60},
      {"half", NULL, "ended with exit code 0, 64 of 128 bytes came", 60},
      {"double", NULL, "wrote more than it was asked for, 128 of 128 bytes came and others", 60},
      {"hang", NULL, "did not answer within 0.3 s (timeout_s)", 0.3},
      {NULL, "exec 4>&-; sleep 1000", "closed its descriptor 4", 60},
      {NULL, "head -c 1000 /dev/zero >&4; sleep 1000", "wrote more than it was asked for", 60},
      {NULL, "no_such_program", "ended with exit code 127; its last line: ", 60},
  };
  for (size_t i = 0; i < sizeof row / sizeof *row; ++i) {
    rb_worker *worker = make(row[i].mode != NULL ? row[i].mode : "", 64, row[i].timeout_s, 0);
    if (row[i].command != NULL) (void)snprintf(command, sizeof command, "%s", row[i].command);
    assert_int_equal(simulate(worker, 4), RB_ERR_SIMULATOR);
    if (strstr(test_context.error.message, row[i].said) == NULL) {
      fail_msg("%s%s: %s", row[i].mode ? row[i].mode : "", row[i].command ? row[i].command : "",
               test_context.error.message);
    }
    rb_error_clear(&test_context);
    rb_worker_destroy(worker);
  }
}

static void more_bytes_are_found_before_the_next_batch(void **state) {
  (void)state;
  rb_worker *worker = make("late", 64, 60, 3);
  assert_int_equal(simulate(worker, 4), RB_OK);
  assert_int_equal(simulate(worker, 4), RB_ERR_SIMULATOR);
  rb_error_clear(&test_context);
  rb_worker_destroy(worker);
}

static void is_started_anew(void **state) {
  (void)state;
  rb_worker *worker = make("die_once", 64, 60, 1);
  assert_int_equal(simulate(worker, 8), RB_OK);
  (void)unlink(file);
  assert_int_equal(simulate(worker, 8), RB_OK);  // failures are counted in a row
  rb_worker_destroy(worker);
  worker = make("hang_once", 64, 4, 1);
  assert_int_equal(simulate(worker, 8), RB_OK);
  rb_worker_destroy(worker);
  (void)unlink(file);
}

static void the_simulation_at_fault_is_found(void **state) {
  (void)state;
  rb_worker *worker = make("die_at", 64, 60, 2);
  assert_int_equal(simulate(worker, 20), RB_ERR_SIMULATOR);
  assert_non_null(strstr(test_context.error.message,
                         "last line: cannot do 13; it was to simulate a = 13, b = -0.5"));
  rb_error_clear(&test_context);
  rb_worker_destroy(worker);
}

/* With any restarts: one at fault is NaN and the others are there, unless nothing ever works. */
static void the_simulation_at_fault_is_skipped(void **state) {
  (void)state;
  skips = true;
  rb_worker *worker = make("die_at", 64, 60, 0);
  assert_int_equal(simulate(worker, 20), RB_OK);
  assert_int_equal(simulate(worker, 5), RB_OK);
  rb_worker_destroy(worker);
  worker = make("die_at", 1, 60, 0);  // one by one
  assert_int_equal(simulate(worker, 20), RB_OK);
  rb_worker_destroy(worker);
  worker = make("exit", 64, 60, 1);
  assert_int_equal(simulate(worker, 20), RB_ERR_SIMULATOR);
  rb_error_clear(&test_context);
  rb_worker_destroy(worker);
  worker = make("double", 64, 60, 1);
  assert_int_equal(simulate(worker, 4), RB_ERR_SIMULATOR);
  rb_error_clear(&test_context);
  rb_worker_destroy(worker);
  skips = false;
}

static void talk_is_cut_and_never_blocks(void **state) {
  (void)state;
  char path[] = "/tmp/rb_said.XXXXXX";
  const int log = mkstemp(path), kept = dup(STDERR_FILENO);
  assert_true(log >= 0 && dup2(log, STDERR_FILENO) >= 0);
  rb_worker *worker = make("chatter", 64, 60, 0);
  const rb_status status = simulate(worker, 4);
  rb_worker_destroy(worker);
  assert_true(dup2(kept, STDERR_FILENO) >= 0);
  const off_t size = lseek(log, 0, SEEK_END);
  static char text[4 * RB_SAID_MOST];
  const ssize_t length = pread(log, text, sizeof text - 1, 0);
  (void)close(log);
  (void)close(kept);
  (void)unlink(path);
  assert_int_equal(status, RB_OK);
  assert_true(length == size && size > RB_SAID_MOST / 2 && size < 3 * RB_SAID_MOST);
  assert_memory_equal(text, "rank 0: a line of text\n", 23);
  assert_non_null(strstr(text, "is left out"));
  assert_null(strchr(text, '\x1b'));
}

/* Whether nobody is left in a process group, after some time at most; zombies are somebody. */
static bool empties(pid_t group) {
  const struct timespec pause = {0, 10000000};
  for (int i = 0; i < 1000; ++i) {
    if (kill(-group, 0) != 0 && errno == ESRCH) return true;
    (void)nanosleep(&pause, NULL);
  }
  return false;
}

/* The worker of a process that is killed, hung or busy, goes with it. */
static void nobody_outlives_the_rank(void **state) {
  (void)state;
  int ends[2];
  (void)make("silent", 1, 60, 0);
  assert_int_equal(pipe(ends), 0);
  const pid_t rank = fork();
  assert_true(rank >= 0);
  if (rank == 0) {
    rb_supervised process;
    if (rb_supervised_start(command, &process) != 0) _exit(1);
    (void)!write(process.to, "1 1\n0123456789abcdef", 20);
    (void)!write(ends[1], &process.group, sizeof process.group);
    (void)sleep(1000);
    _exit(0);
  }
  pid_t group = 0;
  assert_int_equal(read(ends[0], &group, sizeof group), sizeof group);
  const struct timespec pause = {0, 300000000};  // for it to hang
  (void)nanosleep(&pause, NULL);
  assert_int_equal(kill(-group, 0), 0);
  assert_int_equal(kill(rank, SIGKILL), 0);
  assert_int_equal(waitpid(rank, NULL, 0), rank);
  assert_true(empties(group));
  (void)close(ends[0]);
  (void)close(ends[1]);
}

static void says_not_that_it_is_a_rank(void **state) {
  (void)state;
  rb_supervised process;
  char text[256] = "";
  int code = 0;
  assert_int_equal(setenv("PMIX_RANK", "3", 1) | setenv("RB_TEST_KEPT", "kept", 1), 0);
  assert_int_equal(rb_supervised_start("echo $PMIX_RANK$RB_TEST_KEPT >&4", &process), 0);
  while (!rb_supervised_has_ended(&process, &code)) (void)poll(NULL, 0, 1);
  assert_true(read(process.from, text, sizeof text - 1) > 0);
  assert_string_equal(text, "kept\n");
  rb_supervised_end(&process);
  (void)unsetenv("PMIX_RANK");
}

static void files_open_here_are_closed_there(void **state) {
  (void)state;
  const int other = open("/dev/null", O_RDONLY);  // without O_CLOEXEC, and 5 is the list's own
  rb_supervised process;
  char text[256] = "";
  assert_int_equal(rb_supervised_start("exec 1>&4; exec ls /proc/self/fd", &process), 0);
  int code = 0;
  while (!rb_supervised_has_ended(&process, &code)) (void)poll(NULL, 0, 1);
  assert_true(read(process.from, text, sizeof text - 1) > 0);
  assert_string_equal(text, "0\n1\n2\n3\n4\n5\n");
  rb_supervised_end(&process);
  (void)close(other);
}

static void a_request_to_stop_is_heard(void **state) {
  (void)state;
  rb_worker *worker = make("hang", 64, 60, 3);
  const double began = MPI_Wtime();
  test_context.stop = true;
  assert_int_equal(simulate(worker, 4), RB_STOPPED);
  assert_true(MPI_Wtime() - began < 20);
  rb_error_clear(&test_context);
  rb_worker_destroy(worker);
  // A batch that is nearly through is waited for.
  test_context.stop = false;
  worker = make("slow", 64, 60, 3);
  assert_int_equal(simulate(worker, 4), RB_OK);
  test_context.stop = true;
  assert_int_equal(simulate(worker, 4), RB_OK);
  rb_worker_destroy(worker);
  test_context.stop = false;
}

static int ignore_broken_pipes(void **state) {
  (void)state;
  (void)signal(SIGPIPE, SIG_IGN);  // as rb_streams_open does
  return 0;
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup(answers_batches_of_any_size, ignore_broken_pipes),
    cmocka_unit_test(says_what_is_wrong),
    cmocka_unit_test(more_bytes_are_found_before_the_next_batch),
    cmocka_unit_test(is_started_anew),
    cmocka_unit_test(the_simulation_at_fault_is_found),
    cmocka_unit_test(the_simulation_at_fault_is_skipped),
    cmocka_unit_test(talk_is_cut_and_never_blocks),
    cmocka_unit_test(nobody_outlives_the_rank),
    cmocka_unit_test(says_not_that_it_is_a_rank),
    cmocka_unit_test(files_open_here_are_closed_there),
    cmocka_unit_test(a_request_to_stop_is_heard)};
RB_TEST_MAIN(tests)
