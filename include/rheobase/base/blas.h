#ifndef RHEOBASE_BLAS_H
#define RHEOBASE_BLAS_H

#include "rheobase/base/context.h"

/** @file blas.h
 * Which of its kernels OpenBLAS uses. It chooses by the processor's model when it is loaded, and
 * takes the slowest for a model newer than itself. Here they follow the instruction set of our own
 * kernels (cpu.h), so that results are the same on every processor that has it. */

/** Starts the program anew, once, with OPENBLAS_CORETYPE set, where OpenBLAS chose other kernels;
 * does nothing where that variable is set already, or where OpenBLAS has only one set of kernels.
 * To be called first in main; @p argv is main's, ended by NULL. Local. */
void rb_blas_choose_kernels(char **argv);

/** Lets OpenBLAS take its buffers now: at its first product, wherever that is, it would try for
 * ever to get them. Local. Fails with RB_ERR_MEMORY where a limit leaves no room for them. */
RB_NODISCARD rb_status rb_blas_reserve(rb_context *ctx);

/** Keeps OpenBLAS to one thread: there is one rank per core. Local, for the whole process. */
void rb_blas_single_thread(void);

#endif
