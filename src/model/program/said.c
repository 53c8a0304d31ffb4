#include "said.h"

#include <string.h>
#include <unistd.h>

#include "rheobase/base/log.h"

static void log_line(rb_said *said) {
  if (said->logged > RB_SAID_MOST) return;
  said->logged += said->length + 1;
  if (said->logged <= RB_SAID_MOST) {
    rb_log_rank(said->rank, "%s", said->line);
  } else {
    rb_log_rank(said->rank, "(the worker prints more than %d kB; the rest is left out)",
                RB_SAID_MOST / 1024);
  }
}

void rb_said_end(rb_said *said) {
  if (said->length == 0) return;
  said->line[said->length] = '\0';
  log_line(said);
  memcpy(said->last, said->line, said->length + 1);
  said->length = 0;
}

/* Progress bars end their lines with a carriage return; other control characters could change what
 * a terminal shows of other lines. */
static void take(rb_said *said, char c) {
  if (c == '\n' || c == '\r') {
    rb_said_end(said);
  } else if (said->length < RB_SAID_LINE) {
    const bool control = (unsigned char)c < ' ' || c == '\x7f';
    said->line[said->length++] = (char)(control ? ' ' : c);
  }
}

bool rb_said_read(rb_said *said, int pipe) {
  char bytes[16384];
  const ssize_t count = read(pipe, bytes, sizeof bytes);
  for (ssize_t i = 0; i < count; ++i) take(said, bytes[i]);
  return count > 0;
}
