#include "gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { PATH = 1300, NAME = 80 };

/* Starts gnuplot in a folder with its output in a file. posix_spawn and not fork: a fork would copy
 * an MPI process, whose registered memory some networks forbid to copy.
 * @return 0 or what errno would be */
static int start(const char *folder, char *const *arguments, int output, pid_t *process) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none;
  (void)sigemptyset(&none);
  (void)posix_spawn_file_actions_init(&actions);
  (void)posix_spawnattr_init(&attributes);
  // Signals are blocked here (base/signals.c); gnuplot should still be stoppable.
  (void)posix_spawnattr_setsigmask(&attributes, &none);
  (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  int error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  if (error == 0) error = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  if (error == 0) error = posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
  if (error == 0) error = posix_spawn_file_actions_addchdir_np(&actions, folder);
  if (error == 0) {
    error = posix_spawnp(process, arguments[0], &actions, &attributes, arguments, environ);
  }
  (void)posix_spawn_file_actions_destroy(&actions);
  (void)posix_spawnattr_destroy(&attributes);
  return error;
}

/* The first line that says something. */
static void first_message(FILE *file, char *message) {
  char line[RB_GNUPLOT_MESSAGE];
  message[0] = '\0';
  rewind(file);
  while (message[0] == '\0' && fgets(line, sizeof line, file) != NULL) {
    const char *text = line + strspn(line, " \t^\n");
    (void)snprintf(message, RB_GNUPLOT_MESSAGE, "%.*s", (int)strcspn(text, "\n"), text);
  }
}

static rb_gnuplot_result wait_for(pid_t process) {
  int code = 0;
  while (waitpid(process, &code, 0) < 0) {
    if (errno != EINTR) return RB_GNUPLOT_FAILED;
  }
  return WIFEXITED(code) && WEXITSTATUS(code) == 0 ? RB_GNUPLOT_DONE : RB_GNUPLOT_FAILED;
}

rb_gnuplot_result rb_gnuplot_run(const char *folder, const char *name, const char *format,
                                 char *message) {
  char settings[NAME * 3], script[NAME], drawn[PATH], target[PATH];
  (void)snprintf(settings, sizeof settings, "format='%s'; target='%s.tmp'", format, name);
  (void)snprintf(script, sizeof script, "%s.gp", name);
  (void)snprintf(drawn, sizeof drawn, "%s/%s.tmp", folder, name);
  (void)snprintf(target, sizeof target, "%s/%s.%s", folder, name, format);
  char program[] = "gnuplot", defaults[] = "-d", expression[] = "-e";
  char *const arguments[] = {program, defaults, expression, settings, script, NULL};
  pid_t process = 0;
  message[0] = '\0';
  FILE *said = tmpfile();
  if (said == NULL) return RB_GNUPLOT_FAILED;
  const int error = start(folder, arguments, fileno(said), &process);
  rb_gnuplot_result result = RB_GNUPLOT_FAILED;
  if (error == 0) {
    result = wait_for(process);
    first_message(said, message);
  } else if (error == ENOENT || error == EACCES) {
    result = RB_GNUPLOT_MISSING;
  } else {
    (void)snprintf(message, RB_GNUPLOT_MESSAGE, "%s", strerror(error));
  }
  (void)fclose(said);
  if (result == RB_GNUPLOT_DONE && rename(drawn, target) != 0) {
    (void)snprintf(message, RB_GNUPLOT_MESSAGE, "it drew nothing");
    result = RB_GNUPLOT_FAILED;
  }
  if (result != RB_GNUPLOT_DONE) (void)unlink(drawn);
  return result;
}
