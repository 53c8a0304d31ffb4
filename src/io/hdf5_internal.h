#ifndef RB_IO_HDF5_INTERNAL_H
#define RB_IO_HDF5_INTERNAL_H

#include <hdf5.h>
#include <limits.h>

#include "rheobase/io/hdf5_file.h"

/* What the hdf5_*.c files share. */

enum { RB_OBJECT_PATH_SIZE = 256 };
/* Groups keep up to so many links in their headers, which have checksums: HDF5 meets damage
 * elsewhere with less grace. */
enum { RB_MAX_LINKS = 65535 };

/* What a dimension's coordinates hold. */
typedef struct rb_coordinates {
  rb_type type;
  char unit[64], description[256];
  void *values;  // rank 0's, as given to rb_file_write; NULL on the others
} rb_coordinates;

typedef struct rb_dimension {
  char path[RB_OBJECT_PATH_SIZE];
  int64_t length;
  bool exists;                  // its scale is in the file
  rb_coordinates *coordinates;  // owned; NULL: none that are known
  struct rb_dimension *next;    // declared before this one; owned
} rb_dimension;

/* An array of texts that rank 0 writes once the others have closed the file: parallel HDF5 cannot
 * write texts of variable length, and those of one length are bytes to h5netcdf. */
typedef struct rb_pending_texts {
  char path[RB_OBJECT_PATH_SIZE];
  char **texts;  // owned, in one block
  struct rb_pending_texts *next;
} rb_pending_texts;

struct rb_file {
  hid_t id;
  bool writing;
  int64_t bytes;              // size of the file, reading
  int64_t reserved;           // bytes of disk space claimed so far, writing
  rb_dimension *dimension;    // the one declared last
  rb_pending_texts *pending;  // rank 0's, writing
  char path[PATH_MAX];
  char temporary[PATH_MAX];
};

/* Records "<file>: <object>: <what>: <root cause in HDF5's words>". */
rb_status rb_hdf5_fail(rb_context *ctx, rb_status code, const char *source, int line,
                       const rb_file *file, const char *object, const char *what);
#define RB_HDF5_FAIL(ctx, code, file, object, what) \
  rb_hdf5_fail((ctx), (code), __FILE__, __LINE__, (file), (object), (what))

/* A file that is not opened yet. Local; freed with free(). */
RB_NODISCARD rb_status rb_file_new(rb_context *ctx, const char *path, rb_file **file);

/* Refuses a file that is not ours, of another kind or version. Local. */
RB_NODISCARD rb_status rb_file_check_schema(rb_context *ctx, const rb_file *file,
                                            const char *schema, int version);

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

/* Writes into the field's group the coordinates of its dimensions that lie in a group above, and of
 * dimensions that it has twice. Before rb_field_resolve. Collective, agreed. */
RB_NODISCARD rb_status rb_field_own_coordinates(rb_context *ctx, rb_file *file,
                                                const rb_field *field);

/* Keeps the coordinates that were written, for other groups. Local. */
RB_NODISCARD rb_status rb_dimension_keep_coordinates(rb_context *ctx, rb_dimension *dimension,
                                                     const rb_field *field, const void *data);
void rb_dimensions_free(rb_file *file);

/* Copies texts into one block (texts and pointers), which one free() frees. Local. */
RB_NODISCARD rb_status rb_hdf5_copy_texts(rb_context *ctx, int64_t count, char *const *texts,
                                          char ***copy);

/* The attribute of an array of texts that holds them a second time. */
#define RB_LABELS "labels"

/* Type of texts of any length in UTF-8. The caller closes it. */
hid_t rb_hdf5_text_type(void);

/* How files are accessed. @param ctx its ranks together, or this rank alone if it is NULL. The
 * caller closes the list. */
hid_t rb_hdf5_access_list(const rb_context *ctx, bool writing);

/* Keeps texts for the created array at `path` until the file is committed. Collective, agreed.
 * @param texts (count) rank 0's */
RB_NODISCARD rb_status rb_pending_add(rb_context *ctx, rb_file *file, const char *path,
                                      int64_t count, const char *const *texts);

/* Writes them into the closed temporary file. Rank 0 alone. */
RB_NODISCARD rb_status rb_pending_write(rb_context *ctx, rb_file *file);
void rb_pending_free(rb_file *file);

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
