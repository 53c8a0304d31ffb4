#ifndef RB_MODEL_SAID_H
#define RB_MODEL_SAID_H

#include <stdbool.h>
#include <stddef.h>

/** @file said.h
 * What a user's simulator prints, line by line into the log, up to a limit, however much it is and
 * whatever bytes it has. All functions are local. */

enum {
  RB_SAID_LINE = 400,       ///< characters of a line; the rest of a longer one is left out
  RB_SAID_MOST = 64 * 1024  ///< characters of all lines of a rank; the rest is left out
};

/** Plain data; zeros and the rank to begin. */
typedef struct rb_said {
  int rank;
  char line[RB_SAID_LINE + 1];  ///< what has come of the line under way
  size_t length;
  size_t logged;                ///< characters in the log so far
  char last[RB_SAID_LINE + 1];  ///< the last line that was not empty, logged or not; "": none
} rb_said;

/** Takes some of what waits in a pipe that does not block.
 * @return whether there was something; false also at its end */
bool rb_said_read(rb_said *said, int pipe);

/** Ends a line under way, after the simulator's end. */
void rb_said_end(rb_said *said);

#endif
