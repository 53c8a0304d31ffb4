#include "rheobase/base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "rheobase/base/signals.h"

extern char **environ;

int rb_process_start(const posix_spawn_file_actions_t *actions, bool group, char *const *arguments,
                     char *const *environment, pid_t *process) {
  posix_spawnattr_t attributes;
  sigset_t none, ignored;
  (void)sigemptyset(&none);
  (void)sigemptyset(&ignored);
  (void)sigaddset(&ignored, SIGPIPE);
  (void)posix_spawnattr_init(&attributes);
  // Signals are blocked here (base/signals.c) or ignored (base/streams.c); the program should still
  // be stoppable.
  (void)posix_spawnattr_setsigmask(&attributes, &none);
  (void)posix_spawnattr_setsigdefault(&attributes, &ignored);
  const int own_group = group ? POSIX_SPAWN_SETPGROUP : 0;
  (void)posix_spawnattr_setflags(
      &attributes, (short)(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | own_group));
  const int error = posix_spawnp(process, arguments[0], actions, &attributes, arguments,
                                 environment != NULL ? environment : environ);
  (void)posix_spawnattr_destroy(&attributes);
  return error;
}

/* @return 0 or what errno would be */
static int start(const char *folder, char *const *arguments, int output, pid_t *process) {
  posix_spawn_file_actions_t actions;
  (void)posix_spawn_file_actions_init(&actions);
  int error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  if (error == 0) error = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  if (error == 0) error = posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
  if (error == 0) error = posix_spawn_file_actions_addchdir_np(&actions, folder);
  if (error == 0) error = rb_process_start(&actions, false, arguments, NULL, process);
  (void)posix_spawn_file_actions_destroy(&actions);
  return error;
}

/* Waits for the program's end, and ends it when this process is asked to stop.
 * @return 0 or what errno would be; EINTR if it was ended */
static int wait_for(pid_t process, int *result) {
  const struct timespec pause = {0, 2000000};  // a look costs a microsecond
  pid_t ended;
  while ((ended = waitpid(process, result, WNOHANG)) == 0) {
    if (rb_signals_pending()) {
      (void)kill(process, SIGKILL);
      (void)waitpid(process, result, 0);
      return EINTR;
    }
    (void)nanosleep(&pause, NULL);
  }
  return ended == process ? 0 : errno;
}

int rb_process_run(const char *folder, char *const *arguments, FILE *output, int *exit_code) {
  pid_t process = 0;
  int result = 0;
  *exit_code = -1;
  const int error = start(folder, arguments, fileno(output), &process);
  if (error != 0) return error;
  const int failed = wait_for(process, &result);
  if (failed != 0) return failed;
  if (WIFEXITED(result)) *exit_code = WEXITSTATUS(result);
  rewind(output);
  return 0;
}
