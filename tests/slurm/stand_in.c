/* An MPI program with which the job scripts are tested:
 *   stand_in COMMAND WHAT ...
 * ends with 0 if WHAT is ok, with 4 if it is fail, and says which ranks ran where. Like the program
 * it blocks SIGTERM, with which srun ends the other ranks after a failure, at times before they
 * have returned their own exit code. */
#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigprocmask(SIG_BLOCK, &stop, NULL);
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
  MPI_Finalize();
  return code;
}
