/* An MPI program that behaves as its second argument says, with which the job scripts are tested:
 *   stand_in COMMAND ok|fail|stop|die -o DIR
 * ok: adds over the ranks, ends with 0; fail: ends with 4; stop: the first time waits for SIGUSR1,
 * notes it in DIR and ends with 85, the second time ends with 0; die: the last rank kills itself.
 */
#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int wait_for_signal(const sigset_t *signals, const char *folder) {
  char name[4096];
  snprintf(name, sizeof name, "%s/stopped", folder);
  if (access(name, F_OK) == 0) return 0;
  snprintf(name, sizeof name, "%s/waiting", folder);
  FILE *f = fopen(name, "w");
  if (f) fclose(f);
  for (int stop = 0; !stop;) {
    const struct timespec moment = {0, 50000000};
    stop = sigtimedwait(signals, NULL, &moment) > 0;
    MPI_Allreduce(MPI_IN_PLACE, &stop, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  }
  snprintf(name, sizeof name, "%s/stopped", folder);
  f = fopen(name, "w");
  if (f) fclose(f);
  return 85;
}

int main(int argc, char **argv) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGUSR1);
  sigaddset(&signals, SIGTERM);
  sigprocmask(SIG_BLOCK, &signals, NULL);
  MPI_Init(&argc, &argv);
  int rank, size, sum = 1, code = 2;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  const char *what = argc > 2 ? argv[2] : "";
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  printf("stand_in: rank %d of %d on %s, sum %d\n", rank, size, host, sum);
  fflush(stdout);
  if (strcmp(what, "ok") == 0) code = sum == size ? 0 : 1;
  if (strcmp(what, "fail") == 0) code = 4;
  if (strcmp(what, "die") == 0) {
    if (rank == size - 1) raise(SIGKILL);
    MPI_Barrier(MPI_COMM_WORLD);
  }
  if (strcmp(what, "stop") == 0 && argc > 4) {
    mkdir(argv[4], 0777);
    MPI_Barrier(MPI_COMM_WORLD);
    code = wait_for_signal(&signals, argv[4]);
  }
  MPI_Finalize();
  return code;
}
