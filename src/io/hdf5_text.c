#include <math.h>
#include <string.h>

#include "hdf5_internal.h"
#include "rheobase/base/memory.h"

/* Strings, attributes and lists of names, for reading. */

enum { MAX_TEXT = 1 << 24, MAX_STRINGS = 1 << 20 };

// One block that holds `count` pointers and, behind them, texts of `width` bytes each (the last
// byte stays 0).
static char **text_block(rb_context *ctx, int64_t count, int64_t width) {
  char **block = rb_allocate(ctx, count * ((int64_t)sizeof(char *) + width + 1), 1);
  if (block == NULL) return NULL;
  char *text = (char *)(block + count);
  for (int64_t i = 0; i < count; ++i) block[i] = text + i * (width + 1);
  return block;
}

rb_status rb_hdf5_copy_texts(rb_context *ctx, int64_t count, char *const *texts, char ***result) {
  size_t width = 0;
  for (int64_t i = 0; i < count; ++i) {
    const size_t length = texts[i] != NULL ? strlen(texts[i]) : 0;
    if (length > width) width = length;
  }
  if (width > MAX_TEXT / (count > 0 ? (size_t)count : 1)) {
    return RB_FAIL(ctx, RB_ERR_FORMAT, "%lld texts of up to %zu bytes are refused",
                   (long long)count, width);
  }
  *result = text_block(ctx, count, (int64_t)width);
  if (*result == NULL) return RB_ERR_MEMORY;
  for (int64_t i = 0; i < count; ++i) {
    if (texts[i] != NULL) memcpy((*result)[i], texts[i], strlen(texts[i]));
  }
  return RB_OK;
}

/* What H5Dread and H5Aread have in common. */
static herr_t read_values(hid_t object, hid_t type, void *values) {
  return H5Iget_type(object) == H5I_ATTR
             ? H5Aread(object, type, values)
             : H5Dread(object, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
}

static rb_status read_variable(rb_context *ctx, const rb_file *file, const char *name, hid_t object,
                               hid_t type, hid_t space, int64_t count, char ***strings) {
  rb_status status = RB_OK;
  char **texts = NULL;
  RB_TRY(RB_ALLOCATE(ctx, texts, count));
  if (read_values(object, type, texts) < 0) {
    RB_TRY(RB_HDF5_FAIL(ctx, RB_ERR_FORMAT, file, name, "cannot be read"));
  }
  status = rb_hdf5_copy_texts(ctx, count, texts, strings);
  H5Dvlen_reclaim(type, space, H5P_DEFAULT, texts);
cleanup:
  free(texts);
  return status;
}

static rb_status read_fixed(rb_context *ctx, const rb_file *file, const char *name, hid_t object,
                            hid_t type, int64_t count, char ***strings) {
  rb_status status = RB_OK;
  char *packed = NULL;
  const int64_t width = (int64_t)H5Tget_size(type);
  if (width > MAX_TEXT || count * width > MAX_TEXT) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "%s: %s is too long a text", file->path, name));
  }
  RB_TRY(RB_ALLOCATE(ctx, packed, count * width));
  if (read_values(object, type, packed) < 0) {
    RB_TRY(RB_HDF5_FAIL(ctx, RB_ERR_FORMAT, file, name, "cannot be read"));
  }
  *strings = text_block(ctx, count, width);
  if (*strings == NULL) RB_TRY(RB_ERR_MEMORY);
  for (int64_t i = 0; i < count; ++i) memcpy((*strings)[i], packed + i * width, (size_t)width);
cleanup:
  free(packed);
  return status;
}

// `object` is an open data set or attribute called `name`.
static rb_status read_texts(rb_context *ctx, const rb_file *file, const char *name, hid_t object,
                            hid_t type, hid_t space, int64_t *count, char ***strings) {
  rb_status status = RB_OK;
  hid_t memory = H5I_INVALID_HID;
  *strings = NULL;
  if (H5Tget_class(type) != H5T_STRING) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "%s: %s is not a text", file->path, name));
  }
  *count = H5Sget_simple_extent_npoints(space);
  if (*count < 0 || *count > MAX_STRINGS || H5Sget_simple_extent_ndims(space) > 1) {
    RB_TRY(
        RB_FAIL(ctx, RB_ERR_FORMAT, "%s: %s is not one text or a list of texts", file->path, name));
  }
  memory = H5Tcopy(type);
  if (H5Tis_variable_str(type) > 0) {
    RB_TRY(read_variable(ctx, file, name, object, memory, space, *count, strings));
  } else {
    RB_TRY(read_fixed(ctx, file, name, object, memory, *count, strings));
  }
cleanup:
  if (memory >= 0) H5Tclose(memory);
  return status;
}

rb_status rb_file_read_strings(rb_context *ctx, const rb_file *file, const char *path,
                               int64_t *count, char ***strings) {
  rb_status status = RB_OK;
  hid_t id = H5I_INVALID_HID;
  hid_t type = H5I_INVALID_HID;
  hid_t space = H5I_INVALID_HID;
  const bool labels = rb_file_has_attribute(file, path, RB_LABELS);  // of our own files
  if (labels) {
    id = H5Aopen_by_name(file->id, path, RB_LABELS, H5P_DEFAULT, H5P_DEFAULT);
    if (id >= 0) type = H5Aget_type(id);
    if (id >= 0) space = H5Aget_space(id);
  } else if (rb_file_has(file, path)) {
    id = H5Dopen2(file->id, path, H5P_DEFAULT);
    if (id >= 0) type = H5Dget_type(id);
    if (id >= 0) space = H5Dget_space(id);
  }
  if (type < 0 || space < 0) {
    RB_TRY(RB_HDF5_FAIL(ctx, RB_ERR_FORMAT, file, path, "is missing or not an array"));
  }
  RB_TRY(read_texts(ctx, file, path, id, type, space, count, strings));
cleanup:
  if (space >= 0) H5Sclose(space);
  if (type >= 0) H5Tclose(type);
  if (id >= 0) (void)(labels ? H5Aclose(id) : H5Dclose(id));
  return status;
}

// Passes the only one of the texts on to the caller, in memory of its own.
static rb_status take_one(rb_context *ctx, const rb_file *file, const char *name, int64_t count,
                          char *const *strings, char **value) {
  if (count != 1) {
    return RB_FAIL(ctx, RB_ERR_FORMAT, "%s: %s is not one text", file->path, name);
  }
  *value = strdup(strings[0]);
  return *value != NULL ? RB_OK : RB_FAIL(ctx, RB_ERR_MEMORY, "out of memory");
}

rb_status rb_file_read_text(rb_context *ctx, const rb_file *file, const char *path, char **text) {
  rb_status status = RB_OK;
  char **strings = NULL;
  int64_t count = 0;
  *text = NULL;
  RB_TRY(rb_file_read_strings(ctx, file, path, &count, &strings));
  RB_TRY(take_one(ctx, file, path, count, strings, text));
cleanup:
  free(strings);
  return status;
}

bool rb_file_has_attribute(const rb_file *file, const char *object, const char *name) {
  const bool there = rb_file_has(file, object) &&
                     H5Aexists_by_name(file->id, rb_hdf5_path(object), name, H5P_DEFAULT) > 0;
  H5Eclear2(H5E_DEFAULT);
  return there;
}

static rb_status open_attribute(rb_context *ctx, const rb_file *file, const char *object,
                                const char *name, hid_t *id) {
  *id = H5I_INVALID_HID;
  if (rb_file_has_attribute(file, object, name)) {
    // H5Aopen_by_name looks for texts of an object of another file in this one.
    const hid_t owner = H5Oopen(file->id, rb_hdf5_path(object), H5P_DEFAULT);
    if (owner >= 0) *id = H5Aopen(owner, name, H5P_DEFAULT);
    if (owner >= 0) H5Oclose(owner);
  }
  if (*id >= 0) return RB_OK;
  char what[300];
  (void)snprintf(what, sizeof what, "attribute %.200s is missing or damaged", name);
  return RB_HDF5_FAIL(ctx, RB_ERR_FORMAT, file, object, what);
}

rb_status rb_file_get_string(rb_context *ctx, const rb_file *file, const char *object,
                             const char *name, char **value) {
  rb_status status = RB_OK;
  hid_t id = H5I_INVALID_HID;
  hid_t type = H5I_INVALID_HID;
  hid_t space = H5I_INVALID_HID;
  char **strings = NULL;
  int64_t count = 0;
  *value = NULL;
  RB_TRY(open_attribute(ctx, file, object, name, &id));
  type = H5Aget_type(id);
  space = H5Aget_space(id);
  char what[300];
  (void)snprintf(what, sizeof what, "%.200s%sattribute %.60s", object,
                 object[0] != '\0' ? ": " : "", name);
  RB_TRY(read_texts(ctx, file, what, id, type, space, &count, &strings));
  RB_TRY(take_one(ctx, file, what, count, strings, value));
cleanup:
  free(strings);
  if (space >= 0) H5Sclose(space);
  if (type >= 0) H5Tclose(type);
  if (id >= 0) H5Aclose(id);
  return status;
}

/* Reads an attribute of 1 to `most` numbers. */
static rb_status get_numbers(rb_context *ctx, const rb_file *file, const char *object,
                             const char *name, hid_t memory, bool real, int most, int *count,
                             void *value) {
  rb_status status = RB_OK;
  hid_t id = H5I_INVALID_HID;
  hid_t type = H5I_INVALID_HID;
  hid_t space = H5I_INVALID_HID;
  RB_TRY(open_attribute(ctx, file, object, name, &id));
  type = H5Aget_type(id);
  space = H5Aget_space(id);
  const H5T_class_t found = H5Tget_class(type);
  const hssize_t numbers = H5Sget_simple_extent_npoints(space);
  if ((found != H5T_INTEGER && !(real && found == H5T_FLOAT)) || numbers < 1 || numbers > most) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "%s: %s%sattribute %s is not %s %s%s", file->path, object,
                   object[0] != '\0' ? ": " : "", name, most > 1 ? "of some" : "one",
                   real ? "number" : "whole number", most > 1 ? "s" : ""));
  }
  if (H5Aread(id, memory, value) < 0) {
    RB_TRY(RB_HDF5_FAIL(ctx, RB_ERR_FORMAT, file, name, "attribute cannot be read"));
  }
  *count = (int)numbers;
cleanup:
  if (space >= 0) H5Sclose(space);
  if (type >= 0) H5Tclose(type);
  if (id >= 0) H5Aclose(id);
  return status;
}

rb_status rb_file_get_int(rb_context *ctx, const rb_file *file, const char *object,
                          const char *name, int64_t *value) {
  int count;
  return get_numbers(ctx, file, object, name, H5T_NATIVE_INT64, false, 1, &count, value);
}

rb_status rb_file_get_double(rb_context *ctx, const rb_file *file, const char *object,
                             const char *name, double *value) {
  int count;
  return get_numbers(ctx, file, object, name, H5T_NATIVE_DOUBLE, true, 1, &count, value);
}

rb_status rb_file_get_doubles(rb_context *ctx, const rb_file *file, const char *object,
                              const char *name, int most, int *count, double *value) {
  return get_numbers(ctx, file, object, name, H5T_NATIVE_DOUBLE, true, most, count, value);
}

static int compare_names(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

rb_status rb_file_list(rb_context *ctx, const rb_file *file, const char *group, int64_t *count,
                       char ***names) {
  rb_status status = RB_OK;
  hid_t id = H5I_INVALID_HID;
  H5G_info_t info = {0};
  char **block = NULL;
  *names = NULL;
  if (rb_file_is_group(file, group)) id = H5Gopen2(file->id, rb_hdf5_path(group), H5P_DEFAULT);
  if (id < 0 || H5Gget_info(id, &info) < 0 || info.nlinks > MAX_STRINGS) {
    RB_TRY(RB_HDF5_FAIL(ctx, RB_ERR_FORMAT, file, group, "group is missing or damaged"));
  }
  block = text_block(ctx, (int64_t)info.nlinks, RB_OBJECT_PATH_SIZE);
  if (block == NULL) RB_TRY(RB_ERR_MEMORY);
  for (hsize_t i = 0; i < info.nlinks; ++i) {
    if (H5Lget_name_by_idx(id, ".", H5_INDEX_NAME, H5_ITER_INC, i, block[i], RB_OBJECT_PATH_SIZE,
                           H5P_DEFAULT) < 0) {
      RB_TRY(RB_HDF5_FAIL(ctx, RB_ERR_FORMAT, file, group, "group cannot be listed"));
    }
  }
  qsort(block, (size_t)info.nlinks, sizeof *block, compare_names);
  *count = (int64_t)info.nlinks;
  *names = block;
  block = NULL;
cleanup:
  free(block);
  if (id >= 0) H5Gclose(id);
  return status;
}
