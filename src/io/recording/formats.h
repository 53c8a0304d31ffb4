#ifndef RB_IO_RECORDING_FORMATS_H
#define RB_IO_RECORDING_FORMATS_H

#include "bytes.h"
#include "rheobase/io/recording.h"

/* The formats of recordings. A format recognises a file by its first bytes, or takes what is left
 * over, and adds the sweeps it holds. Local. */

/* A file while it is read. */
typedef struct rb_reading {
  rb_context *ctx;
  const char *path;
  const rb_recording_choice *choice;
  rb_recording *recording;  // sweeps are added to it
  int64_t first;            // the number of this file's first sweep
} rb_reading;

typedef struct rb_format {
  /* @param head the first bytes, at most RB_FORMAT_HEAD */
  bool (*is)(const rb_bytes *head);
  rb_status (*read)(rb_reading *reading);
} rb_format;

enum { RB_FORMAT_HEAD = 4096 };

bool rb_is_abf1(const rb_bytes *head);
bool rb_is_abf2(const rb_bytes *head);
bool rb_is_hdf5(const rb_bytes *head);
bool rb_is_igor(const rb_bytes *head);
RB_NODISCARD rb_status rb_read_abf1(rb_reading *reading);
RB_NODISCARD rb_status rb_read_abf2(rb_reading *reading);
RB_NODISCARD rb_status rb_read_hdf5_recording(rb_reading *reading);
RB_NODISCARD rb_status rb_read_igor(rb_reading *reading);
RB_NODISCARD rb_status rb_read_text_recording(rb_reading *reading);

/* Records that the file is not what it should be, in one sentence. */
#define RB_READING_FAIL(r, ...) rb_reading_fail((r), __FILE__, __LINE__, __VA_ARGS__)
rb_status rb_reading_fail(const rb_reading *reading, const char *source, int line,
                          const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Adds an empty sweep of a kind, for the caller to fill; it belongs to the recording. */
RB_NODISCARD rb_status rb_reading_add(rb_reading *reading, const char *kind, rb_sweep **sweep);

/* A channel that a file offers. */
enum { RB_UNIT_TEXT = 32, RB_MAX_CHANNELS_READ = 1024 };
typedef struct rb_offer {
  char name[RB_RECORDING_TEXT];
  char unit[RB_UNIT_TEXT];  // as it is stored; "" where there is none
} rb_offer;

/* What is looked for among the channels. */
typedef struct rb_sought {
  const char *what;    // "volts"
  const char *unit;    // the one its values are to be in, "mV"
  const char *wanted;  // what the user chose; NULL: nothing
  bool *used;          // set where that mattered; NULL: nobody asks
} rb_sought;

/* The channel whose unit measures what is sought: the one the user names, else the first.
 * @param index -1 if there is none
 * @param exponent of ten, from its unit to the one sought
 * @param remark (2 * RB_RECORDING_TEXT) of several channels, that the first was taken; else "" */
RB_NODISCARD rb_status rb_channel_choose(rb_reading *reading, int count, const rb_offer *offer,
                                         const rb_sought *sought, int *index, int *exponent,
                                         char *remark);

/* Says that there is no channel in volts, and names those there are.
 * @param why (2 * RB_RECORDING_TEXT) */
void rb_channel_none(int count, const rb_offer *offer, char *why);

/* Gives a channel without a unit the next one that the user gave. @param unit (RB_UNIT_TEXT) */
void rb_reading_unit(rb_reading *reading, char *unit);

/* Makes text valid UTF-8 of one line: blanks for control characters, "?" for what is no UTF-8. */
void rb_text_clean(char *text);

/* Warns where a sweep's potential and its current begin at different times.
 * @param current where that is from @param start_ms its beginning */
RB_NODISCARD rb_status rb_sweep_compare_start(rb_context *ctx, rb_sweep *sweep, const char *current,
                                              double start_ms);

/* Multiplies by a power of ten. */
void rb_trace_scale(int64_t samples, int exponent, double *value);

#endif
