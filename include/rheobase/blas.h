#ifndef RHEOBASE_BLAS_H
#define RHEOBASE_BLAS_H

/** @file blas.h
 * How the program wants OpenBLAS. */

/** Starts the program again with OPENBLAS_CORETYPE set, if OpenBLAS is older than the processor and
 * has fallen back to kernels for any (Prescott), which are several times slower: it chooses when it
 * is loaded, so only the environment can tell it. Returns if there is nothing to improve or the
 * user has set the variable. Local; the first thing in main, with main's @p argv. */
void rb_blas_choose_kernels(char **argv);

/** Keeps OpenBLAS to one thread: there is one rank per core. Local, for the whole process. */
void rb_blas_single_thread(void);

#endif
