#ifndef RB_MODEL_TABLE_STORED_H
#define RB_MODEL_TABLE_STORED_H

#include "../described.h"
#include "rheobase/io/hdf5_file.h"

/** @file stored.h
 * Simulations in HDF5 files, as one table of rows: those of the files in their order. A file has
 * `theta` (N, D) and `x` (N, C, L), or (N, C L), or an array (N, L) of each channel's name, at its
 * root; or in groups `training` and `validation`, as our own simulations.h5. All functions are
 * local. */

enum { RB_STORED_PATH = 1024, RB_STORED_MOST = 256 };

/** One run of rows. */
typedef struct rb_stored_part {
  int file;        ///< index of the file
  char group[16];  ///< "" or "training/"
  int64_t rows;    ///< N
  int x_rank;      ///< of `x`; 0: an array for each channel
} rb_stored_part;

typedef struct rb_stored {
  int files, parts;
  rb_file *file[RB_STORED_MOST];
  char path[RB_STORED_MOST][RB_STORED_PATH];
  rb_stored_part part[RB_STORED_MOST];
  int dim;       ///< D
  int64_t rows;  ///< of all parts
  bool any;      ///< numbers that are read need not be finite
  const rb_described *described;
} rb_stored;

/** Opens files and checks that they have the arrays, all of the same shapes. @param files texts, as
 * RB_SETTING_TEXTS @param dim D, or 0: as the first file has it @param described of an observation,
 * which outlives it; NULL: only theta is looked at @param stored the caller calls rb_stored_close,
 * also after a failure
 * Fails with RB_ERR_FILE or RB_ERR_FORMAT, naming file and array. */
RB_NODISCARD rb_status rb_stored_open(rb_context *ctx, const char *files, int dim,
                                      const rb_described *described, rb_stored *stored);
void rb_stored_close(rb_stored *stored);

/** Reads rows first .. first+count-1. @param theta (count, D), may be NULL @param x (count, C, L),
 * may be NULL. Fails with RB_ERR_FORMAT where a number is not finite, or neither 0 nor 1 in a
 * binary channel, naming the array, unless stored->any. */
RB_NODISCARD rb_status rb_stored_read(rb_context *ctx, const rb_stored *stored, int64_t first,
                                      int64_t count, double *theta, float *x);

#endif
