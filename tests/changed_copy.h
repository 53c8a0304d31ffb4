#ifndef RB_CHANGED_COPY_H
#define RB_CHANGED_COPY_H

/* Copies of HDF5 files with one number changed. */

#include <hdf5.h>

#include "rb_test.h"

static void copy_file(const char *from, const char *to) {
  FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
  assert_non_null(in);
  assert_non_null(out);
  char buffer[65536];
  for (size_t n = 0; (n = fread(buffer, 1, sizeof buffer, in)) > 0;) fwrite(buffer, 1, n, out);
  fclose(in);
  fclose(out);
}

/* Adds `change` to an element of an array, in place. @param element below 0: the middle one */
static void change_element(const char *path, const char *object, hssize_t element, double change) {
  const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
  const hid_t array = H5Dopen2(file, object, H5P_DEFAULT);
  assert_true(array >= 0);
  const hid_t space = H5Dget_space(array);
  const hssize_t count = H5Sget_simple_extent_npoints(space);
  double *value = calloc((size_t)count, sizeof *value);
  assert_true(H5Dread(array, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, value) >= 0);
  value[element < 0 ? count / 2 : element] += change;
  assert_true(H5Dwrite(array, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, value) >= 0);
  free(value);
  H5Sclose(space);
  H5Dclose(array);
  H5Fclose(file);
}

static void change_value(const char *path, const char *object, double change) {
  change_element(path, object, -1, change);
}

#endif
