#ifndef RB_IO_HDF5_INTERNAL_H
#define RB_IO_HDF5_INTERNAL_H

#include <hdf5.h>
#include <limits.h>

#include "rheobase/hdf5_file.h"

/* What the hdf5_*.c files share. */

enum { RB_MAX_DIMENSIONS = 64, RB_OBJECT_PATH_SIZE = 256 };

typedef struct rb_dimension {
  char path[RB_OBJECT_PATH_SIZE];
  int64_t length;
  bool exists;  // its scale is in the file
} rb_dimension;

struct rb_file {
  hid_t id;
  bool writing;
  int64_t reserved;  // bytes of disk space claimed so far, writing
  int dimensions;
  rb_dimension dimension[RB_MAX_DIMENSIONS];
  char path[PATH_MAX];
  char temporary[PATH_MAX];
};

/* Records "<file>: <object>: <what>: <root cause in HDF5's words>". */
rb_status rb_hdf5_fail(rb_context *ctx, rb_status code, const char *source, int line,
                       const rb_file *file, const char *object, const char *what);
#define RB_HDF5_FAIL(ctx, code, file, object, what) \
  rb_hdf5_fail((ctx), (code), __FILE__, __LINE__, (file), (object), (what))

/* Claims disk space for `bytes` more and some metadata, before a collective write: a rank that
 * meets a full disk within one would leave the others waiting. Collective, agreed. */
RB_NODISCARD rb_status rb_file_reserve(rb_context *ctx, rb_file *file, int64_t bytes);

/* HDF5 type of an element in memory; not for strings. */
hid_t rb_hdf5_type(rb_type type);

/* Product of a shape, or -1 if it exceeds int64_t. */
int64_t rb_shape_count(int rank, const int64_t *shape);

/* Path of an object as HDF5 wants it: "." for the root. */
const char *rb_hdf5_path(const char *path);

#endif
