#include "rheobase/io/folder.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

rb_status rb_folder_make(rb_context *ctx, const char *folder, int *made) {
  char path[PATH_MAX];
  struct stat about;
  *made = 0;
  if (*folder == '\0' || snprintf(path, sizeof path, "%s", folder) >= (int)sizeof path) {
    return RB_FAIL(ctx, RB_ERR_FILE, "the name of a folder is empty or too long: %.100s", folder);
  }
  for (char *c = path + 1;; ++c) {
    const char here = *c;
    if (here != '/' && here != '\0') continue;
    *c = '\0';
    if (mkdir(path, 0777) == 0) {
      ++*made;
    } else if (errno != EEXIST) {
      return RB_FAIL(ctx, RB_ERR_FILE, "%s: cannot be created: %s", folder, strerror(errno));
    }
    if (here == '\0') break;
    *c = here;
  }
  if (stat(folder, &about) != 0 || !S_ISDIR(about.st_mode)) {
    return RB_FAIL(ctx, RB_ERR_FILE, "%s: is not a folder", folder);
  }
  return RB_OK;
}

void rb_folder_unmake(const char *folder, int made) {
  char path[PATH_MAX];
  if (snprintf(path, sizeof path, "%s", folder) >= (int)sizeof path) return;
  for (; made > 0; --made) {
    for (char *end = path + strlen(path); end > path + 1 && end[-1] == '/'; --end) end[-1] = '\0';
    if (rmdir(path) != 0) return;
    char *slash = strrchr(path, '/');
    if (slash == NULL || slash == path) return;
    *slash = '\0';
  }
}
