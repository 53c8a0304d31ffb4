#include <hdf5.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../hdf5_internal.h"
#include "nwb.h"

/* Links of series: those that lead nowhere, and where others lead, which may be in another file. */

enum { LINK = 160, TEXT = 2 * RB_RECORDING_TEXT };

/* Whether a path leads nowhere. @param text names it if it is the first one; else stays */
static bool is_broken(const rb_file *file, const char *path, char text[TEXT]) {
  char target[LINK];
  if (!rb_file_broken_link(file, path, sizeof target, target)) return false;
  if (text[0] != '\0') return true;
  (void)snprintf(text, TEXT, "%s is a link to %s, which is not there", path, target);
  return true;
}

rb_status rb_nwb_find_broken(rb_reading *r, const rb_file *file, const char *group, char *text) {
  rb_status status = RB_OK;
  char **names = NULL;
  int64_t count = 0, broken = 0;
  text[0] = '\0';
  if (is_broken(file, group, text) || !rb_file_is_group(file, group)) return RB_OK;
  RB_TRY(rb_file_list(r->ctx, file, group, &count, &names));
  for (int64_t k = 0; k < count; ++k) {
    char path[RB_NWB_PATH + 32];
    (void)snprintf(path, sizeof path, "%s/%s", group, names[k]);
    broken += is_broken(file, path, text);
  }
  if (broken > 1) {
    const size_t end = strlen(text);
    (void)snprintf(text + end, TEXT - end, ", nor is what %lld more of %s lead%s to",
                   (long long)broken - 1, group, broken == 2 ? "s" : "");
  }
cleanup:
  free(names);
  return status;
}

rb_nwb_place rb_nwb_find_place(const rb_file *file, const char *path) {
  char name[PATH_MAX];
  struct stat about;
  hobj_ref_t address = 0;
  hid_t id = H5I_INVALID_HID;
  rb_nwb_place place = {0};
  if (rb_file_is_group(file, path)) id = H5Oopen(file->id, path, H5P_DEFAULT);
  if (id >= 0 && H5Rcreate(&address, id, ".", H5R_OBJECT, H5I_INVALID_HID) >= 0) {
    place.address = address;
    if (H5Fget_name(id, name, sizeof name) > 0 && stat(name, &about) == 0) {
      place.device = about.st_dev;
      place.inode = about.st_ino;
    }
  }
  if (id >= 0) H5Oclose(id);
  H5Eclear2(H5E_DEFAULT);
  return place;
}

rb_nwb_place rb_nwb_electrode(const rb_file *file, const char *path) {
  char electrode[RB_NWB_PATH + 16];
  (void)snprintf(electrode, sizeof electrode, "%s/electrode", path);
  return rb_nwb_find_place(file, electrode);
}
