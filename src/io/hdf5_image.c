#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "hdf5_internal.h"
#include "rheobase/base/clock.h"
#include "rheobase/base/memory.h"
#include "rheobase/io/input_file.h"
#include "rheobase/parallel/agree.h"

/* Files that every rank needs: one rank reads the bytes, and all open these in memory. */

static const int64_t PIECE = INT64_C(1) << 26;  // bytes told at once

/* Reads a whole file. Local. @param bytes the caller frees */
static rb_status read_bytes(rb_context *ctx, const char *path, int64_t *size, char **bytes) {
  rb_status status = RB_OK;
  struct stat info = {0};
  FILE *stream = NULL;
  RB_TRY(rb_input_open(ctx, path, &stream));
  if (fstat(fileno(stream), &info) != 0) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FILE, "%s: cannot be read: %s", path, strerror(errno)));
  }
  *size = (int64_t)info.st_size;
  RB_TRY(RB_ALLOCATE(ctx, *bytes, *size));
  if (fread(*bytes, 1, (size_t)*size, stream) != (size_t)*size) {
    const char *reason = ferror(stream) != 0 ? strerror(errno) : "it has become shorter";
    RB_TRY(RB_FAIL(ctx, RB_ERR_FILE, "%s: cannot be read: %s", path, reason));
  }
cleanup:
  if (stream != NULL) (void)fclose(stream);
  return status;
}

/* Opens a copy of the bytes as a file. Local. */
static rb_status open_bytes(rb_context *ctx, const char *path, int64_t size, char *bytes,
                            rb_file **result) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  RB_TRY(rb_file_new(ctx, path, &file));
  file->bytes = size;
  const hid_t list = rb_hdf5_access_list(NULL, false);
  H5Pset_fapl_core(list, (size_t)PIECE, 0);
  // HDF5 wants a name of its own for it that no file has, and looks whether there is one.
  static int opened;
  char name[64];
  (void)snprintf(name, sizeof name, "/dev/null/rheobase.%d", ++opened);
  if (size > 0 && H5Pset_file_image(list, bytes, (size_t)size) >= 0) {
    file->id = H5Fopen(name, H5F_ACC_RDONLY, list);
  }
  if (file->id < 0) {
    status = RB_HDF5_FAIL(ctx, RB_ERR_FORMAT, file, "", "is not a whole HDF5 file");
  }
  if (list >= 0) H5Pclose(list);
  RB_TRY(status);
  *result = file;
  file = NULL;
cleanup:
  free(file);
  return status;
}

rb_status rb_file_open(rb_context *ctx, const char *path, const char *schema, int version,
                       rb_file **file) {
  rb_status status = RB_OK;
  char *bytes = NULL;
  int64_t size = 0;
  *file = NULL;
  const rb_time_part outer = rb_clock_enter(ctx, RB_TIME_FILE);
  RB_TRY(rb_agree(ctx, ctx->rank == 0 ? read_bytes(ctx, path, &size, &bytes) : RB_OK));
  MPI_Bcast(&size, 1, MPI_INT64_T, 0, ctx->comm);
  if (ctx->rank != 0) status = RB_ALLOCATE(ctx, bytes, size);
  RB_TRY(rb_agree(ctx, status));
  for (int64_t at = 0; at < size; at += PIECE) {
    const int64_t count = size - at < PIECE ? size - at : PIECE;
    MPI_Bcast(bytes + at, (int)count, MPI_BYTE, 0, ctx->comm);
  }
  status = open_bytes(ctx, path, size, bytes, file);
  if (status == RB_OK) status = rb_file_check_schema(ctx, *file, schema, version);
  RB_TRY(rb_agree(ctx, status));
cleanup:
  free(bytes);
  if (status != RB_OK) rb_file_close(file);
  rb_clock_leave(ctx, outer);
  return status;
}
