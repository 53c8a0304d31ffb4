#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rb_test.h"
#include "rheobase/base/signals.h"

/* Exit code of a process that sends itself SIGINT, polls, and sends a second one: 1 if the first
 * was no request to stop, 2 if the second did not end it. */
static int interrupt_twice(void) {
  rb_signals_block();
  rb_signals_catch_interrupt();
  (void)raise(SIGINT);
  if (!rb_signals_poll() || rb_signals_poll()) return 1;
  (void)raise(SIGINT);
  return 2;
}

static int ignored_stays_ignored(void) {
  (void)signal(SIGINT, SIG_IGN);
  rb_signals_block();
  rb_signals_catch_interrupt();
  (void)raise(SIGINT);
  return rb_signals_poll() ? 1 : 0;
}

static int run_apart(int (*function)(void)) {
  const pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    (void)signal(SIGINT, SIG_DFL);
    _exit(function());
  }
  int how = 0;
  assert_int_equal(waitpid(child, &how, 0), child);
  return how;
}

static void the_second_interrupt_ends_at_once(void **state) {
  (void)state;
  const int how = run_apart(interrupt_twice);
  assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGINT);
}

static void an_ignored_interrupt_stays_ignored(void **state) {
  (void)state;
  const int how = run_apart(ignored_stays_ignored);
  assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 0);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(the_second_interrupt_ends_at_once),
                                          cmocka_unit_test(an_ignored_interrupt_stays_ignored)};
RB_TEST_MAIN(tests)
