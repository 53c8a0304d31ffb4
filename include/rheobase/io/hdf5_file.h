#ifndef RHEOBASE_HDF5_FILE_H
#define RHEOBASE_HDF5_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "rheobase/base/context.h"
#include "rheobase/base/real.h"

/** @file hdf5_file.h
 * Files of results, over parallel HDF5.
 *
 * Writing is collective: all ranks call the same functions in the same order, and all get the same
 * status. A file is written as `x.tmp` and takes its name only when it is complete and on disk
 * (rb_file_commit). Arrays are described by rows of a table (rb_field), from which `docs/files.md`
 * is generated; their dimensions have names and carry HDF5 dimension scales, so that xarray and
 * h5py open the files as they are. Data are chunked and checksummed.
 *
 * Reading is local. A file that all ranks need is read by rank 0, which tells the others its bytes;
 * each opens these in memory (rb_file_open). One rank alone can open any file (rb_file_open_one),
 * and reads of it what it needs. Every read checks existence, type, shape and, on request,
 * finiteness, and its error names file, object and reason. Sizes are bounded by what the file
 * stores before anything is allocated. Paths inside a file have no leading slash, e.g.
 * "recovery/rank"; "" is the root. */

enum { RB_FILE_MAX_RANK = 8 };

/** Type of the elements, in memory and in the file. */
typedef enum rb_type { RB_F32, RB_F64, RB_I32, RB_I64, RB_U8, RB_STRING } rb_type;

/** Type of rb_real. */
#define RB_TYPE_REAL (sizeof(rb_real) == 4 ? RB_F32 : RB_F64)

/** Size of an element in bytes; of a `const char *` for RB_STRING. Local. */
int64_t rb_type_size(rb_type type);

/** @return "float32", "float64", "int32", "int64", "uint8" or "string". Local. */
const char *rb_type_name(rb_type type);

/** A row of a file's table: one array. */
typedef struct rb_field {
  const char *path;  ///< e.g. "recovery/rank"; groups are made as needed
  rb_type type;
  /** Names of the dimensions, e.g. "dataset,parameter"; "" for a scalar. Each was declared with
   * rb_file_dimension in the field's group or above. A number, e.g. "128", is a length without a
   * name of its own. A field whose own name is its only dimension holds that dimension's
   * coordinates (e.g. "time" with dims "time") and is written before others use the dimension:
   * groups below it get copies where their arrays have it. A dimension that is there twice, as in
   * "parameter,parameter", is called parameter_2 the second time. */
  const char *dims;
  const char *unit;         ///< "1" where there is none
  const char *description;  ///< one line
  bool compress;            ///< shuffle and deflate, where measured to pay
} rb_field;

typedef struct rb_file rb_file;

/** @name Writing: collective, with agreed errors
 * @{ */

/** Begins `path.tmp`. @p schema and @p version become root attributes. On success the caller owes
 * one call of rb_file_commit or rb_file_abort. Fails with RB_ERR_FILE. */
RB_NODISCARD rb_status rb_file_create(rb_context *ctx, const char *path, const char *schema,
                                      int version, rb_file **file);

/** Closes the file, flushes it to disk and gives it its name. On failure nothing is left behind and
 * an older file of that name stands. Frees @p file in any case and sets it to NULL. */
RB_NODISCARD rb_status rb_file_commit(rb_context *ctx, rb_file **file);

/** Lets it take another name than it was begun with, once it is committed. Local, the same on all
 * ranks. Fails with RB_ERR_FILE (too long). */
RB_NODISCARD rb_status rb_file_rename(rb_context *ctx, rb_file *file, const char *path);

/** Closes and deletes the temporary file; for a `cleanup:` label after an agreed failure. Does
 * nothing if *file is NULL. */
void rb_file_abort(rb_context *ctx, rb_file **file);

/** Declares dimension @p path (e.g. "recovery/dataset" or "time") of @p length >= 0. */
RB_NODISCARD rb_status rb_file_dimension(rb_context *ctx, rb_file *file, const char *path,
                                         int64_t length);

/** Creates the array of a field, to be filled with rb_file_write_rows: every row has to be
 * written. @param rows_per_chunk of the first dimension, what a rank writes in a round: a chunk
 * holds so many rows, or a divisor of it where they are long; 0: any */
RB_NODISCARD rb_status rb_file_create_field(rb_context *ctx, rb_file *file, const rb_field *field,
                                            int64_t rows_per_chunk);

/** Writes rows first .. first+count-1 of a created field; each rank its own (count may be 0), at
 * most 1 GiB per rank and call. @param data (count, ...) of the field's type */
RB_NODISCARD rb_status rb_file_write_rows(rb_context *ctx, rb_file *file, const rb_field *field,
                                          int64_t first, int64_t count, const void *data);

/** Cuts a created field off behind its first @p rows rows: those that are never written. */
RB_NODISCARD rb_status rb_file_trim_rows(rb_context *ctx, rb_file *file, const rb_field *field,
                                         int64_t rows);

/** Creates a field and writes it whole, from rank 0's @p data (the others' is not looked at; for
 * RB_STRING an array of `const char *`); of any size, but a row at most 1 GiB. */
RB_NODISCARD rb_status rb_file_write(rb_context *ctx, rb_file *file, const rb_field *field,
                                     const void *data);

/** Sets an attribute of @p object, an existing array or group (a group is made as needed). All
 * ranks pass the same value. */
RB_NODISCARD rb_status rb_file_set_string(rb_context *ctx, rb_file *file, const char *object,
                                          const char *name, const char *value);
/** As rb_file_set_string. */
RB_NODISCARD rb_status rb_file_set_int(rb_context *ctx, rb_file *file, const char *object,
                                       const char *name, int64_t value);
/** As rb_file_set_string. */
RB_NODISCARD rb_status rb_file_set_double(rb_context *ctx, rb_file *file, const char *object,
                                          const char *name, double value);
/** Sets an attribute that is a text of any length, which readers get as such, of an existing object
 * in a file that one rank alone writes. */
RB_NODISCARD rb_status rb_file_set_text(rb_context *ctx, rb_file *file, const char *object,
                                        const char *name, const char *value);
/** The same for a list of texts. @param values (count); may be none */
RB_NODISCARD rb_status rb_file_set_texts(rb_context *ctx, rb_file *file, const char *object,
                                         const char *name, int64_t count,
                                         const char *const *values);
/** @} */

/** @name Reading: local, unless it says so
 * @{ */

/** Opens a file of ours on every rank and checks its schema and version. Rank 0 reads it; every
 * rank then has all its bytes in memory, so it is for files that all of them need most of.
 * Collective. The caller closes it with rb_file_close. Fails with RB_ERR_FILE or RB_ERR_FORMAT. */
RB_NODISCARD rb_status rb_file_open(rb_context *ctx, const char *path, const char *schema,
                                    int version, rb_file **file);

/** Opens a file of ours on this rank alone. Local. */
RB_NODISCARD rb_status rb_file_open_one(rb_context *ctx, const char *path, const char *schema,
                                        int version, rb_file **file);

/** Opens any HDF5 file on this rank. Local. */
RB_NODISCARD rb_status rb_file_open_foreign(rb_context *ctx, const char *path, rb_file **file);

/** Closes a file opened for reading; does nothing if *file is NULL. */
void rb_file_close(rb_file **file);

/** Whether an object of that path exists. */
bool rb_file_has(const rb_file *file, const char *path);

/** Whether a path leads over a link to what is not there.
 * @param target (size) the file it is in, or the path in this file */
bool rb_file_broken_link(const rb_file *file, const char *path, size_t size, char *target);

/** Whether it is a group. */
bool rb_file_is_group(const rb_file *file, const char *path);

/** Shape of an array. @param rank in: the expected rank, or -1; out: the rank
 * @param shape (RB_FILE_MAX_RANK) */
RB_NODISCARD rb_status rb_file_shape(rb_context *ctx, const rb_file *file, const char *path,
                                     int *rank, int64_t *shape);

/** Reads a whole numeric array, converted to @p type (integers also to floating point).
 * @param shape (rank) the expected one; @param finite refuse NaN and infinity */
RB_NODISCARD rb_status rb_file_read(rb_context *ctx, const rb_file *file, const char *path,
                                    rb_type type, bool finite, int rank, const int64_t *shape,
                                    void *data);

/** The same for an array of any shape of @p rank dimensions.
 * @param shape (rank) out @param data allocated; the caller frees it */
RB_NODISCARD rb_status rb_file_read_new(rb_context *ctx, const rb_file *file, const char *path,
                                        rb_type type, bool finite, int rank, int64_t *shape,
                                        void **data);

/** Reads a number, a vector, or the last row of a matrix, as float64. @param rank the expected one
 * (0 to 2), or -1: any of them @param count at least 1 @param values (count) allocated; the caller
 * frees; NULL after a failure */
RB_NODISCARD rb_status rb_file_read_last_row(rb_context *ctx, const rb_file *file, const char *path,
                                             int rank, int64_t *count, double **values);

/** Reads rows first .. first+count-1. @param shape (rank) the expected one; an entry of -1 in
 * shape[0] allows any number of rows @param data (count, shape[1], ...) */
RB_NODISCARD rb_status rb_file_read_rows(rb_context *ctx, const rb_file *file, const char *path,
                                         rb_type type, bool finite, int rank, const int64_t *shape,
                                         int64_t first, int64_t count, void *data);

/** Reads a scalar or one-dimensional array of strings. @param strings (count) one block of memory
 * with the texts in it; the caller frees it with one free() */
RB_NODISCARD rb_status rb_file_read_strings(rb_context *ctx, const rb_file *file, const char *path,
                                            int64_t *count, char ***strings);
/** Reads an array that holds one text. @param text allocated; the caller frees it */
RB_NODISCARD rb_status rb_file_read_text(rb_context *ctx, const rb_file *file, const char *path,
                                         char **text);

/** Whether @p object ("" is the root) has the attribute. */
bool rb_file_has_attribute(const rb_file *file, const char *object, const char *name);

/** Reads an attribute. @param value allocated; the caller frees it */
RB_NODISCARD rb_status rb_file_get_string(rb_context *ctx, const rb_file *file, const char *object,
                                          const char *name, char **value);
/** As rb_file_get_string. */
RB_NODISCARD rb_status rb_file_get_int(rb_context *ctx, const rb_file *file, const char *object,
                                       const char *name, int64_t *value);
/** As rb_file_get_string. */
RB_NODISCARD rb_status rb_file_get_double(rb_context *ctx, const rb_file *file, const char *object,
                                          const char *name, double *value);

/** As rb_file_get_string. @param value (most) @param count 1 to most */
RB_NODISCARD rb_status rb_file_get_doubles(rb_context *ctx, const rb_file *file, const char *object,
                                           const char *name, int most, int *count, double *value);

enum { RB_TYPE_TEXT = 16 };

/** Type of an array's elements in the file: "float32", "uint8", "string" and so on, or "other".
 * @param text (RB_TYPE_TEXT) */
RB_NODISCARD rb_status rb_file_stored_type(rb_context *ctx, const rb_file *file, const char *path,
                                           char *text);

/** The number that stands in an array where nothing was written, if whoever made it chose one.
 * Local.
 */
bool rb_file_fill_value(const rb_file *file, const char *path, double *value);

/** What a file says about an array. */
typedef struct rb_array_info {
  char type[RB_TYPE_TEXT];  ///< as rb_file_stored_type
  int rank;
  int64_t shape[RB_FILE_MAX_RANK];
  char dims[256];         ///< names of its dimensions as in rb_field, "" where it names none
  char unit[64];          ///< "" where it has none
  char description[256];  ///< "" where it has none
  bool dimension;         ///< stands for a dimension without coordinates and holds no values
} rb_array_info;
RB_NODISCARD rb_status rb_file_describe(rb_context *ctx, const rb_file *file, const char *path,
                                        rb_array_info *info);

/** Names of the members of a group, sorted; one block as in rb_file_read_strings. */
RB_NODISCARD rb_status rb_file_list(rb_context *ctx, const rb_file *file, const char *group,
                                    int64_t *count, char ***names);
/** @} */

#endif
