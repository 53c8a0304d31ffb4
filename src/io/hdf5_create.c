#include <hdf5_hl.h>
#include <stdlib.h>
#include <string.h>

#include "hdf5_internal.h"
#include "rheobase/base/clock.h"
#include "rheobase/parallel/agree.h"

/* Groups and arrays of a file that is being written. */

enum { MAX_CHUNK_BYTES = 4 << 20, DEFLATE_LEVEL = 4 };

// The largest divisor of `n` up to `most`, at least 1.
static int64_t largest_divisor(int64_t n, int64_t most) {
  while (most > 1 && n % most != 0) --most;
  return most > 1 ? most : 1;
}

/* Chunks of whole rows where these are not too long; a divisor of `rows`, so that no chunk is
 * shared between ranks that write so many rows each. */
static void choose_chunk(const rb_field_shape *shape, int64_t element, int64_t rows,
                         hsize_t *chunk) {
  int64_t row_bytes = element;
  for (int i = 1; i < shape->rank; ++i) row_bytes *= shape->length[i];
  if (rows <= 0) rows = MAX_CHUNK_BYTES / 4 / row_bytes;
  if (rows > MAX_CHUNK_BYTES / row_bytes) rows = largest_divisor(rows, MAX_CHUNK_BYTES / row_bytes);
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

static hid_t creation_list(const rb_field *field, const rb_field_shape *shape, hid_t type,
                           int64_t rows) {
  const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
  if (list < 0) return list;
  H5Pset_attr_creation_order(list, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
  H5Pset_obj_track_times(list, 0);
  if (shape->rank == 0) {
    H5Pset_layout(list, H5D_COMPACT);  // within the checksummed header
  } else if (rb_shape_count(shape->rank, shape->length) > 0 && H5Tis_variable_str(type) == 0) {
    hsize_t chunk[RB_FILE_MAX_RANK];
    choose_chunk(shape, (int64_t)H5Tget_size(type), rows, chunk);
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

bool rb_hdf5_set_text(hid_t object, const char *name, const char *value) {
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

bool rb_hdf5_make_groups(const rb_file *file, const char *path) {
  char group[RB_OBJECT_PATH_SIZE];
  bool ok = true;
  const hid_t list = H5Pcreate(H5P_GROUP_CREATE);
  H5Pset_link_phase_change(list, RB_MAX_LINKS, 0);
  for (const char *slash = strchr(path, '/'); ok && slash != NULL; slash = strchr(slash + 1, '/')) {
    (void)snprintf(group, sizeof group, "%.*s", (int)(slash - path), path);
    if (H5Lexists(file->id, group, H5P_DEFAULT) > 0) continue;
    const hid_t id = H5Gcreate2(file->id, group, H5P_DEFAULT, list, H5P_DEFAULT);
    ok = id >= 0;
    if (ok) H5Gclose(id);
  }
  H5Pclose(list);
  return ok;
}

/* Makes the scale of a dimension without coordinates, as netCDF-4 does. Nobody writes its values:
 * left to itself, HDF5 would leave there whatever the place held before. */
static bool make_scale(rb_file *file, rb_dimension *dimension) {
  if (dimension->exists) return true;
  const hsize_t length = (hsize_t)dimension->length;
  const hid_t space = H5Screate_simple(1, &length, NULL);
  const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_obj_track_times(list, 0);
  H5Pset_fill_value(list, H5T_NATIVE_UINT8, &(uint8_t){0});
  H5Pset_fill_time(list, H5D_FILL_TIME_ALLOC);
  H5Pset_alloc_time(list, H5D_ALLOC_TIME_EARLY);  // on one rank as on many
  const hid_t scale = rb_hdf5_make_groups(file, dimension->path)
                          ? H5Dcreate2(file->id, dimension->path, H5T_STD_U8LE, space, H5P_DEFAULT,
                                       list, H5P_DEFAULT)
                          : H5I_INVALID_HID;
  char name[80];
  (void)snprintf(name, sizeof name, "This is a netCDF dimension but not a netCDF variable. %9lld",
                 (long long)dimension->length);
  dimension->exists = scale >= 0 && H5DSset_scale(scale, name) >= 0;
  if (scale >= 0) H5Dclose(scale);
  H5Pclose(list);
  H5Sclose(space);
  return dimension->exists;
}

static bool attach_scales(rb_file *file, hid_t dataset, const rb_field *field,
                          rb_field_shape *shape) {
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

static bool make_dataset(rb_file *file, const rb_field *field, hid_t type, rb_field_shape *shape,
                         int64_t rows) {
  hsize_t length[RB_FILE_MAX_RANK];
  for (int i = 0; i < shape->rank; ++i) length[i] = (hsize_t)shape->length[i];
  const hid_t space =
      shape->rank > 0 ? H5Screate_simple(shape->rank, length, NULL) : H5Screate(H5S_SCALAR);
  const hid_t list = creation_list(field, shape, type, rows);
  const hid_t dataset =
      rb_hdf5_make_groups(file, field->path)
          ? H5Dcreate2(file->id, field->path, type, space, H5P_DEFAULT, list, H5P_DEFAULT)
          : H5I_INVALID_HID;
  const bool ok = dataset >= 0 && rb_hdf5_set_text(dataset, "units", field->unit) &&
                  rb_hdf5_set_text(dataset, "long_name", field->description) &&
                  rb_hdf5_set_text(dataset, "dims", field->dims) &&
                  attach_scales(file, dataset, field, shape);
  if (dataset >= 0) H5Dclose(dataset);
  H5Pclose(list);
  H5Sclose(space);
  return ok;
}

// Adds the bytes of the scales that are made with an array.
static bool add_scales(const rb_field_shape *shape, int64_t *bytes) {
  bool fits = true;
  for (int i = 0; i < shape->rank && !shape->coordinate; ++i) {
    const rb_dimension *dimension = shape->dimension[i];
    if (!dimension->exists)
      fits = fits && !__builtin_add_overflow(*bytes, dimension->length, bytes);
  }
  return fits;
}

static rb_status create_array(rb_context *ctx, rb_file *file, const rb_field *field, hid_t type,
                              int64_t rows, rb_field_shape *shape) {
  rb_status status = rb_agree(ctx, rb_field_resolve(ctx, file, field, shape));
  if (status != RB_OK) return status;
  const int64_t count = rb_shape_count(shape->rank, shape->length);
  int64_t bytes = 0;
  if (count < 0 || __builtin_mul_overflow(count, (int64_t)H5Tget_size(type), &bytes) ||
      !add_scales(shape, &bytes)) {
    return RB_FAIL(ctx, RB_ERR_INTERNAL, "%s: %s is too large", file->path, field->path);
  }
  status = rb_file_reserve(ctx, file, bytes);
  if (status != RB_OK) return status;
  if (!make_dataset(file, field, type, shape, rows)) {
    status = RB_HDF5_FAIL(ctx, RB_ERR_FILE, file, field->path, "cannot be created");
  }
  return rb_agree(ctx, status);
}

rb_status rb_file_create_array(rb_context *ctx, rb_file *file, const rb_field *field, hid_t type,
                               int64_t rows, rb_field_shape *shape) {
  const rb_time_part outer = rb_clock_enter(ctx, RB_TIME_FILE);
  const rb_status status = create_array(ctx, file, field, type, rows, shape);
  rb_clock_leave(ctx, outer);
  return status;
}

rb_status rb_file_create_field(rb_context *ctx, rb_file *file, const rb_field *field,
                               int64_t rows_per_chunk) {
  if (field->type == RB_STRING) {
    return RB_FAIL(ctx, RB_ERR_INTERNAL, "%s: strings are written whole", field->path);
  }
  rb_field_shape shape;
  const rb_status status = rb_field_own_coordinates(ctx, file, field);
  if (status != RB_OK) return status;
  return rb_file_create_array(ctx, file, field, rb_hdf5_type(field->type), rows_per_chunk, &shape);
}
