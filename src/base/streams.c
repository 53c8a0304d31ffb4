#include "rheobase/base/streams.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void rb_streams_open(void) {
  static const int modes[] = {
      [STDIN_FILENO] = O_RDONLY, [STDOUT_FILENO] = O_RDONLY, [STDERR_FILENO] = O_WRONLY};
  // In ascending order: what is opened gets the lowest free number.
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (fcntl(fd, F_GETFD) < 0 && errno == EBADF) (void)open("/dev/null", modes[fd]);
  }
  (void)signal(SIGPIPE, SIG_IGN);
}

/* What a file system reports only when a file is closed, such as a quota. */
static bool closes(int fd) {
  const int copy = dup(fd);
  return copy >= 0 && close(copy) == 0;
}

rb_status rb_streams_flush(rb_context *ctx) {
  const bool failed_before = ferror(stdout) != 0;
  errno = 0;
  if (fflush(stdout) == 0 && !failed_before && closes(STDOUT_FILENO)) return RB_OK;
  // Why an earlier write failed has been forgotten; another one fails for the same reason.
  if (errno == 0) (void)!write(STDOUT_FILENO, "\n", 1);
  return RB_FAIL(ctx, RB_ERR_FILE, "standard output cannot be written: %s",
                 errno != 0 ? strerror(errno) : "a write failed");
}
