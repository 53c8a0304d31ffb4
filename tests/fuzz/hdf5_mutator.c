#include "hdf5_mutator.h"

#include <hdf5.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_OBJECTS = 512, NAME = 128, MAX_BYTES = 1 << 16 };

/* The links of a file, in the order of their names. */
typedef struct listing {
  int count;
  char name[MAX_OBJECTS][NAME];
} listing;

uint8_t mutation_byte(mutation_bytes *bytes) { return bytes->at < bytes->end ? *bytes->at++ : 0; }

static unsigned word(mutation_bytes *bytes) {
  const unsigned high = mutation_byte(bytes);
  return high << 8 | mutation_byte(bytes);
}

static double number(mutation_bytes *bytes) {
  static const double special[] = {0,      1,       -1,       2,         3,          7,
                                   100,    1e4,     1e6,      1e9,       2147483647, -2147483648.0,
                                   9.3e18, -9.3e18, 1e18,     0.5,       1e-320,     1e308,
                                   -1e308, NAN,     INFINITY, -INFINITY, 1e-12,      255};
  const unsigned choice = mutation_byte(bytes);
  const unsigned specials = sizeof special / sizeof *special;
  return choice < 200 ? special[choice % specials] : (double)word(bytes) - 32768;
}

static herr_t add_link(hid_t group, const char *name, const H5L_info_t *info, void *data) {
  listing *list = data;
  (void)group;
  (void)info;
  if (list->count < MAX_OBJECTS && strlen(name) < NAME) {
    (void)strcpy(list->name[list->count++], name);
  }
  return 0;
}

static hid_t text_type(size_t size) {
  const hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, size);
  return type;
}

static hid_t any_type(mutation_bytes *bytes) {
  const hid_t native[] = {H5T_NATIVE_DOUBLE, H5T_NATIVE_FLOAT, H5T_NATIVE_INT64, H5T_NATIVE_INT32,
                          H5T_NATIVE_UINT8,  H5T_STD_I64BE,    H5T_IEEE_F64BE,   H5T_NATIVE_INT8};
  const unsigned choice = mutation_byte(bytes) % 14;
  hid_t type = H5I_INVALID_HID, base;
  hsize_t three = 3;
  switch (choice) {
    case 8:
      return text_type(1 + mutation_byte(bytes));
    case 9:
      return text_type(H5T_VARIABLE);
    case 10:
      type = H5Tcreate(H5T_COMPOUND, 16);
      H5Tinsert(type, "r", 0, H5T_NATIVE_DOUBLE);
      H5Tinsert(type, "i", 8, H5T_NATIVE_DOUBLE);
      return type;
    case 11:
      return H5Tcreate(H5T_OPAQUE, 5);
    case 12:
      return H5Tarray_create2(H5T_NATIVE_DOUBLE, 1, &three);
    case 13:
      base = H5Tvlen_create(H5T_NATIVE_DOUBLE);
      return base;
    default:
      return H5Tcopy(native[choice]);
  }
}

/* A dataspace like `like` with a change. */
static hid_t any_space(mutation_bytes *bytes, hid_t like) {
  static const hsize_t lengths[] = {0, 1, 2, 3, 4, 5, 24, 64, 1000, 65536, 1U << 31, 1ULL << 40};
  hsize_t length[H5S_MAX_RANK] = {0};
  int rank = like >= 0 ? H5Sget_simple_extent_dims(like, length, NULL) : 0;
  if (rank < 0) rank = 0;
  switch (mutation_byte(bytes) % 8) {
    case 0:
      return H5Screate(H5S_NULL);
    case 1:
      return H5Screate(H5S_SCALAR);
    case 2:
      if (rank < 10) length[rank++] = lengths[mutation_byte(bytes) % 12];
      break;
    case 3:
      if (rank > 1) --rank;
      break;
    case 4:
      if (rank > 0)
        length[mutation_byte(bytes) % (unsigned)rank] = lengths[mutation_byte(bytes) % 12];
      break;
    case 5:
      if (rank > 0) length[mutation_byte(bytes) % (unsigned)rank] += 1;
      break;
    case 6:
      if (rank > 0 && length[0] > 0) length[0] -= 1;
      break;
    default:
      break;
  }
  return rank > 0 ? H5Screate_simple(rank, length, NULL) : H5Screate(H5S_SCALAR);
}

/* Fills a new data set or attribute of at most MAX_BYTES, if its type can be given numbers or text.
 */
static void fill(mutation_bytes *bytes, hid_t object, bool attribute, hid_t type, hid_t space) {
  const hssize_t count = H5Sget_simple_extent_npoints(space);
  const H5T_class_t kind = H5Tget_class(type);
  const size_t size = H5Tget_size(type);
  if (count <= 0 || (size_t)count > MAX_BYTES / (size > 8 ? size : 8)) return;
  char *values = calloc((size_t)count, size > 8 ? size : 8);
  hid_t memory = H5Tcopy(type);
  const char *text = "fuzz";
  if (kind == H5T_INTEGER || kind == H5T_FLOAT) {
    H5Tclose(memory);
    memory = H5Tcopy(H5T_NATIVE_DOUBLE);
    const double value = number(bytes);
    for (hssize_t i = 0; i < count; ++i) ((double *)(void *)values)[i] = value;
  } else if (kind == H5T_STRING && H5Tis_variable_str(type) > 0) {
    for (hssize_t i = 0; i < count; ++i) ((const char **)(void *)values)[i] = text;
  } else if (kind == H5T_STRING) {
    for (size_t i = 0; i < (size_t)count * size; ++i) values[i] = (char)('a' + i % 26);
  }
  if (kind != H5T_VLEN) {
    (void)(attribute ? H5Awrite(object, memory, values)
                     : H5Dwrite(object, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values));
  }
  H5Tclose(memory);
  free(values);
}

/* Puts another data set in the place of one. */
static void replace_array(mutation_bytes *bytes, hid_t file, const char *name) {
  const hid_t old = H5Dopen2(file, name, H5P_DEFAULT);
  if (old < 0) return;
  hid_t type = H5Dget_type(old), space = H5Dget_space(old);
  H5Dclose(old);
  const unsigned what = mutation_byte(bytes) % 3;
  if (what != 1) {
    H5Tclose(type);
    type = any_type(bytes);
  }
  if (what != 0) {
    const hid_t other = any_space(bytes, space);
    H5Sclose(space);
    space = other;
  }
  hsize_t length[H5S_MAX_RANK] = {0};
  const int rank = H5Sget_simple_extent_dims(space, length, NULL);
  const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
  const unsigned layout = mutation_byte(bytes);
  if (rank > 0 && layout % 2 == 0) {
    for (int i = 0; i < rank; ++i) length[i] = length[i] > 64 ? 64 : length[i] > 0 ? length[i] : 1;
    if (layout % 16 == 0) length[0] = 1U << 28;  // a chunk larger than memory should be asked for
    H5Pset_chunk(list, rank, length);
    if (layout % 4 == 0) H5Pset_deflate(list, 1);
  }
  H5Ldelete(file, name, H5P_DEFAULT);
  const hid_t array = H5Dcreate2(file, name, type, space, H5P_DEFAULT, list, H5P_DEFAULT);
  if (array >= 0) {
    fill(bytes, array, false, type, space);
    H5Dclose(array);
  }
  H5Pclose(list);
  H5Sclose(space);
  H5Tclose(type);
}

/* Changes some values of a data set of numbers, or all. */
static void change_values(mutation_bytes *bytes, hid_t file, const char *name) {
  const hid_t array = H5Dopen2(file, name, H5P_DEFAULT);
  if (array < 0) return;
  const hid_t type = H5Dget_type(array), space = H5Dget_space(array);
  const hssize_t count = H5Sget_simple_extent_npoints(space);
  const H5T_class_t kind = H5Tget_class(type);
  if ((kind == H5T_INTEGER || kind == H5T_FLOAT) && count > 0 && count < MAX_BYTES) {
    double *values = calloc((size_t)count, sizeof *values);
    if (H5Dread(array, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0) {
      const unsigned times = mutation_byte(bytes) % 4;
      for (unsigned i = 0; i < times; ++i) values[word(bytes) % count] = number(bytes);
      const double all = times == 0 ? number(bytes) : 0;
      for (hssize_t i = 0; times == 0 && i < count; ++i) values[i] = all;
      (void)H5Dwrite(array, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    }
    free(values);
  } else if (kind == H5T_STRING) {
    fill(bytes, array, false, type, space);
  }
  H5Tclose(type);
  H5Sclose(space);
  H5Dclose(array);
}

/* Deletes an attribute of an object, or puts another in its place. */
static void change_attribute(mutation_bytes *bytes, hid_t file, const char *name) {
  const hid_t object = H5Oopen(file, name, H5P_DEFAULT);
  if (object < 0) return;
  H5O_info_t info;
  if (H5Oget_info(object, &info) >= 0 && info.num_attrs > 0) {
    char attribute[NAME] = "";
    const hsize_t index = mutation_byte(bytes) % info.num_attrs;
    const hid_t old =
        H5Aopen_by_idx(object, ".", H5_INDEX_NAME, H5_ITER_INC, index, H5P_DEFAULT, H5P_DEFAULT);
    H5Aget_name(old, NAME, attribute);
    hid_t type = H5Aget_type(old), space = H5Aget_space(old);
    H5Aclose(old);
    const unsigned what = mutation_byte(bytes) % 4;
    if (what == 1 || what == 2) {
      H5Tclose(type);
      type = any_type(bytes);
    }
    if (what == 2) {
      const hid_t other = any_space(bytes, space);
      H5Sclose(space);
      space = other;
    }
    H5Adelete(object, attribute);
    const hssize_t count = H5Sget_simple_extent_npoints(space);
    const hid_t made = what == 0 || count > 4096
                           ? H5I_INVALID_HID
                           : H5Acreate2(object, attribute, type, space, H5P_DEFAULT, H5P_DEFAULT);
    if (made >= 0) {
      fill(bytes, made, true, type, space);
      H5Aclose(made);
    }
    H5Sclose(space);
    H5Tclose(type);
  }
  H5Oclose(object);
}

/* Removes a link, moves another there, or puts a soft link or a group in its place. */
static void change_link(mutation_bytes *bytes, hid_t file, const listing *list, const char *name) {
  const char *other = list->name[word(bytes) % (unsigned)list->count];
  const unsigned what = mutation_byte(bytes) % 5;
  if (what == 4) {  // two objects change places
    if (H5Lmove(file, name, file, "/fuzz", H5P_DEFAULT, H5P_DEFAULT) < 0) return;
    (void)H5Lmove(file, other, file, name, H5P_DEFAULT, H5P_DEFAULT);
    (void)H5Lmove(file, "/fuzz", file, other, H5P_DEFAULT, H5P_DEFAULT);
    return;
  }
  if (H5Ldelete(file, name, H5P_DEFAULT) < 0) return;
  if (what == 1) (void)H5Lcreate_hard(file, other, file, name, H5P_DEFAULT, H5P_DEFAULT);
  if (what == 2) (void)H5Lcreate_soft(name, file, name, H5P_DEFAULT, H5P_DEFAULT);
  if (what == 3) {
    const hid_t group = H5Gcreate2(file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (group >= 0) H5Gclose(group);
  }
}

void hdf5_mutate(const char *path, mutation_bytes *bytes, int most) {
  static listing list;
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
  if (file < 0) abort();
  list.count = 0;
  H5Lvisit(file, H5_INDEX_NAME, H5_ITER_INC, add_link, &list);
  for (int i = 0; i < most && bytes->at < bytes->end && list.count > 0; ++i) {
    const unsigned what = mutation_byte(bytes) % 8;
    const char *name = list.name[word(bytes) % (unsigned)list.count];
    if (what < 2) change_values(bytes, file, name);
    if (what == 2 || what == 3) replace_array(bytes, file, name);
    if (what == 4) change_attribute(bytes, file, name);
    if (what == 5 || what == 6) change_attribute(bytes, file, "/");
    if (what == 7) change_link(bytes, file, &list, name);
  }
  H5Eclear2(H5E_DEFAULT);
  if (H5Fclose(file) < 0) abort();
}
