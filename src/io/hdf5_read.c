#include <math.h>
#include <string.h>

#include "hdf5_internal.h"
#include "rheobase/base/memory.h"
#include "rheobase/parallel/agree.h"

// Deflate cannot shrink more than 1032-fold: a file that claims more than that holds nothing real.
static const int64_t MAX_EXPANSION = 2048;
enum { EXPANSION_SLACK = 65536 };

bool rb_file_has(const rb_file *file, const char *path) {
  char part[RB_OBJECT_PATH_SIZE];
  if (*path == '\0') return true;
  if (strlen(path) >= sizeof part) return false;
  (void)snprintf(part, sizeof part, "%s", path);
  for (char *slash = strchr(part, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    const bool there = H5Lexists(file->id, part, H5P_DEFAULT) > 0;
    *slash = '/';
    if (!there) return false;
  }
  const bool there = H5Lexists(file->id, part, H5P_DEFAULT) > 0 &&
                     H5Oexists_by_name(file->id, part, H5P_DEFAULT) > 0;
  H5Eclear2(H5E_DEFAULT);
  return there;
}

static H5I_type_t object_kind(const rb_file *file, const char *path) {
  H5I_type_t kind = H5I_BADID;
  if (!rb_file_has(file, path)) return kind;
  const hid_t object = H5Oopen(file->id, rb_hdf5_path(path), H5P_DEFAULT);
  if (object >= 0) {
    kind = H5Iget_type(object);
    H5Oclose(object);
  }
  H5Eclear2(H5E_DEFAULT);
  return kind;
}

bool rb_file_is_group(const rb_file *file, const char *path) {
  return object_kind(file, path) == H5I_GROUP;
}

static void format_shape(int rank, const int64_t *shape, char *text, size_t size) {
  size_t at = 0;
  (void)snprintf(text, size, "()");
  for (int i = 0; i < rank && at < size; ++i) {
    char length[24] = "any";
    if (shape[i] >= 0) (void)snprintf(length, sizeof length, "%lld", (long long)shape[i]);
    at += (size_t)snprintf(text + at, size - at, "%s%s%s", i == 0 ? "(" : ", ", length,
                           i == rank - 1 ? ")" : "");
  }
}

/* An array opened for reading. */
typedef struct array {
  hid_t id, type, space;
  int rank;
  int64_t shape[RB_FILE_MAX_RANK];
} array;

static const array NO_ARRAY = {H5I_INVALID_HID, H5I_INVALID_HID, H5I_INVALID_HID, 0, {0}};

static void close_array(array *a) {
  if (a->space >= 0) H5Sclose(a->space);
  if (a->type >= 0) H5Tclose(a->type);
  if (a->id >= 0) H5Dclose(a->id);
  *a = NO_ARRAY;
}

/* Refuses an array that was stored through a filter this library has not, and names it. */
static rb_status check_filters(rb_context *ctx, const rb_file *file, const char *path,
                               const array *a) {
  rb_status status = RB_OK;
  const hid_t list = H5Dget_create_plist(a->id);
  const int filters = list >= 0 ? H5Pget_nfilters(list) : 0;
  for (int i = 0; i < filters && status == RB_OK; ++i) {
    char name[32] = "";
    size_t values = 0;
    unsigned flags = 0, config = 0;
    const H5Z_filter_t id =
        H5Pget_filter2(list, (unsigned)i, &flags, &values, NULL, sizeof name, name, &config);
    if (id < 0 || H5Zfilter_avail(id) > 0) continue;
    status = RB_FAIL(ctx, RB_ERR_UNSUPPORTED,
                     "%s: %s is compressed by the filter %s (number %d), which this HDF5 library "
                     "does not have; write it with gzip or without compression",
                     file->path, path, name[0] != '\0' ? name : "without a name", (int)id);
  }
  H5Eclear2(H5E_DEFAULT);
  if (list >= 0) H5Pclose(list);
  return status;
}

static rb_status open_array(rb_context *ctx, const rb_file *file, const char *path, array *a) {
  *a = NO_ARRAY;
  const H5I_type_t kind = object_kind(file, path);
  if (kind != H5I_DATASET) {
    char target[RB_OBJECT_PATH_SIZE] = "";
    const bool link = rb_file_broken_link(file, path, sizeof target, target);
    return RB_FAIL(ctx, RB_ERR_FORMAT, "%s: array %s %s%s%s", file->path, path,
                   link ? "is a link to " : "", target,
                   link                ? ", which is missing or damaged"
                   : kind == H5I_BADID ? "is missing or damaged"
                                       : "is not an array");
  }
  a->id = H5Dopen2(file->id, path, H5P_DEFAULT);
  if (a->id >= 0) a->type = H5Dget_type(a->id);
  if (a->id >= 0) a->space = H5Dget_space(a->id);
  if (a->type < 0 || a->space < 0) {
    return RB_HDF5_FAIL(ctx, RB_ERR_FORMAT, file, path, "cannot be opened");
  }
  const H5S_class_t shape_class = H5Sget_simple_extent_type(a->space);
  a->rank = H5Sget_simple_extent_ndims(a->space);
  if ((shape_class != H5S_SIMPLE && shape_class != H5S_SCALAR) || a->rank > RB_FILE_MAX_RANK) {
    return RB_FAIL(ctx, RB_ERR_FORMAT, "%s: %s is empty or has more than %d dimensions", file->path,
                   path, RB_FILE_MAX_RANK);
  }
  hsize_t length[RB_FILE_MAX_RANK] = {0};
  H5Sget_simple_extent_dims(a->space, length, NULL);
  for (int i = 0; i < a->rank; ++i) {
    a->shape[i] = length[i] > INT64_MAX ? INT64_MAX : (int64_t)length[i];
  }
  return RB_OK;
}

// Bytes in one chunk, or 0.
static int64_t chunk_bytes(const array *a) {
  int64_t bytes = 0;
  const hid_t list = H5Dget_create_plist(a->id);
  hsize_t chunk[RB_FILE_MAX_RANK] = {0};
  if (list >= 0 && H5Pget_layout(list) == H5D_CHUNKED &&
      H5Pget_chunk(list, RB_FILE_MAX_RANK, chunk) == a->rank) {
    bytes = (int64_t)H5Tget_size(a->type);
    for (int i = 0; i < a->rank; ++i) {
      if (__builtin_mul_overflow(bytes, (int64_t)chunk[i], &bytes)) bytes = INT64_MAX;
    }
  }
  if (list >= 0) H5Pclose(list);
  return bytes;
}

/* Whether it is a view of other arrays. */
static bool is_virtual(const array *a) {
  const hid_t list = H5Dget_create_plist(a->id);
  const bool view = list >= 0 && H5Pget_layout(list) == H5D_VIRTUAL;
  if (list >= 0) H5Pclose(list);
  return view;
}

// Refuses an array that claims more than its bytes in the file can hold, before memory is asked
// for.
static rb_status check_size(rb_context *ctx, const rb_file *file, const char *path,
                            const array *a) {
  const int64_t count = rb_shape_count(a->rank, a->shape);
  int64_t bytes = 0;
  if (count >= 0 && !__builtin_mul_overflow(count, (int64_t)H5Tget_size(a->type), &bytes)) {
    const hsize_t stored = H5Dget_storage_size(a->id);
    const int64_t real = stored < (hsize_t)file->bytes ? (int64_t)stored : file->bytes;
    const int64_t limit =
        real > INT64_MAX / (2 * MAX_EXPANSION) ? INT64_MAX : real * MAX_EXPANSION + EXPANSION_SLACK;
    if (bytes <= limit && chunk_bytes(a) <= limit && (real > 0 || bytes == 0)) return RB_OK;
  }
  char text[200];
  format_shape(a->rank, a->shape, text, sizeof text);
  return RB_FAIL(ctx, RB_ERR_FORMAT, "%s: %s of shape %s %s", file->path, path, text,
                 is_virtual(a) ? "is virtual, its numbers are in other arrays: copy it to a file"
                               : "was never wholly written");
}

// A byte of bits, such as the bool of PyTables.
static bool is_bits(const array *a) {
  return H5Tget_class(a->type) == H5T_BITFIELD && H5Tget_size(a->type) == 1;
}

static rb_status check_type(rb_context *ctx, const rb_file *file, const char *path, const array *a,
                            rb_type type) {
  const H5T_class_t found = H5Tget_class(a->type);
  const bool real = type == RB_F32 || type == RB_F64;
  // An enumeration, such as h5py's bool, is read as its numbers.
  const bool fits = found == H5T_INTEGER || found == H5T_ENUM || (real && found == H5T_FLOAT) ||
                    (type == RB_F64 && is_bits(a));
  if (fits) return RB_OK;
  static const char *const kinds[] = {[H5T_FLOAT] = "floating-point numbers",
                                      [H5T_STRING] = "strings",
                                      [H5T_BITFIELD] = "bits",
                                      [H5T_OPAQUE] = "opaque bytes",
                                      [H5T_COMPOUND] = "records",
                                      [H5T_REFERENCE] = "references",
                                      [H5T_VLEN] = "lists",
                                      [H5T_ARRAY] = "arrays"};
  const char *kind =
      found >= 0 && found < (int)(sizeof kinds / sizeof *kinds) ? kinds[found] : NULL;
  const char *name = kind != NULL ? kind : "values of another kind";
  return RB_FAIL(ctx, RB_ERR_FORMAT, "%s: %s holds %s where %s is needed", file->path, path, name,
                 rb_type_name(type));
}

static rb_status check_shape(rb_context *ctx, const rb_file *file, const char *path, const array *a,
                             int rank, const int64_t *shape) {
  bool same = a->rank == rank;
  for (int i = 0; same && shape != NULL && i < rank; ++i) {
    same = a->shape[i] == shape[i] || (i == 0 && shape[0] == -1);
  }
  if (same) return RB_OK;
  char found[200];
  char wanted[200];
  format_shape(a->rank, a->shape, found, sizeof found);
  if (shape == NULL) {
    (void)snprintf(wanted, sizeof wanted, "%d dimension%s", rank, rank == 1 ? "" : "s");
  } else {
    format_shape(rank, shape, wanted, sizeof wanted);
  }
  return RB_FAIL(ctx, RB_ERR_FORMAT, "%s: %s has shape %s where %s is needed", file->path, path,
                 found, wanted);
}

// @p first is the first row, for the message.
static rb_status check_finite(rb_context *ctx, const rb_file *file, const char *path, rb_type type,
                              int64_t count, int64_t per_row, int64_t first, const void *data) {
  int64_t bad = -1;
  if (type == RB_F32) {
    const float *value = data;
    for (int64_t i = 0; bad < 0 && i < count; ++i) bad = isfinite(value[i]) ? -1 : i;
  } else if (type == RB_F64) {
    const double *value = data;
    for (int64_t i = 0; bad < 0 && i < count; ++i) bad = isfinite(value[i]) ? -1 : i;
  }
  if (bad < 0) return RB_OK;
  return RB_FAIL(ctx, RB_ERR_FORMAT, "%s: %s holds a value that is not a number in row %lld",
                 file->path, path, (long long)(first + bad / (per_row > 0 ? per_row : 1)));
}

static rb_status read_part(rb_context *ctx, const rb_file *file, const char *path, const array *a,
                           rb_type type, bool finite, int64_t first, int64_t count, void *data) {
  const int64_t rows = a->rank > 0 ? a->shape[0] : 1;
  if (first < 0 || count < 0 || first > rows - count) {
    return RB_FAIL(ctx, RB_ERR_INTERNAL, "%s: %s has no rows %lld to %lld", file->path, path,
                   (long long)first, (long long)(first + count - 1));
  }
  const int64_t per_row = rb_shape_count(a->rank - 1, a->shape + 1);
  if (count == 0 || per_row == 0) return RB_OK;
  const rb_status decodable = check_filters(ctx, file, path, a);
  if (decodable != RB_OK) return decodable;
  hsize_t start[RB_FILE_MAX_RANK] = {0};
  hsize_t length[RB_FILE_MAX_RANK] = {0};
  for (int i = 0; i < a->rank; ++i) length[i] = (hsize_t)a->shape[i];
  hid_t memory = H5S_ALL;
  if (a->rank > 0) {
    start[0] = (hsize_t)first;
    length[0] = (hsize_t)count;
    H5Sselect_hyperslab(a->space, H5S_SELECT_SET, start, NULL, length, NULL);
    memory = H5Screate_simple(a->rank, length, NULL);
  }
  // HDF5 does not convert bits: they come to the end of the memory and are widened from there.
  const int64_t values = count * per_row;
  uint8_t *bits = is_bits(a) ? (uint8_t *)data + values * (rb_type_size(type) - 1) : NULL;
  const herr_t read =
      H5Dread(a->id, bits != NULL ? H5T_NATIVE_B8 : rb_hdf5_type(type), memory,
              a->rank > 0 ? a->space : H5S_ALL, H5P_DEFAULT, bits != NULL ? (void *)bits : data);
  for (int64_t i = 0; bits != NULL && read >= 0 && i < values; ++i) ((double *)data)[i] = bits[i];
  if (a->rank > 0) H5Sclose(memory);
  if (read < 0) return RB_HDF5_FAIL(ctx, RB_ERR_FORMAT, file, path, "cannot be read");
  if (!finite) return RB_OK;
  return check_finite(ctx, file, path, type, count * per_row, per_row, first, data);
}

rb_status rb_file_shape(rb_context *ctx, const rb_file *file, const char *path, int *rank,
                        int64_t *shape) {
  rb_status status = RB_OK;
  array a = NO_ARRAY;
  RB_TRY(open_array(ctx, file, path, &a));
  if (*rank >= 0) RB_TRY(check_shape(ctx, file, path, &a, *rank, NULL));
  *rank = a.rank;
  memcpy(shape, a.shape, sizeof a.shape);
cleanup:
  close_array(&a);
  return status;
}

rb_status rb_file_read_rows(rb_context *ctx, const rb_file *file, const char *path, rb_type type,
                            bool finite, int rank, const int64_t *shape, int64_t first,
                            int64_t count, void *data) {
  rb_status status = RB_OK;
  array a = NO_ARRAY;
  RB_TRY(open_array(ctx, file, path, &a));
  RB_TRY(check_type(ctx, file, path, &a, type));
  RB_TRY(check_shape(ctx, file, path, &a, rank, shape));
  RB_TRY(check_size(ctx, file, path, &a));
  RB_TRY(read_part(ctx, file, path, &a, type, finite, first, count, data));
cleanup:
  close_array(&a);
  return status;
}

rb_status rb_file_read(rb_context *ctx, const rb_file *file, const char *path, rb_type type,
                       bool finite, int rank, const int64_t *shape, void *data) {
  return rb_file_read_rows(ctx, file, path, type, finite, rank, shape, 0, rank > 0 ? shape[0] : 1,
                           data);
}

rb_status rb_file_read_new(rb_context *ctx, const rb_file *file, const char *path, rb_type type,
                           bool finite, int rank, int64_t *shape, void **data) {
  rb_status status = RB_OK;
  array a = NO_ARRAY;
  void *values = NULL;
  *data = NULL;
  RB_TRY(open_array(ctx, file, path, &a));
  RB_TRY(check_type(ctx, file, path, &a, type));
  RB_TRY(check_shape(ctx, file, path, &a, rank, NULL));
  RB_TRY(check_size(ctx, file, path, &a));
  values = rb_allocate(ctx, rb_shape_count(a.rank, a.shape), (size_t)rb_type_size(type));
  if (values == NULL) RB_TRY(RB_ERR_MEMORY);
  RB_TRY(read_part(ctx, file, path, &a, type, finite, 0, rank > 0 ? a.shape[0] : 1, values));
  memcpy(shape, a.shape, (size_t)rank * sizeof *shape);
  *data = values;
  values = NULL;
cleanup:
  free(values);
  close_array(&a);
  return status;
}

rb_status rb_file_read_last_row(rb_context *ctx, const rb_file *file, const char *path, int rank,
                                int64_t *count, double **values) {
  rb_status status = RB_OK;
  int64_t shape[RB_FILE_MAX_RANK] = {0};
  void *data = NULL;
  *values = NULL;
  RB_TRY(rb_file_shape(ctx, file, path, &rank, shape));
  if (rank > 2) RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "%s: %s is no matrix", file->path, path));
  RB_TRY(rb_file_read_new(ctx, file, path, RB_F64, false, rank, shape, &data));
  const int64_t rows = rank == 2 ? shape[0] : 1, columns = rank > 0 ? shape[rank - 1] : 1;
  if (rows < 1 || columns < 1) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "%s: %s is empty", file->path, path));
  }
  double *all = data;
  memmove(all, all + (rows - 1) * columns, (size_t)columns * sizeof *all);
  *count = columns;
  *values = all;
  data = NULL;
cleanup:
  free(data);
  return status;
}
