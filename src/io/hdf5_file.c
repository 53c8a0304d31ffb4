#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hdf5_internal.h"
#include "rheobase/base/clock.h"
#include "rheobase/base/memory.h"
#include "rheobase/io/input_file.h"
#include "rheobase/parallel/agree.h"

enum { METADATA_BYTES = 16384 };  // of an array: header, attributes, index of chunks

int64_t rb_type_size(rb_type type) {
  switch (type) {
    case RB_F32:
    case RB_I32:
      return 4;
    case RB_F64:
    case RB_I64:
      return 8;
    case RB_U8:
      return 1;
    case RB_STRING:
      break;
  }
  return (int64_t)sizeof(const char *);
}

const char *rb_type_name(rb_type type) {
  static const char *const names[] = {"float32", "float64", "int32", "int64", "uint8", "string"};
  return names[type];
}

hid_t rb_hdf5_type(rb_type type) {
  switch (type) {
    case RB_F32:
      return H5T_NATIVE_FLOAT;
    case RB_F64:
      return H5T_NATIVE_DOUBLE;
    case RB_I32:
      return H5T_NATIVE_INT32;
    case RB_I64:
      return H5T_NATIVE_INT64;
    case RB_U8:
      return H5T_NATIVE_UINT8;
    case RB_STRING:
      break;
  }
  return H5I_INVALID_HID;
}

int64_t rb_shape_count(int rank, const int64_t *shape) {
  int64_t count = 1;
  for (int i = 0; i < rank; ++i) {
    if (shape[i] < 0 || __builtin_mul_overflow(count, shape[i], &count)) return -1;
  }
  return count;
}

const char *rb_hdf5_path(const char *path) { return *path == '\0' ? "." : path; }

// The innermost entry of HDF5's error stack is the root cause.
static herr_t root_cause(unsigned n, const H5E_error2_t *entry, void *text) {
  if (n == 0) (void)snprintf(text, RB_MESSAGE_SIZE, ": %s", entry->desc);
  return 0;
}

rb_status rb_hdf5_fail(rb_context *ctx, rb_status code, const char *source, int line,
                       const rb_file *file, const char *object, const char *what) {
  char cause[RB_MESSAGE_SIZE] = "";
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, root_cause, cause);
  H5Eclear2(H5E_DEFAULT);
  const bool whole = object == NULL || *object == '\0';
  return rb_fail(ctx, code, source, line, "%s%s%s: %s%s", file->path, whole ? "" : ": ",
                 whole ? "" : object, what, cause);
}

// One rank writes through the ordinary driver; more go through MPI-IO.
hid_t rb_hdf5_access_list(const rb_context *ctx, bool writing) {
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  const hid_t list = H5Pcreate(H5P_FILE_ACCESS);
  if (list < 0) return list;
  H5Pset_fclose_degree(list, H5F_CLOSE_STRONG);
  H5Pset_file_locking(list, 0, 1);  // the study has its own lock; not all file systems can
  if (!writing) return list;
  // The latest format checksums metadata too.
  H5Pset_libver_bounds(list, H5F_LIBVER_V110, H5F_LIBVER_V110);
  if (ctx != NULL && ctx->size > 1) {
    H5Pset_fapl_mpio(list, ctx->comm, MPI_INFO_NULL);
    H5Pset_coll_metadata_write(list, 1);
    H5Pset_all_coll_metadata_ops(list, 1);
  }
  return list;
}

static rb_status set_paths(rb_context *ctx, const char *path, rb_file *file) {
  const int n = snprintf(file->temporary, sizeof file->temporary, "%s.tmp", path);
  if (n < 0 || (size_t)n >= sizeof file->temporary) {
    return RB_FAIL(ctx, RB_ERR_FILE, "%.100s...: the path is too long", path);
  }
  (void)snprintf(file->path, sizeof file->path, "%s", path);
  return RB_OK;
}

rb_status rb_file_new(rb_context *ctx, const char *path, rb_file **file) {
  *file = NULL;
  rb_file *made = rb_allocate(ctx, 1, sizeof *made);
  if (made == NULL) return RB_ERR_MEMORY;
  made->id = H5I_INVALID_HID;
  const rb_status status = set_paths(ctx, path, made);
  if (status != RB_OK) {
    free(made);
    return status;
  }
  *file = made;
  return RB_OK;
}

// Claims space up to `bytes`, of which `claimed` are; sets errno. Where the file system cannot do
// that beyond the end of a file, blocks are written: those that are only promised may not be there
// when ranks write together.
static bool claim_space(int fd, int64_t claimed, int64_t bytes) {
  if (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, bytes) == 0) return true;
  if (errno != EOPNOTSUPP && errno != ENOSYS) return false;
  errno = posix_fallocate(fd, claimed, bytes - claimed);
  return errno == 0 && fsync(fd) == 0;
}

// Rank 0 makes the file, or claims space for it: the operating system's reason is clearer than
// MPI-IO's.
static rb_status claim(rb_context *ctx, const rb_file *file, int flags, int64_t bytes) {
  if (ctx->rank != 0) return RB_OK;
  const int fd = open(file->temporary, flags | O_WRONLY | O_CLOEXEC, 0666);
  bool claimed = fd >= 0 && claim_space(fd, file->reserved, bytes);
  const int reason = errno;
  if (fd >= 0) claimed = close(fd) == 0 && claimed;
  if (claimed) return RB_OK;
  return RB_FAIL(ctx, RB_ERR_FILE, "%s: cannot be written: %s", file->path,
                 strerror(reason != 0 ? reason : errno));
}

rb_status rb_file_reserve(rb_context *ctx, rb_file *file, int64_t bytes) {
  const int64_t wanted = file->reserved + bytes + bytes / 64 + METADATA_BYTES;
  const rb_status status = rb_agree(ctx, claim(ctx, file, 0, wanted));
  if (status == RB_OK) file->reserved = wanted;
  return status;
}

static void file_free(rb_file *file) {
  if (file == NULL) return;
  rb_dimensions_free(file);
  rb_pending_free(file);
  free(file);
}

rb_status rb_file_create(rb_context *ctx, const char *path, const char *schema, int version,
                         rb_file **result) {
  rb_status status = RB_OK;
  hid_t list = H5I_INVALID_HID;
  hid_t creation = H5I_INVALID_HID;
  rb_file *file = NULL;
  const rb_time_part outer = rb_clock_enter(ctx, RB_TIME_FILE);
  *result = NULL;
  status = rb_file_new(ctx, path, &file);
  if (status == RB_OK) file->writing = true;
  if (status == RB_OK) status = claim(ctx, file, O_CREAT | O_TRUNC, METADATA_BYTES);
  RB_TRY(rb_agree(ctx, status));
  list = rb_hdf5_access_list(ctx, true);
  creation = H5Pcreate(H5P_FILE_CREATE);
  H5Pset_link_phase_change(creation, RB_MAX_LINKS, 0);
  file->id = H5Fcreate(file->temporary, H5F_ACC_TRUNC, creation, list);
  if (file->id < 0) status = RB_HDF5_FAIL(ctx, RB_ERR_FILE, file, "", "cannot be created");
  RB_TRY(rb_agree(ctx, status));
  RB_TRY(rb_file_reserve(ctx, file, 0));
  RB_TRY(rb_file_set_string(ctx, file, "", "schema", schema));
  RB_TRY(rb_file_set_int(ctx, file, "", "schema_version", version));
  *result = file;
  file = NULL;
cleanup:
  if (list >= 0) H5Pclose(list);
  if (creation >= 0) H5Pclose(creation);
  rb_file_abort(ctx, &file);
  rb_clock_leave(ctx, outer);
  return status;
}

rb_status rb_file_rename(rb_context *ctx, rb_file *file, const char *path) {
  if (strlen(path) >= sizeof file->path) {
    return RB_FAIL(ctx, RB_ERR_FILE, "%.100s...: the path is too long", path);
  }
  (void)snprintf(file->path, sizeof file->path, "%s", path);
  return RB_OK;
}

// Flushes the folder that holds `path`, so that a rename in it is on disk.
static bool sync_folder(const char *path) {
  char copy[PATH_MAX];
  (void)snprintf(copy, sizeof copy, "%s", path);
  const int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return false;
  // Some network file systems refuse fsync on folders; the rename is then as safe as they make it.
  const bool ok = fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP || errno == EROFS;
  (void)close(fd);
  return ok;
}

// Where HDF5 says that a file of ours ends: in the superblock, version 2 or 3.
static bool find_end(int fd, int64_t *end) {
  enum { PLACE = 28 };
  unsigned char bytes[8];
  if (pread(fd, bytes, sizeof bytes, PLACE) != (ssize_t)sizeof bytes) return false;
  *end = 0;
  for (int i = 7; i >= 0; --i) *end = *end << 8 | bytes[i];
  return true;
}

static bool sync_file(const char *path) {
  int64_t end = 0;
  const int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return false;
  bool ok = find_end(fd, &end) && ftruncate(fd, end) == 0;  // gives back what was claimed beyond
  ok = fsync(fd) == 0 && ok;
  return close(fd) == 0 && ok;
}

rb_status rb_file_commit(rb_context *ctx, rb_file **pointer) {
  rb_status status = RB_OK;
  rb_file *file = *pointer;
  const rb_time_part outer = rb_clock_enter(ctx, RB_TIME_FILE);
  const herr_t closed = H5Fclose(file->id);
  file->id = H5I_INVALID_HID;
  if (closed < 0) status = RB_HDF5_FAIL(ctx, RB_ERR_FILE, file, "", "cannot be closed");
  if (status == RB_OK && ctx->rank == 0) status = rb_pending_write(ctx, file);
  RB_TRY(rb_agree(ctx, status));
  // One rank per node flushes what its node still holds.
  if (ctx->node_rank == 0 && !sync_file(file->temporary)) {
    status =
        RB_FAIL(ctx, RB_ERR_FILE, "%s: cannot be flushed to disk: %s", file->path, strerror(errno));
  }
  RB_TRY(rb_agree(ctx, status));
  if (ctx->rank == 0 && (rename(file->temporary, file->path) != 0 || !sync_folder(file->path))) {
    status =
        RB_FAIL(ctx, RB_ERR_FILE, "%s: cannot be given its name: %s", file->path, strerror(errno));
  }
  RB_TRY(rb_agree(ctx, status));
cleanup:
  if (status != RB_OK) {
    rb_file_abort(ctx, pointer);
  } else {
    file_free(file);
    *pointer = NULL;
  }
  rb_clock_leave(ctx, outer);
  return status;
}

void rb_file_abort(rb_context *ctx, rb_file **pointer) {
  rb_file *file = *pointer;
  *pointer = NULL;
  if (file == NULL) return;
  if (file->id >= 0) (void)H5Fclose(file->id);
  H5Eclear2(H5E_DEFAULT);
  if (ctx->rank == 0) (void)unlink(file->temporary);
  file_free(file);
}

rb_status rb_file_open_foreign(rb_context *ctx, const char *path, rb_file **result) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  const hid_t list = rb_hdf5_access_list(NULL, false);
  *result = NULL;
  struct stat info = {0};
  FILE *stream = NULL;
  RB_TRY(rb_input_open(ctx, path, &stream));  // HDF5's own words for what cannot be read are long
  RB_TRY(rb_file_new(ctx, path, &file));
  if (fstat(fileno(stream), &info) != 0) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FILE, "%s: cannot be read: %s", path, strerror(errno)));
  }
  file->bytes = (int64_t)info.st_size;
  file->id = H5Fopen(path, H5F_ACC_RDONLY, list);
  if (file->id < 0) {
    RB_TRY(RB_HDF5_FAIL(ctx, RB_ERR_FORMAT, file, "", "is not a whole HDF5 file"));
  }
  *result = file;
  file = NULL;
cleanup:
  if (list >= 0) H5Pclose(list);
  if (stream != NULL) (void)fclose(stream);
  free(file);
  return status;
}

rb_status rb_file_check_schema(rb_context *ctx, const rb_file *file, const char *schema,
                               int version) {
  rb_status status = RB_OK;
  char *found = NULL;
  int64_t found_version = 0;
  if (!rb_file_has_attribute(file, "", "schema")) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "%s: is not a file of rheobase (no attribute schema)",
                   file->path));
  }
  RB_TRY(rb_file_get_string(ctx, file, "", "schema", &found));
  if (strcmp(found, schema) != 0) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "%s: holds '%.80s', but '%s' is needed here", file->path,
                   found, schema));
  }
  RB_TRY(rb_file_get_int(ctx, file, "", "schema_version", &found_version));
  if (found_version != version) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT,
                   "%s: has version %lld of '%s', this program reads version %d; make it again",
                   file->path, (long long)found_version, schema, version));
  }
cleanup:
  free(found);
  return status;
}

rb_status rb_file_open_one(rb_context *ctx, const char *path, const char *schema, int version,
                           rb_file **file) {
  rb_status status = rb_file_open_foreign(ctx, path, file);
  if (status == RB_OK) status = rb_file_check_schema(ctx, *file, schema, version);
  if (status != RB_OK) rb_file_close(file);
  return status;
}

void rb_file_close(rb_file **file) {
  if (*file == NULL) return;
  (void)H5Fclose((*file)->id);
  H5Eclear2(H5E_DEFAULT);
  free(*file);
  *file = NULL;
}
