#ifndef HDF5_CASE_H
#define HDF5_CASE_H

#include <stddef.h>
#include <stdint.h>

#include "hdf5_mutator.h"

/* One valid file, its damaged copies, and the handles a reader may leave open. */

typedef struct hdf5_case {
  char *bytes;  // of the valid file
  size_t size;
} hdf5_case;

/* Reads a valid file; ends the program if there is none. */
hdf5_case hdf5_case_read(const char *path);

/* Writes the valid file to `path`, and changes the copy as `bytes` says. */
void hdf5_case_damage(const hdf5_case *valid, const char *path, mutation_bytes *bytes);

/* Writes the valid file to `path`. */
void hdf5_case_restore(const hdf5_case *valid, const char *path);

/* Objects of HDF5 that are open now. */
int64_t hdf5_open_objects(void);

#endif
