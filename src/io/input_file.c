#include "rheobase/io/input_file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

rb_status rb_input_open(rb_context *ctx, const char *path, FILE **stream) {
  struct stat info;
  *stream = NULL;
  if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) {
    return RB_FAIL(ctx, RB_ERR_FILE, "%s: is %s", path,
                   S_ISDIR(info.st_mode) ? "a folder" : "not a file that can be read twice");
  }
  *stream = fopen(path, "rbe");
  if (*stream != NULL) return RB_OK;
  return RB_FAIL(ctx, RB_ERR_FILE, "%s: cannot be read: %s", path, strerror(errno));
}
