#ifndef HDF5_MUTATOR_H
#define HDF5_MUTATOR_H

#include <stddef.h>
#include <stdint.h>

/* Changes a valid HDF5 file as a short program of bytes says: types, shapes, attributes, values and
 * links, so that the file stays one that HDF5 itself accepts. */

typedef struct mutation_bytes {
  const uint8_t *at, *end;
} mutation_bytes;

/* The next byte, or 0 at the end. */
uint8_t mutation_byte(mutation_bytes *bytes);

/* Applies up to `most` changes to the file at `path`. */
void hdf5_mutate(const char *path, mutation_bytes *bytes, int most);

#endif
