#ifndef RHEOBASE_PROVENANCE_H
#define RHEOBASE_PROVENANCE_H

#include <stddef.h>
#include <stdint.h>

#include "rheobase/io/hdf5_file.h"

/** @file provenance.h
 * Where a file comes from: group `provenance`, the only part of a file in which two equal runs
 * differ (`h5diff --exclude-path /provenance`). */

typedef struct rb_provenance {
  const char *input;  ///< the whole resolved input, as an input file
  int64_t seed;
  double began_s;  ///< MPI_Wtime() when the work on the file began
  int64_t ranks;   ///< that did it
} rb_provenance;

/** The fields of the group, for docs/files.md; ends with a row whose path is NULL. */
extern const rb_field rb_provenance_fields[];

/** Writes the group; of rank 0's values. Collective. */
RB_NODISCARD rb_status rb_provenance_write(rb_context *ctx, rb_file *file,
                                           const rb_provenance *provenance);

enum { RB_VERSIONS_SIZE = 2048 };

/** Program and libraries with their versions, one a line. Local. @param text (RB_VERSIONS_SIZE) */
void rb_library_versions(char *text);

#endif
