#ifndef RB_IO_RECORDING_NWB_H
#define RB_IO_RECORDING_NWB_H

#include "formats.h"
#include "rheobase/io/hdf5_file.h"

/* Neurodata Without Borders, version 2. Local. */

enum { RB_NWB_PATH = 256 };

/* A series, or a part of one. */
typedef struct rb_nwb_part {
  char path[RB_NWB_PATH];  // "": none
  int64_t first, count;    // samples; count -1: all
} rb_nwb_part;

/* A potential and its current. */
typedef struct rb_nwb_pair {
  rb_nwb_part response, stimulus;
} rb_nwb_pair;

typedef struct rb_nwb_pairs {
  int64_t count;
  rb_nwb_pair *pair;   // owned
  const char *remark;  // what is to be said of the pairing; NULL: nothing
} rb_nwb_pairs;

/* Adds the sweeps of an open file. */
RB_NODISCARD rb_status rb_nwb_read(rb_reading *reading, const rb_file *file);

/* Which stimulus belongs to which response, in the order of their numbers. The caller frees
 * pairs->pair, also after a failure. */
RB_NODISCARD rb_status rb_nwb_find_pairs(rb_reading *reading, const rb_file *file,
                                         rb_nwb_pairs *pairs);

/* Whether a path is a group of that neurodata_type. */
bool rb_nwb_is(rb_reading *reading, const rb_file *file, const char *path, const char *type);

#define RB_NWB_RESPONSE "CurrentClampSeries"
#define RB_NWB_STIMULUS "CurrentClampStimulusSeries"

#endif
