#include "rheobase/base/signals.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "rheobase/base/clock.h"

static sigset_t stop_signals(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGTERM);
  return set;
}

void rb_signals_block(void) {
  const sigset_t set = stop_signals();
  sigprocmask(SIG_BLOCK, &set, NULL);
}

static void ask_to_stop(int number) {
  (void)number;
  (void)kill(getpid(), SIGTERM);
}

void rb_signals_catch_interrupt(void) {
  struct sigaction before;
  const struct sigaction once = {.sa_handler = ask_to_stop,
                                 .sa_flags = (int)(SA_RESETHAND | SA_RESTART)};
  // A shell that starts a command in the background may have it ignore Ctrl-C: that stays so.
  if (sigaction(SIGINT, NULL, &before) == 0 && before.sa_handler == SIG_DFL) {
    (void)sigaction(SIGINT, &once, NULL);
  }
}

bool rb_signals_poll(void) {
  const sigset_t set = stop_signals();
  const struct timespec no_wait = {0, 0};
  bool asked = false;
  while (sigtimedwait(&set, NULL, &no_wait) > 0) asked = true;
  return asked;
}

bool rb_signals_asked(rb_context *ctx) {
  int message = 0;
  ctx->stop = rb_signals_poll() || ctx->stop;
  MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, ctx->comm, &message, MPI_STATUS_IGNORE);
  return ctx->stop;
}

bool rb_signals_pending(void) {
  sigset_t pending;
  return sigpending(&pending) == 0 &&
         (sigismember(&pending, SIGUSR1) == 1 || sigismember(&pending, SIGTERM) == 1);
}

bool rb_signals_agree(rb_context *ctx) {
  int stop = ctx->stop || rb_signals_poll();
  const rb_time_part outer = rb_clock_enter(ctx, RB_TIME_REDUCE);
  MPI_Allreduce(MPI_IN_PLACE, &stop, 1, MPI_INT, MPI_MAX, ctx->comm);
  rb_clock_leave(ctx, outer);
  ctx->stop = stop != 0;
  return ctx->stop;
}
