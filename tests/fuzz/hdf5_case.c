#include "hdf5_case.h"

#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_CHANGES = 4 };

hdf5_case hdf5_case_read(const char *path) {
  hdf5_case valid = {NULL, 0};
  FILE *stream = fopen(path, "rbe");
  if (stream == NULL) {
    perror(path);
    exit(1);
  }
  (void)fseek(stream, 0, SEEK_END);
  valid.size = (size_t)ftell(stream);
  rewind(stream);
  valid.bytes = malloc(valid.size);
  if (fread(valid.bytes, 1, valid.size, stream) != valid.size) abort();
  (void)fclose(stream);
  return valid;
}

void hdf5_case_restore(const hdf5_case *valid, const char *path) {
  FILE *stream = fopen(path, "wbe");
  if (stream == NULL || fwrite(valid->bytes, 1, valid->size, stream) != valid->size) abort();
  if (fclose(stream) != 0) abort();
}

void hdf5_case_damage(const hdf5_case *valid, const char *path, mutation_bytes *bytes) {
  hdf5_case_restore(valid, path);
  hdf5_mutate(path, bytes, MOST_CHANGES);
}

int64_t hdf5_open_objects(void) {
  static const H5I_type_t types[] = {H5I_FILE,      H5I_GROUP,   H5I_DATATYPE,
                                     H5I_DATASPACE, H5I_DATASET, H5I_ATTR};
  int64_t sum = 0;
  for (size_t i = 0; i < sizeof types / sizeof *types; ++i) {
    hsize_t members = 0;
    if (H5Inmembers(types[i], &members) >= 0) sum += (int64_t)members;
  }
  return sum;
}
