#ifndef RHEOBASE_PROCESS_H
#define RHEOBASE_PROCESS_H

#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>

/** @file process.h
 * Other programs: gnuplot, squeue, simulators. */

/** Starts a program without a copy of this process, whose registered memory some networks forbid to
 * copy, as a fork would. It can be stopped by signals that are blocked or ignored here. Local.
 * @param actions on its files @param group whether it leads a process group of its own
 * @param arguments the program, looked up on PATH, its arguments, NULL
 * @param environment NULL: that of this process
 * @return 0, or what errno would be if it could not be started, e.g. ENOENT */
int rb_process_start(const posix_spawn_file_actions_t *actions, bool group, char *const *arguments,
                     char *const *environment, pid_t *process);

/** Runs a program without a shell and waits for it. It reads nothing, can be stopped by signals,
 * and writes what it says to @p output, which is rewound afterwards. It is killed when this process
 * is asked to stop (signals.h), a request that stays to be polled. Local.
 * @param folder it works in @param arguments the program, looked up on PATH, its arguments, NULL
 * @param exit_code of the program; -1 if a signal ended it
 * @return 0, or what errno would be if it could not be started, e.g. ENOENT; EINTR: killed */
int rb_process_run(const char *folder, char *const *arguments, FILE *output, int *exit_code);

#endif
