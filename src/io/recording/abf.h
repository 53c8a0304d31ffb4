#ifndef RB_IO_RECORDING_ABF_H
#define RB_IO_RECORDING_ABF_H

#include "formats.h"

/* Axon Binary Files: what both versions tell, wherever their headers keep it. Local. */

enum { RB_ABF_MAX_CHANNELS = 1024, RB_ABF_MAX_COMMANDS = 16, RB_ABF_MAX_EPOCHS = 50 };

/* A channel that was recorded: value = raw * factor + offset, in the channel's unit. */
typedef struct rb_abf_channel {
  rb_offer offer;
  double factor, offset;
} rb_abf_channel;

/* A piece of the command. Durations are samples of one channel. */
typedef struct rb_abf_epoch {
  int number, type;
  double level, level_step;
  int64_t duration, duration_step, period, width;
} rb_abf_epoch;

/* What the amplifier was told to do by one of the outputs (DAC). */
typedef struct rb_abf_command {
  int dac;  // its number
  char unit[RB_UNIT_TEXT];
  double holding;
  bool on;         // else the holding level all the time
  int source;      // 0: nothing, 1: the epochs, 2: a file
  bool last_held;  // the last level is held between sweeps
  char file[RB_RECORDING_TEXT];
  const char *unknown;  // why the epochs are not known; NULL: they are
  int epochs;
  rb_abf_epoch epoch[RB_ABF_MAX_EPOCHS];
} rb_abf_command;

typedef struct rb_abf {
  rb_bytes bytes;  // the whole file
  const char *kind;
  int mode;
  double interval_us;                 // between samples of one channel
  bool floats;                        // float32, else int16
  int64_t data;                       // where the samples are
  int64_t samples;                    // of all channels
  int64_t sweeps, samples_per_sweep;  // the latter over all channels
  int64_t synch, synch_entries;       // where pairs of int32 (start, length) are, and how many
  int64_t synch_size;                 // bytes of an entry
  double synch_unit_us;               // of the starts; 0: samples
  int channels;
  rb_abf_channel channel[RB_ABF_MAX_CHANNELS];
  int commands, active;  // of the first outputs; the number of the active one
  rb_abf_command command[RB_ABF_MAX_COMMANDS];
} rb_abf;

/* Takes what the header of a version tells of a file whose bytes were read. */
typedef rb_status (*rb_abf_header)(rb_reading *reading, rb_abf *abf);

/* Adds the sweeps of a file. */
RB_NODISCARD rb_status rb_abf_read(rb_reading *reading, rb_abf_header take_header);

/* Why a command is unknown whose epochs such a list changes. */
extern const char rb_abf_user_list[];

/* The command of sweep s, in its unit. @param value (count) */
void rb_abf_command_fill(const rb_abf_command *command, int64_t s, int64_t count, double *value);

/* The command that is the current: the one the user names, "command:1", else that of the active
 * output, or, if that has no waveform in amperes, of the only one that has. NULL: there is none.
 * Fails with RB_ERR_USAGE.
 * @param wanted NULL: nothing
 * @param remark (2 * RB_RECORDING_TEXT) that another would do; else "" */
RB_NODISCARD rb_status rb_abf_command_choose(rb_reading *reading, const rb_abf *abf,
                                             const char *wanted, const rb_abf_command **command,
                                             char *remark);

/* Why a command is not known as a current, and which other is; "" if it is known.
 * @param command NULL: there is none @param why (2 * RB_RECORDING_TEXT) */
void rb_abf_command_why_not(const rb_abf *abf, const rb_abf_command *command, char *why);

#endif
