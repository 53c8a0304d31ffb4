#ifndef FUZZ_H
#define FUZZ_H

#include <gsl/gsl_errno.h>
#include <mpi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rheobase/base/context.h"
#include "rheobase/io/observation.h"

/* What every libFuzzer target needs: a context on one rank, and the contract every reader has to
 * keep, whatever it reads: success without a record, or a code with one sentence that goes with it.
 */

static rb_context fuzz_context;

static inline void fuzz_begin(void) {
  // The fuzzer wants to see signals itself, that of abort too, to keep what was read: MPI gets one
  // that nobody sends. One process needs no daemon beside it.
  (void)setenv("OMPI_MCA_opal_signal", "64", 1);
  (void)setenv("OMPI_MCA_ess_singleton_isolated", "1", 1);
  (void)gsl_set_error_handler_off();  // as the program does
  MPI_Init(NULL, NULL);
  if (rb_context_create(&fuzz_context, MPI_COMM_WORLD) != RB_OK) abort();
  fuzz_context.quiet = true;
}

static inline void fuzz_require(int holds, const char *what) {
  if (holds) return;
  (void)fprintf(stderr, "broken: %s (code %s: %s)\n", what, rb_status_name(fuzz_context.error.code),
                fuzz_context.error.message);
  abort();
}

/* Checks the contract and forgets the error. */
static inline void fuzz_outcome(rb_status status) {
  const rb_error *error = &fuzz_context.error;
  fuzz_require(status == error->code, "the status is not the recorded one");
  fuzz_require(status != RB_ERR_INTERNAL, "a file led to a defect of the program");
  fuzz_require(status == RB_OK || error->message[0] != '\0', "an error without a sentence");
  fuzz_require(strchr(error->message, '\n') == NULL, "an error of several lines");
  rb_error_clear(&fuzz_context);
}

/* Recordings as the LIF neuron wants them, of any length. */
enum { FUZZ_COLUMNS = 2 };
static const rb_column fuzz_columns[FUZZ_COLUMNS] = {
    {.name = "voltage_mV", .other = "voltage", .unit = "mV"},
    {.name = "spike", .other = "spikes", .unit = "1", .binary = true}};
static const rb_sampling fuzz_sampling = {
    .name = "time_ms", .unit = "ms", .step = 0.2, .length = -1, .remedy = "write more digits"};

/* A file in memory that holds the bytes. @param path (64) its name; fuzz_forget closes it */
static inline int fuzz_file(const uint8_t *data, size_t size, char *path) {
  const int fd = memfd_create("fuzz", 0);
  if (fd < 0 || write(fd, data, size) != (ssize_t)size) abort();
  (void)snprintf(path, 64, "/proc/self/fd/%d", fd);
  return fd;
}

#endif
