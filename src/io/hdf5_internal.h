#ifndef RB_IO_HDF5_INTERNAL_H
#define RB_IO_HDF5_INTERNAL_H

#include <hdf5.h>
#include <limits.h>

#include "rheobase/hdf5_file.h"

/* What the hdf5_*.c files share. */

enum { RB_MAX_DIMENSIONS = 256, RB_OBJECT_PATH_SIZE = 256 };
/* Groups keep up to so many links in their headers, which have checksums: HDF5 meets damage
 * elsewhere with less grace. */
enum { RB_MAX_LINKS = 65535 };

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

/* The dimensions of a field, looked up. */
typedef struct rb_field_shape {
  int rank;
  int64_t length[RB_FILE_MAX_RANK];
  rb_dimension *dimension[RB_FILE_MAX_RANK];
  bool coordinate;  // the field is its dimension's own coordinates
} rb_field_shape;

/* Looks up the dimensions of a field. Local. */
RB_NODISCARD rb_status rb_field_resolve(rb_context *ctx, rb_file *file, const rb_field *field,
                                        rb_field_shape *shape);

/* Creates the array of a field with elements of HDF5's `type`. Collective, agreed. */
RB_NODISCARD rb_status rb_file_create_array(rb_context *ctx, rb_file *file, const rb_field *field,
                                            hid_t type, int64_t rows_per_chunk,
                                            rb_field_shape *shape);

/* Makes the groups of a path: "a" and "a/b" of "a/b/c", also "a/b/c" of "a/b/c/". */
bool rb_hdf5_make_groups(const rb_file *file, const char *path);

/* Sets an attribute of an open object. */
bool rb_hdf5_set_text(hid_t object, const char *name, const char *value);

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
