#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hdf5_internal.h"

/* Links of a file that lead nowhere: to what another file, or this one, does not have. */

/* Where a link leads: "gone.h5" of a link to another file, else the path in this one. */
static bool read_target(const rb_file *file, const char *link, size_t size, char *target) {
  H5L_info_t info;
  if (H5Lget_info(file->id, link, &info, H5P_DEFAULT) < 0) return false;
  if (info.type != H5L_TYPE_SOFT && info.type != H5L_TYPE_EXTERNAL) return false;
  const char *other = NULL, *path = NULL;
  unsigned flags = 0;
  char *value = calloc(1, info.u.val_size + 1);
  bool known =
      value != NULL && H5Lget_val(file->id, link, value, info.u.val_size, H5P_DEFAULT) >= 0;
  if (known && info.type == H5L_TYPE_EXTERNAL) {
    known = H5Lunpack_elink_val(value, info.u.val_size, &flags, &other, &path) >= 0;
  }
  if (known) (void)snprintf(target, size, "%s", other != NULL ? other : value);
  free(value);
  return known;
}

bool rb_file_broken_link(const rb_file *file, const char *path, size_t size, char *target) {
  char part[RB_OBJECT_PATH_SIZE];
  bool broken = false;
  if ((size_t)snprintf(part, sizeof part, "%s", path) >= sizeof part) return false;
  for (char *end = part; end != NULL && !broken;) {
    end = strchr(end, '/');
    if (end != NULL) *end = '\0';
    if (H5Lexists(file->id, part, H5P_DEFAULT) <= 0) break;
    broken = H5Oexists_by_name(file->id, part, H5P_DEFAULT) <= 0;
    if (broken) broken = read_target(file, part, size, target);
    if (end != NULL) *end++ = '/';
  }
  H5Eclear2(H5E_DEFAULT);
  return broken;
}
