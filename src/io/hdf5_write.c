#include <string.h>

#include "hdf5_internal.h"
#include "rheobase/base/clock.h"
#include "rheobase/base/memory.h"
#include "rheobase/parallel/agree.h"

/* Values and attributes of a file that is being written. */

enum { MAX_STRING = 65536, MAX_LABELS = 32768 };
static const int64_t MAX_CALL_BYTES = INT64_C(1) << 30;

/* Writes `count` rows, or a scalar, from this rank. Collective. */
static rb_status write_part(rb_context *ctx, rb_file *file, const char *path, hid_t type,
                            int64_t first, int64_t count, const void *data) {
  rb_status status = RB_OK;
  const rb_time_part outer = rb_clock_enter(ctx, RB_TIME_FILE);
  hid_t space = H5I_INVALID_HID;
  hid_t memory = H5I_INVALID_HID;
  hid_t transfer = H5Pcreate(H5P_DATASET_XFER);
  hsize_t start[RB_FILE_MAX_RANK] = {0};
  hsize_t length[RB_FILE_MAX_RANK] = {0};
  const hid_t dataset = H5Dopen2(file->id, path, H5P_DEFAULT);
  if (dataset >= 0) space = H5Dget_space(dataset);
  int rank = H5Sget_simple_extent_dims(space, length, NULL);
  if (rank < 0) {
    status = RB_HDF5_FAIL(ctx, RB_ERR_INTERNAL, file, path, "is not an array of this file");
  } else if (rank > 0) {
    if (first < 0 || count < 0 || first + count > (int64_t)length[0]) {
      status = RB_FAIL(ctx, RB_ERR_INTERNAL, "%s: %s has no rows %lld to %lld", file->path, path,
                       (long long)first, (long long)(first + count - 1));
    }
    start[0] = (hsize_t)first;
    length[0] = (hsize_t)count;
  }
  int64_t bytes = (int64_t)H5Tget_size(type);
  for (int i = 0; i < rank; ++i) bytes *= (int64_t)length[i];
  if (status == RB_OK && bytes > MAX_CALL_BYTES && count > 0) {
    status = RB_FAIL(ctx, RB_ERR_INTERNAL, "%s: more than 1 GiB of %s at once", file->path, path);
  }
  RB_TRY(rb_agree(ctx, status));
  memory = rank > 0 ? H5Screate_simple(rank, length, NULL) : H5Screate(H5S_SCALAR);
  if (count == 0 || bytes == 0) {
    H5Sselect_none(space);
    H5Sselect_none(memory);
  } else if (rank > 0) {
    H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, length, NULL);
  }
  if (ctx->size > 1) H5Pset_dxpl_mpio(transfer, H5FD_MPIO_COLLECTIVE);
  const int64_t none = 0;
  if (H5Dwrite(dataset, type, memory, space, transfer, data != NULL ? data : &none) < 0) {
    status = RB_HDF5_FAIL(ctx, RB_ERR_FILE, file, path, "cannot be written");
  }
  RB_TRY(rb_agree(ctx, status));
cleanup:
  if (memory >= 0) H5Sclose(memory);
  if (space >= 0) H5Sclose(space);
  if (dataset >= 0) H5Dclose(dataset);
  H5Pclose(transfer);
  rb_clock_leave(ctx, outer);
  return status;
}

rb_status rb_file_write_rows(rb_context *ctx, rb_file *file, const rb_field *field, int64_t first,
                             int64_t count, const void *data) {
  return write_part(ctx, file, field->path, rb_hdf5_type(field->type), first, count, data);
}

rb_status rb_file_trim_rows(rb_context *ctx, rb_file *file, const rb_field *field, int64_t rows) {
  hsize_t length[RB_FILE_MAX_RANK];
  const hid_t id = H5Dopen2(file->id, field->path, H5P_DEFAULT);
  const hid_t space = id >= 0 ? H5Dget_space(id) : H5I_INVALID_HID;
  const bool known = space >= 0 && H5Sget_simple_extent_dims(space, length, NULL) > 0;
  length[0] = (hsize_t)rows;
  const bool ok = known && H5Dset_extent(id, length) >= 0;
  if (space >= 0) H5Sclose(space);
  if (id >= 0) H5Dclose(id);
  return rb_agree(
      ctx, ok ? RB_OK : RB_HDF5_FAIL(ctx, RB_ERR_FILE, file, field->path, "cannot be cut off"));
}

// Packs strings (rank 0's) into texts of one width; all ranks learn the width.
static rb_status pack_strings(rb_context *ctx, const rb_field *field, int64_t count,
                              const char *const *strings, int64_t *width, char **packed) {
  rb_status status = RB_OK;
  *packed = NULL;
  *width = 1;
  if (ctx->rank == 0) {
    for (int64_t i = 0; i < count; ++i) {
      const int64_t need = (int64_t)strlen(strings[i]) + 1;
      if (need > *width) *width = need;
    }
    if (field->dims[0] != '\0' && *width > MAX_STRING) {
      status = RB_FAIL(ctx, RB_ERR_INTERNAL, "%s: a string is too long", field->path);
    }
    if (status == RB_OK) {
      *packed = rb_allocate(ctx, count * *width, 1);
      if (*packed == NULL) status = RB_ERR_MEMORY;
    }
    for (int64_t i = 0; status == RB_OK && i < count; ++i) {
      memcpy(*packed + i * *width, strings[i], strlen(strings[i]));
    }
  }
  MPI_Bcast(width, 1, MPI_INT64_T, 0, ctx->comm);
  return rb_agree(ctx, status);
}

// A scalar lies in the object header, which all ranks write alike: they need rank 0's value.
static rb_status write_scalar(rb_context *ctx, rb_file *file, const rb_field *field, hid_t type,
                              const void *data) {
  rb_status status = RB_OK;
  const int64_t bytes = (int64_t)H5Tget_size(type);
  char *copy = rb_allocate(ctx, bytes, 1);
  RB_TRY(rb_agree(ctx, copy != NULL ? RB_OK : RB_ERR_MEMORY));
  if (data != NULL && ctx->rank == 0) memcpy(copy, data, (size_t)bytes);
  MPI_Bcast(copy, (int)bytes, MPI_BYTE, 0, ctx->comm);
  status = write_part(ctx, file, field->path, type, 0, 1, copy);
cleanup:
  free(copy);
  return status;
}

// Writes all rows of an array from rank 0, in pieces that one call can take.
static rb_status write_whole(rb_context *ctx, rb_file *file, const char *path, hid_t type,
                             const rb_field_shape *shape, const char *data) {
  rb_status status = RB_OK;
  int64_t row = (int64_t)H5Tget_size(type);
  for (int i = 1; i < shape->rank; ++i) row *= shape->length[i];
  const int64_t most = row < MAX_CALL_BYTES ? MAX_CALL_BYTES / row : 1;
  for (int64_t first = 0; first < shape->length[0]; first += most) {
    const int64_t left = shape->length[0] - first, count = left < most ? left : most;
    const char *piece = ctx->rank == 0 ? data + first * row : NULL;
    RB_TRY(write_part(ctx, file, path, type, first, ctx->rank == 0 ? count : 0, piece));
  }
cleanup:
  return status;
}

static hid_t fixed_text_type(int64_t width) {
  const hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, (size_t)width);
  H5Tset_cset(type, H5T_CSET_UTF8);
  return type;
}

/* Puts the labels into an attribute as well, within the checksummed header, if they are not too
 * long for it. Our own reader takes them from there: the heap that holds texts of variable length
 * has no checksum, and HDF5 may search a damaged one for ever. @param packed (count, width) rank
 * 0's */
static rb_status set_labels(rb_context *ctx, rb_file *file, const char *path, int64_t count,
                            int64_t width, const char *packed) {
  rb_status status = RB_OK;
  char *copy = NULL;
  bool ok = false;
  if (count * width > MAX_LABELS) return RB_OK;
  RB_TRY(rb_agree(ctx, RB_ALLOCATE(ctx, copy, count * width)));
  if (ctx->rank == 0) memcpy(copy, packed, (size_t)(count * width));
  MPI_Bcast(copy, (int)(count * width), MPI_BYTE, 0, ctx->comm);
  const hid_t type = fixed_text_type(width);
  const hid_t space = H5Screate_simple(1, &(hsize_t){(hsize_t)count}, NULL);
  const hid_t id = H5Acreate_by_name(file->id, path, RB_LABELS, type, space, H5P_DEFAULT,
                                     H5P_DEFAULT, H5P_DEFAULT);
  ok = id >= 0 && H5Awrite(id, type, copy) >= 0;
  if (id >= 0) H5Aclose(id);
  H5Sclose(space);
  H5Tclose(type);
  if (!ok) status = RB_HDF5_FAIL(ctx, RB_ERR_FILE, file, path, "labels cannot be set");
  RB_TRY(rb_agree(ctx, status));
cleanup:
  free(copy);
  return status;
}

// An array of texts: only created yet, with its labels. @param data rank 0's
static rb_status write_texts(rb_context *ctx, rb_file *file, const rb_field *field,
                             const char *const *data, rb_field_shape *shape) {
  rb_status status = RB_OK;
  char *packed = NULL;
  int64_t width = 0;
  const hid_t type = rb_hdf5_text_type();
  RB_TRY(rb_file_create_array(ctx, file, field, type, 0, shape));
  const int64_t count = rb_shape_count(shape->rank, shape->length);
  if (count == 0) goto cleanup;
  RB_TRY(pack_strings(ctx, field, count, data, &width, &packed));
  RB_TRY(set_labels(ctx, file, field->path, count, width, packed));
  RB_TRY(rb_pending_add(ctx, file, field->path, count, data));
cleanup:
  free(packed);
  H5Tclose(type);
  return status;
}

// A scalar, or an array of numbers.
static rb_status write_values(rb_context *ctx, rb_file *file, const rb_field *field,
                              const void *data, rb_field_shape *shape) {
  rb_status status = RB_OK;
  char *packed = NULL;
  hid_t type = H5I_INVALID_HID;
  if (field->type == RB_STRING) {
    int64_t width = 0;
    RB_TRY(pack_strings(ctx, field, 1, data, &width, &packed));
    type = fixed_text_type(width);
    data = packed;
  } else {
    type = H5Tcopy(rb_hdf5_type(field->type));
  }
  RB_TRY(rb_file_create_array(ctx, file, field, type, 0, shape));
  if (shape->rank == 0) {
    RB_TRY(write_scalar(ctx, file, field, type, data));
  } else if (rb_shape_count(shape->rank, shape->length) > 0) {
    RB_TRY(write_whole(ctx, file, field->path, type, shape, data));
  }
cleanup:
  if (type >= 0) H5Tclose(type);
  free(packed);
  return status;
}

rb_status rb_file_write(rb_context *ctx, rb_file *file, const rb_field *field, const void *data) {
  rb_status status = RB_OK;
  rb_field_shape shape;
  RB_TRY(rb_field_own_coordinates(ctx, file, field));
  if (field->type == RB_STRING && field->dims[0] != '\0') {
    RB_TRY(write_texts(ctx, file, field, data, &shape));
  } else {
    RB_TRY(write_values(ctx, file, field, data, &shape));
  }
  if (shape.coordinate) {
    RB_TRY(rb_agree(ctx, rb_dimension_keep_coordinates(ctx, shape.dimension[0], field, data)));
  }
cleanup:
  return status;
}

static rb_status set_attribute(rb_context *ctx, rb_file *file, const char *object, const char *name,
                               hid_t type, const void *value) {
  rb_status status = RB_OK;
  bool ok = false;
  hid_t id = H5Oopen(file->id, rb_hdf5_path(object), H5P_DEFAULT);
  if (id < 0) {
    char group[RB_OBJECT_PATH_SIZE];
    (void)snprintf(group, sizeof group, "%s/", object);
    if (rb_hdf5_make_groups(file, group)) id = H5Oopen(file->id, object, H5P_DEFAULT);
  }
  if (id >= 0 && type < 0) ok = rb_hdf5_set_text(id, name, value);
  if (id >= 0 && type >= 0) {
    const hid_t space = H5Screate(H5S_SCALAR);
    if (H5Aexists(id, name) > 0) H5Adelete(id, name);
    const hid_t attribute = H5Acreate2(id, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    ok = attribute >= 0 && H5Awrite(attribute, type, value) >= 0;
    if (attribute >= 0) H5Aclose(attribute);
    H5Sclose(space);
  }
  if (id >= 0) H5Oclose(id);
  if (!ok) status = RB_HDF5_FAIL(ctx, RB_ERR_FILE, file, object, "attribute cannot be set");
  return rb_agree(ctx, status);
}

rb_status rb_file_set_string(rb_context *ctx, rb_file *file, const char *object, const char *name,
                             const char *value) {
  return set_attribute(ctx, file, object, name, H5I_INVALID_HID, value);
}

rb_status rb_file_set_int(rb_context *ctx, rb_file *file, const char *object, const char *name,
                          int64_t value) {
  return set_attribute(ctx, file, object, name, H5T_NATIVE_INT64, &value);
}

rb_status rb_file_set_double(rb_context *ctx, rb_file *file, const char *object, const char *name,
                             double value) {
  return set_attribute(ctx, file, object, name, H5T_NATIVE_DOUBLE, &value);
}

/* An attribute of texts of any length. @param space it takes over */
static rb_status set_texts(rb_context *ctx, rb_file *file, const char *object, const char *name,
                           hid_t space, int64_t count, const char *const *values) {
  rb_status status = RB_OK;
  const hid_t type = rb_hdf5_text_type();
  const hid_t id = H5Acreate_by_name(file->id, rb_hdf5_path(object), name, type, space, H5P_DEFAULT,
                                     H5P_DEFAULT, H5P_DEFAULT);
  const bool ok = id >= 0 && (count == 0 || H5Awrite(id, type, values) >= 0);
  if (id >= 0) H5Aclose(id);
  H5Sclose(space);
  H5Tclose(type);
  if (!ok) status = RB_HDF5_FAIL(ctx, RB_ERR_FILE, file, object, "attribute cannot be set");
  return rb_agree(ctx, status);
}

rb_status rb_file_set_texts(rb_context *ctx, rb_file *file, const char *object, const char *name,
                            int64_t count, const char *const *values) {
  const hid_t space = H5Screate_simple(1, &(hsize_t){(hsize_t)count}, NULL);
  return set_texts(ctx, file, object, name, space, count, values);
}

rb_status rb_file_set_text(rb_context *ctx, rb_file *file, const char *object, const char *name,
                           const char *value) {
  return set_texts(ctx, file, object, name, H5Screate(H5S_SCALAR), 1, &value);
}
