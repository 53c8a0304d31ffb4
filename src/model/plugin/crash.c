#include "crash.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "rheobase/base/status.h"

static const struct {
  int number;
  const char *line_end;
} watched[] = {{SIGSEGV, ": segmentation fault\n"},
               {SIGBUS, ": bus error\n"},
               {SIGILL, ": illegal instruction\n"},
               {SIGFPE, ": arithmetic exception\n"},
               {SIGABRT, ": aborted\n"}};
enum { WATCHED = sizeof watched / sizeof *watched, STACK = 1 << 16, LINE_END = 32 };

/* A handler has no other way to what it prints. */
static struct {
  char line[RB_CRASH_TEXT + 32];
  bool on, told_exit;  // the second: at_exit is registered
  pid_t process;       // a child of it may end as it likes
  int exit_code;
  struct sigaction before[WATCHED];
  stack_t stack_before;
} watch;

// Of the handler: that of the process may be what has overflowed.
static _Alignas(16) char handler_stack[STACK];

/* Ends the process with the line, which is written at once, so that those of two ranks stay whole.
 * Everything it calls is async-signal-safe. */
static _Noreturn void end(const char *line_end) {
  char line[sizeof watch.line + LINE_END];  // its own: several threads may crash at once
  size_t length = 0;
  for (const char *c = watch.line; *c != '\0'; ++c) line[length++] = *c;
  for (const char *c = line_end; *c != '\0'; ++c) line[length++] = *c;
  const ssize_t written = write(STDERR_FILENO, line, length);
  _exit(written >= 0 ? watch.exit_code : 1);
}

static void die(int number) {
  const char *line_end = "\n";
  for (int i = 0; i < WATCHED; ++i) {
    if (watched[i].number == number) line_end = watched[i].line_end;
  }
  end(line_end);
}

/* Code of others may end the process as if all were well: exit in C, stop in Fortran. */
static void at_exit(void) {
  if (watch.on && getpid() == watch.process) end(": it called exit\n");
}

void rb_crash_watch(const char *text) {
  struct sigaction action = {.sa_handler = die, .sa_flags = SA_ONSTACK};
  const stack_t stack = {.ss_sp = handler_stack, .ss_size = STACK};
  (void)snprintf(watch.line, sizeof watch.line, "rheobase: error: %.*s", RB_CRASH_TEXT, text);
  if (!watch.told_exit) watch.told_exit = atexit(at_exit) == 0;
  watch.on = true;
  watch.process = getpid();
  watch.exit_code = rb_status_exit_code(RB_ERR_SIMULATOR);
  (void)sigaltstack(&stack, &watch.stack_before);
  sigfillset(&action.sa_mask);
  for (int i = 0; i < WATCHED; ++i) {
    (void)sigaction(watched[i].number, &action, &watch.before[i]);
  }
}

void rb_crash_unwatch(void) {
  watch.on = false;
  for (int i = 0; i < WATCHED; ++i) {
    (void)sigaction(watched[i].number, &watch.before[i], NULL);
  }
  (void)sigaltstack(&watch.stack_before, NULL);
}
