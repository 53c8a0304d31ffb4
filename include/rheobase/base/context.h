#ifndef RHEOBASE_CONTEXT_H
#define RHEOBASE_CONTEXT_H

#include <mpi.h>
#include <stdbool.h>

#include "rheobase/base/cpu.h"
#include "rheobase/base/status.h"

/** @file context.h
 * What every function may need to know about the run: communicator, ranks, error record. */

enum { RB_MESSAGE_SIZE = 1024 };

/** What went wrong, where. Plain data, so that it can be broadcast as bytes. */
typedef struct rb_error {
  rb_status code;                 ///< RB_OK if nothing is recorded
  int rank;                       ///< rank that failed
  int line;                       ///< source line
  char file[96];                  ///< source file
  char message[RB_MESSAGE_SIZE];  ///< one sentence for the user, without line breaks
} rb_error;

/** A run of the program on one group of ranks. */
typedef struct rb_context {
  MPI_Comm comm;   ///< duplicate of the communicator given at creation
  int rank, size;  ///< of comm
  MPI_Comm node;   ///< the ranks of comm that share this rank's memory
  int node_rank, node_size;
  rb_isa isa;              ///< instruction set all ranks use: the lowest among them
  bool quiet;              ///< no progress and no information lines
  bool terminal;           ///< standard output of rank 0 is a terminal
  struct rb_clock *clock;  ///< where its time goes (clock.h); NULL: not timed
  bool stop;               ///< this rank is to stop; see rb_signals_agree
  rb_error error;          ///< first failure on this rank
} rb_context;

/** Fills @p ctx. Collective over @p parent. The caller frees it with rb_context_destroy. */
RB_NODISCARD rb_status rb_context_create(rb_context *ctx, MPI_Comm parent);

/** This rank by itself, as a run of one rank, for what it does alone. Its error record is its own;
 * it is not to be destroyed. Local. */
rb_context rb_context_alone(const rb_context *ctx);

/** Frees the communicators. Collective. */
void rb_context_destroy(rb_context *ctx);

/** Records a failure; used through RB_FAIL. Local. @return @p code. */
rb_status rb_fail(rb_context *ctx, rb_status code, const char *file, int line, const char *format,
                  ...) __attribute__((format(printf, 5, 6)));

/** Forgets a recorded failure that the caller has dealt with. Local. */
void rb_error_clear(rb_context *ctx);

#endif
