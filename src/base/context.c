#include "rheobase/base/context.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rheobase/base/blas.h"

static rb_status choose_isa(rb_context *ctx) {
  rb_isa isa = RB_ISA_PORTABLE;
  const rb_status status = rb_cpu_isa(ctx, &isa);
  // A refused RB_KERNEL on one rank must not leave the others waiting: agree on the pair.
  int mine[2] = {(int)isa, -(int)status};
  int lowest[2];
  MPI_Allreduce(mine, lowest, 2, MPI_INT, MPI_MIN, ctx->comm);
  ctx->isa = (rb_isa)lowest[0];
  if (lowest[1] == 0) return RB_OK;
  if (status != RB_OK) return status;
  return RB_FAIL(ctx, (rb_status)-lowest[1], "another rank cannot use the kernel RB_KERNEL names");
}

/* Whether a person watches standard output. mpirun gives its ranks a pseudo-terminal even where its
 * own output goes to a file, so the parent process has to write to a terminal as well. */
static bool stdout_is_watched(void) {
  if (isatty(STDOUT_FILENO) != 1) return false;
  char link[64], target[64];
  (void)snprintf(link, sizeof link, "/proc/%d/fd/1", (int)getppid());
  const ssize_t length = readlink(link, target, sizeof target - 1);
  if (length < 0) return true;
  target[length] = '\0';
  return strncmp(target, "/dev/pts/", 9) == 0 || strncmp(target, "/dev/tty", 8) == 0;
}

rb_status rb_context_create(rb_context *ctx, MPI_Comm parent) {
  memset(ctx, 0, sizeof *ctx);
  rb_blas_single_thread();
  MPI_Comm_dup(parent, &ctx->comm);
  MPI_Comm_rank(ctx->comm, &ctx->rank);
  MPI_Comm_size(ctx->comm, &ctx->size);
  MPI_Comm_split_type(ctx->comm, MPI_COMM_TYPE_SHARED, ctx->rank, MPI_INFO_NULL, &ctx->node);
  MPI_Comm_rank(ctx->node, &ctx->node_rank);
  MPI_Comm_size(ctx->node, &ctx->node_size);
  ctx->terminal = ctx->rank == 0 && stdout_is_watched();
  return choose_isa(ctx);
}

rb_context rb_context_alone(const rb_context *ctx) {
  rb_context alone = *ctx;
  alone.comm = alone.node = MPI_COMM_SELF;
  alone.rank = alone.node_rank = 0;
  alone.size = alone.node_size = 1;
  return alone;
}

void rb_context_destroy(rb_context *ctx) {
  MPI_Comm_free(&ctx->node);
  MPI_Comm_free(&ctx->comm);
}

rb_status rb_fail(rb_context *ctx, rb_status code, const char *file, int line, const char *format,
                  ...) {
  rb_error *error = &ctx->error;
  if (error->code != RB_OK) return code;
  error->code = code;
  error->rank = ctx->rank;
  error->line = line;
  (void)snprintf(error->file, sizeof error->file, "%s", file);
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(error->message, sizeof error->message, format, arguments);
  va_end(arguments);
  for (char *c = error->message; *c; ++c) {
    if (*c == '\n' || *c == '\r') *c = ' ';
  }
  return code;
}

void rb_error_clear(rb_context *ctx) { memset(&ctx->error, 0, sizeof ctx->error); }
