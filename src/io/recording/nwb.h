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
  const char *remark;                 // what is to be said of the pairing; NULL: nothing
  char lacks[2 * RB_RECORDING_TEXT];  // why there is no stimulus; "": the file has none
} rb_nwb_pair;

/* The groups of series. */
typedef enum rb_nwb_group { RB_NWB_RESPONSES, RB_NWB_STIMULI, RB_NWB_GROUPS } rb_nwb_group;
extern const char *const rb_nwb_groups[RB_NWB_GROUPS];

typedef struct rb_nwb_pairs {
  int64_t count;
  rb_nwb_pair *pair;                                  // owned
  char broken[RB_NWB_GROUPS][2 * RB_RECORDING_TEXT];  // links that lead nowhere; "": there is none
  char left_out[2 * RB_RECORDING_TEXT];  // responses that the table lacks; "": there is none
} rb_nwb_pairs;

/* Where an object is: an address is unique within its file. */
typedef struct rb_nwb_place {
  uint64_t device, inode, address;  // address 0: there is none
} rb_nwb_place;

/* A series with the number of its sweep. */
typedef struct rb_nwb_numbered {
  int64_t number, place;  // -1: none; in the order of the file
  rb_nwb_place electrode;
  bool response;
  char path[RB_NWB_PATH];
} rb_nwb_numbered;

typedef struct rb_nwb_numbers {
  int64_t count;
  rb_nwb_numbered *series;  // owned
  const char *remark;       // what is to be said of the numbers; NULL: nothing
} rb_nwb_numbers;

/* Pairs responses and stimuli of a number, of an electrode where there are several. Sorts them. */
RB_NODISCARD rb_status rb_nwb_pair_numbers(rb_reading *reading, rb_nwb_numbers *list,
                                           rb_nwb_pairs *pairs);

/* Names the first link of a group that leads nowhere, and counts the others.
 * @param text (2 * RB_RECORDING_TEXT) "" if there is none */
RB_NODISCARD rb_status rb_nwb_find_broken(rb_reading *reading, const rb_file *file,
                                          const char *group, char *text);

/* Where the group is that a path leads to. */
rb_nwb_place rb_nwb_find_place(const rb_file *file, const char *path);

/* The electrode of a series. */
rb_nwb_place rb_nwb_electrode(const rb_file *file, const char *path);

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
