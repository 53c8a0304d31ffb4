#include <mpi.h>

#include "rheobase/context.h"
#include "rheobase/log.h"
#include "rheobase/signals.h"

int main(int argc, char **argv) {
  rb_signals_block();
  MPI_Init(&argc, &argv);
  rb_context ctx;
  rb_status status = rb_context_create(&ctx, MPI_COMM_WORLD);
  if (status != RB_OK) rb_log_error(&ctx);
  rb_context_destroy(&ctx);
  MPI_Finalize();
  return rb_status_exit_code(status);
}
