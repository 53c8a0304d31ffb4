#ifndef RB_MODEL_SUPERVISED_H
#define RB_MODEL_SUPERVISED_H

#include <stdbool.h>
#include <sys/types.h>

/** @file supervised.h
 * A program that does not outlive this process, however that ends. A shell starts it and leads the
 * process group in which all it starts stays; a second one waits for the end of a pipe whose other
 * end this process alone holds, and then kills the group. All functions are local. */

typedef struct rb_supervised {
  pid_t group;   ///< the process group, which is the id of the shell that leads it; 0: none
  int to;        ///< what the program reads as its descriptor 3
  int from;      ///< what it writes as its descriptor 4
  int said;      ///< its standard output and error
  int lifeline;  ///< the end of the pipe that keeps the group alive
} rb_supervised;

/** Starts a command with /bin/sh in the folder of this process. None of the ends here blocks.
 * @return 0, or what errno would be; then there is nothing to end */
int rb_supervised_start(const char *command, rb_supervised *process);

/** @param code of the command where it has ended, 128 + the signal if one ended it
 * @return whether it has ended */
bool rb_supervised_has_ended(const rb_supervised *process, int *code);

/** Kills the group and closes all ends; does nothing where there is none. */
void rb_supervised_end(rb_supervised *process);

#endif
