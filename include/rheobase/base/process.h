#ifndef RHEOBASE_PROCESS_H
#define RHEOBASE_PROCESS_H

#include <stdio.h>

/** @file process.h
 * Other programs: gnuplot, squeue. */

/** Runs a program without a shell and waits for it. It reads nothing, can be stopped by signals,
 * and writes what it says to @p output, which is rewound afterwards. It is killed when this process
 * is asked to stop (signals.h), a request that stays to be polled. Local.
 * @param folder it works in @param arguments the program, looked up on PATH, its arguments, NULL
 * @param exit_code of the program; -1 if a signal ended it
 * @return 0, or what errno would be if it could not be started, e.g. ENOENT; EINTR: killed */
int rb_process_run(const char *folder, char *const *arguments, FILE *output, int *exit_code);

#endif
