#include "gnuplot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rheobase/base/log.h"
#include "rheobase/base/process.h"

enum { PATH = 1300, NAME = 80 };

/* The first line that says something. */
static void first_message(FILE *file, char *message) {
  char line[RB_GNUPLOT_MESSAGE];
  message[0] = '\0';
  while (message[0] == '\0' && fgets(line, sizeof line, file) != NULL) {
    const char *text = line + strspn(line, " \t^\n");
    (void)snprintf(message, RB_GNUPLOT_MESSAGE, "%.*s", (int)strcspn(text, "\n"), text);
  }
}

rb_gnuplot_result rb_gnuplot_run(const char *folder, const char *name, const char *format,
                                 char *message) {
  const long process = (long)getpid();  // another one may be drawing the same figure
  char settings[NAME * 3], script[NAME], drawn[PATH], target[PATH];
  (void)snprintf(settings, sizeof settings, "format='%s'; target='%s.%ld.tmp'", format, name,
                 process);
  (void)snprintf(script, sizeof script, "%s.gp", name);
  (void)snprintf(drawn, sizeof drawn, "%s/%s.%ld.tmp", folder, name, process);
  (void)snprintf(target, sizeof target, "%s/%s.%s", folder, name, format);
  char program[] = "gnuplot", defaults[] = "-d", expression[] = "-e";
  char *const arguments[] = {program, defaults, expression, settings, script, NULL};
  int code = 0;
  message[0] = '\0';
  FILE *said = tmpfile();
  if (said == NULL) return RB_GNUPLOT_FAILED;
  // Scripts are UTF-8 whatever the user's locale; gnuplot would complain of another. Nothing in
  // this program looks at the variable.
  (void)setenv("LC_ALL", "C.UTF-8", 1);
  const int error = rb_process_run(folder, arguments, said, &code);
  rb_gnuplot_result result = RB_GNUPLOT_FAILED;
  if (error == 0) {
    if (code == 0) result = RB_GNUPLOT_DONE;
    first_message(said, message);
  } else if (error == ENOENT || error == EACCES) {
    result = RB_GNUPLOT_MISSING;
  } else if (error == EINTR) {
    result = RB_GNUPLOT_STOPPED;
  } else {
    (void)snprintf(message, RB_GNUPLOT_MESSAGE, "%s", strerror(error));
  }
  (void)fclose(said);
  if (result == RB_GNUPLOT_DONE && rename(drawn, target) != 0) {
    (void)snprintf(message, RB_GNUPLOT_MESSAGE, "it drew nothing");
    result = RB_GNUPLOT_FAILED;
  }
  if (result != RB_GNUPLOT_DONE) (void)unlink(drawn);
  return result;
}

rb_status rb_gnuplot_tell(rb_context *ctx, rb_gnuplot_result result, const char *script,
                          const char *picture, const char *message) {
  if (result == RB_GNUPLOT_STOPPED) {
    return RB_FAIL(ctx, RB_STOPPED, "stopped by a signal while drawing");
  }
  if (result == RB_GNUPLOT_DONE) {
    rb_log_info(ctx, "wrote %s", picture);
  } else if (result == RB_GNUPLOT_MISSING) {
    rb_log_warning(ctx, "gnuplot is not installed: draw %s elsewhere", script);
  } else {
    rb_log_warning(ctx, "gnuplot could not draw %s: %s", script, message);
  }
  return RB_OK;
}
