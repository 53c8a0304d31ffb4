#include "supervised.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rheobase/base/process.h"

/* Descriptors of the started shell. */
enum { READS = 3, WRITES = 4, WATCHES = 5, ABOVE = 6 };
enum { ANSWER_BYTES = 1 << 20 };  // what waits in the pipe while we do something else

/* The watcher, the command, and a leader that keeps no pipe open and ends as the command does. */
static const char script[] =
    "(read x <&5; kill -s KILL 0) 3<&- 4>&- >/dev/null 2>&1 &\n"
    "(exec 5<&-; exec /bin/sh -c \"$1\") &\n"
    "exec 3<&- 4>&- 5<&-\n"
    "wait $!";

/* A pipe with one end for the shell, whose number is none that the shell will use, and one for us
 * that does not block. */
typedef struct duct {
  int ours, theirs;
} duct;

static void duct_close(duct *d) {
  if (d->ours >= 0) (void)close(d->ours);
  if (d->theirs >= 0) (void)close(d->theirs);
  *d = (duct){-1, -1};
}

/* @return 0 or what errno would be */
static int duct_open(bool we_read, duct *d) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return errno;
  d->ours = ends[we_read ? 0 : 1];
  const int low = ends[we_read ? 1 : 0];
  d->theirs = fcntl(low, F_DUPFD_CLOEXEC, ABOVE);
  int error = d->theirs < 0 ? errno : 0;
  (void)close(low);
  if (error == 0 && fcntl(d->ours, F_SETFL, O_NONBLOCK) != 0) error = errno;
  return error;
}

/* What tells a process which rank it is: a program that uses MPI itself would take it for its own,
 * and break the connection of this one. */
static bool is_of_launcher(const char *variable) {
  static const char *const beginnings[] = {"PMIX_",        "PMI_",           "OMPI_COMM_WORLD_",
                                           "OMPI_MCA_ess", "OMPI_MCA_orte_", "OMPI_MCA_pmix",
                                           "HYDRA_"};
  for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; ++i) {
    if (strncmp(variable, beginnings[i], strlen(beginnings[i])) == 0) return true;
  }
  return false;
}

/* This process' environment without that; the texts are not copied. NULL: out of memory. */
static char **environment_alone(void) {
  size_t count = 0, kept = 0;
  while (environ[count] != NULL) ++count;
  char **alone = calloc(count + 1, sizeof *alone);
  for (size_t i = 0; i < count && alone != NULL; ++i) {
    if (!is_of_launcher(environ[i])) alone[kept++] = environ[i];
  }
  return alone;
}

static int spawn(const char *command, int reads, int writes, int says, int watches, pid_t *group) {
  const struct {
    int from, to;
  } copies[] = {{says, STDOUT_FILENO},
                {says, STDERR_FILENO},
                {reads, READS},
                {writes, WRITES},
                {watches, WATCHES}};
  char *const arguments[] = {"/bin/sh", "-c", (char *)script, "sh", (char *)command, NULL};
  char **const environment = environment_alone();
  if (environment == NULL) return ENOMEM;
  posix_spawn_file_actions_t actions;
  (void)posix_spawn_file_actions_init(&actions);
  int error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  for (size_t i = 0; i < sizeof copies / sizeof *copies && error == 0; ++i) {
    error = posix_spawn_file_actions_adddup2(&actions, copies[i].from, copies[i].to);
  }
  // Files that are open here would stay open and locked as long as the program runs.
  if (error == 0) error = posix_spawn_file_actions_addclosefrom_np(&actions, ABOVE);
  if (error == 0) error = rb_process_start(&actions, true, arguments, environment, group);
  (void)posix_spawn_file_actions_destroy(&actions);
  free(environment);
  return error;
}

int rb_supervised_start(const char *command, rb_supervised *process) {
  enum { TO, FROM, SAID, LIFELINE, DUCTS };
  static const bool we_read[DUCTS] = {[FROM] = true, [SAID] = true};
  duct d[DUCTS] = {{-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}};
  int error = 0;
  *process = (rb_supervised){0};
  for (int i = 0; i < DUCTS && error == 0; ++i) error = duct_open(we_read[i], &d[i]);
  if (error == 0) {
    (void)fcntl(d[FROM].ours, F_SETPIPE_SZ, ANSWER_BYTES);  // where there may be so many: faster
    error = spawn(command, d[TO].theirs, d[FROM].theirs, d[SAID].theirs, d[LIFELINE].theirs,
                  &process->group);
  }
  if (error != 0) {
    for (int i = 0; i < DUCTS; ++i) duct_close(&d[i]);
    *process = (rb_supervised){0};
    return error;
  }
  for (int i = 0; i < DUCTS; ++i) (void)close(d[i].theirs);
  process->to = d[TO].ours;
  process->from = d[FROM].ours;
  process->said = d[SAID].ours;
  process->lifeline = d[LIFELINE].ours;
  return 0;
}

bool rb_supervised_has_ended(const rb_supervised *process, int *code) {
  siginfo_t how = {0};
  // The leader is left to be waited for: its id stays that of the group.
  if (waitid(P_PID, (id_t)process->group, &how, WEXITED | WNOHANG | WNOWAIT) != 0) return false;
  if (how.si_pid == 0) return false;
  *code = how.si_code == CLD_EXITED ? how.si_status : 128 + how.si_status;
  return true;
}

void rb_supervised_end(rb_supervised *process) {
  if (process->group == 0) return;
  (void)kill(-process->group, SIGKILL);
  while (waitpid(process->group, NULL, 0) < 0 && errno == EINTR) continue;
  if (process->to >= 0) (void)close(process->to);
  (void)close(process->from);
  (void)close(process->said);
  (void)close(process->lifeline);
  *process = (rb_supervised){0};
}
