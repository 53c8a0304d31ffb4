#include <mpi.h>
#include <stdio.h>
#include <string.h>

#include "hdf5_fixture.h"
#include "rheobase/base/log.h"

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  rb_context ctx;
  rb_status status = rb_context_create(&ctx, MPI_COMM_WORLD);
  if (status == RB_OK) status = write_fixture(&ctx, argv[1]);
  if (status != RB_OK) rb_log_error(&ctx);
  rb_context_destroy(&ctx);
  MPI_Finalize();
  return rb_status_exit_code(status);
}
