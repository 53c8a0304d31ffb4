#include <hdf5_hl.h>
#include <string.h>

#include "hdf5_internal.h"
#include "rheobase/agree.h"
#include "rheobase/memory.h"

enum { MAX_CHUNK_BYTES = 4 << 20, DEFLATE_LEVEL = 4, MAX_STRING = 65536 };
static const int64_t MAX_CALL_BYTES = INT64_C(1) << 30;

/* The dimensions of a field, looked up. */
typedef struct field_shape {
  int rank;
  int64_t length[RB_FILE_MAX_RANK];
  rb_dimension *dimension[RB_FILE_MAX_RANK];
  bool coordinate;  // the field is its dimension's own coordinates
} field_shape;

rb_status rb_file_dimension(rb_context *ctx, rb_file *file, const char *path, int64_t length) {
  if (length < 0 || file->dimensions == RB_MAX_DIMENSIONS || strlen(path) >= RB_OBJECT_PATH_SIZE) {
    return RB_FAIL(ctx, RB_ERR_INTERNAL, "%s: dimension %s of length %lld cannot be declared",
                   file->path, path, (long long)length);
  }
  rb_dimension *dimension = &file->dimension[file->dimensions++];
  (void)snprintf(dimension->path, sizeof dimension->path, "%s", path);
  dimension->length = length;
  dimension->exists = false;
  return RB_OK;
}

static rb_dimension *find_exact(rb_file *file, const char *path) {
  for (int i = 0; i < file->dimensions; ++i) {
    if (strcmp(file->dimension[i].path, path) == 0) return &file->dimension[i];
  }
  return NULL;
}

// Looks for dimension `name` in the group of `path`, then in the groups above it.
static rb_dimension *find_dimension(rb_file *file, const char *path, const char *name) {
  char folder[RB_OBJECT_PATH_SIZE];
  (void)snprintf(folder, sizeof folder, "%s", path);
  for (;;) {
    char *slash = strrchr(folder, '/');
    if (slash != NULL) *slash = '\0';
    char full[2 * RB_OBJECT_PATH_SIZE];
    (void)snprintf(full, sizeof full, "%s%s%s", slash != NULL ? folder : "",
                   slash != NULL ? "/" : "", name);
    rb_dimension *dimension = find_exact(file, full);
    if (dimension != NULL || slash == NULL) return dimension;
  }
}

// A length without a name, e.g. "128", is the dimension "n128" of the root.
static rb_status nameless_dimension(rb_context *ctx, rb_file *file, const char *digits,
                                    rb_dimension **dimension) {
  char name[32];
  (void)snprintf(name, sizeof name, "n%.20s", digits);
  *dimension = find_exact(file, name);
  if (*dimension != NULL) return RB_OK;
  const rb_status status = rb_file_dimension(ctx, file, name, strtoll(digits, NULL, 10));
  if (status == RB_OK) *dimension = &file->dimension[file->dimensions - 1];
  return status;
}

static rb_status resolve(rb_context *ctx, rb_file *file, const rb_field *field,
                         field_shape *shape) {
  char dims[RB_OBJECT_PATH_SIZE];
  (void)snprintf(dims, sizeof dims, "%s", field->dims);
  *shape = (field_shape){0};
  char *rest = dims;
  for (char *name = strsep(&rest, ","); name != NULL && *name != '\0'; name = strsep(&rest, ",")) {
    if (shape->rank == RB_FILE_MAX_RANK) {
      return RB_FAIL(ctx, RB_ERR_INTERNAL, "%s: too many dimensions", field->path);
    }
    rb_dimension *dimension = find_dimension(file, field->path, name);
    if (dimension == NULL && *name >= '0' && *name <= '9') {
      const rb_status status = nameless_dimension(ctx, file, name, &dimension);
      if (status != RB_OK) return status;
    }
    if (dimension == NULL) {
      return RB_FAIL(ctx, RB_ERR_INTERNAL, "%s: dimension %s was not declared", field->path, name);
    }
    shape->dimension[shape->rank] = dimension;
    shape->length[shape->rank++] = dimension->length;
  }
  shape->coordinate = shape->rank == 1 && strcmp(shape->dimension[0]->path, field->path) == 0;
  if (shape->coordinate && shape->dimension[0]->exists) {
    return RB_FAIL(ctx, RB_ERR_INTERNAL, "%s: coordinates come before the fields that use them",
                   field->path);
  }
  return RB_OK;
}

// Chunks of whole rows where these are not too long.
static void choose_chunk(const field_shape *shape, int64_t element, int64_t rows, hsize_t *chunk) {
  int64_t row_bytes = element;
  for (int i = 1; i < shape->rank; ++i) row_bytes *= shape->length[i];
  if (rows <= 0) rows = MAX_CHUNK_BYTES / 4 / row_bytes;
  if (rows > MAX_CHUNK_BYTES / row_bytes) rows = MAX_CHUNK_BYTES / row_bytes;
  if (rows > shape->length[0]) rows = shape->length[0];
  chunk[0] = (hsize_t)(rows > 0 ? rows : 1);
  for (int i = 1; i < shape->rank; ++i) {
    chunk[i] = (hsize_t)shape->length[i];
    while (row_bytes > MAX_CHUNK_BYTES && chunk[i] > 1) {
      row_bytes /= 2;
      chunk[i] = (chunk[i] + 1) / 2;
    }
  }
}

static hid_t creation_list(const rb_field *field, const field_shape *shape, int64_t element,
                           int64_t rows) {
  const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
  if (list < 0) return list;
  H5Pset_attr_creation_order(list, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
  H5Pset_obj_track_times(list, 0);
  if (shape->rank == 0) {
    H5Pset_layout(list, H5D_COMPACT);  // within the checksummed header
  } else if (rb_shape_count(shape->rank, shape->length) > 0) {
    hsize_t chunk[RB_FILE_MAX_RANK];
    choose_chunk(shape, element, rows, chunk);
    H5Pset_chunk(list, shape->rank, chunk);
    if (field->compress) {
      H5Pset_shuffle(list);
      H5Pset_deflate(list, DEFLATE_LEVEL);
    }
    H5Pset_fletcher32(list);
    H5Pset_fill_time(list, H5D_FILL_TIME_NEVER);
  }
  return list;
}

static bool set_text(hid_t object, const char *name, const char *value) {
  const hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, strlen(value) + 1);
  H5Tset_cset(type, H5T_CSET_UTF8);
  const hid_t space = H5Screate(H5S_SCALAR);
  if (H5Aexists(object, name) > 0) H5Adelete(object, name);
  const hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
  const bool ok = attribute >= 0 && H5Awrite(attribute, type, value) >= 0;
  if (attribute >= 0) H5Aclose(attribute);
  H5Sclose(space);
  H5Tclose(type);
  return ok;
}

static hid_t link_list(void) {
  const hid_t list = H5Pcreate(H5P_LINK_CREATE);
  H5Pset_create_intermediate_group(list, 1);
  return list;
}

// Makes the scale of a dimension without coordinates, as netCDF-4 does.
static bool make_scale(rb_file *file, rb_dimension *dimension) {
  if (dimension->exists) return true;
  const hsize_t length = (hsize_t)dimension->length;
  const hid_t space = H5Screate_simple(1, &length, NULL);
  const hid_t links = link_list();
  const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_obj_track_times(list, 0);
  const hid_t scale =
      H5Dcreate2(file->id, dimension->path, H5T_STD_U8LE, space, links, list, H5P_DEFAULT);
  char name[80];
  (void)snprintf(name, sizeof name, "This is a netCDF dimension but not a netCDF variable. %9lld",
                 (long long)dimension->length);
  dimension->exists = scale >= 0 && H5DSset_scale(scale, name) >= 0;
  if (scale >= 0) H5Dclose(scale);
  H5Pclose(list);
  H5Pclose(links);
  H5Sclose(space);
  return dimension->exists;
}

static bool attach_scales(rb_file *file, hid_t dataset, const rb_field *field, field_shape *shape) {
  if (shape->coordinate) {
    const char *slash = strrchr(field->path, '/');
    shape->dimension[0]->exists =
        H5DSset_scale(dataset, slash != NULL ? slash + 1 : field->path) >= 0;
    return shape->dimension[0]->exists;
  }
  for (int i = 0; i < shape->rank; ++i) {
    if (!make_scale(file, shape->dimension[i])) return false;
    const hid_t scale = H5Dopen2(file->id, shape->dimension[i]->path, H5P_DEFAULT);
    const bool ok = scale >= 0 && H5DSattach_scale(dataset, scale, (unsigned)i) >= 0;
    if (scale >= 0) H5Dclose(scale);
    if (!ok) return false;
  }
  return true;
}

static bool make_dataset(rb_file *file, const rb_field *field, hid_t type, field_shape *shape,
                         int64_t rows) {
  hsize_t length[RB_FILE_MAX_RANK];
  for (int i = 0; i < shape->rank; ++i) length[i] = (hsize_t)shape->length[i];
  const hid_t space =
      shape->rank > 0 ? H5Screate_simple(shape->rank, length, NULL) : H5Screate(H5S_SCALAR);
  const hid_t links = link_list();
  const hid_t list = creation_list(field, shape, (int64_t)H5Tget_size(type), rows);
  const hid_t dataset = H5Dcreate2(file->id, field->path, type, space, links, list, H5P_DEFAULT);
  const bool ok = dataset >= 0 && set_text(dataset, "units", field->unit) &&
                  set_text(dataset, "long_name", field->description) &&
                  attach_scales(file, dataset, field, shape);
  if (dataset >= 0) H5Dclose(dataset);
  H5Pclose(list);
  H5Pclose(links);
  H5Sclose(space);
  return ok;
}

static rb_status create_array(rb_context *ctx, rb_file *file, const rb_field *field, hid_t type,
                              int64_t rows, field_shape *shape) {
  rb_status status = rb_agree(ctx, resolve(ctx, file, field, shape));
  if (status != RB_OK) return status;
  const int64_t count = rb_shape_count(shape->rank, shape->length);
  int64_t bytes = 0;
  if (count < 0 || __builtin_mul_overflow(count, (int64_t)H5Tget_size(type), &bytes)) {
    return RB_FAIL(ctx, RB_ERR_INTERNAL, "%s: %s is too large", file->path, field->path);
  }
  status = rb_file_reserve(ctx, file, bytes);
  if (status != RB_OK) return status;
  if (!make_dataset(file, field, type, shape, rows)) {
    status = RB_HDF5_FAIL(ctx, RB_ERR_FILE, file, field->path, "cannot be created");
  }
  return rb_agree(ctx, status);
}

rb_status rb_file_create_field(rb_context *ctx, rb_file *file, const rb_field *field,
                               int64_t rows_per_chunk) {
  if (field->type == RB_STRING) {
    return RB_FAIL(ctx, RB_ERR_INTERNAL, "%s: strings are written whole", field->path);
  }
  field_shape shape;
  return create_array(ctx, file, field, rb_hdf5_type(field->type), rows_per_chunk, &shape);
}

/* Writes `count` rows (or, with whole set, everything) from this rank. Collective. */
static rb_status write_part(rb_context *ctx, rb_file *file, const char *path, hid_t type,
                            int64_t first, int64_t count, bool whole, const void *data) {
  rb_status status = RB_OK;
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
  } else if (rank > 0 && !whole) {
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
  return status;
}

rb_status rb_file_write_rows(rb_context *ctx, rb_file *file, const rb_field *field, int64_t first,
                             int64_t count, const void *data) {
  return write_part(ctx, file, field->path, rb_hdf5_type(field->type), first, count, false, data);
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
  status = write_part(ctx, file, field->path, type, 0, 1, true, copy);
cleanup:
  free(copy);
  return status;
}

rb_status rb_file_write(rb_context *ctx, rb_file *file, const rb_field *field, const void *data) {
  rb_status status = RB_OK;
  field_shape shape;
  char *packed = NULL;
  hid_t type = H5I_INVALID_HID;
  if (field->type == RB_STRING) {
    int64_t width = 0;
    RB_TRY(rb_agree(ctx, resolve(ctx, file, field, &shape)));
    RB_TRY(
        pack_strings(ctx, field, rb_shape_count(shape.rank, shape.length), data, &width, &packed));
    type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, (size_t)width);
    H5Tset_cset(type, H5T_CSET_UTF8);
    data = packed;
  } else {
    type = H5Tcopy(rb_hdf5_type(field->type));
  }
  RB_TRY(create_array(ctx, file, field, type, 0, &shape));
  if (shape.rank == 0) {
    RB_TRY(write_scalar(ctx, file, field, type, data));
  } else if (rb_shape_count(shape.rank, shape.length) > 0) {
    const int64_t count = ctx->rank == 0 ? 1 : 0;
    RB_TRY(write_part(ctx, file, field->path, type, 0, count, true, data));
  }
cleanup:
  if (type >= 0) H5Tclose(type);
  free(packed);
  return status;
}

static rb_status set_attribute(rb_context *ctx, rb_file *file, const char *object, const char *name,
                               hid_t type, const void *value) {
  rb_status status = RB_OK;
  bool ok = false;
  hid_t id = H5Oopen(file->id, rb_hdf5_path(object), H5P_DEFAULT);
  if (id < 0) {
    const hid_t links = link_list();
    id = H5Gcreate2(file->id, object, links, H5P_DEFAULT, H5P_DEFAULT);
    H5Pclose(links);
  }
  if (id >= 0 && type < 0) ok = set_text(id, name, value);
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
